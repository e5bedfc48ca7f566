"""What the parameters of the estimators may be."""

import copy
from math import isfinite
from numbers import Integral, Real

import numpy as np
from sklearn.metrics import get_scorer_names

from .._compat import HasMethods, Interval, NamesIn, Options, StrOptions, above, at_least, check_parameters
from .._parts import listed
from ..engine.activations import ACTIVATIONS
from ..engine.embeddings import EMBEDDINGS
from ..engine.initializers import INITIALIZERS
from ..engine.optimizers import OPTIMIZERS
from ..engine.schedules import SCHEDULES

AUTO = StrOptions({"auto"})


SCORERS = "'loss' or the name of a scorer, as sklearn.metrics.get_scorer_names() lists them"


FRACTION = Interval(Real, 0, 1, closed="left")


CONSTRAINTS = {
    "hidden_layer_sizes": [AUTO, at_least(1, Integral), "array-like"],
    "activation": [NamesIn(ACTIVATIONS, "auto"), HasMethods(["forward", "backward"]), list, tuple],
    "parametric_activation": [AUTO, "boolean"],
    "solver": [NamesIn(OPTIMIZERS, "lbfgs")],
    "initializer": [NamesIn(INITIALIZERS, "data", "auto")],
    "alpha": [at_least(0)],
    "weight_decay": [AUTO, at_least(0)],
    "dropout": [AUTO, FRACTION, list, tuple],
    "batch_size": [AUTO, at_least(1, Integral)],
    "learning_rate": [NamesIn(SCHEDULES, "auto"), callable],
    "learning_rate_init": [AUTO, above(0)],
    "power_t": [at_least(0)],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "beta_1": [FRACTION],
    "beta_2": [AUTO, FRACTION],
    "epsilon": [above(0)],
    "max_fun": [at_least(1, Integral)],
    "max_grad_norm": [above(0), None],
    "weight_averaging": [AUTO, FRACTION, None],
    "max_iter": [AUTO, at_least(1, Integral)],
    "max_time": [above(0), None],
    "tol": [at_least(0)],
    "n_iter_no_change": [AUTO, at_least(1, Integral), Options(Real, {np.inf})],
    "early_stopping": [AUTO, "boolean"],
    "validation_fraction": [AUTO, FRACTION],
    "cv": ["cv_object"],
    "scoring": [NamesIn(get_scorer_names, "loss", text=SCORERS), callable, None],
    "warm_start": ["boolean"],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "n_estimators": [AUTO, at_least(1, Integral)],
    "portfolio": ["boolean", list, tuple],
    "n_jobs": [Integral, None],
    "encoder": [StrOptions({"auto"}), HasMethods(["fit", "transform"]), None],
    "categorical_features": [StrOptions({"from_dtype"}), "array-like", None],
    "numeric_embedding": [NamesIn(EMBEDDINGS, "auto"), None],
    "monotonic_cst": ["array-like", dict, None],
    "interaction_cst": [StrOptions({"pairwise", "no_interactions"}), list, tuple, None],
    "feature_scaling": [AUTO, "boolean"],
    "dtype": [StrOptions({"auto", "float32", "float64"})],
    "verbose": ["verbose"],
}


CONTRACTS = {  # parameter: module whose docstring states the contract, methods, attributes
    "loss": ("losses", ("value_and_delta", "predict", "constant"), ("out_activation",)),
    "activation": ("activations", ("forward", "backward"), ("two_buffers",)),
}


def check_contracts(estimator):
    """Raise a TypeError that says what an object given as a parameter lacks.

    Parameters
    ----------
    estimator : estimator
        Its ``loss``, ``activation`` and ``learning_rate`` are looked at, as far as they are objects.
    """
    for parameter in CONTRACTS:
        value = getattr(estimator, parameter)
        for each in value if isinstance(value, list | tuple) else [value]:
            if not _is_plain(each):
                _check_object(parameter, each)
    if not _is_plain(estimator.learning_rate):
        _check_schedule(estimator.learning_rate)


def _is_plain(value):
    """Whether a value is for the check of parameters to judge: names, numbers, None and arrays."""
    return isinstance(value, str | Real | dict | type(None)) or hasattr(value, "__array__")


def _check_object(parameter, value):
    module, methods, attributes = CONTRACTS[parameter]
    where = f"see the contract in skann.engine.{module}"
    if isinstance(value, type):
        raise TypeError(f"{parameter} must be an object, got the class {value!r}: write {value.__name__}(...).")
    if not any(hasattr(value, name) for name in methods):
        return  # something else altogether, which the check of parameters refuses
    missing = [f"the method {name}" for name in methods if not callable(getattr(value, name, None))]
    missing += [f"the attribute {name}" for name in attributes if not hasattr(value, name)]
    if missing:
        raise TypeError(f"{parameter}={value!r} lacks {', '.join(missing)}: {where}.")


