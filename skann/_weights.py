"""sample_weight: checked once, and brought to mean 1 once."""

import numpy as np

from ._compat import check_sample_weight


def check_total(weight, name):
    """ValueError if these weights, not all zero, do not add up to a number with which one can compute."""
    with np.errstate(over="ignore"):
        total = float(np.sum(weight))
    if not np.finfo(np.float64).tiny <= total < np.inf:
        raise ValueError(f"{name} adds up to {total:g}, out of the range of floats: multiply all by one factor.")


def check_weight(sample_weight, X, dtype):
    """``sample_weight`` as an array (n_rows,) of ``dtype``, or None.

    Weights that are negative, all zero, or without a sum that a float can hold are a ValueError.
    """
    if sample_weight is None:
        return None
    weight = check_sample_weight(sample_weight, X, dtype=dtype, ensure_non_negative=True)
    if not weight.any():  # scikit-learn checks this since 1.9
        raise ValueError(f"sample_weight must have at least one weight above zero, but all {len(weight)} are zero.")
    check_total(weight, "sample_weight")
    return weight


def nonzero_rows(weight):
    """The rows that have a weight; None for all."""
    return None if weight is None or weight.all() else np.flatnonzero(weight)


def with_mean_1(weight, rows, dtype):
    """Weights times n / total, n and total those of ``rows`` (None: all); none so large that their sum overflows.

    Returns
    -------
    weight : ndarray of shape (n_rows,)
        A weight for every row, in ``dtype``.
    total : float
    """
    chosen = weight if rows is None else weight[rows]
    total = float(np.sum(chosen))
    with np.errstate(over="ignore"):
        scaled = np.minimum(weight / total * len(chosen), np.finfo(dtype).max / len(weight)).astype(dtype)
    return scaled, total
