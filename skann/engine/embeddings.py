"""Embeddings: layers that turn each column of a table into several learnt features, before the first dense layer.

Contract
--------
``bind``, ``unbound``, ``initialize``, ``buffers``, ``forward`` and ``backward`` are those of `skann.engine.layers`;
``n_in`` is the number of columns that an embedding takes. Beside ``a`` and ``delta`` it has the buffers that
``scratch`` names, with the shape for one row. Embeddings come first in a network: ``backward`` has no derivative with
respect to ``x`` to give. Who wants it has ``slopes(x, buf)``, after ``forward``: the derivatives of the features that a
column becomes with respect to the column, (n_rows, n_in, n_out / n_in). `Embeddings` hands each part its columns, and
makes of the slopes its ``input_gradient``.

An embedding of numbers with a name is made of those of these values that its constructor names, or its classmethod
``from_rows`` if there is one: ``n_in``; ``rows``, the training rows, whose first ``n_in`` columns it gets; ``sigma``,
and any other hyper-parameter. To add one, write a class and name it in `EMBEDDINGS`.
"""

import math

import numpy as np

from .layers import Layer, outputs
from .parts import Parts

FEW_LEVELS = 32  # up to which a product with one-hot rows takes half the time of ``np.add.at``


class Embeddings(Parts):
    """Applies each part to its own stretch of the columns and puts the results side by side.

    Parameters
    ----------
    parts : dict of str to layer
        In the order of the columns. A parameter of a part gets the name of the part in front of its own.
    order : ndarray of int, default=None
        The columns in the order in which the parts take them; None means as they are.
    """

    kind = "embeddings"
    order = None

    def __init__(self, parts, order=None):
        super().__init__(parts)
        if order is not None:
            self.order = order
        self.n_in = sum(part.n_in for part in parts.values())
        self.weights = tuple(f"{name}.{key}" for name, part in parts.items() for key in part.weights)

    @property
    def multipliers(self):
        """Those of the parts, with the names that their parameters have here."""
        return {f"{name}.{key}": pair for name, part in self.parts.items() for key, pair in part.multipliers.items()}

    def __str__(self):
        return ", ".join(str(part) for part in self.parts.values())

    def buffers(self, n_rows, dtype, training):
        """Beside the common ``a`` and ``delta`` a dict for each part, with its columns of these among its buffers."""
        buf, j = outputs(n_rows, self.n_out, dtype, training), 0
        common = dict(buf)
        for name, part in self.parts.items():
            own = {key: np.empty((n_rows, *shape), dtype) for key, shape in part.scratch.items()}
            buf[name] = own | {key: array[:, j : j + part.n_out] for key, array in common.items()}
            j += part.n_out
        return buf

    def ordered(self, x):
        """The columns in the order of the parts."""
        return x if self.order is None else x[:, self.order]

    def forward(self, x, buf, rng=None):
        x, i = self.ordered(x), 0
        for name, part in self.parts.items():
            part.forward(x[:, i : i + part.n_in], buf[name], rng)
            i += part.n_in
        return buf["a"]

    def backward(self, x, buf, dx=None):
        x, i = self.ordered(x), 0
        for name, part in self.parts.items():
            part.backward(x[:, i : i + part.n_in], buf[name])
            i += part.n_in

    def input_gradient(self, x, buf, delta):
        dx, x, i, j = np.empty((len(delta), *x.shape), delta.dtype), self.ordered(x), 0, 0
        for name, part in self.parts.items():
            slopes = part.slopes(x[:, i : i + part.n_in], buf[name])
            of_part = delta[:, :, j : j + part.n_out].reshape(len(delta), *slopes.shape)
            np.einsum("knfd,nfd->knf", of_part, slopes, out=dx[:, :, i : i + part.n_in])
            i, j = i + part.n_in, j + part.n_out
        return self.as_given(dx)

    def as_given(self, values):
        """Values (..., n_in) of columns in the order of the parts, in that of the columns."""
        return values if self.order is None else values[..., np.argsort(self.order)]