def _check_schedule(schedule):
    where = "see skann.engine.schedules"
    if not callable(schedule):
        return
    if isinstance(schedule, type):
        raise TypeError(f"learning_rate must be a name or an object, got the class {schedule!r}: {where}.")
    try:
        rate = schedule(0)
    except TypeError as error:
        raise TypeError(
            f"learning_rate={schedule!r} can't be called with the number of steps taken ({error}): {where}."
        ) from error
    if not isinstance(rate, Real) or not isfinite(rate) or rate < 0:
        raise TypeError(f"learning_rate={schedule!r} must return a number of at least 0, got {rate!r}: {where}.")


def check_activations(estimator):
    """Raise a ValueError that names an activation which is not monotone, where constraints need one."""
    given = estimator.monotonic_cst
    if given is None:
        return
    activation = estimator.activation
    for each in activation if isinstance(activation, list | tuple) else [activation]:
        kind = ACTIVATIONS.get(each) if isinstance(each, str) else type(each)
        if not (isinstance(each, str) and each == "auto") and not getattr(kind, "monotone", False):
            raise ValueError(
                f"activation={each!r} is not monotone, as monotonic_cst needs it: use 'auto', or one of "
                f"{listed([name for name in ACTIVATIONS if getattr(ACTIVATIONS[name], 'monotone', False)])}; the class "
                "of an object of your own says so with the attribute monotone = True."
            )


def check_all_parameters(estimator):
    """Raise a ValueError or TypeError that says what is wrong with a parameter."""
    check_contracts(estimator)
    check_parameters(estimator)
    check_portfolio(estimator)
    check_activations(estimator)


OF_CANDIDATES = (
    "hidden_layer_sizes", "activation", "parametric_activation", "initializer", "numeric_embedding", "feature_scaling",
    "alpha", "weight_decay", "dropout", "batch_size", "shuffle", "learning_rate", "learning_rate_init", "power_t",
    "momentum", "nesterovs_momentum", "beta_1", "beta_2", "epsilon", "max_grad_norm", "weight_averaging", "max_iter",
    "n_iter_no_change",
)  # fmt: skip


def check_portfolio(estimator):
    """Raise a ValueError or TypeError that says what is wrong with a candidate of the parameter ``portfolio``."""
    portfolio = estimator.portfolio
    if portfolio and estimator.interaction_cst is not None:
        raise ValueError("portfolio does not go with interaction_cst, with which raw outputs are averaged.")
    if isinstance(portfolio, bool | np.bool_):
        return
    if not portfolio:
        raise ValueError("portfolio is an empty list: give it a dict for each candidate, or True for those of skann.")
    for i, each in enumerate(portfolio):
        where = f"portfolio[{i}]"
        if not isinstance(each, dict):
            raise TypeError(f"{where} must be a dict of parameters that a candidate changes, got {each!r}.")
        unknown = [name for name in each if name not in OF_CANDIDATES]
        if unknown:
            raise ValueError(f"{where} changes {unknown[0]!r}, but candidates may change: {', '.join(OF_CANDIDATES)}.")
        candidate = copy.copy(estimator)
        vars(candidate).update(each)
        try:
            check_contracts(candidate)
            check_parameters(candidate)
            check_activations(candidate)
        except (ValueError, TypeError) as error:
            raise type(error)(f"{where} has a wrong value. {error}") from None


def structure(settings):
    """The parameters that make the network: they must stay as they are while its weights are kept."""
    names = ("hidden_layer_sizes", "activation", "parametric_activation", "dropout", "dtype", "encoder")
    names += (
        "categorical_features",
        "numeric_embedding",
        "feature_scaling",
        "target_scaling",
        "n_estimators",
        "portfolio",
        "monotonic_cst",
        "interaction_cst",
    )
    return {name: getattr(settings, name) for name in names if hasattr(settings, name)}


def check_structure(settings, before):
    """ValueError if a parameter that makes the network is not what it was ``before``."""
    for name, now in structure(settings).items():
        if now is not before[name] and not _equal(now, before[name]):
            raise ValueError(
                f"{name} was {before[name]!r} when the network was made and is now {now!r}: partial_fit and warm_start "
                "go on with that network. Set it back, or call fit with warm_start=False."
            )


def _equal(one, other):
    """Whether values of a parameter are equal; NumPy 2.0 itself fails to compare a string with a number."""
    return isinstance(one, str) == isinstance(other, str) and np.array_equal(one, other)
