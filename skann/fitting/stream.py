"""The first call of a stream: a start for networks of which the first rows, even a single one, tell little."""

import numpy as np
from scipy import sparse

from ..engine.rows import ArrayRows

N_RANDOM = 256  # rows of random values, and of the first call's own at most


def rows_to_start_from(rows, inputs, rng):
    """Encoded rows such as a stream may bring: some of its first call, and others with random numbers and codes.

    Without the others, weights that suit a few different rows may be far too large for all else.

    Parameters
    ----------
    rows : Rows
        Of the first call, encoded.
    inputs : Inputs
    rng : Generator

    Returns
    -------
    rows : ArrayRows
    """
    own, _ = rows.sample(N_RANDOM, rng)
    if rows.is_sparse:
        return ArrayRows(sparse.vstack([own, _scattered(own, rng)], format="csr"))
    made = own[rng.integers(len(own), size=N_RANDOM)]
    n_numbers, n_codes = inputs.n_numeric, len(inputs.n_levels)
    made[:, :n_numbers] = 0.74 * rng.standard_normal((N_RANDOM, n_numbers))  # with an interquartile range of 1
    made[:, inputs.n_columns - n_codes :] = rng.integers(1, np.add(inputs.n_levels, 1), (N_RANDOM, n_codes))
    return ArrayRows(np.concatenate([own, made]))


def _scattered(X, rng):
    """Sparse rows with the values of X in random columns."""
    values = X.data if X.nnz else np.ones(1, X.dtype)
    n_values = max(1, round(X.nnz / X.shape[0])) * N_RANDOM
    places = np.repeat(np.arange(N_RANDOM), n_values // N_RANDOM), rng.integers(X.shape[1], size=n_values)
    return sparse.csr_matrix((rng.choice(values, n_values), places), (N_RANDOM, X.shape[1]), X.dtype)


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
