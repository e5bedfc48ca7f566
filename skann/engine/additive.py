"""Networks that are sums of smaller ones: each unit belongs to a group, and sees the units of its own group only.

The first layer is a `Dense` whose weights are 0 but on the columns of the group (`Signed` in `skann.engine.monotone`),
hidden layers are `Grouped`, and the last layer, which is a sum over all units, adds the groups up. With one column for
each group this is a generalised additive model with learnt curves (Agarwal et al. 2021,
https://arxiv.org/abs/2004.13912).

Contract
--------
``bind``, ``unbound``, ``initialize``, ``initialize_from_data``, ``buffers``, ``forward``, ``backward`` and
``input_gradient`` are those of `skann.engine.layers`.
"""

import numpy as np

from . import initializers
from .activations import Identity
from .layers import Dense, Layer, outputs


class Grouped(Layer):
    """z_g = x_g W_g + b_g for each group g of units, which lie side by side.

    Backward: dW_g = x_g^T delta_g;  db = sum of delta;  dx_g = delta_g W_g^T: one product each for all groups.

    Parameters
    ----------
    n_groups : int
    n_in : int
        Units of each group that come in.
    n_units : int
        Units of each group that go out.
    """

    W: np.ndarray
    b: np.ndarray
    kind = Dense.kind
    weights = ("W",)
    activation = Identity()

    def __init__(self, n_groups, n_in, n_units):
        self.n_groups, self.n_in, self.n_units = n_groups, n_in, n_units
        self.n_out = n_groups * n_units
        self.shapes = {"W": (n_groups, n_in, n_units), "b": (self.n_out,)}

    def __str__(self):
        return f"{self.n_groups} groups, Dense {self.n_in} -> {self.n_units}"

    def initialize(self, rng, variance=initializers.glorot):
        initializers.fill(self.W, variance(self.n_in, self.n_units), rng)
        initializers.fill(self.b, variance(self.n_in, self.n_units), rng)

    def initialize_from_data(self, rng, x, weight=None, seen_only=False):
        for g, b in enumerate(self.b.reshape(self.n_groups, -1)):
            initializers.data(self.W[g], b, self.of_group(x, g), rng, weight, seen_only)

    def of_group(self, x, g):
        """The columns of x (n_rows, n_groups n_in) that belong to a group."""
        return x[:, g * self.n_in : (g + 1) * self.n_in]

    def buffers(self, n_rows, dtype, training):
        return outputs(n_rows, self.n_out, dtype, training) | ({"ones": np.ones(n_rows, dtype)} if training else {})

    def forward(self, x, buf, rng=None):
        a = buf["a"]
        np.matmul(self._groups_first(x), self.W, out=self._groups_first(a))
        a += self.b
        return a

    def backward(self, x, buf, dx=None):
        delta = self._groups_first(buf["delta"])
        np.matmul(self._groups_first(x).transpose(0, 2, 1), delta, out=self.dW)
        np.dot(buf["ones"], buf["delta"], out=self.db)
        if dx is not None:
            np.matmul(delta, self.W.transpose(0, 2, 1), out=self._groups_first(dx))

    def input_gradient(self, x, buf, delta):
        of_groups = delta.reshape(*delta.shape[:2], self.n_groups, self.n_units)
        return np.einsum("kngo,gio->kngi", of_groups, self.W).reshape(*delta.shape[:2], -1)

    def _groups_first(self, x):
        """x (n_rows, n_groups n) as a view (n_groups, n_rows, n)."""
        return x.reshape(len(x), self.n_groups, -1).transpose(1, 0, 2)


def parts_of_groups(network, X, n_groups):
    """What each group adds to the raw outputs, (n_rows, n_groups, n_out): all but the last biases."""
    head, last = network.head(len(network.layers) - 1), network.layers[-1]
    hidden = head.forward(X, head.workspace(len(X), training=False))
    of_groups = hidden.reshape(len(X), n_groups, -1)
    return np.einsum("ngi,gio->ngo", of_groups, last.W.reshape(n_groups, -1, last.n_out))


def mean_parts(network, rows, n_groups):
    """The weighted mean over the rows of what each group adds, (n_groups, n_out)."""
    total, n_seen = 0.0, 0.0
    weight = rows.targets()[1]
    weight = np.ones(len(rows)) if weight is None else np.asarray(weight, float)
    start = 0
    for X in rows.chunks(1024):
        of_rows = weight[start : start + len(X)]
        total = total + np.tensordot(of_rows, parts_of_groups(network, X, n_groups).astype(float), 1)
        n_seen, start = n_seen + of_rows.sum(), start + len(X)
    return total / n_seen
