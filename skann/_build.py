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


def layers(estimator, n_in, n_out):
    """The layers of the network: Dense, each hidden one with its activation and dropout, and the linear output."""
    sizes = hidden_layer_sizes(estimator)
    chain = []
    activations = per_layer(estimator, "activation", len(sizes))
    for size, activation, rate in zip(sizes, activations, dropout_rates(estimator, len(sizes)), strict=True):
        chain.append(Dense(n_in, size, activation_object(activation)))
        if rate:
            chain.append(Dropout(size, rate))
        n_in = size
    return [*chain, Dense(n_in, n_out)]


def hidden_layer_sizes(estimator):
    sizes = estimator.hidden_layer_sizes
    sizes = [sizes] if isinstance(sizes, Integral) else list(sizes)
    if not all(isinstance(size, Integral) and not isinstance(size, bool) and size >= 1 for size in sizes):
        raise ValueError(f"hidden_layer_sizes must hold integers of at least 1, got {estimator.hidden_layer_sizes!r}.")
    return [int(size) for size in sizes]


def structure(estimator):
    """The parameters that make the network: they must stay as they are while its weights are kept."""
    names = ("hidden_layer_sizes", "activation", "dropout", "dtype")
    return {name: getattr(estimator, name) for name in names}


def check_structure(estimator, before):
    """ValueError if a parameter that makes the network is not what it was ``before``."""
    for name, now in structure(estimator).items():
        if not np.array_equal(now, before[name]):
            raise ValueError(
                f"{name} was {before[name]!r} when the network was made and is now {now!r}: partial_fit and warm_start "
                "go on with that network. Set it back, or call fit with warm_start=False."
            )


def per_layer(estimator, name, n_hidden):
    """A parameter that is one value for all hidden layers or a list with one for each, as a list."""
    value = getattr(estimator, name)
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


def dropout_rates(estimator, n_hidden):
    rates = per_layer(estimator, "dropout", n_hidden)
    if not all(isinstance(rate, Real) and 0 <= rate < 1 for rate in rates):
        raise ValueError(f"dropout must hold numbers from 0 to below 1, got {estimator.dropout!r}.")
    return rates


def optimizer(estimator, network):
    kwargs = {"weight_decay": estimator.weight_decay, "n_decayed": network.n_weights}
    if estimator.solver == "sgd":
        kwargs |= {"momentum": estimator.momentum, "nesterov": estimator.nesterovs_momentum}
    elif estimator.solver == "rmsprop":
        kwargs |= {"beta": estimator.beta_2, "epsilon": estimator.epsilon, "bias_correction": True}
    else:
        kwargs |= {"beta_1": estimator.beta_1, "beta_2": estimator.beta_2, "epsilon": estimator.epsilon}
    return OPTIMIZERS[estimator.solver](network.theta.size, network.theta.dtype, **kwargs)


def schedule(estimator, n_rows, batch_size):
    name, rate = estimator.learning_rate, float(estimator.learning_rate_init)
    if not isinstance(name, str):
        return name
    steps_per_epoch = -(-n_rows // batch_size)
    if name == "invscaling":
        return InverseScaling(rate, estimator.power_t, steps_per_epoch, n_rows)
    if name in FINITE_SCHEDULES:
        return SCHEDULES[name](rate, estimator.max_iter * steps_per_epoch)
    return SCHEDULES[name](rate)


def warn_ignored(estimator):
    """Say which parameters L-BFGS can't honour, if they differ from what switches them off."""
    off = {"learning_rate": "constant", "weight_decay": 0, "dropout": 0, "max_grad_norm": None}
    ignored = [
        f"{name}={getattr(estimator, name)!r}" for name, value in off.items() if getattr(estimator, name) != value
    ]
    if ignored:
        warnings.warn(
            f"solver='lbfgs' ignores {', '.join(ignored)}: use 'adam', 'nadam', 'rmsprop' or 'sgd'.", stacklevel=5
        )
