"""The dictionary between the two vocabularies: hyper-parameters, names included, become engine objects."""

from functools import partial
from numbers import Integral, Real

import numpy as np

from .._parts import did_you_mean, fact, listed, made, named, wanted
from ..engine.activations import ACTIVATIONS, Mish
from ..engine.embeddings import EMBEDDINGS, Category, Embeddings, PassThrough
from ..engine.initializers import INITIALIZERS
from ..engine.layers import Dense, Dropout, ParametricActivation, ParametricMish, Scale
from ..engine.network import Network
from ..engine.optimizers import OPTIMIZERS
from ..engine.schedules import SCHEDULES, FlatCosine
from . import groups, signs
from .sharded_rows import ShardedRows

LEAST_LOCAL_BATCH = 32  # rows of a part in a step: docs/distributed.md has what was measured
N_SAMPLE = 1000  # rows that initializer="data" looks at


def network(settings, inputs, rows, constant, rng):
    """A network at its random start, whose raw outputs begin at ``constant`` (n_outputs,)."""
    made = Network(layers(settings, inputs, len(constant), rows), rows.dtype)
    initialize(settings, made, rows, rng)
    made.layers[-1].b[...] = constant
    return made


def layers(settings, inputs, n_out, rows):
    """The layers of the network: embeddings, scale, Dense with activation and dropout, and the linear output."""
    sizes = hidden_layer_sizes(settings)
    sizes = sizes if inputs.groups is None else groups.shared_out(sizes, len(inputs.groups))
    chain, n_in = input_layers(settings, inputs, rows)
    activations = per_layer(settings, "activation", len(sizes))
    for size, activation, rate in zip(sizes, activations, dropout_rates(settings, len(sizes)), strict=True):
        if settings.parametric_activation:
            chain += [Dense(n_in, size), parametric(size, activation_object(activation))]
        else:
            chain.append(Dense(n_in, size, activation_object(activation)))
        if rate:
            chain.append(Dropout(size, rate))
        n_in = size
    chain.append(Dense(n_in, n_out))
    if inputs.groups is not None:
        chain = groups.with_groups(chain, inputs, inputs.two_classes)
    elif inputs.directions is not None:
        chain = signs.with_signs(chain, inputs, inputs.two_classes)
    if settings.rate_factors:
        set_rate_factors(chain, settings.scale_rate)
        if rows.is_sparse and settings.sparse_rate:
            set_sparse_rate(chain[0], rows, settings.is_partial)
    return chain


def input_layers(settings, inputs, rows):
    """What comes before the first Dense layer, and how many columns it makes."""
    chain, n_in = [], inputs.n_columns
    if rows.is_sparse and (settings.numeric_embedding or settings.feature_scaling):
        raise ValueError("numeric_embedding and feature_scaling need a dense X, got a sparse one.")
    if inputs.directions is not None:
        chain = [signs.embeddings(settings, inputs, rows)]
        n_in = chain[0].n_out
    elif (settings.numeric_embedding and inputs.n_numeric) or inputs.n_levels:
        chain = [Embeddings(embeddings(settings, inputs, rows))]
        n_in = chain[0].n_out
    if settings.feature_scaling:
        chain.append(Scale(n_in))
    return chain, n_in


def embeddings(settings, inputs, rows):
    """The parts of `Embeddings`: for the numbers, for what needs none, and for each column of codes."""
    parts, n_embedded = {}, inputs.n_numeric if settings.numeric_embedding else 0
    if n_embedded:
        kind = EMBEDDINGS[settings.numeric_embedding]
        make = getattr(kind, "from_rows", kind)
        parts["numeric"] = made(make, vars(settings) | {"rows": rows, "n_in": n_embedded})
    if n_embedded + len(inputs.n_levels) < inputs.n_columns:
        parts["rest"] = PassThrough(inputs.n_columns - n_embedded - len(inputs.n_levels))
    return parts | {f"category{i}": Category(n) for i, n in enumerate(inputs.n_levels)}


