"""The engine's activations and layers as ONNX nodes, one function each; the tables that close the module list them."""

import math

import numpy as np

from ..engine import activations, additive, embeddings, layers, monotone
from .graph import DOUBLE, FLOAT, INT64, as_float


def forward(graph, network, x, type_of_x):
    """Add the nodes of a network.

    Parameters
    ----------
    network : Network
    x : str
        Tensor of shape (n_rows, n_in).
    type_of_x : int
        FLOAT or DOUBLE. The network computes in float32, but for the bins of piecewise-linear embeddings, which may be
        too narrow for it.

    Returns
    -------
    raw : str
        Tensor of shape (n_rows, n_out), FLOAT.
    """
    if network.layers[0].kind != "embeddings" and type_of_x != FLOAT:
        x = graph.cast(x, FLOAT)
    for layer in network.layers:
        x = LAYERS[type(layer)](graph, layer, x)
    return x


def without_counterpart(network):
    """The activations and embeddings of a network that can't be nodes, each with the parameter that it comes from."""
    found = []
    for layer in each_layer(network.layers):
        activation = getattr(layer, "activation", None)
        if activation is not None and type(activation) not in ACTIVATIONS:
            found.append(("activation", activation))
        parts = layer.parts.values() if layer.kind == "embeddings" else ()
        found += [("numeric_embedding", part) for part in parts if type(part) not in LAYERS]
    return found


def each_layer(layers):
    """The layers, with the parts of activations in place of the whole."""
    for layer in layers:
        yield from layer.parts.values() if layer.kind == "activation" and hasattr(layer, "parts") else [layer]


def _activate(graph, activation, z):
    return ACTIVATIONS[type(activation)](graph, activation, z)


# ----------------------------------------------------------------------------------------------------- activations


def _identity(graph, activation, z):
    return z


def _of_one_node(op, **attributes):
    """An activation that ONNX has; attributes of the object are given by their names in both places."""

    def add(graph, activation, z):
        values = {name: float(getattr(activation, of_object)) for name, of_object in attributes.items()}
        return graph.node(op, z, **values)

    return add


def _elu(graph, activation, z):
    return graph.node("Elu", z, alpha=1.0)


def _gelu(graph, activation, z):
    erf = graph.node("Erf", graph.node("Mul", z, np.float32(math.sqrt(0.5))))
    cdf = graph.node("Mul", graph.node("Add", erf, np.float32(1)), np.float32(0.5))
    return graph.node("Mul", z, cdf)


def _silu(graph, activation, z):
    return graph.node("Mul", z, graph.node("Sigmoid", z))


def _mish(graph, activation, z):
    """As the engine does it: several times faster than ONNX Runtime's Softplus."""
    e = graph.node("Exp", graph.node("Min", z, np.float32(20)))
    n = graph.node("Mul", e, graph.node("Add", e, np.float32(2)))
    return graph.node("Mul", z, graph.node("Div", n, graph.node("Add", n, np.float32(2))))


ACTIVATIONS = {
    activations.Identity: _identity,
    activations.Logistic: _of_one_node("Sigmoid"),
    activations.Tanh: _of_one_node("Tanh"),
    activations.ReLU: _of_one_node("Relu"),
    activations.LeakyReLU: _of_one_node("LeakyRelu", alpha="slope"),
    activations.ELU: _elu,
    activations.SELU: _of_one_node("Selu", alpha="alpha", gamma="scale"),
    activations.GELU: _gelu,
    activations.SiLU: _silu,
    activations.Mish: _mish,
    activations.Softplus: _of_one_node("Softplus"),
}


# ---------------------------------------------------------------------------------------------------------- layers


def _dense(graph, layer, x):
    return _activate(graph, layer.activation, graph.node("Gemm", x, as_float(layer.W), as_float(layer.b)))


def _parametric(graph, layer, x):
    bend = graph.node("Sub", _activate(graph, layer.activation, x), x)
    return graph.node("Add", x, graph.node("Mul", bend, as_float(layer.p)))


def _dropout(graph, layer, x):
    return x


def _scale(graph, layer, x):
    return graph.node("Mul", x, as_float(layer.s))