class Embedding(Layer):
    """What the parts of `Embeddings` share: their buffers."""

    kind = "embedding"
    scratch: dict[str, tuple[int, ...]] = {}

    def buffers(self, n_rows, dtype, training):
        buf = outputs(n_rows, self.n_out, dtype, training)
        return buf | {name: np.empty((n_rows, *shape), dtype) for name, shape in self.scratch.items()}


class PassThrough(Embedding):
    """a = x.

    Parameters
    ----------
    n_in : int
    """

    def __init__(self, n_in):
        self.n_in = self.n_out = n_in

    def __str__(self):
        return "1 column as it is" if self.n_in == 1 else f"{self.n_in} columns as they are"

    def initialize(self, rng, variance=None):
        pass  # nothing is learnt

    def forward(self, x, buf, rng=None):
        np.copyto(buf["a"], x)
        return buf["a"]

    def backward(self, x, buf, dx=None):
        pass

    def slopes(self, x, buf):
        return np.ones((*x.shape, 1), x.dtype)


class Periodic(Embedding):
    """Of each column x: [x, cos(w x + p) W + b], with H learnt frequencies w and phases p, D - 1 outputs: PBLD.

    Backward, with u = w x + p and delta the derivative of the D - 1 outputs: dW = cos(u)^T delta;  db = sum of delta;
    du = -sin(u) delta W^T;  dp = sum of du;  dw = sum of du x. Slopes: [1, -w sin(u) W].

    u is [w, p] times [x; 1], the output is W^T cos(u) + b, and [dw, dp] is du [x; 1]^T: each is one matrix product per
    column of the table, on arrays that have the columns first and the rows last. One column of them, written plainly:

    >>> layer, x = Periodic(n_in=1, sigma=1.0), np.array([[0.5], [-1.0]])
    >>> layer.bind({name: np.empty(shape) for name, shape in layer.shapes.items()}, None)
    >>> layer.initialize(np.random.default_rng(0))
    >>> plain = np.hstack([x, np.cos(x * layer.w + layer.p) @ layer.W[0] + layer.b])
    >>> np.allclose(layer.forward(x, layer.buffers(2, float, training=False)), plain)
    True

    Holzmueller et al. 2024, https://arxiv.org/abs/2407.04491, section 3; periodic features: Gorishniy et al. 2022,
    https://arxiv.org/abs/2203.05556.

    Parameters
    ----------
    n_in : int
    n_frequencies : int, default=16
        H.
    n_features : int, default=4
        D, what a column becomes, itself included.
    sigma : float, default=0.1
        Standard deviation of the initial frequencies, in cycles per unit of x.
    """

    def __init__(self, n_in, n_frequencies=16, n_features=4, sigma=0.1):
        self.n_in, self.sigma = n_in, sigma
        self.n_frequencies, self.n_features = n_frequencies, n_features
        self.n_out = n_in * n_features
        self.shapes = {
            "w": (n_in, n_frequencies),
            "p": (n_in, n_frequencies),
            "W": (n_in, n_frequencies, n_features - 1),
            "b": (n_in, n_features - 1),
        }

    @property
    def scratch(self):
        n_in, n_frequencies = self.n_in, self.n_frequencies
        return {
            "x1": (n_in, 2),
            "u": (n_in, n_frequencies),
            "cos": (n_in, n_frequencies),
            "out": (n_in, self.n_features),
        }

    def __str__(self):
        return f"{self.n_in} periodic embeddings"

    def initialize(self, rng, variance=None):
        self.w[...] = 2 * math.pi * self.sigma * rng.standard_normal(self.w.shape)
        self.p[...] = rng.uniform(-math.pi, math.pi, self.p.shape)
        bound = 1 / math.sqrt(self.n_frequencies)
        self.W[...] = rng.uniform(-bound, bound, self.W.shape)
        self.b[...] = rng.uniform(-bound, bound, self.b.shape)

    def forward(self, x, buf, rng=None):
        x1, u, cos, out = self._rows_last(buf)
        x1[:, 0], x1[:, 1], out[:, 0] = x.T, 1, x.T
        np.matmul(_side_by_side(self.w, self.p), x1, out=u)
        np.matmul(self.W.transpose(0, 2, 1), np.cos(u, out=cos), out=out[:, 1:])
        shift = np.zeros((self.n_in, self.n_features), self.b.dtype)
        shift[:, 1:] = self.b
        return np.add(out.reshape(self.n_out, len(x)).T, shift.reshape(-1), out=buf["a"])

    def backward(self, x, buf, dx=None):
        x1, u, cos, delta = self._rows_last(buf)
        delta.reshape(self.n_out, len(x))[...] = buf["delta"].T
        delta = delta[:, 1:]
        np.matmul(cos, delta.transpose(0, 2, 1), out=self.dW)
        np.matmul(delta, x1[0, 1], out=self.db)
        minus_du = np.matmul(self.W, delta, out=cos)
        minus_du *= np.sin(u, out=u)
        minus_dwp = np.matmul(minus_du, x1.transpose(0, 2, 1))
        np.negative(minus_dwp[:, :, 0], out=self.dw)
        np.negative(minus_dwp[:, :, 1], out=self.dp)

    def slopes(self, x, buf):
        _, u, _, slopes = self._rows_last(buf)
        slopes[:, 0] = 1
        np.matmul((-self.W * self.w[:, :, None]).transpose(0, 2, 1), np.sin(u, out=u), out=slopes[:, 1:])
        return slopes.transpose(2, 0, 1)

    def _rows_last(self, buf):
        """Arrays (n_in, ..., n_rows) in the memory of buffers whose first axis is the rows."""
        return [buf[name].reshape(*shape, len(buf[name])) for name, shape in self.scratch.items()]


