"""The first call of a stream: a start for networks of which the first rows, even a single one, tell little."""

import numpy as np
from scipy import sparse

from ..engine.rows import ArrayRows
from .build import N_SAMPLE

N_RANDOM = 256  # rows made of random values, where there are few


FEW = 50  # rows whose spread is not to be trusted


def rows_to_start_from(rows, inputs, rng):
    """Encoded rows such as a stream may bring: those of its first call, with random values for what they can't tell.

    Of fewer than `FEW` rows all numbers are random, otherwise those of columns of a single value, and so are codes.

    Parameters
    ----------
    rows : Rows
        Of the first call, through a `TabularEncoder`.
    inputs : Inputs
    rng : Generator

    Returns
    -------
    rows : ArrayRows
    """
    X = rows.sample(N_SAMPLE, rng)
    if rows.is_sparse:
        return ArrayRows(_scattered(X, rng) if X.shape[0] < FEW else X)
    X = X[rng.integers(len(X), size=N_RANDOM)] if len(X) < FEW else X
    has_one_value = np.ptp(X, axis=0) == 0
    numbers, codes = slice(inputs.n_numeric), slice(inputs.n_columns - len(inputs.n_levels), None)
    unknown = np.flatnonzero(has_one_value[numbers] | (len(rows) < FEW))
    X[:, unknown] = 0.74 * rng.standard_normal((len(X), len(unknown)))  # with an interquartile range of 1
    for j, n_levels in enumerate(inputs.n_levels, start=codes.start):
        if has_one_value[j] or len(rows) < FEW:
            X[:, j] = rng.integers(1, n_levels + 1, len(X))
    return ArrayRows(X)


def _scattered(X, rng):
    """Sparse rows with the values of X in random columns."""
    values = X.data if X.nnz else np.ones(1, X.dtype)
    n_values = max(1, round(X.nnz / X.shape[0])) * N_RANDOM
    places = np.repeat(np.arange(N_RANDOM), n_values // N_RANDOM), rng.integers(X.shape[1], size=n_values)
    return sparse.csr_matrix((rng.choice(values, n_values), places), (N_RANDOM, X.shape[1]))


def constant_to_start_from(loss, constant, n_rows):
    """Raw outputs of the best constant for the first rows, where classes and counts that they lack may come later.

    They get a share of about 1 / (n_rows + 1).
    """
    least = -np.log(n_rows + 1)
    if loss.out_activation == "softmax":
        return np.maximum(constant, constant.max() + least)
    if loss.out_activation == "logistic":
        return np.clip(constant, least, -least)
    if loss.out_activation == "exp":  # that of no events at all is near the logarithm of 0
        return np.where(constant < -80, least, constant)
    return constant
