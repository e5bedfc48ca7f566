"""Categorical columns: their levels, learnt from weighted rows, and what each level becomes."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ._columns import labels_as_numbers


@dataclass
class LevelTable:
    """What the levels of a categorical column become.

    Parameters
    ----------
    levels : ndarray
        Sorted; strings (dtype object) or numbers.
    rows : ndarray of shape (len(levels) + 2, n_columns)
        The output for each level, for an unseen one, and last for a missing value.
    suffixes : list of str or None
        Of the names of the output's columns; None for a code column, which has the name of the feature.
    """

    levels: np.ndarray
    rows: np.ndarray
    suffixes: list | None

    @property
    def n_columns(self):
        """Number of columns of the output."""
        return self.rows.shape[1]

    @property
    def is_code(self):
        """Whether the output is a code column."""
        return self.suffixes is None

    def names(self, feature):
        """Names of the output's columns."""
        return [feature] if self.is_code else [f"{feature}_{suffix}" for suffix in self.suffixes]

    def encode(self, column, name):
        """The output of shape (n_rows, n_columns) for a `Coded` column, which messages call ``name``."""
        position = np.append(self._find(column.labels, name), len(self.levels) + 1)
        return self.rows[position].take(column.codes, axis=0, mode="wrap")  # code -1, missing, is the last

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | ({"rows": None} if self.is_code else {})  # as large as the levels, and easily made again

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        if self.is_code:
            self.rows = _codes(len(self.levels))

    def _find(self, labels, name):
        """Index of each label among the levels; that after the last one for unseen labels."""
        n_levels = len(self.levels)
        if n_levels == 0 or len(labels) == 0:
            return np.full(len(labels), n_levels)
        if labels.dtype == object and self.levels.dtype != object:
            labels = labels_as_numbers(labels, name)
        if labels.dtype != object and self.levels.dtype == object:
            raise TypeError(
                f"Column {name!r} must hold strings, as in fit ({self.levels[0]!r}), got the number {labels[0]}."
            )
        index = np.searchsorted(self.levels, labels)
        found = self.levels.take(index, mode="clip") == labels
        return np.where(found, index, n_levels)


def learn_levels(column, rows, weight):
    """The levels of a column.

    Parameters
    ----------
    column : Coded
    rows : ndarray of int or None
        The rows to learn from; None for all.
    weight : ndarray or None
        A weight above zero for each of these rows; None where all are the same.

    Returns
    -------
    levels : ndarray
        The different labels in these rows, sorted.
    weight : ndarray of shape (n_levels,)
        Total weight of each.
    has_missing : bool
        Whether some values are missing and others are not.
    """
    codes = column.codes if rows is None else column.codes[rows]
    total = np.bincount(np.add(codes, 1, dtype=np.intp), weight, minlength=len(column.labels) + 1)
    seen = np.flatnonzero(total[1:])
    levels, position = np.unique(column.labels[seen], return_inverse=True)
    return levels, np.bincount(position, total[1:][seen]), bool(total[0] > 0 and len(levels) > 0)


def level_table(levels, weight, max_one_hot_levels, high_cardinality):
    """The `LevelTable` for sorted levels of these weights; the options are those of `TabularEncoder`."""
    n = len(levels)
    if n < 2:
        return LevelTable(levels, np.empty((n + 2, 0), np.int8), [])
    if n == 2:
        return LevelTable(levels, np.array([[-1], [1], [0], [0]], np.int8), [str(levels[1])])
    if n <= max_one_hot_levels:
        return LevelTable(levels, np.eye(n + 2, n, dtype=np.int8), [str(level) for level in levels])
    if high_cardinality == "embed":
        return LevelTable(levels, _codes(n), None)
    return _with_infrequent_level(levels, weight, max_one_hot_levels)


def _codes(n):
    """The rows of a `LevelTable` for a code column: from 1, and 0 for an unseen and a missing level."""
    return np.append(np.arange(1, n + 1, dtype=np.int32), [0, 0])[:, np.newaxis]


def _with_infrequent_level(levels, weight, n_columns):
    """One-hot columns for the n_columns - 1 levels of greatest weight (of equals the first), and one for the others."""
    frequent = np.sort(np.argsort(-weight, kind="stable")[: n_columns - 1])
    rows = np.zeros((len(levels) + 2, n_columns), np.int8)
    rows[:-1, -1] = 1
    rows[frequent] = np.eye(n_columns - 1, n_columns)
    return LevelTable(levels, rows, [*(str(level) for level in levels[frequent]), "infrequent"])
