"""Objects that users write themselves, losses, activations and schedules: whether they are what the engine expects."""

from math import isfinite
from numbers import Real

CONTRACTS = {  # parameter: module whose docstring states the contract, methods, attributes
    "loss": ("losses", ("value_and_delta", "predict", "constant"), ("out_activation",)),
    "activation": ("activations", ("forward", "backward"), ("keeps_input",)),
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
