"""What losses share: the mean over the rows, and predictions that depend on one raw output each."""

import numpy as np


def mean_over_rows(loss, weight, delta):
    """Mean of weight x loss over the rows; turns ``delta``, the derivative row by row, into that of the mean."""
    n_rows = len(loss)
    delta *= 1 / n_rows
    if weight is None:
        return float(loss.sum()) / n_rows
    delta *= weight[:, None]
    return float(loss @ weight) / n_rows


def one_each(slopes):
    """The ``derivative`` where each prediction is a function of its raw output alone, with these slopes (n, n_out)."""
    d = np.zeros((slopes.shape[1], *slopes.shape), slopes.dtype)
    i = np.arange(len(d))
    d[i, :, i] = slopes.T
    return d
