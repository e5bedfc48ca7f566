"""One step of the training: what happens before and after a batch has given its gradient."""

from contextlib import contextmanager, nullcontext

import numpy as np
from scipy import linalg


class Stepper:
    """Moves the parameters of a network: clips the gradient, asks the schedule for the rate and the optimizer for the
    step, and averages the weights along the way.

    Parameters
    ----------
    optimizer : Optimizer
    schedule : callable(t) -> float
        The learning rate at step t.
    max_grad_norm : float, default=None
        Longer gradients are cut to this length (Pascanu et al. 2013, https://arxiv.org/abs/1211.5063).
    fade : callable(t) -> float, default=None
        A schedule whose values, from 0 to 1, multiply dropout rates and weight decay.
    average : WeightAverage, default=None
        Callbacks see the averaged weights, and the network ends with them.

    Attributes
    ----------
    t : int
        Steps taken, as the schedule counts them.
    n_rows : int
        Rows seen in all epochs that have ended.
    rate_factor : float
        Multiplies the schedule; a callback may lower it.
    lr : float
        Learning rate of the last step; NaN before the first.
    weights : ndarray of shape (n_parameters,) or None
        With averaging: the weights being trained, while the network has their average.
    """

    def __init__(self, optimizer, schedule, *, max_grad_norm=None, fade=None, average=None):
        self.optimizer, self.schedule = optimizer, schedule
        self.max_grad_norm, self.fade, self.average = max_grad_norm, fade, average
        self.t, self.n_rows, self.rate_factor, self.lr = 0, 0, 1.0, np.nan
        self.weights = None if average is None else average.average.copy()
        self._share = 1.0  # of dropout and weight decay

    def before(self, network):
        """Fade dropout and weight decay: called before the forward pass."""
        if self.fade is not None:
            self._share = self.fade(self.t)
            network.set_dropout(self._share)

    def step(self, network):
        """Move theta along the gradient that the network has: called after the backward pass."""
        if self.max_grad_norm is not None:
            clip_norm(network.grad, self.max_grad_norm)
        self.lr = self.rate_factor * float(self.schedule(self.t))
        self.optimizer.step(network.theta, network.grad, self.lr, self._share)
        self.t += 1
        if self.average is not None:
            self.average.update(network.theta)

    def averaged(self, network):
        """Inside the block, the network has the averaged weights."""
        return nullcontext() if self.average is None else self._averaged(network)

    @contextmanager
    def _averaged(self, network):
        np.copyto(self.weights, network.theta)
        try:
            np.copyto(network.theta, self.average.average)
            yield
        finally:
            np.copyto(network.theta, self.weights)

    def finish(self, network):
        """Leave the network as it predicts: without fading, with the averaged weights."""
        network.set_dropout(1.0)
        if self.average is not None:
            np.copyto(self.weights, network.theta)
            np.copyto(network.theta, self.average.average)

    def get_state(self):
        """What a training goes on from, beside the network and with averaging the average that it has: a dict of
        arrays, plain numbers and strings.
        """
        return {
            "t": self.t,
            "n_rows": self.n_rows,
            "rate_factor": self.rate_factor,
            "rule": type(self.optimizer).__name__,
            "optimizer": self.optimizer.get_state(),
            "n_averaged": None if self.average is None else self.average.t,
            "weights": self.weights,
        }

    def set_state(self, state, network):
        """Go on from there, as far as rule and averaging are still the same. With averaging, the network has the
        average, and gets back the weights being trained.
        """
        self.t, self.n_rows, self.rate_factor = state["t"], state["n_rows"], state["rate_factor"]
        if state["rule"] == type(self.optimizer).__name__:
            self.optimizer.set_state(state["optimizer"])
        if self.average is not None and state["weights"] is not None:
            self.average.set_state({"t": state["n_averaged"], "average": network.theta})
            np.copyto(network.theta, state["weights"])


def clip_norm(grad, max_norm):
    """Scale ``grad`` in place so that its Euclidean norm is at most ``max_norm``."""
    norm = float(linalg.norm(grad, check_finite=False))  # BLAS nrm2, whose squares do not overflow
    if norm > max_norm:
        grad *= max_norm / norm
