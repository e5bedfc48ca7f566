"""Weight averaging: a network that is the mean of those along the way generalises better than the last of them."""

import numpy as np


class WeightAverage:
    """The exponential moving average of theta: after each step, average <- d average + (1 - d) theta.

    d = min(decay, t / (t + 9)) in step t, so that the start, which is random, is soon forgotten. Polyak and Juditsky
    1992, https://doi.org/10.1137/0330046; this warm-up: TensorFlow's ExponentialMovingAverage.

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
        self.average = theta.copy()
        self._scratch = np.empty_like(theta)

    def get_state(self):
        """What an average needs to go on, beside the decay."""
        return {"t": self.t, "average": self.average}

    def set_state(self, state):
        """Go on from there."""
        self.t = state["t"]
        self.average[...] = state["average"]

    def update(self, theta):
        """Take in the parameters after a step."""
        self.t += 1
        weight = 1 - min(self.decay, self.t / (self.t + 9))
        np.subtract(theta, self.average, out=self._scratch)
        self._scratch *= weight
        self.average += self._scratch
