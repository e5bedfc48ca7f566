"""A network is a chain of layers whose parameters lie in one flat vector.

One vector makes a copy, a norm, a check, an optimizer step or the packing for L-BFGS one line each. The weights of
all layers come first, so that L2 acts on one slice, and parameters with the same multipliers lie together.
"""

import copy
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from .layers import Dense, Dropout, Parametric


class Network:
    """A chain of layers, their parameters ``theta`` and gradient ``grad``.

    Parameters
    ----------
    layers : list of layers
        Each takes the output of the one before.
    dtype : dtype
        float32 or float64.

    Attributes
    ----------
    theta, grad : ndarray of shape (n_parameters,)
        The layers' arrays W, b, dW, db are views of them.
    n_weights : int
        The weights are theta[:n_weights].
    groups : list of (slice, float, float)
        Stretches of theta with one pair of multipliers, of the learning rate and of the weight decay.
    """

    def __init__(self, layers: Sequence[Any], dtype: DTypeLike) -> None:
        self.layers = layers
        self._place()
        self.theta = np.zeros(self.groups[-1][0].stop, dtype)
        self.grad: np.ndarray | None = None
        self._bind()

    def _place(self):
        """Give each parameter its slice of theta.

        Weights come first, since L2 acts on one slice; within them, and within the others, parameters with the same
        multipliers lie together, since an optimizer moves each such group at once.
        """
        entries = []
        for i, layer in enumerate(self.layers):
            for name, shape in layer.shapes.items():
                is_weight = name in layer.weights
                rate, decay = layer.multipliers.get(name, (1.0, float(is_weight)))
                entries.append((not is_weight, rate, decay, i, name, math.prod(shape)))
        entries.sort(key=lambda entry: entry[:3])  # stable: otherwise in the order of the layers
        self._slices, self.groups, self.n_weights, start = {}, [], 0, 0
        for not_weight, rate, decay, i, name, size in entries:
            self._slices[i, name] = slice(start, start + size)
            if self.groups and self.groups[-1][1:] == (rate, decay):
                self.groups[-1] = (slice(self.groups[-1][0].start, start + size), rate, decay)
            else:
                self.groups.append((slice(start, start + size), rate, decay))
            start += size
            self.n_weights += 0 if not_weight else size

    @property
    def weights(self):
        """The part of theta that L2 acts on."""
        return self.theta[: self.n_weights]

    @property
    def output_weights(self):
        """The part of theta that the weights of the last layer are made of."""
        return self.theta[self._slices[len(self.layers) - 1, "W"]]

    def prepare_training(self) -> None:
        """Make the gradient vector, which a network that only predicts does not need."""
        self.grad = np.zeros_like(self.theta)
        self._bind()

    def finish_training(self) -> None:
        """Drop the gradient vector."""
        self.grad = None
        self._bind()

    def dense_layers(self):
        """The layers with a weight matrix, the last one included."""
        return [layer for layer in self.layers if layer.kind == Dense.kind]

    def hidden_layers(self):
        """For each hidden layer the position in ``layers`` of its activation."""
        found = [i for i, layer in enumerate(self.layers) if layer.kind == Dense.kind][:-1]
        return [i + (self.layers[i + 1].kind == Parametric.kind) for i in found]

    @property
    def largest_weight(self):
        """Elements of the largest weight matrix."""
        return max(layer.W.size for layer in self.dense_layers())

    def head(self, n_layers: int) -> "Network":
        """The network of the first layers only, on the same parameters."""
        return self.with_layers(self.layers[:n_layers])

    def with_layers(self, layers: Sequence[Any]) -> "Network":
        """The network of other layers, which are bound to these or to no parameters; only to predict."""
        other = copy.copy(self)
        other.layers = layers
        return other

    def initialize(self, rng: np.random.Generator, variance: Callable[[int, int], float]) -> None:
        """Set all parameters to their random start; ``variance`` is one of `skann.engine.initializers`."""
        for layer in self.layers:
            layer.initialize(rng, variance)

    def initialize_from_data(
        self, rng: np.random.Generator, X: Any, weight: np.ndarray | None = None, seen_only: bool = False
    ) -> None:
        """Set all parameters to a random start that suits these rows and their weights, layer by layer."""
        x = X
        for layer in self.layers:
            if hasattr(layer, "initialize_from_data"):
                layer.initialize_from_data(rng, x, weight, seen_only)
            else:
                layer.initialize(rng)
            x = layer.forward(x, layer.buffers(X.shape[0], self.theta.dtype, training=False))

    def become_constant(self, raw: np.ndarray) -> None:
        """Predict the raw outputs (n_out,) whatever the row, with all layers but the last as they are."""
        self.output_weights[...] = 0
        self.layers[-1].b[...] = raw

    @property
    def is_constant(self):
        """Whether the raw outputs are the same for all rows."""
        return not self.layers[-1].W.any()

    def set_dropout(self, share: float) -> None:
        """Multiply the rates of all dropout layers by ``share``, from 0 to 1."""
        for layer in self.layers:
            if isinstance(layer, Dropout):
                layer.share = share

    def workspace(self, n_rows: int, dtype: DTypeLike | None = None, training: bool = True) -> "Workspace":
        """The arrays for passing up to ``n_rows`` rows through the network."""
        dtype = self.theta.dtype if dtype is None else dtype
        return Workspace([layer.buffers(n_rows, dtype, training) for layer in self.layers])

    def forward(self, X: Any, workspace: "Workspace", rng: np.random.Generator | None = None) -> np.ndarray:
        """Raw outputs (n_rows, n_out); a generator ``rng`` means training mode. Overwritten by the next call."""
        x = X
        for layer, buf in zip(self.layers, workspace.buffers, strict=True):
            x = layer.forward(x, buf, rng)
        return x

    def backward(self, X: Any, workspace: "Workspace") -> None:
        """Fill ``grad`` from ``workspace.delta``, after ``forward`` on the same X and workspace."""
        buffers = workspace.buffers
        for i in range(len(self.layers) - 1, 0, -1):
            self.layers[i].backward(buffers[i - 1]["a"], buffers[i], buffers[i - 1]["delta"])
        self.layers[0].backward(X, buffers[0], None)

    def input_gradient(self, X: Any, workspace: "Workspace", delta: np.ndarray) -> np.ndarray:
        """The derivatives (K, n_rows, n_in) of K numbers of each row with respect to X, which is dense.

        ``delta`` (K, n_rows, n_out) are those with respect to the raw outputs, and overwritten. It comes after
        ``forward`` on the same X and workspace, one for training, but without a generator. No gradient of parameters
        is computed, nothing of the network is written to.
        """
        inputs = [X, *(buf["a"] for buf in workspace.buffers[:-1])]
        for layer, x, buf in zip(reversed(self.layers), reversed(inputs), reversed(workspace.buffers), strict=True):
            delta = layer.input_gradient(x, buf, delta)
        return delta

    def _bind(self):
        """Point the layers' arrays into theta and grad."""
        for i, layer in enumerate(self.layers):
            params, grads = {}, {}
            for name, shape in layer.shapes.items():
                params[name] = self.theta[self._slices[i, name]].reshape(shape)
                if self.grad is not None:
                    grads[name] = self.grad[self._slices[i, name]].reshape(shape)
            layer.bind(params, grads)

    def __getstate__(self):
        return {"layers": [layer.unbound() for layer in self.layers], "theta": self.theta}

    def __copy__(self):
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        return other

    def __setstate__(self, state):
        self.__dict__.update(state, grad=None)
        self._place()
        self._bind()


class Workspace:
    """The arrays of one forward and backward pass, for up to a fixed number of rows: one dict per layer.

    It belongs to one fit or one predict call, so that a fitted network is never written to by ``predict``.
    """

    def __init__(self, buffers):
        self.buffers = buffers
        self._cut = {}

    @property
    def delta(self):
        """Where the loss writes its derivative with respect to the raw outputs."""
        return self.buffers[-1]["delta"]

    def rows(self, n):
        """The workspace for n rows: views of the first n rows of the buffers, cached."""
        if n == len(self.buffers[-1]["a"]):
            return self
        if n not in self._cut:
            self._cut = {n: Workspace([_first_rows(buf, n) for buf in self.buffers])}
        return self._cut[n]


def _first_rows(buf, n):
    """The buffers of a layer, and of its parts, for n rows."""
    return {name: _first_rows(own, n) if isinstance(own, dict) else own[:n] for name, own in buf.items()}