def _side_by_side(*arrays):
    """``np.stack(arrays, axis=-1)``, in a third of its time for small arrays."""
    out = np.empty((*arrays[0].shape, len(arrays)), arrays[0].dtype)
    for i, array in enumerate(arrays):
        out[..., i] = array
    return out


class PiecewiseLinear(Embedding):
    """Of each column x: x v + c(x) W + b, where c_t is how far x has come through bin t, from 0 to 1.

    The first and the last bin go on beyond their edges. W starts at 0, so that the network starts linear in x and
    learns bends where they help. Backward: dW = c(x)^T delta;  dv = x^T delta;  db = sum of delta. Slopes: v + W_t /
    width of the bin t that x lies in, at an edge of that on the right.

    Gorishniy et al. 2022, https://arxiv.org/abs/2203.05556; this form: TabM, https://arxiv.org/abs/2410.24210.

    Parameters
    ----------
    edges : ndarray of shape (n_in, n_bins + 1)
        Rising; a bin of width 0 is ignored.
    n_features : int, default=4
        What a column becomes.
    """

    _measured = ("left", "per_width", "lowest", "highest")

    def __init__(self, edges, n_features=4):
        self.n_in, self.n_bins = edges.shape[0], edges.shape[1] - 1
        self.n_features = n_features
        self.n_out = self.n_in * n_features
        self.shapes = {
            "v": (self.n_in, n_features),
            "W": (self.n_in, self.n_bins, n_features),
            "b": (self.n_in, n_features),
        }
        self.scratch = {"c": (self.n_in, self.n_bins)}
        self.edges = edges
        self._measure()

    @classmethod
    def from_rows(cls, rows, n_in):
        """48 bins for each column, as in TabM, with equally many rows in each."""
        return cls(rows.quantiles(np.linspace(0, 1, 49), n_in))

    def _measure(self):
        """Make of the edges what the formula needs."""
        width = np.diff(self.edges, axis=1)
        self.left = self.edges[:, :-1]
        self.per_width = np.divide(1, width, out=np.zeros_like(width), where=width > 0)
        self.lowest = np.where(np.arange(self.n_bins) == 0, -np.inf, 0.0).astype(width.dtype)
        self.highest = np.where(np.arange(self.n_bins) == self.n_bins - 1, np.inf, 1.0).astype(width.dtype)

    def __getstate__(self):
        return {name: value for name, value in vars(self).items() if name not in self._measured}

    def __setstate__(self, state):
        vars(self).update(state)
        self._measure()

    def __str__(self):
        return f"{self.n_in} piecewise-linear embeddings"

    def initialize(self, rng, variance=None):
        bound = 1.0
        self.v[...] = rng.uniform(-bound, bound, self.v.shape)
        self.b[...] = rng.uniform(-bound, bound, self.b.shape)
        self.W[...] = 0

    def forward(self, x, buf, rng=None):
        c = buf["c"]
        np.subtract(x[:, :, None], self.left, out=c)
        c *= self.per_width
        np.clip(c, self.lowest, self.highest, out=c)
        out = buf["a"].reshape(len(x), self.n_in, self.n_features)
        np.matmul(c.transpose(1, 0, 2), self.W, out=out.transpose(1, 0, 2))
        out += x[:, :, None] * self.v
        out += self.b
        return buf["a"]

    def backward(self, x, buf, dx=None):
        delta = buf["delta"].reshape(len(x), self.n_in, self.n_features)
        np.matmul(buf["c"].transpose(1, 2, 0), delta.transpose(1, 0, 2), out=self.dW)
        np.einsum("nfd,nf->fd", delta, x, out=self.dv)
        np.sum(delta, axis=0, out=self.db)

    def slopes(self, x, buf):
        c = np.subtract(x[:, :, None], self.left, out=buf["c"])
        c *= self.per_width
        rise = ((c >= self.lowest) & (c < self.highest)) * self.per_width
        return np.matmul(rise.transpose(1, 0, 2), self.W).transpose(1, 0, 2) + self.v


