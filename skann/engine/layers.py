"""Layers: a stretch of the forward pass of section 3, beside its backward pass of section 5.

Contract
--------
A layer names its ``kind``, by which drawings and learning rates tell layers apart. It states the shapes of its
parameters in ``shapes`` and names those that are weights, which L2 acts on, in ``weights``. ``multipliers`` may give a
parameter a pair of factors, on the learning rate and on the weight decay; without one they are (1, 1) for weights and
(1, 0) for other parameters. ``bind(params, grads)`` gives the layer views of the flat vectors: attribute ``W`` for a
parameter W, ``dW`` for its gradient; ``unbound()`` is a copy without them. ``initialize(rng, variance)`` sets the
parameters to their random start; a layer that rather looks at rows x that it will see has
``initialize_from_data(rng, x, weight, seen_only)``, too. A layer owns no memory that depends on the number of rows:
``buffers(n_rows, dtype, training)`` makes a dict of arrays with ``n_rows`` rows, and ``forward`` and ``backward`` write
into such a dict ``buf``, at least

- ``a``: what the layer computes (n_rows, n_out),
- ``delta``: the derivative of the loss with respect to ``a`` (when training).

``forward(x, buf, rng)`` returns the layer's output; a generator means training mode. ``backward(x, buf, dx)`` reads
``delta``, writes the gradients of the parameters and, unless ``dx`` is None (first layer), the derivative with
respect to ``x`` into ``dx``. It may overwrite all of ``buf``, but not ``x``.

``input_gradient(x, buf, delta)`` is for those who want the derivative with respect to ``x`` alone, of K numbers at
once: after ``forward`` in ``buf`` made for training, but without a generator, it turns their derivatives with respect
to ``a``, ``delta`` (K, n_rows, n_out), into those with respect to ``x``, (K, n_rows, n_in). It may overwrite ``buf``
and ``delta``, and needs no gradients of parameters to be bound.
"""

import copy
import math

import numpy as np

from . import initializers
from .activations import Identity, Mish, same_for_rows


class Layer:
    """What layers share that hold parameters of their own. Subclasses set ``n_out`` and ``kind``."""

    shapes: dict[str, tuple[int, ...]] = {}
    weights: tuple[str, ...] = ()
    multipliers: dict[str, tuple[float, float]] = {}

    def bind(self, params, grads):
        """Take the views of theta and grad with the names of ``shapes``; ``grads`` is None outside training."""
        for name in self.shapes:
            setattr(self, name, params[name])
            setattr(self, "d" + name, grads[name] if grads else None)

    def unbound(self):
        """A copy without parameters, for pickling: a pickled view would be cut off from theta."""
        other = copy.copy(self)
        for name in self.shapes:
            vars(other).pop(name, None)
            vars(other).pop("d" + name, None)
        return other


def outputs(n_rows, n_out, dtype, training):
    """The buffers of every layer: ``a``, and ``delta`` when training."""
    return {name: np.empty((n_rows, n_out), dtype) for name in (("a", "delta") if training else ("a",))}


class Dense(Layer):
    """z = x W + b, equation (1);  a = f(z), equation (2).

    Backward, with delta = dL/da: delta <- delta f'(z);  dW = x^T delta;  db = sum of the rows of delta;  dx = delta
    W^T: equation (5).

    Parameters
    ----------
    n_in, n_out : int
    activation : Activation, default=Identity()
    """

    W: np.ndarray
    b: np.ndarray
    kind = "dense"
    weights = ("W",)

    def __init__(self, n_in, n_out, activation=None):
        self.n_in, self.n_out = n_in, n_out
        self.activation = activation or Identity()
        self.shapes = {"W": (n_in, n_out), "b": (n_out,)}

    def __str__(self):
        return f"Dense {self.n_in} -> {self.n_out}, {type(self.activation).__name__}"

    def initialize(self, rng, variance=initializers.glorot):
        initializers.fill(self.W, variance(self.n_in, self.n_out), rng)
        initializers.fill(self.b, variance(self.n_in, self.n_out), rng)

    def initialize_from_data(self, rng, x, weight=None, seen_only=False):
        """Weights for which z has variance 1, and biases that put its zero inside the data: see `initializers.data`."""
        initializers.data(self.W, self.b, x, rng, weight, seen_only)

    def buffers(self, n_rows, dtype, training):
        buf = outputs(n_rows, self.n_out, dtype, training)
        buf["z"] = np.empty_like(buf["a"]) if self.activation.two_buffers else buf["a"]
        return buf | _ones(n_rows, dtype, training)

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

    def input_gradient(self, x, buf, delta):
        times_slope(self.activation, buf, delta)
        return np.matmul(delta, self.W.T)


