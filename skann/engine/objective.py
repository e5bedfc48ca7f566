"""The objective: what every solver minimises, as a function of the parameters of a network."""

import numpy as np

from .batches import Reader, slices


class Objective:
    """Mean loss + l2 / 2 ||W||^2, and its gradient.

    The waist of the engine: mini-batch training and L-BFGS call it, and below it are the network and the loss.

    Parameters
    ----------
    network : Network
        Its ``grad`` receives the gradient.
    loss : Loss
    l2 : float, default=0.0
        alpha / n with n the (weight of the) training rows: the same objective for every solver and batch size.
    """

    def __init__(self, network, loss, l2=0.0):
        self.network = network
        self.loss = loss
        self.l2 = l2
        self._scratch = np.empty_like(network.weights) if l2 else None

    def __call__(self, X, y, weight, workspace, rng=None):
        """The value on one batch; fills ``network.grad``. ``rng`` given means training mode."""
        network = self.network
        raw = network.forward(X, workspace, rng)
        value = self.loss.value_and_delta(raw, y, weight, workspace.delta)
        network.backward(X, workspace)
        if self.l2:
            W = network.weights
            value += 0.5 * self.l2 * float(W @ W)
            np.multiply(W, self.l2, out=self._scratch)
            network.grad[: network.n_weights] += self._scratch
        return value


def raw_outputs(network, X, rows=None, dtype=None):
    """Raw outputs (n, n_out) of the rows of X, in evaluation mode, in chunks that bound the memory.

    Parameters
    ----------
    rows : ndarray of int, default=None
        Which rows of X; None means all.
    dtype : dtype, default=None
        What to compute in, whatever the dtype of the parameters; None means the parameters' own.
    """
    n_rows = X.shape[0] if rows is None else len(rows)
    n_chunk = min(n_rows, chunk_rows(network))
    workspace = network.workspace(n_chunk, dtype, training=False)
    if n_chunk == n_rows and rows is None:
        return network.forward(X, workspace)
    read = Reader(X, n_chunk if rows is not None else 0)
    raw = np.empty((n_rows, network.layers[-1].n_out), workspace.buffers[-1]["a"].dtype)
    for chunk in slices(n_rows, n_chunk):
        x = read(chunk if rows is None else rows[chunk])
        raw[chunk] = network.forward(x, workspace.rows(chunk.stop - chunk.start))
    return raw


def chunk_rows(network):
    """Rows to pass through the network at once: enough to fill the matrix products, few enough to stay in the cache."""
    width = sum(layer.n_out for layer in network.layers)
    return int(np.clip(2**19 // width, 128, 4096))


def mean_loss(loss, raw, y, weight=None):
    """The mean of weight x loss over the rows with these raw outputs."""
    return loss.value_and_delta(raw, y, weight, np.empty_like(raw))
