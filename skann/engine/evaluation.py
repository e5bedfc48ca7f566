"""Raw outputs and losses of many rows, in evaluation mode, in chunks that bound the memory."""

import numpy as np

from .rows import slices


def raw_outputs(network, rows, workspace=None):
    """Raw outputs (n, n_out) of the rows, in evaluation mode, in chunks that bound the memory.

    Parameters
    ----------
    rows : Rows
    workspace : Workspace, default=None
        From `prediction_workspace`, to use it again; the raw outputs may lie in it.

    Returns
    -------
    raw : ndarray of shape (n, n_out)
        Computed in the wider of the dtypes of the rows and of the parameters.
    """
    workspace = prediction_workspace(network, rows) if workspace is None else workspace
    out, n_rows = workspace.buffers[-1]["a"], len(rows)
    if len(out) == n_rows:
        (X,) = rows.chunks(n_rows)
        return network.forward(X, workspace)
    raw, start = np.empty((n_rows, out.shape[1]), out.dtype), 0
    for X in rows.chunks(len(out)):
        stop = start + X.shape[0]
        raw[start:stop] = network.forward(X, workspace.rows(stop - start))
        start = stop
    return raw


def prediction_workspace(network, rows):
    """The workspace for passing rows through the network in evaluation mode."""
    n_chunk = min(len(rows), chunk_rows(network, rows.n_columns))
    return network.workspace(n_chunk, np.result_type(rows.dtype, network.theta.dtype), training=False)


def chunk_rows(network, n_in):
    """Rows to pass through the network at once: enough to fill the matrix products, few enough to stay in the cache."""
    width = n_in + sum(layer.n_out for layer in network.layers)
    return min(max(3 * 2**18 // width, 128), 4096)


def mean_loss(loss, raw, y, weight=None):
    """The mean of weight x loss, in chunks that bound the memory.

    Parameters
    ----------
    raw : ndarray of shape (n, n_out) or (1, n_out)
        Raw outputs of the rows; one row stands for a constant prediction.
    y, weight : as for the loss
    """
    n_rows, total = len(y), 0.0
    for chunk in slices(n_rows, 4096):
        n = chunk.stop - chunk.start
        raw_chunk = np.repeat(raw, n, axis=0) if len(raw) == 1 else raw[chunk]
        weight_chunk = None if weight is None else weight[chunk]
        total += n * loss.value_and_delta(raw_chunk, y[chunk], weight_chunk, np.empty_like(raw_chunk))
    return total / n_rows


def targets_for_mean(rows):
    """Targets and weights of the rows for `mean_loss`: the mean weight is 1 whatever rounding to float32 made of it."""
    y, weight = rows.targets()
    return y, None if weight is None else weight / weight.mean()


def pooled_targets(parts):
    """Targets and weights of the rows of several `Rows` together, with the weights in one unit.

    The weights of each are brought to mean 1 for itself; here a row counts as much as it did before. They are float64
    and their greatest unit is 1, or None.
    """
    targets = [rows.targets() for rows in parts]
    y = np.concatenate([of_part for of_part, _ in targets])
    if targets[0][1] is None:
        return y, None
    units = np.array([rows.total_weight / len(rows) for rows in parts])
    weights = [unit * weight.astype(np.float64) for unit, (_, weight) in zip(units / units.max(), targets, strict=True)]
    return y, np.concatenate(weights)
