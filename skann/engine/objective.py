"""The objective: what every solver minimises, as a function of the parameters of a network."""

import numpy as np
from scipy.linalg import get_blas_funcs


class Objective:
    """Mean loss + l2 / 2 ||W||^2, and its gradient.

    The waist of the engine: mini-batch training and L-BFGS call it, and below it are the network and the loss.

    Parameters
    ----------
    network : Network
        Prepared for training; its ``grad`` receives the gradient.
    loss : Loss
    l2 : float, default=0.0
        alpha / n with n the (weight of the) training rows: the same objective for every solver and batch size.
    """

    def __init__(self, network, loss, l2=0.0):
        self.network = network
        self.loss = loss
        self.l2 = l2
        self._W = network.weights
        self._dW = network.grad[: network.n_weights]
        self._axpy = get_blas_funcs("axpy", (self._W,))

    def __call__(self, X, y, weight, workspace, rng=None):
        """The value on one batch; fills ``network.grad``. ``rng`` given means training mode."""
        network = self.network
        raw = network.forward(X, workspace, rng)
        value = self.loss.value_and_delta(raw, y, weight, workspace.delta)
        network.backward(X, workspace)
        if self.l2 and len(self._W):  # BLAS takes no empty vector
            self._axpy(self._W, self._dW, a=self.l2)  # dW += l2 W in one pass
            value += 0.5 * self.l2 * float(np.dot(self._W, self._W))
        return value
