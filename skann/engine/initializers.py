"""Initial weights: uniform, with the variance that keeps signals (He, LeCun) or signals and gradients (Glorot) alive.

An initializer is a function ``variance(n_in, n_out, gain)`` of the layer's size and of the gain of its activation. To
add one, write a function and name it in `INITIALIZERS`.
"""

import math


def fill(W, variance, rng):
    """Fill the weights W (n_in, n_out) with uniform random numbers of mean 0 and the given variance."""
    bound = math.sqrt(3 * variance)
    W[...] = rng.uniform(-bound, bound, W.shape)


def auto(n_in, n_out, gain):
    """gain^2 / n_in: He for rectifiers (gain^2 = 2), LeCun for identity, tanh and SELU (gain = 1)."""
    return gain**2 / n_in


def glorot(n_in, n_out, gain):
    """2 / (n_in + n_out). Glorot and Bengio 2010, Understanding the difficulty of training deep feedforward networks."""
    return 2 / (n_in + n_out)


def he(n_in, n_out, gain):
    """2 / n_in. He et al. 2015, https://arxiv.org/abs/1502.01852."""
    return 2 / n_in


def lecun(n_in, n_out, gain):
    """1 / n_in. LeCun et al. 1998, Efficient BackProp."""
    return 1 / n_in


INITIALIZERS = {"auto": auto, "glorot": glorot, "he": he, "lecun": lecun}
