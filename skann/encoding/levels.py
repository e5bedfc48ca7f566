"""Categorical columns: their levels, learnt from weighted rows, and what each level becomes."""

from typing import Any

import numpy as np

from .columns import labels_as_numbers


class CategoricalColumns:
    """The encoding of a table's categorical columns: indicators of missing values, then one-hot, then code columns.

    Parameters
    ----------
    tables : list of LevelTable
        The encoding of each column.
    with_missing : list of int
        The columns that get an indicator.
    """

    def __init__(self, tables, with_missing):
        self.tables, self.with_missing = tables, with_missing

    @classmethod
    def learn(cls, columns, rows, weight, max_one_hot_levels, high_cardinality):
        """The encoding learnt from a list of `Coded`; for the other arguments see `learn_levels`, `TabularEncoder`."""
        tables, has_missing = [], np.zeros(len(columns), bool)
        for i, column in enumerate(columns):
            levels, level_weight, has_missing[i] = learn_levels(column, rows, weight)
            tables.append(level_table(levels, level_weight, max_one_hot_levels, high_cardinality))
        return cls(tables, np.flatnonzero(has_missing).tolist())

    @property
    def order(self):
        """The columns in the order of the output: those that become code columns come last."""
        return sorted(range(len(self.tables)), key=lambda i: self.tables[i].is_code)

    @property
    def n_encoded(self):
        """Number of columns of the output."""
        return len(self.with_missing) + sum(table.n_columns for table in self.tables)

    @property
    def n_levels(self):
        """The greatest code of each code column, a list of int."""
        return [self.tables[i].n_codes for i in self.order if self.tables[i].is_code]

    def names(self, features):
        """Names of the output's columns, from an array of the features' names."""
        indicators = [f"missingindicator_{name}" for name in features[self.with_missing]]
        return indicators + [name for i in self.order for name in self.tables[i].names(features[i])]

    def sources(self, features):
        """The feature that each of the output's columns comes from, from an array of the features' indices."""
        n_columns = [self.tables[i].n_columns for i in self.order]
        return np.concatenate([features[self.with_missing], np.repeat(features[self.order], n_columns)])

    def encode(self, columns, names, out):
        """Write the output of shape (n_rows, n_encoded) for a list of `Coded` into ``out``; messages use ``names``."""
        start = 0
        for i in self.with_missing:
            out[:, start] = columns[i].codes < 0
            start += 1
        for i in self.order:
            stop = start + self.tables[i].n_columns
            out[:, start:stop] = self.tables[i].encode(columns[i], names[i])
            start = stop


class LevelTable:
    """The encoding of one categorical column: a row of the output for each level.

    Parameters
    ----------
    levels : ndarray
        Sorted; strings (dtype object) or numbers.
    is_code : bool, default=False
        Whether the output is a code column.
    frequent : ndarray of int or None, default=None
        Indices of the levels that have a one-hot column each, while one more column stands for all others. None if
        every level has its own.
    codes : ndarray of int or None, default=None
        The code of each level, from 1; None if they are numbered in their order.
    n_codes : int or None, default=None
        The greatest code that there may be; None for the number of levels.
    n_spare : int, default=0
        One-hot columns beside the ``frequent``, for levels that may come.

    Attributes
    ----------
    rows : ndarray of shape (len(levels) + 2, n_columns)
        The output for each level, for an unseen one, and last for a missing value.
    suffixes : list of str or None
        Endings of the names of one-hot columns, which begin with the name of the feature; None for a code column,
        whose name is that of the feature.
    """

    def __init__(self, levels, is_code=False, frequent=None, codes=None, n_codes=None, n_spare=0):
        self.levels, self.is_code, self.frequent, self.n_spare = levels, is_code, frequent, n_spare
        self.codes, self.n_codes = codes, len(levels) if n_codes is None else n_codes
        self.rows, self.suffixes = self._output()

    def _output(self):
        n = len(self.levels)
        if self.is_code:  # from 1, and 0 for an unseen and a missing level
            codes = np.arange(1, n + 1) if self.codes is None else self.codes
            return np.append(codes.astype(np.int32), [0, 0])[:, np.newaxis], None
        if self.frequent is not None:
            return self._frequent_output()
        if n < 2:
            return np.empty((n + 2, 0), np.int8), []
        if n == 2:
            return np.array([[-1], [1], [0], [0]], np.int8), [str(self.levels[1])]
        return np.eye(n + 2, n, dtype=np.int8), [str(level) for level in self.levels]

    def _frequent_output(self):
        n_frequent, n_columns = len(self.frequent), len(self.frequent) + self.n_spare + 1
        rows = np.zeros((len(self.levels) + 2, n_columns), np.int8)
        rows[:-1, -1] = 1
        rows[self.frequent] = np.eye(n_frequent, n_columns)
        names = [str(level) for level in self.levels[self.frequent]]
        return rows, [*names, *(f"spare{i}" for i in range(self.n_spare)), "infrequent"]

    @property
    def n_columns(self):
        """Number of columns of the output."""
        return self.rows.shape[1]

    def names(self, feature):
        """Names of the output's columns."""
        return [feature] if self.is_code else [f"{feature}_{suffix}" for suffix in self.suffixes]

    def encode(self, column, name):
        """The output of shape (n_rows, n_columns) for a `Coded` column, which messages call ``name``."""
        position = np.append(self.find(column.labels, name), len(self.levels) + 1)
        return self.rows[position].take(column.codes, axis=0, mode="wrap")  # code -1, missing, is the last

    def __getstate__(self) -> dict[str, Any]:
        kept = (
            "levels",
            "is_code",
            "frequent",
            "codes",
            "n_codes",
            "n_spare",
        )  # the rest can be larger than these, and is easily made again
        return {name: getattr(self, name) for name in kept}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    def find(self, labels, name):
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