class Bend(Layer):
    """What a dense layer does behind its linear map, a = f(x), for those who go on from there; it is not trained.

    Parameters
    ----------
    dense : Dense
    """

    kind = "activation"

    def __init__(self, dense):
        self.activation, self.n_out = dense.activation, dense.n_out

    def buffers(self, n_rows, dtype, training):
        buf = outputs(n_rows, self.n_out, dtype, training)
        buf["z"] = np.empty_like(buf["a"]) if self.activation.two_buffers else buf["a"]
        return buf

    def forward(self, x, buf, rng=None):
        np.copyto(buf["z"], x)
        self.activation.forward(buf["z"], buf["a"])
        return buf["a"]

    def input_gradient(self, x, buf, delta):
        times_slope(self.activation, buf, delta)
        return delta


class Parametric(Layer):
    """What parametric activations share: one learnt p per unit that starts at 1.

    Parameters
    ----------
    n_units : int
    """

    kind = "activation"

    def __init__(self, n_units):
        self.n_out = n_units
        self.shapes = {"p": (n_units,)}

    def __str__(self):
        return f"Parametric {type(self.activation).__name__}"

    def initialize(self, rng, variance=None):
        self.p[...] = 1

    def _buffers(self, n_rows, dtype, training, names):
        buf = outputs(n_rows, self.n_out, dtype, training)
        buf |= {name: np.empty_like(buf["a"]) for name in names}
        return buf | _ones(n_rows, dtype, training)


class ParametricActivation(Parametric):
    """a = x + p (f(x) - x);  dp = sum of delta (f(x) - x);  dx = delta (1 - p + p f'(x)).

    Holzmueller et al. 2024, https://arxiv.org/abs/2407.04491, section 3. It follows a linear `Dense`.

    Parameters
    ----------
    n_units : int
    activation : Activation
    """

    def __init__(self, n_units, activation):
        super().__init__(n_units)
        self.activation = activation

    def buffers(self, n_rows, dtype, training):
        return self._buffers(n_rows, dtype, training, ("z", "f"))

    def forward(self, x, buf, rng=None):
        f, a = buf["f"], buf["a"]
        np.copyto(buf["z"] if self.activation.two_buffers else f, x)
        self.activation.forward(buf["z"] if self.activation.two_buffers else f, f)
        np.subtract(f, x, out=a)
        a *= self.p
        a += x
        return a

    def backward(self, x, buf, dx=None):
        delta, f, a = buf["delta"], buf["f"], buf["a"]
        np.subtract(f, x, out=a)
        a *= delta
        np.dot(buf["ones"], a, out=self.dp)
        if dx is not None:
            p_delta = np.multiply(delta, self.p, out=a)
            np.subtract(delta, p_delta, out=dx)
            self.activation.backward(buf["z"], f, p_delta)
            dx += p_delta

    def input_gradient(self, x, buf, delta):
        slope = np.broadcast_to(self.p, buf["f"].shape).copy()
        self.activation.backward(buf["z"], buf["f"], slope)
        slope += 1 - self.p
        delta *= slope
        return delta


class ParametricMish(Parametric):
    """a = x - p h with h = x - f(x) and f Mish;  dp = -sum of delta h;  dx = delta (1 + p (f'(x) - 1)).

    The same as `ParametricActivation` with `Mish`, in three quarters of its time to train and half of it to predict.
    With e = exp(x) and s = 2 / ((e + 1)^2 + 1): h = x s and f'(x) - 1 = h s e (e + 1) - s. Above x = 20, s is 0 beside
    1 in double precision, hence the cut, without which s e may be 0 times infinity.
    """

    activation = Mish()

    def buffers(self, n_rows, dtype, training):
        return self._buffers(n_rows, dtype, training, ("e", "s") if training else ())

    def forward(self, x, buf, rng=None):
        if "e" not in buf:  # only to predict
            return self._predict(x, buf["a"])
        e, s, a = buf["e"], buf["s"], buf["a"]
        np.minimum(x, same_for_rows(20, x), out=e)
        np.exp(e, out=e)
        np.add(e, 1, out=s)
        np.square(s, out=s)
        s += 1
        np.divide(2, s, out=s)
        np.multiply(x, s, out=a)
        a *= self.p
        return np.subtract(x, a, out=a)

    def _predict(self, x, a):
        """The output, x (1 - p s), in ``a``, the only buffer that it takes."""
        with np.errstate(over="ignore"):
            np.exp(x, out=a)
            a += 1
            np.square(a, out=a)
        a += 1
        np.divide(2 * self.p, a, out=a)
        np.subtract(1, a, out=a)
        a *= x
        return a

    def backward(self, x, buf, dx=None):
        delta = buf["delta"]
        h = np.multiply(x, buf["s"], out=buf["a"])
        if dx is not None:
            slope = self._slope_less_1(h, buf, dx)
            slope *= delta
            np.add(delta, slope, out=dx)
        h *= delta
        np.dot(buf["ones"], h, out=self.dp)
        np.negative(self.dp, out=self.dp)

    def input_gradient(self, x, buf, delta):
        slope = self._slope_less_1(np.multiply(x, buf["s"], out=buf["a"]), buf, buf["delta"])
        slope += 1
        delta *= slope
        return delta

    def _slope_less_1(self, h, buf, scratch):
        """p (f'(x) - 1), in place of e; ``scratch`` is overwritten."""
        slope, s = buf["e"], buf["s"]
        slope *= np.add(slope, 1, out=scratch)
        slope *= s
        slope *= h
        slope -= s  # f'(x) - 1
        slope *= self.p
        return slope


