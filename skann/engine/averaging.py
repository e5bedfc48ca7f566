"""Weight averaging: a network that is the mean of those along the way generalises better than the last of them."""

from scipy.linalg import get_blas_funcs

LEAST_UNIT = 1e-3  # as in `skann.engine.optimizers`


class WeightAverage:
    """The exponential moving average of theta: after each step, average <- d average + (1 - d) theta.

    d = min(decay, t / (t + 9)) in step t, so that the start, which is random, is soon forgotten. Polyak and Juditsky
    1992, https://doi.org/10.1137/0330046; this warm-up: TensorFlow's ExponentialMovingAverage. As the states of the
    optimizers, the average is kept in a unit that takes the decay, so that a step costs one pass of BLAS.

    Parameters
    ----------
    decay : float
        Between 0 and 1; the average reaches back about 1 / (1 - decay) steps.
    theta : ndarray of shape (n_parameters,)
        The parameters before the first step.
    """

    def __init__(self, decay, theta):
        self.decay = decay
        self.t = 0
        self._in_units, self._unit = theta.copy(), 1.0
        self._axpy = get_blas_funcs("axpy", (theta,))

    @property
    def average(self):
        """The average, an array of the shape of theta."""
        self._end_unit()
        return self._in_units

    def _end_unit(self):
        """Multiply by the unit, which is 1 again."""
        if self._unit != 1.0:
            self._in_units *= self._unit
            self._unit = 1.0

    def get_state(self):
        """What an average needs to go on, beside the decay."""
        return {"t": self.t, "average": self.average}

    def set_state(self, state):
        """Go on from there."""
        self.t, self._unit = state["t"], 1.0
        self._in_units[...] = state["average"]

    def update(self, theta):
        """Take in the parameters after a step."""
        self.t += 1
        decay = min(self.decay, self.t / (self.t + 9))
        self._unit *= decay
        if self._unit < LEAST_UNIT:
            self._end_unit()
        self._axpy(theta, self._in_units, a=(1 - decay) / self._unit)
