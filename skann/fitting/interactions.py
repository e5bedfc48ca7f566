"""Interaction constraints: from the parameter of the user to groups of the columns that the network takes."""

import itertools
from numbers import Integral

import numpy as np
from scipy import sparse

from .._objects import shown
from .._parts import did_you_mean
from ..encoding import inputs
from ..encoding.sources import column_sources

MOST_PAIRS = 300  # of columns: 25 of them


def groups_of_columns(parameters, X, names=None):
    """The groups of columns of X that may interact.

    Parameters
    ----------
    parameters : dict
        Those of the estimator, as given.
    X : {ndarray, DataFrame, sparse matrix} of shape (n_rows, n_columns)
        Checked.
    names : ndarray of str, default=None
        Those of the columns.

    Returns
    -------
    groups : list of sets of int, or None
        None where all columns may interact.

    Raises
    ------
    ValueError
        If the parameter does not fit X, or if nothing can be guaranteed.
    """
    given, n_columns = parameters["interaction_cst"], X.shape[1]
    if given is None:
        return None
    if sparse.issparse(X):
        raise ValueError("interaction_cst can't be guaranteed for a sparse X: make it a dense array.")
    encoder = parameters["encoder"]
    if not (encoder is None or isinstance(encoder, str) or inputs.is_tabular(encoder)):
        raise ValueError(
            f"interaction_cst can't be guaranteed behind encoder={shown(encoder, 60)}: use encoder='auto' or None."
        )
    if isinstance(given, str):
        if given == "no_interactions":
            return [{i} for i in range(n_columns)]
        if n_columns * (n_columns - 1) // 2 > MOST_PAIRS:
            raise ValueError(
                f"interaction_cst='pairwise' makes a network for each pair of {n_columns} columns, and is for up to 25 "
                "of them: give groups of columns, such as [{0, 1}, {2, 3, 4}]."
            )
        return [set(pair) for pair in itertools.combinations(range(n_columns), 2)] or [{0}]
    found = [{_index(column, n_columns, names) for column in _listed(group)} for group in given]
    rest = set(range(n_columns)).difference(*found)
    return [group for group in found if group] + ([rest] if rest else [])


def groups_of_encoded(groups, encoder, X):
    """The groups of encoded columns, a list of arrays, those without a column left out; None if there are none."""
    if groups is None:
        return None
    sources = column_sources(encoder, X)
    found = [np.flatnonzero(np.isin(sources, sorted(group))) for group in groups]
    return [group for group in found if len(group)] or None


def _listed(group):
    if isinstance(group, str) or not np.iterable(group):
        raise ValueError(
            f"interaction_cst must be 'pairwise', 'no_interactions' or a list of groups of columns, got the group "
            f"{group!r}."
        )
    return group


def _index(column, n_columns, names):
    if isinstance(column, Integral) and not isinstance(column, bool) and 0 <= column < n_columns:
        return int(column)
    if isinstance(column, str) and names is not None and column in names:
        return names.tolist().index(column)
    hint = did_you_mean(column, names) if isinstance(column, str) and names is not None else ""
    raise ValueError(
        f"interaction_cst must hold names or indices of the {n_columns} columns of X, got {column!r}.{hint}"
    )
