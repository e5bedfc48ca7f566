"""Encodings that are learnt from call to call: the first call fixes the width, later ones fill it.

Objects are not changed in place: `after` returns what is known after some more rows, so that a call that fails leaves
everything as it was.
"""

import copy

import numpy as np
from scipy import sparse

from .._first_rows import FirstRows
from .columns import labels_as_numbers
from .levels import CategoricalColumns, LevelTable, learn_levels
from .numbers import HUGE, NumericColumns, canonical, missing_stored, robust_scales, sparse_scales

N_SLOTS = 100  # levels that a table of codes has room for, at least


class TableStream:
    """What is known of a table of which the rows come in several calls.

    Parameters
    ----------
    numbers : NumericStream
    levels : list of LevelStream
        One for each categorical column.
    """

    def __init__(self, numbers, levels):
        self.numbers, self.levels = numbers, levels

    @classmethod
    def begin(cls, table, rows, weight, n_one_hot, has_codes):
        """What the first `Table` tells; ``n_one_hot``, ``has_codes``: see `LevelStream.begin`, others as in `after`."""
        levels = [LevelStream.begin(column, rows, weight, n_one_hot, has_codes) for column in table.categories]
        numbers = NumericStream.begin(table.numbers).after(table.numbers, rows, weight, table.number_names)[0]
        return cls(numbers, levels)

    def after(self, table, rows, weight):
        """What is known after some more rows.

        Parameters
        ----------
        table : Table
        rows : ndarray of int or None
            Those to learn from; None for all.
        weight : ndarray or None
            A weight above zero for each of these.

        Returns
        -------
        stream : TableStream
        messages : list of str
            What to warn of.
        """
        numbers, message = self.numbers.after(table.numbers, rows, weight, table.number_names)
        levels, messages = [], [message]
        for column, name, known in zip(table.categories, table.category_names, self.levels, strict=True):
            known, message = known.after(column, rows, name)
            levels.append(known)
            messages.append(message)
        return TableStream(numbers, levels), [message for message in messages if message]

    def numeric_columns(self):
        """The encoding of the numeric columns by what is known."""
        return self.numbers.encoding()

    def categorical_columns(self):
        """The encoding of the categorical columns by what is known; each has an indicator of missing values."""
        return CategoricalColumns([known.table() for known in self.levels], list(range(len(self.levels))))


class NumericStream:
    """What is known of numeric columns: their scales stand fast after `skann._first_rows.N_ROWS` rows.

    Those of a column that is constant in these are learnt from as many more, and so on. A constant column is encoded as
    0. Dense columns have an indicator of missing values each, sparse ones if values are missing in the first call.

    Attributes
    ----------
    center, scale : ndarray of shape (n_columns,)
        As `robust_scales` and `sparse_scales` have them, the scale 0 for columns that are constant so far.
    indicated : ndarray of bool of shape (n_columns,) or None
        Which columns have an indicator; None before the first call.
    learning : ndarray of int
        The columns whose scales are still learnt.
    seen : FirstRows or None
        The rows, in these columns, that they are learnt from.
    """

    def __init__(self, center, scale, learning, is_sparse):
        self.center, self.scale, self.learning, self.is_sparse = center, scale, learning, is_sparse
        self.seen = self.indicated = None

    @classmethod
    def begin(cls, numbers):
        """Before the first rows of a matrix like this one."""
        n_columns = numbers.shape[1]
        return cls(np.zeros(n_columns), np.zeros(n_columns), np.arange(n_columns), sparse.issparse(numbers))

    def after(self, numbers, rows, weight, names):
        """See `TableStream.after`; one message or None."""
        numbers = numbers if rows is None else numbers[rows]
        if self.is_sparse:
            numbers = canonical(sparse.csr_matrix(numbers))
        after, message = copy.copy(self), None
        if self.indicated is None:
            after.indicated = np.ones(numbers.shape[1], bool)
        if self.is_sparse:
            message = after._indicate(numbers, names)
        if len(self.learning):
            after._learn(numbers, weight, names)
        return after, message

    def _learn(self, numbers, weight, names):
        columns = self.learning
        numbers = numbers if len(columns) == numbers.shape[1] else numbers[:, columns]
        seen = FirstRows(numbers, weight) if self.seen is None else self.seen.joined(numbers, weight)
        scales = sparse_scales if self.is_sparse else robust_scales
        center, scale, _ = scales(seen.rows, None, seen.unequal_weight, [names[j] for j in columns])
        self.center, self.scale = self.center.copy(), self.scale.copy()
        self.center[columns], self.scale[columns] = center, scale
        if seen.are_enough:
            still = np.flatnonzero(scale == 0)
            self.learning, seen = columns[still], seen.last(still)
        self.seen = seen if len(self.learning) else None

    def _indicate(self, numbers, names):
        """Set the columns with an indicator in the first call; later, a message about the first that has none."""
        missing = np.zeros(numbers.shape[1], bool)
        missing[numbers.indices[missing_stored(numbers, names)]] = True
        if self.seen is None and self.learning.size == numbers.shape[1]:
            self.indicated = missing
            return None
        new = np.flatnonzero(missing & ~self.indicated)
        if len(new) == 0:
            return None
        return (
            f"Column {names[new[0]]!r} holds missing values, which it did not in the first call of partial_fit: they "
            "count as its centre, 0. Give the first call a row where it is missing, or a dense X."
        )

    def encoding(self):
        """The `NumericColumns` by what is known."""
        return NumericColumns(self.center, np.where(self.scale == 0, HUGE, self.scale), self.indicated)


