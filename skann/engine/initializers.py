"""Initial weights and biases: uniform, with the variance that keeps signals, or signals and gradients, alive.

An initializer is a function ``variance(n_in, n_out)``. To add one, write a function and name it in `INITIALIZERS`.
"""

import math


def fill(parameters, variance, rng):
    """Fill an array with uniform random numbers of mean 0 and the given variance."""
    bound = math.sqrt(3 * variance)
    parameters[...] = rng.uniform(-bound, bound, parameters.shape)


def glorot(n_in, n_out):
    """2 / (n_in + n_out). Glorot and Bengio 2010, https://proceedings.mlr.press/v9/glorot10a.html"""
    return 2 / (n_in + n_out)


def he(n_in, n_out):
    """2 / n_in. He et al. 2015, https://arxiv.org/abs/1502.01852."""
    return 2 / n_in


def lecun(n_in, n_out):
    """1 / n_in. LeCun et al. 1998, Efficient BackProp."""
    return 1 / n_in


INITIALIZERS = {"auto": glorot, "glorot": glorot, "he": he, "lecun": lecun}
