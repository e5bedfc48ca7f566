"""Categorical columns: their levels, learnt from weighted rows, and what each level becomes."""

from typing import Any

import numpy as np

from .columns import labels_as_numbers


class LevelTable:
    """What the levels of a categorical column become.

    Parameters
    ----------
    levels : ndarray
        Sorted; strings (dtype object) or numbers.
    is_code : bool, default=False
        Whether the output is a code column.
    frequent : ndarray of int or None, default=None
        Of one-hot columns: which levels have one of their own, with one more for all others; None if each has.

    Attributes
    ----------
    rows : ndarray of shape (len(levels) + 2, n_columns)
        The output for each level, for an unseen one, and last for a missing value.
    suffixes : list of str or None
        Of the names of the output's columns; None for a code column, which has the name of the feature.
    """

    def __init__(self, levels, is_code=False, frequent=None):
        self.levels, self.is_code, self.frequent = levels, is_code, frequent
        self.rows, self.suffixes = self._output()

    def _output(self):
        n = len(self.levels)
        if self.is_code:  # from 1, and 0 for an unseen and a missing level
            return np.append(np.arange(1, n + 1, dtype=np.int32), [0, 0])[:, np.newaxis], None
        if n < 2:
            return np.empty((n + 2, 0), np.int8), []
        if n == 2:
            return np.array([[-1], [1], [0], [0]], np.int8), [str(self.levels[1])]
        if self.frequent is None:
            return np.eye(n + 2, n, dtype=np.int8), [str(level) for level in self.levels]
        n_columns = len(self.frequent) + 1
        rows = np.zeros((n + 2, n_columns), np.int8)
        rows[:-1, -1] = 1
        rows[self.frequent] = np.eye(n_columns - 1, n_columns)
        return rows, [*(str(level) for level in self.levels[self.frequent]), "infrequent"]

    @property
    def n_columns(self):
        """Number of columns of the output."""
        return self.rows.shape[1]

    def names(self, feature):
        """Names of the output's columns."""
        return [feature] if self.is_code else [f"{feature}_{suffix}" for suffix in self.suffixes]

    def encode(self, column, name):
        """The output of shape (n_rows, n_columns) for a `Coded` column, which messages call ``name``."""
        position = np.append(self._find(column.labels, name), len(self.levels) + 1)
        return self.rows[position].take(column.codes, axis=0, mode="wrap")  # code -1, missing, is the last

    def __getstate__(self) -> dict[str, Any]:
        kept = ("levels", "is_code", "frequent")  # the rest can be larger than these, and is easily made again
        return {name: getattr(self, name) for name in kept}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

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
    if len(levels) <= max(2, max_one_hot_levels):
        return LevelTable(levels)
    if high_cardinality == "embed":
        return LevelTable(levels, is_code=True)
    # with a column for all others; of equal weights the first
    return LevelTable(levels, frequent=np.sort(np.argsort(-weight, kind="stable")[: max_one_hot_levels - 1]))
