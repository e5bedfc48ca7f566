"""Monotone constraints: from the parameter of the user to a direction for each column that the network takes."""

from numbers import Integral

import numpy as np
from scipy import sparse

from .._objects import shown
from .._parts import did_you_mean
from ..encoding import inputs
from ..encoding.sources import column_sources

WHAT = "monotonic_cst can't be guaranteed"


def directions_of_columns(parameters, X, target, names=None):
    """The direction in which predictions are to move with each column of X: 1, -1, or 0 for any.

    Parameters
    ----------
    parameters : dict
        Those of the estimator, as given.
    X : {ndarray, DataFrame, sparse matrix} of shape (n_rows, n_columns)
        Checked.
    target : Labels or Values
    names : ndarray of str, default=None
        Those of the columns.

    Returns
    -------
    directions : ndarray of int of shape (n_columns,), or None
        None where no column has one.

    Raises
    ------
    ValueError
        If the parameter does not fit X, or if nothing can be guaranteed.
    """
    given = parameters["monotonic_cst"]
    if given is None:
        return None
    found = _read(given, X.shape[1], names)
    if not found.any():
        return None
    if sparse.issparse(X):
        raise ValueError(f"{WHAT} for a sparse X: make it a dense array.")
    if not isinstance(parameters["loss"], str):
        raise ValueError(f"{WHAT} for a loss of your own, got loss={shown(parameters['loss'], 60)}.")
    encoder = parameters["encoder"]
    if not (encoder is None or isinstance(encoder, str) or inputs.is_tabular(encoder)):
        raise ValueError(
            f"{WHAT} behind encoder={shown(encoder, 60)}: use encoder='auto' or None, and put a transformer that keeps "
            "the order of the values before the model in a Pipeline."
        )
    if target.is_classification and (target.multilabel or len(target.classes) > 2):
        kind = "multilabel targets" if target.multilabel else f"{len(target.classes)} classes"
        raise ValueError(f"monotonic_cst is for the probability of the second of two classes, but y has {kind}.")
    return found


def directions_of_encoded(directions, encoder, X, names=None):
    """The direction of each encoded column, None if all are 0.

    Parameters
    ----------
    directions : ndarray of int of shape (n_columns,), or None
    encoder : TabularEncoder or None
        Fitted.
    X : {ndarray, DataFrame} of shape (n_rows, n_columns)
    names : ndarray of str, default=None

    Returns
    -------
    directions : ndarray of int of shape (n_encoded,), or None

    Raises
    ------
    ValueError
        If a column with a direction does not hold numbers.
    """
    if directions is None or encoder is None:
        return directions
    for i in np.flatnonzero(directions):
        kind = "categories" if encoder.is_categorical_[i] else (encoder.date_kinds_ or [None] * len(directions))[i]
        if kind is not None:
            kind = kind if kind == "categories" else f"a {kind}"
            name = i if names is None else names[i]
            raise ValueError(f"monotonic_cst is for columns of numbers, but column {name!r} holds {kind}.")
    of_encoded = directions[column_sources(encoder, X)]
    of_encoded[len(encoder.numeric_columns_.scale) :] = 0  # indicators of missing values, and categories
    return of_encoded if of_encoded.any() else None


def _read(given, n_columns, names):
    """The parameter as an array."""
    if isinstance(given, dict):
        found = np.zeros(n_columns, int)
        if names is None:
            raise ValueError("monotonic_cst is a dict of column names, but the columns of X have none: give an array.")
        for name, direction in given.items():
            at = np.flatnonzero(names == name)
            if len(at) == 0:
                hint = did_you_mean(name, names) if isinstance(name, str) else ""
                raise ValueError(f"monotonic_cst names {name!r}, which is no column of X.{hint}")
            found[at] = _checked(direction, f"monotonic_cst[{name!r}]")
        return found
    if np.ndim(given) != 1 or len(given) != n_columns:
        raise ValueError(
            f"monotonic_cst must have one entry for each of the {n_columns} columns of X, got shape {np.shape(given)}."
        )
    return np.array([_checked(direction, f"monotonic_cst[{i}]") for i, direction in enumerate(given)])


def _checked(direction, where):
    if isinstance(direction, Integral | float | np.floating) and direction in (-1, 0, 1):
        return int(direction)
    raise ValueError(f"{where} must be 1, rising, -1, falling, or 0, got {direction!r}.")
