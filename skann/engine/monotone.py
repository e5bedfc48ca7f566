"""Parts of networks whose outputs rise or fall with some of their inputs, whatever the parameters are.

A network rises with an input if each path from there to the output has weights of a positive product and activations
that never fall. So units are of two kinds: *free* ones, which see no constrained column, have weights of any sign and
any activation; *rising* ones see both kinds, with weights of any sign on free inputs and positive ones on constrained
inputs and rising units. `Signed` makes a layer of these from a layer of the usual kind. Positive weights and a convex
activation make convex functions only: half of the rising units have the activation -f(-z), which is concave, in place
of f(z), and with both kinds any rising function can be approximated (Runje and Shankaranarayana 2023,
https://arxiv.org/abs/2205.11775, section 3). `Curved` is this activation, `SideBySide` puts those of both kinds of
units side by side.

Contract
--------
``bind``, ``unbound``, ``initialize``, ``buffers``, ``forward``, ``backward`` and ``input_gradient`` are those of
`skann.engine.layers`, ``slopes`` that of `skann.engine.embeddings`.
"""

import copy

import numpy as np

from . import initializers
from .layers import Dense, Layer, outputs, times_slope
from .parts import Parts


class Signed:
    """A layer with the weights W = f |V| in place of V: of the sign of f, 0 where f is 0, and V itself where f is NaN.

    Backward: dV = f sign(V) dW, with 1 as the sign of 0, and dW where f is NaN. V is what lies in theta, what is
    penalised and trained by every solver; the names and shapes of parameters are those of the layer.

    Parameters
    ----------
    layer : layer
        Its parameters do not change, since each pass has a copy with the weights of that moment.
    factors : dict of str to ndarray
        The f of each parameter that is not free altogether, in a shape that broadcasts to that of the parameter.
    """

    def __init__(self, layer, factors):
        self.layer, self.kind = layer, layer.kind
        self.n_in, self.n_out = getattr(layer, "n_in", layer.n_out), layer.n_out
        self.shapes, self.weights, self.multipliers = layer.shapes, layer.weights, layer.multipliers
        self.scratch, self.activation = getattr(layer, "scratch", {}), getattr(layer, "activation", None)
        if "W" in factors and len(layer.shapes["W"]) > 1 and self.kind == Dense.kind:
            self.n_in = int(np.broadcast_to(factors["W"] != 0, layer.shapes["W"]).sum(axis=-2).max())
        self.factors = {name: np.asarray(f, np.float32) for name, f in factors.items()}

    def __str__(self):
        return f"{self.layer}, of fixed signs"

    def bind(self, params, grads):
        self.params, self.grads = {name: params[name] for name in self.shapes}, grads

    def unbound(self):
        other = copy.copy(self)
        vars(other).pop("params", None)
        vars(other).pop("grads", None)
        return other

    def effective(self):
        """The layer with the weights W."""
        layer = object.__new__(type(self.layer))
        vars(layer).update(vars(self.layer))  # of some layers a copy measures anew
        layer.bind({name: self._weights(name) for name in self.shapes}, self.grads)
        return layer

    def _weights(self, name):
        V, f = self.params[name], self.factors.get(name)
        return V if f is None else np.where(np.isnan(f), V, f * np.abs(V))

    @property
    def W(self):
        """The weights W."""
        return self._weights("W")

    @property
    def b(self):
        """The biases."""
        return self._weights("b")

    def initialize(self, rng, variance=None):
        layer = copy.copy(self.layer)
        layer.bind(self.params, None)
        layer.initialize(rng) if variance is None else layer.initialize(rng, variance)

    def initialize_from_data(self, rng, x, weight=None, seen_only=False):
        """As the layer does it; the weights W of `Dense` have the signs that they must have.

        Sums of many positive weights are all alike: as third powers of normal numbers few of them count.
        """
        if "W" not in self.factors or not hasattr(self.layer, "initialize_from_data"):
            self.initialize(rng)
            return
        V, f = self.params["W"], self.factors["W"]
        V[...] = rng.standard_normal(V.shape)
        V **= np.where(np.isnan(f), 1, 3)
        W = self._weights("W").astype(V.dtype, copy=True)
        if W.ndim == 3:
            for g, b in enumerate(self.params["b"].reshape(len(W), -1)):
                initializers.standardize(W[g], b, self.layer.of_group(x, g), rng, weight)
        else:
            self._standardize(W, f != 0, x, rng, weight)
        V[...] = np.divide(W, f, out=W.copy(), where=~np.isnan(f) & (f != 0))

    def _standardize(self, W, sees, x, rng, weight):
        """Do it for the units that see the same of x, one lot after the other."""
        for pattern in np.unique(np.broadcast_to(sees, W.shape), axis=1).T:
            units = np.flatnonzero((np.broadcast_to(sees, W.shape) == pattern[:, None]).all(axis=0))
            part, b = W[np.ix_(pattern, units)], self.params["b"][units]
            initializers.standardize(part, b, x[:, pattern], rng, weight)
            W[np.ix_(pattern, units)], self.params["b"][units] = part, b

    def buffers(self, n_rows, dtype, training):
        return self.layer.buffers(n_rows, dtype, training)

    def forward(self, x, buf, rng=None):
        return self.effective().forward(x, buf, rng)

    def backward(self, x, buf, dx=None):
        self.effective().backward(x, buf, dx)
        for name, f in self.factors.items():
            self.grads[name] *= np.where(np.isnan(f), 1, f * np.copysign(np.float32(1), self.params[name]))

    def input_gradient(self, x, buf, delta):
        return self.effective().input_gradient(x, buf, delta)

    def slopes(self, x, buf):
        return self.effective().slopes(x, buf)


