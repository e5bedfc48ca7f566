"""A sweep of the learning rate: short training while the rate grows exponentially, with the loss after each step.

Smith 2017, https://arxiv.org/abs/1506.01186, section 3.3.
"""

import math


class SweepEnded(Exception):
    """All steps are done, or the loss diverges."""


class Recorder:
    """An objective that keeps its values, and raises SweepEnded when there is nothing more to learn from the sweep.

    Parameters
    ----------
    objective : Objective
    n_steps : int
    smoothing : float
        Decay of the moving average of the values, from 0 (none) to below 1.
    divergence : float
        The end is where the average is this many times the first value above the lowest average, or not finite.

    Attributes
    ----------
    losses, smoothed : list of float
        Before the first step and after each; the average is corrected for its start.
    """

    def __init__(self, objective, n_steps, smoothing, divergence):
        self.objective, self.network = objective, objective.network
        self.n_steps, self.smoothing, self.divergence = n_steps, smoothing, divergence
        self.losses, self.smoothed = [], []
        self._average = 0.0

    def __call__(self, X, y, weight, workspace, rng=None):
        loss = float(self.objective(X, y, weight, workspace, rng))
        if not math.isfinite(loss):
            raise SweepEnded
        self._average = self.smoothing * self._average + (1 - self.smoothing) * loss
        self.losses.append(loss)
        self.smoothed.append(self._average / (1 - self.smoothing ** len(self.losses)))
        limit = min(self.smoothed) + self.divergence * abs(self.losses[0])
        if len(self.losses) > self.n_steps or self.smoothed[-1] > limit:
            raise SweepEnded
        return loss
