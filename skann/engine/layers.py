"""Layers: a stretch of the forward pass of section 3, beside its backward pass of section 5.

Contract
--------
A layer states the shapes of its parameters in ``shapes`` and names those that are weights, the ones that L2 and
weight decay act on, in ``weights``; ``bind`` gives it views of the flat vectors to use. It owns no memory that
depends on the number of rows: ``buffers(n_rows, dtype, training)`` makes a dict of arrays with ``n_rows`` rows, and
``forward`` and ``backward`` write into such a dict ``buf``, at least

- ``a``: what the layer computes (n_rows, n_out),
- ``delta``: the derivative of the loss with respect to ``a`` (when training).

``forward(x, buf, rng)`` returns the layer's output; a generator means training mode. ``backward(x, buf, dx)`` reads
``delta``, writes the gradients of the parameters and, unless ``dx`` is None (first layer), the derivative with
respect to ``x`` into ``dx``. It may overwrite all of ``buf``.
"""

import numpy as np

from . import initializers
from .activations import Identity


class Dense:
    """z = x W + b, equation (1);  a = f(z), equation (2).

    Backward, with delta = dL/da: delta <- delta f'(z);  dW = x^T delta;  db = sum of the rows of delta;  dx = delta
    W^T: equation (5).

    Parameters
    ----------
    n_in, n_out : int
    activation : Activation, default=Identity()
    """

    weights = ("W",)

    def __init__(self, n_in, n_out, activation=None):
        self.n_in, self.n_out = n_in, n_out
        self.activation = activation or Identity()
        self.shapes = {"W": (n_in, n_out), "b": (n_out,)}

    def __str__(self):
        return f"Dense {self.n_in} -> {self.n_out}, {type(self.activation).__name__}"

    def bind(self, params, grads):
        self.W, self.b = params["W"], params["b"]
        self.dW, self.db = (grads["W"], grads["b"]) if grads else (None, None)

    def initialize(self, rng, variance=initializers.glorot):
        initializers.fill(self.W, variance(self.n_in, self.n_out), rng)
        initializers.fill(self.b, variance(self.n_in, self.n_out), rng)

    def buffers(self, n_rows, dtype, training):
        buf = {"a": np.empty((n_rows, self.n_out), dtype)}
        buf["z"] = np.empty_like(buf["a"]) if self.activation.keeps_input else buf["a"]
        if training:
            buf["delta"] = np.empty_like(buf["a"])
            buf["ones"] = np.ones(n_rows, dtype)
        return buf

    def forward(self, x, buf, rng=None):
        z, a = buf["z"], buf["a"]
        if isinstance(x, np.ndarray):
            np.dot(x, self.W, out=z)
        else:
            z[...] = x @ self.W  # sparse
        z += self.b
        self.activation.forward(z, a)
        return a

    def backward(self, x, buf, dx=None):
        delta = buf["delta"]
        self.activation.backward(buf["z"], buf["a"], delta)
        if isinstance(x, np.ndarray):
            np.dot(x.T, delta, out=self.dW)
        else:
            self.dW[...] = x.T @ delta  # sparse
        np.dot(buf["ones"], delta, out=self.db)  # 2 to 3 times faster than delta.sum(axis=0)
        if dx is not None:
            np.dot(delta, self.W.T, out=dx)


class Dropout:
    """a = x m, each element of m independently 0 with probability ``rate``, else 1 / (1 - rate);  dx = delta m.

    Srivastava et al. 2014, https://jmlr.org/papers/v15/srivastava14a.html. Outside training m is 1. The rate is
    rounded to a multiple of 2^-16: comparing random 16-bit integers is faster than drawing floats.
    """

    weights = ()
    shapes = {}

    def __init__(self, n_units, rate):
        self.n_out = n_units
        self.rate = rate

    def __str__(self):
        return f"Dropout {self.rate:g}"

    def bind(self, params, grads):
        pass

    def initialize(self, rng, variance=None):
        pass

    def buffers(self, n_rows, dtype, training):
        names = ("a", "mask", "delta") if training else ("a", "mask")
        return {name: np.empty((n_rows, self.n_out), dtype) for name in names}

    def forward(self, x, buf, rng=None):
        mask, a = buf["mask"], buf["a"]
        if rng is None:
            mask.fill(1)
        else:
            dropped = min(round(self.rate * 2**16), 2**16 - 1)
            noise = np.frombuffer(rng.bytes(2 * mask.size), np.uint16).reshape(mask.shape)
            np.greater_equal(noise, dropped, out=mask)
            mask *= 2**16 / (2**16 - dropped)
        return np.multiply(x, mask, out=a)

    def backward(self, x, buf, dx=None):
        if dx is not None:
            np.multiply(buf["delta"], buf["mask"], out=dx)
