"""The dictionary between the two vocabularies: hyper-parameters, names included, become engine objects."""

import warnings
from numbers import Integral, Real

import numpy as np

from .engine.activations import ACTIVATIONS
from .engine.initializers import INITIALIZERS
from .engine.layers import Dense, Dropout
from .engine.optimizers import OPTIMIZERS
from .engine.schedules import SCHEDULES, InverseScaling

__all__ = ["FINITE_SCHEDULES", "INITIALIZERS", "layers", "optimizer", "schedule", "warn_ignored"]

FINITE_SCHEDULES = ("linear", "cosine", "one_cycle", "coslog4")  # to reach max_iter is what they plan


def layers(settings, n_in, n_out):
    """The layers of the network: Dense, each hidden one with its activation and dropout, and the linear output."""
    sizes = hidden_layer_sizes(settings)
    chain = []
    activations = per_layer(settings, "activation", len(sizes))
    for size, activation, rate in zip(sizes, activations, dropout_rates(settings, len(sizes)), strict=True):
        chain.append(Dense(n_in, size, activation_object(activation)))
        if rate:
            chain.append(Dropout(size, rate))
        n_in = size
    return [*chain, Dense(n_in, n_out)]


def hidden_layer_sizes(settings):
    sizes = settings.hidden_layer_sizes
    sizes = [sizes] if isinstance(sizes, Integral) else list(sizes)
    if not all(isinstance(size, Integral) and not isinstance(size, bool) and size >= 1 for size in sizes):
        raise ValueError(f"hidden_layer_sizes must hold integers of at least 1, got {settings.hidden_layer_sizes!r}.")
    return [int(size) for size in sizes]


def structure(settings):
    """The parameters that make the network: they must stay as they are while its weights are kept."""
    names = ("hidden_layer_sizes", "activation", "dropout", "dtype")
    return {name: getattr(settings, name) for name in names}


def check_structure(settings, before):
    """ValueError if a parameter that makes the network is not what it was ``before``."""
    for name, now in structure(settings).items():
        if not np.array_equal(now, before[name]):
            raise ValueError(
                f"{name} was {before[name]!r} when the network was made and is now {now!r}: partial_fit and warm_start "
                "go on with that network. Set it back, or call fit with warm_start=False."
            )


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
        )
    return ACTIVATIONS[activation]()


def dropout_rates(settings, n_hidden):
    rates = per_layer(settings, "dropout", n_hidden)
    if not all(isinstance(rate, Real) and 0 <= rate < 1 for rate in rates):
        raise ValueError(f"dropout must hold numbers from 0 to below 1, got {settings.dropout!r}.")
    return rates


def optimizer(settings, network):
    kwargs = {"weight_decay": settings.weight_decay, "groups": network.groups}
    if settings.solver == "sgd":
        kwargs |= {"momentum": settings.momentum, "nesterov": settings.nesterovs_momentum}
    elif settings.solver == "rmsprop":
        kwargs |= {"beta": settings.beta_2, "epsilon": settings.epsilon, "bias_correction": True}
    else:
        kwargs |= {"beta_1": settings.beta_1, "beta_2": settings.beta_2, "epsilon": settings.epsilon}
    return OPTIMIZERS[settings.solver](network.theta.size, network.theta.dtype, **kwargs)


def schedule(settings, n_rows, batch_size, progress):
    name, rate = settings.learning_rate, float(settings.learning_rate_init)
    if not isinstance(name, str):
        return name
    steps_per_epoch = -(-n_rows // batch_size)
    if name == "invscaling":
        return InverseScaling(rate, settings.power_t, steps_per_epoch, n_rows, progress.t, progress.n_rows)
    if name in FINITE_SCHEDULES:
        return SCHEDULES[name](rate, settings.max_iter * steps_per_epoch)
    return SCHEDULES[name](rate)


def warn_ignored(settings):
    """Say which parameters L-BFGS can't honour, if they differ from what switches them off."""
    off = {"learning_rate": "constant", "weight_decay": 0, "dropout": 0, "max_grad_norm": None}
    ignored = [f"{name}={getattr(settings, name)!r}" for name, value in off.items() if getattr(settings, name) != value]
    if ignored:
        warnings.warn(
            f"solver='lbfgs' ignores {', '.join(ignored)}: use 'adam', 'nadam', 'rmsprop' or 'sgd'.", stacklevel=5
        )
