"""sample_weight: checked once, and brought to mean 1 once."""

from numbers import Real

import numpy as np
from sklearn.utils import check_array


def check_total(weight, name):
    """ValueError if these weights, not all zero, do not add up to a number with which one can compute."""
    with np.errstate(over="ignore"):
        total = float(np.sum(weight))
    if not np.finfo(np.float64).tiny <= total < np.inf:
        raise ValueError(f"{name} adds up to {total:g}, out of the range of floats: multiply all by one factor.")


def check_weight(sample_weight, X, dtype, name="sample_weight"):
    """Weights of the rows of X as an array (n_rows,), or None.

    Parameters
    ----------
    sample_weight : array-like of shape (n_rows,), number or None
    X : {ndarray, DataFrame, sparse matrix}
    dtype : dtype
        Of the array.
    name : str, default="sample_weight"
        What messages call the weights.

    Raises
    ------
    ValueError, TypeError
        If these are no numbers, one for each row, or if some are negative or not finite, all are zero, or their sum is
        beyond the range of floats.
    """
    if sample_weight is None:
        return None
    n_rows = X.shape[0]
    if isinstance(sample_weight, Real):
        sample_weight = np.full(n_rows, sample_weight)
    weight = _as_floats(sample_weight, dtype, name)
    if weight.ndim != 1:
        raise ValueError(f"{name} must be a 1D array with a weight for each row, got an array of shape {weight.shape}.")
    if len(weight) != n_rows:
        raise ValueError(f"{name}.shape == {weight.shape}, expected ({n_rows},), a weight for each row.")
    bad = np.flatnonzero(~np.isfinite(weight))
    if len(bad):
        what = "NaN" if np.isnan(weight[bad[0]]) else "infinity"
        raise ValueError(f"Input {name} contains {what}: {len(bad)} of {n_rows} weights, the first in row {bad[0]}.")
    if weight.min() < 0:
        raise ValueError(f"Negative values in data passed to {name}: {weight.min():g} in row {weight.argmin()}.")
    if not weight.any():
        raise ValueError(f"{name} must have at least one weight above zero, but all {n_rows} are zero.")
    check_total(weight, name)
    return weight


def _as_floats(sample_weight, dtype, name):
    try:
        if np.asarray(sample_weight).dtype.kind in "mM":
            raise TypeError("got dates, times or durations.")
        options = {"ensure_2d": False, "allow_nd": True, "ensure_all_finite": False}
        return check_array(sample_weight, dtype=dtype, order="C", **options)
    except (ValueError, TypeError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{name} must hold numbers: {str(error)[:150]}") from error


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