class Category(Embedding):
    """A code k becomes row k of a learnt table;  dE_k = sum of delta over the rows with code k.

    Code 0, a missing or unseen level, has the row 0 and keeps it. Codes have no order: the slopes are 0.

    Parameters
    ----------
    n_levels : int
        Codes go from 0 to n_levels.
    n_features : int, default=8
    """

    kind = "category"
    n_in = 1

    def __init__(self, n_levels, n_features=8):
        self.n_levels, self.n_out = n_levels, n_features
        self.shapes = {"E": (n_levels + 1, n_features)}

    def __str__(self):
        return f"embedding of {self.n_levels} levels"

    def initialize(self, rng, variance=None):
        self.E[...] = rng.standard_normal(self.E.shape)
        self.E[0] = 0

    def forward(self, x, buf, rng=None):
        buf["a"][...] = self.vectors(x)
        return buf["a"]

    def vectors(self, x):
        """The rows of the table for codes x (n_rows, 1)."""
        return self.E.take(x[:, 0].astype(np.intp), axis=0)

    def backward(self, x, buf, dx=None):
        if self.n_levels < FEW_LEVELS:
            onehot = np.equal(np.arange(self.n_levels + 1, dtype=x.dtype)[:, None], x[:, 0])
            np.dot(onehot.astype(x.dtype), buf["delta"], out=self.dE)
        else:
            self.dE.fill(0)
            places = x.astype(np.intp) * self.n_out + np.arange(self.n_out)  # in the flat dE, where add.at is fast
            np.add.at(self.dE.reshape(-1), places.ravel(), buf["delta"].ravel())
        self.dE[0] = 0

    def slopes(self, x, buf):
        return np.zeros((len(x), 1, self.n_out), self.E.dtype)


EMBEDDINGS = {"periodic": Periodic, "piecewise_linear": PiecewiseLinear}