class Dropout(Layer):
    """a = x m, each element of m independently 0 with probability ``rate``, else 1 / (1 - rate);  dx = delta m.

    Srivastava et al. 2014, https://jmlr.org/papers/v15/srivastava14a.html. Outside training m is 1. For each batch the
    rate is rounded, up or down at random so that it stays the same on average, to a multiple of 2^-8, at most 255 of
    them: cutting the generator's raw 64 bits in eight is much faster than drawing floats. So the generator must give 64
    bits at a time, as that of ``default_rng`` does; of NumPy's, MT19937 alone gives 32.

    Attributes
    ----------
    share : float
        Multiplies the rate: a schedule may lower it in the course of the training.
    """

    kind = "dropout"

    def __init__(self, n_units, rate):
        self.n_out = n_units
        self.rate = rate
        self.share = 1.0

    def __str__(self):
        return f"Dropout {self.rate:g}"

    def initialize(self, rng, variance=None):
        pass  # nothing is learnt

    def buffers(self, n_rows, dtype, training):
        buf = outputs(n_rows, self.n_out, dtype, training)
        return buf | ({"mask": np.empty_like(buf["a"])} if training else {})

    def forward(self, x, buf, rng=None):
        if "mask" not in buf:  # only to predict
            return x
        mask, a = buf["mask"], buf["a"]
        rate = self.rate * self.share if rng is not None else 0
        if rate:
            dropped = min(math.floor(256 * rate + rng.random()), 255)
            noise = rng.bit_generator.random_raw((mask.size + 7) // 8).view(np.uint8)[: mask.size]
            kept = noise.reshape(mask.shape) >= dropped
            np.multiply(kept, mask.dtype.type(256 / (256 - dropped)), out=mask)
        else:
            mask.fill(1)
        return np.multiply(x, mask, out=a)

    def backward(self, x, buf, dx=None):
        if dx is not None:
            np.multiply(buf["delta"], buf["mask"], out=dx)

    def input_gradient(self, x, buf, delta):
        return delta  # outside training


class Scale(Layer):
    """a = x s, one learnt s per input that starts at 1;  ds = sum of delta x;  dx = delta s.

    With a high learning rate it lets the network turn to the features that matter (Holzmueller et al. 2024,
    https://arxiv.org/abs/2407.04491, section 3).
    """

    kind = "scale"

    def __init__(self, n_units):
        self.n_out = n_units
        self.shapes = {"s": (n_units,)}

    def __str__(self):
        return "Scale"

    def initialize(self, rng, variance=None):
        self.s[...] = 1

    def buffers(self, n_rows, dtype, training):
        return outputs(n_rows, self.n_out, dtype, training) | _ones(n_rows, dtype, training)

    def forward(self, x, buf, rng=None):
        return np.multiply(x, self.s, out=buf["a"])

    def backward(self, x, buf, dx=None):
        np.multiply(buf["delta"], x, out=buf["a"])
        np.dot(buf["ones"], buf["a"], out=self.ds)
        if dx is not None:
            np.multiply(buf["delta"], self.s, out=dx)

    def input_gradient(self, x, buf, delta):
        delta *= self.s
        return delta


def times_slope(activation, buf, delta):
    """Multiply each of the K derivatives ``delta`` (K, n_rows, n_out) by f'(z), after ``forward`` in ``buf``."""
    slope = delta[0] if len(delta) == 1 else np.ones_like(buf["a"])
    activation.backward(buf["z"], buf["a"], slope)
    if len(delta) > 1:
        delta *= slope


def _ones(n_rows, dtype, training):
    """The buffer of ones, for sums over the rows in backward."""
    return {"ones": np.ones(n_rows, dtype)} if training else {}