def _embeddings(graph, layer, x):
    parts = list(layer.parts.values())
    x = x if getattr(layer, "order", None) is None else graph.node("Gather", x, layer.order.astype(np.int64), axis=1)
    cuts = [x]
    if len(parts) > 1:
        sizes = np.array([getattr(part, "n_in", part.n_out) for part in parts], np.int64)
        cuts = graph.node("Split", x, sizes, axis=1, n_outputs=len(parts))
    return graph.concat([LAYERS[type(part)](graph, part, cut) for part, cut in zip(parts, cuts, strict=True)])


def _pass_through(graph, layer, x):
    return graph.cast(x, FLOAT)


def _signed(graph, layer, x):
    return LAYERS[type(layer.layer)](graph, layer.effective(), x)


def _curved(graph, layer, x):
    a = _activate(graph, layer.activation, graph.node("Mul", x, layer.turns))
    return graph.node("Mul", a, layer.turns)


def _grouped(graph, layer, x):
    x = graph.node("Transpose", graph.reshape(x, [0, layer.n_groups, layer.n_in]), perm=[1, 0, 2])
    z = graph.node("Transpose", graph.node("MatMul", x, as_float(layer.W)), perm=[1, 0, 2])
    return graph.node("Add", graph.reshape(z, [0, layer.n_out]), as_float(layer.b))


def _columns_first(graph, layer, x):
    """x (n_rows, n_in) in shape (n_in, n_rows, 1)."""
    return graph.reshape(graph.node("Transpose", x, perm=[1, 0]), [0, 0, 1])


def _rows_first(graph, layer, features):
    """Features (n_in, n_rows, n_features) in shape (n_rows, n_out)."""
    return graph.reshape(graph.node("Transpose", features, perm=[1, 0, 2]), [0, layer.n_out])


def _periodic(graph, layer, x):
    x = _columns_first(graph, layer, graph.cast(x, FLOAT))
    w, p = as_float(layer.w)[:, np.newaxis], as_float(layer.p)[:, np.newaxis]
    cosine = graph.node("Cos", graph.node("Add", graph.node("Mul", x, w), p))
    mixed = graph.node("Add", graph.node("MatMul", cosine, as_float(layer.W)), as_float(layer.b)[:, np.newaxis])
    return _rows_first(graph, layer, graph.concat([x, mixed], axis=2))


def _piecewise_linear(graph, layer, x):
    x = graph.cast(x, FLOAT) if layer.edges.dtype == np.float32 else x  # as the training saw it
    x = _columns_first(graph, layer, graph.cast(x, DOUBLE))
    left, per_width = (each.astype(np.float64)[:, np.newaxis] for each in (layer.left, layer.per_width))
    share = graph.node("Mul", graph.node("Sub", x, left), per_width)
    share = graph.node("Max", share, layer.lowest.astype(np.float64))
    share = graph.cast(graph.node("Min", share, layer.highest.astype(np.float64)), FLOAT)
    bent = graph.node("MatMul", share, as_float(layer.W))
    straight = graph.node("Mul", graph.cast(x, FLOAT), as_float(layer.v)[:, np.newaxis])
    total = graph.node("Add", graph.node("Add", straight, bent), as_float(layer.b)[:, np.newaxis])
    return _rows_first(graph, layer, total)


def _category(graph, layer, x):
    code = graph.reshape(graph.cast(x, INT64), [-1])
    return graph.node("Gather", as_float(layer.E), code, axis=0)


LAYERS = {
    layers.Dense: _dense,
    layers.ParametricActivation: _parametric,
    layers.ParametricMish: _parametric,
    layers.Dropout: _dropout,
    layers.Scale: _scale,
    embeddings.Embeddings: _embeddings,
    embeddings.PassThrough: _pass_through,
    embeddings.Periodic: _periodic,
    embeddings.PiecewiseLinear: _piecewise_linear,
    embeddings.Category: _category,
    additive.Grouped: _grouped,
    monotone.Signed: _signed,
    monotone.Curved: _curved,
    monotone.SideBySide: _embeddings,
}
