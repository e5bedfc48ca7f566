"""The rows given to `fit` as X_val, y_val and sample_weight_val."""

from typing import Any, NamedTuple

import numpy as np

from .._compat import safe_indexing
from .._weights import check_weight
from ..encoding.inputs import as_it_came
from .block_arguments import refuse_arguments
from .block_table import BlockTable, draw
from .blocks import errors_of
from .dask_table import DaskTable, is_dask
from .data import GivenRows
from .scan import joined_tables

MOST_WATCHED = 2**16  # rows of a table of blocks: the standard error of an accuracy is 0.2 points at most


class Validation(NamedTuple):
    """The arguments of `fit` for early stopping, as they came."""

    X: Any = None
    y: Any = None
    weight: Any = None
    groups: Any = None

    def in_memory(self):
        """The same, where X is a table of blocks or of Dask with its rows, or a sample of them, and what it carries."""
        if is_dask(self.X):
            return self._replace(X=DaskTable(self.X, self.y, self.weight), y=None, weight=None).in_memory()
        if not isinstance(self.X, BlockTable):
            return self
        refuse_arguments(self.X, self.y, self.weight, "X_val")
        X, y, weight = zip(*_sampled(self.X), strict=True)
        weight = None if weight[0] is None else np.concatenate(weight)
        return self._replace(X=joined_tables(X), y=np.concatenate(y), weight=weight)


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
    X, y = check_X_y(X_val, y_val, names=("X_val", "y_val"))
    y = target.encode(y, "y_val")
    weight = check_weight(sample_weight_val, X, np.float64, "sample_weight_val")
    return ValidationRows(X, y, weight, GivenRows(as_it_came(X_val, X), y, weight))


def _sampled(table):
    """X, y and weights of the rows in each block that are watched: always the same ones."""
    share = MOST_WATCHED / len(table)
    for block in table:
        with errors_of(block):
            rows = np.flatnonzero(draw(np.arange(block.first, block.first + block.X.shape[0]), 0) < share)
            y = np.asarray(block.y)
            yield safe_indexing(block.X, rows), y[rows], None if block.weight is None else block.weight[rows]