class Curved(Layer):
    """a = f(x) for some units, a = -f(-x) for those that are turned;  dx = delta f'(x), or delta f'(-x).

    Parameters
    ----------
    n_units : int
    activation : Activation
        f.
    is_turned : ndarray of bool of shape (n_units,), default=None
        Which units have -f(-x); None for none.
    """

    kind = "activation"

    def __init__(self, n_units, activation, is_turned=None):
        self.n_out, self.activation = n_units, activation
        self.turns = np.where(False if is_turned is None else is_turned, -1, np.ones(n_units)).astype(np.float32)

    def __str__(self):
        name = type(self.activation).__name__
        n_turned = np.count_nonzero(self.turns < 0)
        return f"{name}, for {n_turned} of {self.n_out} units turned by 180 degrees" if n_turned else name

    def initialize(self, rng, variance=None):
        pass  # nothing is learnt

    def buffers(self, n_rows, dtype, training):
        buf = outputs(n_rows, self.n_out, dtype, training)
        return buf | ({"z": np.empty_like(buf["a"])} if self.activation.two_buffers else {})

    def forward(self, x, buf, rng=None):
        a = buf["a"]
        z = buf["z"] if self.activation.two_buffers else a
        np.multiply(x, self.turns, out=z)
        self.activation.forward(z, a)
        a *= self.turns
        return a

    def backward(self, x, buf, dx=None):
        if dx is not None:
            dx[...] = buf["delta"]
            buf["a"][...] *= self.turns  # what the activation returned
            self.activation.backward(buf.get("z", buf["a"]), buf["a"], dx)

    def input_gradient(self, x, buf, delta):
        buf["a"][...] *= self.turns
        times_slope(self.activation, buf if "z" in buf else buf | {"z": buf["a"]}, delta)
        return delta


class SideBySide(Parts):
    """Layers without weights, each for its own stretch of the units.

    Parameters
    ----------
    parts : dict of str to layer
        In the order of the units, of which each part returns as many as it takes.
    """

    kind = "activation"
    weights = ()

    def __init__(self, parts):
        super().__init__(parts)
        self.multipliers: dict[str, tuple[float, float]] = {}

    def __str__(self):
        return "; ".join(f"{part.n_out} units {part}" for part in self.parts.values())

    def buffers(self, n_rows, dtype, training):
        buf = outputs(n_rows, self.n_out, dtype, training)
        common = dict(buf)
        for name, part, units in self._stretches():
            own = part.buffers(n_rows, dtype, training)
            buf[name] = own | {key: array[:, units] for key, array in common.items()}
        return buf

    def forward(self, x, buf, rng=None):
        for name, part, units in self._stretches():
            part.forward(x[:, units], buf[name], rng)
        return buf["a"]

    def backward(self, x, buf, dx=None):
        for name, part, units in self._stretches():
            part.backward(x[:, units], buf[name], None if dx is None else dx[:, units])

    def input_gradient(self, x, buf, delta):
        for name, part, units in self._stretches():
            delta[:, :, units] = part.input_gradient(x[:, units], buf[name], delta[:, :, units])
        return delta

    def _stretches(self):
        i = 0
        for name, part in self.parts.items():
            yield name, part, slice(i, i + part.n_out)
            i += part.n_out