def initialize(settings, network, rows, rng):
    """Set the parameters of the network to their random start."""
    if settings.initializer != "data":
        network.initialize(rng, INITIALIZERS[settings.initializer])
        return
    if settings.is_few_rows:  # all of them, and weights as if there were as many copies
        rows = rows.in_memory()
        (X,), weight = rows.chunks(len(rows)), rows.targets()[1]
        weight = np.ones(len(rows)) if weight is None else weight
        network.initialize_from_data(rng, X, weight, settings.starts_in_seen_directions)
    else:
        network.initialize_from_data(rng, *rows.sample(N_SAMPLE, rng))


def hidden_layer_sizes(settings):
    sizes = settings.hidden_layer_sizes
    sizes = [sizes] if isinstance(sizes, Integral) else list(sizes)
    if not all(isinstance(size, Integral) and not isinstance(size, bool) and size >= 1 for size in sizes):
        raise ValueError(f"hidden_layer_sizes must hold integers of at least 1, got {settings.hidden_layer_sizes!r}.")
    return [int(size) for size in sizes]


def per_layer(settings, name, n_hidden):
    """A parameter that is one value for all hidden layers or a list with one for each, as a list."""
    value = getattr(settings, name)
    if not isinstance(value, list | tuple):
        return [value] * n_hidden
    if len(value) != n_hidden:
        raise ValueError(
            f"{name} must have one entry for each of the {n_hidden} hidden layers, got {len(value)}: {value!r}."
        )
    return list(value)


def activation_object(activation):
    if not isinstance(activation, str):
        if isinstance(activation, type) or not all(hasattr(activation, name) for name in ("forward", "backward")):
            raise ValueError(f"activation must be a name or an object with forward and backward, got {activation!r}.")
        return activation
    if activation not in ACTIVATIONS:
        raise ValueError(
            f"activation must be one of {sorted(ACTIVATIONS)} or an activation object, got {activation!r}."
            f"{did_you_mean(activation, ACTIVATIONS)}"
        )
    return ACTIVATIONS[activation]()


def parametric(size, activation):
    """The parametric layer of an activation."""
    return ParametricMish(size) if type(activation) is Mish else ParametricActivation(size, activation)


def dropout_rates(settings, n_hidden):
    rates = per_layer(settings, "dropout", n_hidden)
    if not all(isinstance(rate, Real) and 0 <= rate < 1 for rate in rates):
        raise ValueError(f"dropout must hold numbers from 0 to below 1, got {settings.dropout!r}.")
    return rates


def batch_size(settings, rows):
    """Rows in a step: "lbfgs" takes all, and parts of a table take enough each, unless the user said how many."""
    if settings.solver == "lbfgs":
        return len(rows)
    least = LEAST_LOCAL_BATCH * len(rows.parts) if settings.batch_size_is_auto and isinstance(rows, ShardedRows) else 1
    return min(max(settings.batch_size, least), len(rows))


def optimizer(settings, network):
    """The optimizer, without a step taken."""
    return optimizer_maker(settings)(size=network.theta.size, dtype=network.theta.dtype, groups=network.groups)


def optimizer_maker(settings):
    """What makes an optimizer of the size and the dtype of theta and of groups of parameters; it may be pickled."""
    rule = OPTIMIZERS[settings.solver]
    return partial(rule, **wanted(rule, vars(settings)))


