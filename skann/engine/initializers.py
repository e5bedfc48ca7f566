"""Initial weights and biases: uniform, with the variance that keeps signals, or signals and gradients, alive.

An initializer is a function ``variance(n_in, n_out)``; to add one, write a function and name it in `INITIALIZERS`.
`data` looks at the data instead.
"""

import math

import numpy as np


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


def data(W, b, x, rng):
    """Fill W and b so that x W has variance 1 in each column and x W + b is zero somewhere inside the data.

    W is normal, each column divided by the standard deviation of x W; b is minus a random convex combination of 5 rows
    of x W, with weights from the exponential distribution. Holzmueller et al. 2024, https://arxiv.org/abs/2407.04491,
    appendix A.1.

    Parameters
    ----------
    W, b : ndarray of shape (n_in, n_out) and (n_out,)
    x : {ndarray, CSR matrix} of shape (n_rows, n_in)
        Some of the rows that the layer will see.
    rng : Generator
    """
    W[...] = rng.standard_normal(W.shape)
    z = x @ W
    unit = np.abs(z).max(axis=0)
    unit[unit == 0] = 1
    spread = unit * (z / unit).std(axis=0)  # without squares that overflow
    spread[~(spread > 4 / np.finfo(W.dtype).max)] = 1  # 0, or too small to divide by
    W /= spread
    z /= spread
    rows = rng.integers(len(z), size=(5, W.shape[1]))
    share = rng.exponential(size=rows.shape)
    share /= share.sum(axis=0)
    b[...] = -np.sum(share * np.take_along_axis(z, rows, axis=0), axis=0)


INITIALIZERS = {"glorot": glorot, "he": he, "lecun": lecun}
