"""Encodings that are learnt from call to call: the first call fixes the width, later ones fill it.

Objects are not changed in place: `after` returns what is known after some more rows, so that a call that fails leaves
everything as it was.
"""

import copy

import numpy as np
from scipy import sparse

from .._first_rows import N_ROWS, FirstRows
from .columns import labels_as_numbers
from .levels import CategoricalColumns, LevelTable, learn_levels
from .numbers import HUGE, NumericColumns, canonical, missing_stored, robust_scales, sparse_scales

N_SLOTS = 100  # levels that a table of codes has room for, at least


MANY, MANY_STORED = N_ROWS // 10, N_ROWS // 100  # values away from the centre that make a scale, dense and sparse


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
        if table.may_be_indicated is not None:
            numbers.indicated = numbers.indicated & table.may_be_indicated
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

    A column that hardly varies in these goes on learning, from rows in which such a column is not at its centre. A
    constant column is encoded as 0; a sparse one varies where it is not zero. Dense columns have an indicator of
    missing values each, sparse ones if values are missing in the first call.

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
    is_late : bool
        Whether only columns are left that hardly varied in the first rows.
    is_reported : bool
        Whether it has been said that an indicator is missing.
    """

    def __init__(self, center, scale, learning, is_sparse):
        self.center, self.scale, self.learning, self.is_sparse = center, scale, learning, is_sparse
        self.seen = self.indicated = None
        self.is_late = self.is_reported = False

    @classmethod
    def begin(cls, numbers):
        """Before the first rows of a matrix like this one."""
        n_columns, is_sparse = numbers.shape[1], sparse.issparse(numbers)
        stream = cls(np.zeros(n_columns), np.zeros(n_columns), np.arange(n_columns), is_sparse)
        if is_sparse:  # a row of zeros: what is not zero varies, also in the first row
            stream.seen = FirstRows(sparse.csr_matrix((1, n_columns), dtype=np.float64))
        return stream

    def after(self, numbers, rows, weight, names):
        """See `TableStream.after`; one message or None."""
        numbers = numbers if rows is None else numbers[rows]
        if self.is_sparse:
            numbers = canonical(sparse.csr_matrix(numbers))
        after, message = copy.copy(self), None
        if self.indicated is None:
            after.indicated = _columns_with_gaps(numbers, names) if self.is_sparse else np.ones(numbers.shape[1], bool)
        elif self.is_sparse and not self.is_reported:
            message = self._message(numbers, names)
            after.is_reported = message is not None
        if len(self.learning):
            after._learn(numbers, weight, names)
        return after, message

    def _learn(self, numbers, weight, names):
        columns = self.learning
        new = FirstRows(numbers if len(columns) == numbers.shape[1] else numbers[:, columns], weight)
        if self.is_late:
            new = new.taken(np.flatnonzero(self._away(new.rows, self.center[columns]).sum(axis=1)))
            if new.rows.shape[0] == 0:
                return
        seen = new if self.seen is None else self.seen.joined(new.rows, new.weight)
        scales = sparse_scales if self.is_sparse else robust_scales
        center, scale, _ = scales(seen.rows, None, seen.unequal_weight, [names[j] for j in columns])
        learnt = scale > 0 if self.is_late else slice(None)  # what a late column knows from before, it keeps
        self.center, self.scale = self.center.copy(), self.scale.copy()
        self.center[columns[learnt]], self.scale[columns[learnt]] = center[learnt], scale[learnt]
        self.seen = seen
        if seen.are_enough:
            self._end_learning()

    def _end_learning(self):
        """Let the columns that vary stand fast; of the others keep the rows where one is away from its centre."""
        columns, rows = self.learning, self.seen.rows
        away = self._away(rows, self.center[columns])
        enough = MANY_STORED if self.is_sparse else MANY
        still = np.flatnonzero((np.ravel(away.sum(axis=0)) < enough) | (self.scale[columns] == 0))
        kept = np.flatnonzero(np.ravel(away[:, still].sum(axis=1)))[-N_ROWS // 2 :]
        kept = np.union1d(kept, rows.shape[0] - 1)
        self.learning, self.is_late = columns[still], True
        self.seen = self.seen.taken(kept, still) if len(still) else None

    def _away(self, rows, center):
        """Mask of the values that are not missing and not at the centre, of sparse rows those that are stored."""
        if self.is_sparse:
            return rows != 0
        return (rows != center) & ~np.isnan(rows)

    def _message(self, numbers, names):
        """A message about the first column with missing values and no indicator, None if there is none."""
        new = np.flatnonzero(_columns_with_gaps(numbers, names) & ~self.indicated)
        if len(new) == 0:
            return None
        return (
            f"Column {names[new[0]]!r} holds missing values, which it did not in the first call of partial_fit: they "
            "count as 0. Give the first call a row where it is missing, or a dense X."
        )

    def encoding(self):
        """The `NumericColumns` by what is known."""
        return NumericColumns(self.center, np.where(self.scale == 0, HUGE, self.scale), self.indicated)


def _columns_with_gaps(numbers, names):
    """Mask of the columns of a CSR matrix that have missing values."""
    mask = np.zeros(numbers.shape[1], bool)
    mask[numbers.indices[missing_stored(numbers, names)]] = True
    return mask


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
            f"Column {name!r} has more levels than the {self.n_slots} that the first call of partial_fit made room "
            f"for: {str(new[n_free])[:40]!r} and others count as unseen. Give the first call more of the levels, or a "
            "category dtype that lists them all."
        )

    def table(self):
        """The `LevelTable` by what is known."""
        order = np.argsort(self.levels, kind="stable")
        levels, slots = self.levels[order], np.argsort(order)
        if self.is_code:
            return LevelTable(levels, is_code=True, codes=order + 1, n_codes=self.n_slots)
        return LevelTable(levels, frequent=slots, n_spare=self.n_slots - len(levels))
