"""The rows given to `fit` as X_val, y_val and sample_weight_val."""

import re
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils import check_consistent_length

from .._weights import check_weight
from ..encoding.inputs import as_it_came
from .data import GivenRows


class Validation(NamedTuple):
    """The arguments of `fit` for early stopping, as they came."""

    X: Any = None
    y: Any = None
    weight: Any = None
    groups: Any = None


class ValidationRows(NamedTuple):
    """Rows for early stopping that have been checked: y encoded, not scaled."""

    X: Any
    y: np.ndarray
    weight: np.ndarray | None
    as_given: GivenRows


def check_validation(validation, early_stopping, check_X_y, target):
    """The rows that the user wants watched, or None.

    Parameters
    ----------
    validation : Validation
    early_stopping : bool or "auto"
        The parameter.
    check_X_y : callable(X, y) -> X, y
        Checks them like those for training.
    target : Labels or Values
        That of the training targets.

    Returns
    -------
    rows : ValidationRows or None
    """
    X_val, y_val, sample_weight_val, _ = validation
    if X_val is None and y_val is None:
        if sample_weight_val is not None:
            raise ValueError("sample_weight_val is given without X_val and y_val.")
        return None
    for name, value, other in (("X_val", X_val, "y_val"), ("y_val", y_val, "X_val")):
        if value is None:
            raise ValueError(f"{other} is given, but {name} is not: early stopping needs both.")
    if not early_stopping:
        raise ValueError(
            "X_val and y_val are given to fit, but early_stopping=False: set it to True or 'auto', or leave them out."
        )
    with naming("X_val and y_val"):
        check_consistent_length(X_val, y_val)
    with naming("X_val"):
        X, y = check_X_y(X_val, y_val, names=("X_val", "y_val"))
    with naming("y_val"):
        y = target.encode(y, "y_val")
    with speaking_of_val("sample_weight_val"):
        weight = check_weight(sample_weight_val, X, np.float64)
    return ValidationRows(X, y, weight, GivenRows(as_it_came(X_val, X), y, weight))


@contextmanager
def naming(what):
    """Inside, messages of a ValueError or TypeError that name neither X_val nor y_val begin with ``what``."""
    try:
        yield
    except (ValueError, TypeError) as error:
        message = str(error)
        if "X_val" in message or "y_val" in message:
            raise
        kind = TypeError if isinstance(error, TypeError) and not isinstance(error, ValueError) else ValueError
        raise kind(f"{what}: {message}") from error


@contextmanager
def speaking_of_val(what):
    """Inside, messages of a ValueError or TypeError name X_val, y_val, sample_weight_val, or begin with ``what``."""
    try:
        yield
    except (ValueError, TypeError) as error:
        # once, and not where it may be a column or a class of that name
        name = r"(?<!- )(?<!['\"])\b(X|y|sample_weight)\b(?!['\"])"
        message, n_named = re.subn(name, r"\1_val", str(error), count=1)
        kind = TypeError if isinstance(error, TypeError) and not isinstance(error, ValueError) else ValueError
        raise kind(message if n_named else f"{what}: {message}") from error