def schedule(settings, n_rows, batch_size, t=0, n_seen=0):
    """The schedule of the learning rate, for a training that begins after ``t`` steps and ``n_seen`` rows."""
    if not isinstance(settings.learning_rate, str):
        return settings.learning_rate
    steps_per_epoch = -(-n_rows // batch_size)
    values = vars(settings) | {
        "rate": float(settings.learning_rate_init),
        "n_steps": settings.max_iter * steps_per_epoch,
        "steps_per_epoch": steps_per_epoch,
        "rows_per_epoch": n_rows,
        "t_0": t,
        "rows_0": n_seen,
    }
    return made(SCHEDULES[settings.learning_rate], values)


def plans_end(learning_rate):
    """Whether a schedule, its name or an object, has ``n_steps``: it plans for training to last until ``max_iter``."""
    if isinstance(learning_rate, str):
        return "n_steps" in named(SCHEDULES[learning_rate])
    return hasattr(learning_rate, "n_steps")


def begins_anew(settings):
    """Whether a warm start runs the schedule again from its beginning: one with a name that plans an end."""
    return isinstance(settings.learning_rate, str) and not settings.is_partial and plans_end(settings.learning_rate)


def keeps_state(settings):
    """Whether the state of the optimizer is kept after a training: not where a schedule has come to its planned end,
    unless a warm start is to follow.
    """
    return settings.warm_start or not begins_anew(settings)


def falls_on_plateau(settings):
    """Whether the rate is lowered where the training would end otherwise."""
    return fact(SCHEDULES, settings.learning_rate, "falls_on_plateau")


def fade(settings, n_rows, batch_size):
    """The schedule of dropout and weight decay; None where they stay, as with rates that plan no end."""
    if not settings.fades or not (settings.dropout or settings.weight_decay) or not begins_anew(settings):
        return None
    return FlatCosine(1.0, settings.max_iter * -(-n_rows // batch_size))


def ignored(settings, n_rows):
    """What to warn of before a training on ``n_rows`` rows: a list of messages about parameters without effect."""
    messages = []
    if settings.solver == "lbfgs":
        off = {"learning_rate": "constant", "weight_decay": 0, "dropout": 0, "max_grad_norm": None}
        off |= {"weight_averaging": None}
        named = [
            f"{name}={getattr(settings, name)!r}" for name, value in off.items() if getattr(settings, name) != value
        ]
        if named:
            messages.append(f"solver='lbfgs' ignores {', '.join(named)}: use {listed(OPTIMIZERS)}.")
    elif settings.batch_size > n_rows and not settings.batch_size_is_auto:
        messages.append(
            f"batch_size={settings.batch_size} is more than the {n_rows} training rows: they make one batch."
        )
    return messages


RATE = {"activation": 0.1, "embedding": 0.1, "category": 1.0}  # by the kind of layer
BIAS_RATE = 0.1


def set_rate_factors(layers, scale_rate):
    """Give each group of parameters its learning rate and decay, as RealMLP has them.

    A factor f on the rate makes f^2 on the decay. Weights of a Dense layer have 1 / sqrt(n_in): Adam's steps have the
    same length whatever the scale of a weight, and this is the scale (the neural tangent parametrisation).
    """
    rates = RATE | {"scale": scale_rate}
    for layer in layers:
        if layer.kind == "embeddings":
            set_rate_factors(layer.parts.values(), scale_rate)
        elif layer.kind == "dense":
            layer.multipliers = {"W": (max(layer.n_in, 1) ** -0.5, 1.0), "b": (BIAS_RATE, 0.0)}
        elif layer.kind in rates:
            layer.multipliers = dict.fromkeys(layer.shapes, (rates[layer.kind], rates[layer.kind] ** 2))


STREAM_GROWTH, MOST_GROWTH = 3.0, 6.0


def set_sparse_rate(layer, rows, is_stream):
    """Give the first layer of a network for sparse rows the rate of as many columns as a row stores, and more.

    Each row tells of a few columns only: the fewer, the larger the growth, so that nothing changes where all is
    stored. In a stream, whose inputs have no embedding and no factor that learn faster, it is the same for all.
    Measured on streams of 2500 rows of 20, 50 and 300 columns, with 6, 10 and 9 values in a row; docs/recipe.md has
    what was measured for tables.
    """
    sample, weight = rows.sample(N_SAMPLE, np.random.default_rng(0))
    n_stored = max(1.0, np.average(np.diff(sample.indptr), weights=weight))
    growth = STREAM_GROWTH if is_stream else min(MOST_GROWTH, (layer.n_in / n_stored) ** 0.5)
    layer.multipliers = layer.multipliers | {"W": (growth * n_stored**-0.5, 1.0)}
