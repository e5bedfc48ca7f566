"""Raw outputs and losses of many rows, in evaluation mode, in chunks that bound the memory."""

import numpy as np

from .rows import Reader, slices


def raw_outputs(network, X, rows=None, workspace=None):
    """Raw outputs (n, n_out) of the rows of X, in evaluation mode, in chunks that bound the memory.

    Parameters
    ----------
    rows : ndarray of int, default=None
        Which rows of X; None means all.
    workspace : Workspace, default=None
        From `prediction_workspace`, to use it again; the raw outputs may lie in it.

    Returns
    -------
    raw : ndarray of shape (n, n_out)
        Computed in the wider of the dtypes of X and of the parameters.
    """
    n_rows = X.shape[0] if rows is None else len(rows)
    workspace = prediction_workspace(network, X, n_rows) if workspace is None else workspace
    n_chunk = len(workspace.buffers[-1]["a"])
    if n_chunk == n_rows and rows is None:
        return network.forward(X, workspace)
    read = Reader(X, n_chunk if rows is not None else 0)
    raw = np.empty((n_rows, network.layers[-1].n_out), workspace.buffers[-1]["a"].dtype)
    for chunk in slices(n_rows, n_chunk):
        x = read(chunk if rows is None else rows[chunk])
        raw[chunk] = network.forward(x, workspace.rows(chunk.stop - chunk.start))
    return raw


def prediction_workspace(network, X, n_rows):
    """The workspace for passing ``n_rows`` rows like those of X through the network in evaluation mode."""
    n_chunk = min(n_rows, chunk_rows(network, X.shape[1]))
    return network.workspace(n_chunk, np.result_type(X.dtype, network.theta.dtype), training=False)


def chunk_rows(network, n_in):
    """Rows to pass through the network at once: enough to fill the matrix products, few enough to stay in the cache."""
    width = n_in + sum(layer.n_out for layer in network.layers)
    return min(max(2**19 // width, 128), 4096)


def mean_loss(loss, raw, y, weight=None, rows=None):
    """The mean of weight x loss, in chunks that bound the memory.

    Parameters
    ----------
    raw : ndarray of shape (n, n_out) or (1, n_out)
        Raw outputs of the rows; one row stands for a constant prediction.
    y, weight : as for the loss
    rows : ndarray of int, default=None
        Which rows of ``y`` and ``weight``; None means all. ``raw`` has them only.
    """
    n_rows, total = len(y) if rows is None else len(rows), 0.0
    for chunk in slices(n_rows, 4096):
        n = chunk.stop - chunk.start
        which = chunk if rows is None else rows[chunk]
        raw_chunk = np.repeat(raw, n, axis=0) if len(raw) == 1 else raw[chunk]
        weight_chunk = None if weight is None else weight[which]
        total += n * loss.value_and_delta(raw_chunk, y[which], weight_chunk, np.empty_like(raw_chunk))
    return total / n_rows
