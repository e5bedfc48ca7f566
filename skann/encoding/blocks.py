"""What a `TabularEncoder` learns of a table that is read block by block, in one pass over it."""

import copy

import numpy as np

from .columns import categorical_mask, split
from .dates import date_kinds
from .learning import with_columns
from .levels import CategoricalColumns, learn_levels, level_table
from .numbers import NumericColumns, missing_numbers, robust_scales
from .output import table_of
from .reading import read_columns
from .refusals import of_table
from .tables import column_names

MOST_LEVELS = 10**6  # of a column; more are names of the rows, not categories


class TableStatistics:
    """Exact counts of levels, missing values, least and greatest numbers, for rows that come in blocks.

    Parameters
    ----------
    encoder : TabularEncoder
        Not fitted, but for ``n_features_in_`` and ``feature_names_in_``. It stays as it is.
    """

    def __init__(self, encoder):
        self.encoder = encoder
        self.is_categorical = self.kinds = self.may_be_indicated = self.category_names = None
        self.low = self.high = self.has_gaps = self.counts = self.has_missing_level = None

    def add(self, X, rows, weight):
        """Count some rows of a block.

        Parameters
        ----------
        X : {ndarray, DataFrame}
            A table that `check_table` has passed.
        rows : ndarray of int or None
            The rows to learn from; None for all.
        weight : ndarray or None
            A weight above zero for each of these.
        """
        table = self._table_of(X)
        missing = missing_numbers(table.numbers, table.number_names)
        numbers = table.numbers if rows is None else table.numbers[rows]
        if len(numbers) == 0:
            return
        with np.errstate(invalid="ignore"):
            self.low = np.fmin(self.low, np.fmin.reduce(numbers, axis=0))
            self.high = np.fmax(self.high, np.fmax.reduce(numbers, axis=0))
        if missing is not None:
            self.has_gaps |= (missing if rows is None else missing[rows]).any(axis=0)
        for i, (column, name) in enumerate(zip(table.categories, table.category_names, strict=True)):
            levels, level_weight, _ = learn_levels(column, rows, weight)
            self.has_missing_level[i] |= bool(((column.codes if rows is None else column.codes[rows]) < 0).any())
            _count(self.counts[i], zip(levels.tolist(), level_weight.tolist(), strict=True), name)

    def begin(self, X):
        """Sort the columns into numbers and categories by these rows, if no rows have come before."""
        self._table_of(X)

    def merge(self, other):
        """Take in the counts of other rows; both have begun with the same ones."""
        with np.errstate(invalid="ignore"):
            self.low, self.high = np.fmin(self.low, other.low), np.fmax(self.high, other.high)
        self.has_gaps |= other.has_gaps
        self.has_missing_level |= other.has_missing_level
        for counts, of_other, name in zip(self.counts, other.counts, self.category_names, strict=True):
            _count(counts, of_other.items(), name)

    def _table_of(self, X):
        names, categorical_features = column_names(X), self.encoder.categorical_features
        by_dtype = categorical_features is None or isinstance(categorical_features, str)
        columns = read_columns(X, names, as_matrix=by_dtype)
        if self.is_categorical is None:
            self.kinds = date_kinds(columns, names, allowed=self.encoder.dates == "parts")
            self.is_categorical = categorical_mask(categorical_features, columns, names)
        table = split(columns, self.is_categorical, names, self.kinds)
        if self.low is None:
            n_numbers, n_categories = table.numbers.shape[1], len(table.categories)
            self.low, self.high = np.full((2, n_numbers), np.nan)
            self.has_gaps, self.has_missing_level = np.zeros(n_numbers, bool), np.zeros(n_categories, bool)
            self.counts = [{} for _ in range(n_categories)]
            self.may_be_indicated, self.category_names = table.may_be_indicated, list(table.category_names)
        return table

    def fitted(self, X, rows, weight):
        """A copy of the encoder that is fitted: with quantiles of a sample, and all else exact.

        A number that is constant in the sample but varies in the table is divided by its greatest distance from the
        centre.

        Parameters
        ----------
        X : {ndarray, DataFrame}
        rows : ndarray of int or None
            The sample among the rows of X.
        weight : ndarray or None
            A weight above zero for each row of the sample.
        """
        encoder = copy.copy(self.encoder)
        encoder.is_categorical_, encoder.date_kinds_, encoder._stream = self.is_categorical, self.kinds, None
        with of_table("X"):
            table = table_of(encoder, X)
            weight = None if weight is None or np.ptp(weight) == 0 else weight
            center, scale, _ = robust_scales(table.numbers, rows, weight, table.number_names)
        with np.errstate(invalid="ignore", over="ignore"):
            center = np.where(np.isnan(self.low), 0.0, np.clip(center, self.low, self.high))
            farthest = np.maximum(self.high - center, center - self.low)
            scale = np.where(self.high > self.low, np.where(scale > 0, scale, farthest), 0.0)
        is_indicated = self.has_gaps & ~np.isnan(self.low)
        if self.may_be_indicated is not None:
            is_indicated &= self.may_be_indicated
        numeric = NumericColumns(center, scale, is_indicated)
        return with_columns(encoder, self.is_categorical, numeric, self._categorical_columns())

    def _categorical_columns(self):
        tables, with_missing = [], []
        for i, counts in enumerate(self.counts):
            labels = np.array(list(counts), dtype=object if any(isinstance(level, str) for level in counts) else None)
            levels, order = np.unique(labels, return_index=True)
            weight = np.fromiter(counts.values(), np.float64, len(counts))[order]
            options = self.encoder.max_one_hot_levels, self.encoder.high_cardinality
            tables.append(level_table(levels, weight, *options))
            if self.has_missing_level[i] and len(levels):
                with_missing.append(i)
        return CategoricalColumns(tables, with_missing)


def _count(counts, found, name):
    """Add the weights of levels, pairs, to the counts of a column; ValueError if it has too many levels."""
    for level, weight in found:
        counts[level] = counts.get(level, 0.0) + weight
    if len(counts) > MOST_LEVELS:
        raise ValueError(
            f"Column {name!r} holds more than {MOST_LEVELS} different levels: leave it out of the columns, or make "
            "numbers of it."
        )
