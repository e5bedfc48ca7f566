"""Initial weights and biases: uniform, with the variance that keeps signals, or signals and gradients, alive.

An initializer is a function ``variance(n_in, n_out)``; to add one, write a function and name it in `INITIALIZERS`.
`data` looks at the data instead.
"""

import math

import numpy as np
from scipy import sparse


def fill(parameters, variance, rng):
    """Fill an array with uniform random numbers of mean 0 and the given variance."""
    bound = math.sqrt(3 * variance)
    parameters[...] = rng.uniform(-bound, bound, parameters.shape)


def glorot(n_in: int, n_out: int) -> float:
    """2 / (n_in + n_out). Glorot and Bengio 2010, https://proceedings.mlr.press/v9/glorot10a.html"""
    return 2 / (n_in + n_out)


def he(n_in: int, n_out: int) -> float:
    """2 / n_in. He et al. 2015, https://arxiv.org/abs/1502.01852."""
    return 2 / max(n_in, 1)


def lecun(n_in: int, n_out: int) -> float:
    """1 / n_in. LeCun et al. 1998, Efficient BackProp."""
    return 1 / max(n_in, 1)


def data(W, b, x, rng, weight=None, seen_only=False):
    """Fill W and b so that x W has variance 1 in each column and x W + b is zero somewhere inside the data.

    W is normal, each column divided by the standard deviation of x W; b is minus a random convex combination of 5 rows
    of x W, with weights from the exponential distribution. Holzmueller et al. 2024, https://arxiv.org/abs/2407.04491,
    appendix A.1. Where the rows differ in few directions, chance may bring them close together in x W: then a column is
    divided by `least_spread`.

    Parameters
    ----------
    W, b : ndarray of shape (n_in, n_out) and (n_out,)
    x : {ndarray, CSR matrix} of shape (n_rows, n_in)
        Some of the rows that the layer will see.
    rng : Generator
    weight : ndarray of shape (n_rows,), default=None
        Integers are the same as so many copies of the rows, in any order, but None is another draw than ones.
    seen_only : bool, default=False
        Whether W is projected by `in_seen_directions`, which takes time that grows with the cube of the number of rows.
    """
    W[...] = rng.standard_normal(W.shape)
    if seen_only:
        W[...] = in_seen_directions(W, x, _shares(x, weight))
    standardize(W, b, x, rng, weight)


def standardize(W, b, x, rng, weight=None):
    """What `data` does to weights W that are there: divides them, and fills b."""
    share = _shares(x, weight)
    z = x @ W
    unit = np.abs(z).max(axis=0)
    unit[unit == 0] = 1
    scaled = z / unit  # has squares that do not overflow
    spread = unit * (scaled.std(axis=0) if weight is None else np.sqrt(share @ (scaled - share @ scaled) ** 2))
    spread[spread <= 4 * np.finfo(W.dtype).eps * unit] = 0  # nothing but rounding
    spread = np.maximum(spread, least_spread(x, share)).astype(W.dtype)
    spread[~(spread > 4 / np.finfo(W.dtype).max)] = 1  # 0, or too small to divide by
    W /= spread
    z /= spread
    rows = rng.integers(len(z), size=(5, W.shape[1])) if weight is None else _rows_at(z, share, rng)
    mix = rng.exponential(size=rows.shape)
    mix /= mix.sum(axis=0)
    b[...] = -np.sum(mix * np.take_along_axis(z, rows, axis=0), axis=0)


def _shares(x, weight):
    """The shares of the rows in the whole, (n_rows,)."""
    return np.full(x.shape[0], 1 / x.shape[0]) if weight is None else np.asarray(weight, np.float64) / np.sum(weight)


def in_seen_directions(W, x, share):
    """The columns of W without what is orthogonal to all differences between rows of x.

    The rows say nothing of these directions, in which other rows would meet weights that are mere chance, and which
    gradients would not change. The projection is a ridge regression with a penalty that a direction of one millionth of
    the variance halves.

    Parameters
    ----------
    W : ndarray of shape (n_in, n_out)
    x : {ndarray, CSR matrix} of shape (n_rows, n_in)
    share : ndarray of shape (n_rows,)
        Of the rows in the whole.
    """
    unit = abs(x).max() if min(x.shape) else 0
    if not 0 < unit < np.inf:
        return W
    x, root = x.astype(np.float64) / unit, np.sqrt(share)
    mean = share @ x
    products = x @ x.T
    products = products.toarray() if sparse.issparse(products) else products
    by_row = products @ share
    products = np.outer(root, root) * (products - by_row[:, None] - by_row + share @ by_row)
    total = np.trace(products)
    if not total > 0:
        return W
    differences = root[:, None] * (x @ W - mean @ W)
    solved = root[:, None] * np.linalg.solve(products + 1e-6 * total * np.eye(len(root)), differences)
    return x.T @ solved - np.outer(mean, solved.sum(axis=0))


def least_spread(x, share):
    """The least standard deviation to expect of a column of x W, for a column of W of normal random numbers.

    In root mean square it is the root of the sum of the variances of the columns of x. How far it may fall short of
    this depends on the number k of directions in which rows differ: for independent columns of variance 1 the square is
    chi-squared with k degrees of freedom, which all but never falls below 1 / k, if k is above 4. So the least is 1 / k
    of the root mean square: where rows take two values only, all of it. For correlated columns k is the square of their
    number over the sum of the squared correlations.

    Parameters
    ----------
    x : {ndarray, CSR matrix} of shape (n_rows, n_in)
    share : ndarray of shape (n_rows,)
        Of the rows in the whole.
    """
    unit = max(x.max(), -x.min()) if min(x.shape) else 0
    if not 0 < unit < np.inf:
        return 0.0
    rounding = max(4 * np.finfo(x.dtype).eps, 1e-8)
    x = x.astype(np.float64)  # the one copy, changed in place, of what may be as large as the table
    x /= unit
    mean = share @ x
    if sparse.issparse(x):
        variance = share @ x.power(2) - mean**2
    else:
        x -= mean
        variance = share @ x**2
    varies = np.sqrt(np.maximum(variance, 0)) > rounding  # that of the largest value
    if not varies.any():
        return 0.0
    x, deviation = x if varies.all() else x[:, varies], np.sqrt(variance[varies])
    if sparse.issparse(x):
        x = x.multiply(1 / deviation).tocsr()
        products = (x @ x.T).toarray()
        mean = products @ share
        products = np.sqrt(np.outer(share, share)) * (products - mean[:, None] - mean + share @ mean)
    else:
        x *= np.sqrt(share)[:, None]
        x /= deviation
        products = x @ x.T if len(x) < x.shape[1] else x.T @ x
    n_directions = len(deviation) ** 2 / np.sum(products**2)
    return float(unit * np.sqrt(np.sum(deviation**2)) / n_directions)


def _rows_at(z, share, rng):
    """For each column of z five rows, drawn with these shares by the inverse of the column's distribution function."""
    order = z.argsort(axis=0)
    reached = np.cumsum(share[order], axis=0)
    at = rng.random((5, z.shape[1])) * reached[-1]
    columns = zip(order.T, reached[:-1].T, at.T, strict=True)
    return np.stack([each[below.searchsorted(level, side="right")] for each, below, level in columns], axis=1)


INITIALIZERS = {"glorot": glorot, "he": he, "lecun": lecun}