class LevelStream:
    """The levels of a categorical column, in the order in which they came, each in a slot of a table of fixed length.

    Parameters
    ----------
    levels : ndarray
        Strings (dtype object) or numbers.
    n_slots : int
    is_code : bool
        Whether a slot is a code; otherwise it is a one-hot column, and one more column stands for levels without a
        slot.

    Attributes
    ----------
    is_reported : bool
        Whether it has been said that the table is full.
    """

    def __init__(self, levels, n_slots, is_code):
        self.levels, self.n_slots, self.is_code = levels, n_slots, is_code
        self.is_reported = False

    @classmethod
    def begin(cls, column, rows, weight, n_one_hot, has_codes):
        """What the first `Coded` column tells: the levels in its rows, and those that its dtype lists.

        With ``has_codes`` there is room for as many levels again, at least `N_SLOTS` in all; otherwise for
        ``n_one_hot - 1``, which the most frequent levels get.
        """
        levels, count, _ = learn_levels(column, rows, weight)
        in_no_row = np.bincount(np.add(column.codes, 1, dtype=np.intp), minlength=len(column.labels) + 1)[1:] == 0
        listed = np.setdiff1d(column.labels[in_no_row], levels)
        if has_codes:
            levels = np.union1d(levels, listed)
            return cls(levels, max(N_SLOTS, 2 * len(levels)), True)
        levels = np.concatenate([levels[np.argsort(-count, kind="stable")], listed])
        return cls(levels[: n_one_hot - 1], n_one_hot - 1, False)

    def after(self, column, rows, name):
        """See `TableStream.after`; one message or None."""
        labels, _, _ = learn_levels(column, rows, None)
        table = self.table()
        new = labels[table.find(labels, name) == len(self.levels)]
        if len(self.levels) and new.dtype == object and self.levels.dtype != object:
            new = labels_as_numbers(new, name)
        if len(new) == 0:
            return self, None
        n_free = self.n_slots - len(self.levels)
        after = copy.copy(self)
        after.levels = np.concatenate([self.levels, new[:n_free]]) if len(self.levels) else new[:n_free]
        if len(new) <= n_free or not self.is_code or self.is_reported:
            return after, None
        after.is_reported = True
        return after, (
            f"Column {name!r} has more levels than the {self.n_slots} that the first call of partial_fit made room for: "
            f"{str(new[n_free])[:40]!r} and others count as unseen. Give the first call more of the levels, or a "
            "category dtype that lists them all."
        )

    def table(self):
        """The `LevelTable` by what is known."""
        order = np.argsort(self.levels, kind="stable")
        levels, slots = self.levels[order], np.argsort(order)
        if self.is_code:
            return LevelTable(levels, is_code=True, codes=order + 1, n_codes=self.n_slots)
        return LevelTable(levels, frequent=slots, n_spare=self.n_slots - len(levels))
