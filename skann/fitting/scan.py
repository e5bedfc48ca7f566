"""The first pass over a table that is read block by block."""

import copy
import sys
from dataclasses import replace

import numpy as np

from .._compat import safe_indexing
from ..encoding.tables import is_pandas
from ..targets.values import mean_and_spread
from .blocks import Blocks, errors_of
from .rows_line import told
from .sharded import ShardedTable

MOST_PARTS = 64  # tables that are kept before they are joined


class Scan:
    """One pass over a table: statistics of X and y, and the rows to keep in memory.

    Parameters
    ----------
    reader : BlockReader
    plan : Plan
    statistics : TableStatistics or None
        Counts for the encoder; None where there is none.
    make_target : callable(y) -> Labels or Values
    is_classification : bool
    learns_from_all : bool
        Whether the rows of the folds are learnt from, too: by other networks.

    Attributes
    ----------
    X : {ndarray, DataFrame}
        The rows that are kept.
    y : ndarray
        Encoded.
    weight : ndarray or None
    target : Labels or Values
    """

    def __init__(self, reader, plan, statistics, make_target, is_classification, learns_from_all):
        self.reader, self.plan, self.statistics = reader, plan, statistics
        self.make_target, self.is_classification, self.learns_from_all = make_target, is_classification, learns_from_all
        self.target, self._by_label, self._moments = None, {}, Moments()
        self._totals = np.zeros((2, plan.n_folds + 1))
        self._kept, self._extremes = [], []

    def run(self, blocks):
        """Read all blocks of the table."""
        for block in blocks:
            with errors_of(block):
                self._add(block)
        return self

    def merge(self, other):
        """Take in what another pass has found in rows that come after these."""
        self.target = other.target if self.target is None else self.target
        self._totals += other._totals
        self._count_labels(other._by_label.items())
        self._moments.merge(other._moments)
        self._add_extremes(other._extremes)
        self._kept += other._kept
        if self.statistics is not None:
            self.statistics.merge(other.statistics)

    def _add(self, block):
        X, weight = self.reader.X(block), self.reader.weight(block)
        n = X.shape[0]
        fold, is_sampled = self.plan.draw(block.first, n)
        exists = np.ones(n, bool) if weight is None else weight > 0
        learns = exists if self.learns_from_all else exists & (fold < 0)
        y = self._add_targets(block, fold, exists, learns, weight)
        if self.statistics is not None:
            rows = None if learns.all() else np.flatnonzero(learns)
            self.statistics.add(X, rows, weight if weight is None or rows is None else weight[rows])
        keep = np.flatnonzero(exists & ((fold >= 0) | is_sampled))
        of_rows = (y[keep], None if weight is None else weight[keep], fold[keep], is_sampled[keep])
        self._kept.append((safe_indexing(X, keep), *of_rows))
        if len(self._kept) == MOST_PARTS:  # each DataFrame has categories of its own, which take more than its rows
            self._kept = [self._joined()]

    def _add_targets(self, block, fold, exists, learns, weight):
        """Count the targets of a block; labels or, of a regressor, encoded values of all its rows."""
        mass = exists.astype(np.float64) if weight is None else weight
        np.add.at(self._totals, (0, fold), exists)
        np.add.at(self._totals, (1, fold), mass)
        if self.is_classification:
            y = self.reader.y(block) if getattr(block.y, "ndim", 1) > 1 else None
            if y is not None and y.shape[1] > 1:  # several labels in a row
                self.target = self.make_target(y) if self.target is None else self.target
                return self.target.encode(y)
            return self._add_labels(block, fold, exists, mass)
        y = self.reader.y(block)
        self.target = self.make_target(y) if self.target is None else self.target
        y = self.target.encode(y)
        if learns.any():
            self._moments.add(y[learns], None if weight is None else weight[learns])
        if exists.any():
            self._add_extremes([y[exists].min(axis=0), y[exists].max(axis=0)])
        return y

    def _add_extremes(self, values):
        found = self._extremes + values
        self._extremes = [np.min(found, axis=0), np.max(found, axis=0)] if found else []

    def _add_labels(self, block, fold, exists, mass):
        labels, index = self.reader.labels(block)
        n_folds = self._totals.shape[1]
        places = index * n_folds + fold % n_folds
        size = len(labels) * n_folds
        found = np.stack([np.bincount(places, each, size).reshape(-1, n_folds) for each in (exists, mass)], axis=1)
        self._count_labels(zip(labels.tolist(), found, strict=True))
        return labels[index]

    def _count_labels(self, found):
        for label, of_label in found:
            if of_label[0].any():
                self._by_label[label] = self._by_label.get(label, 0.0) + of_label

    def _joined(self):
        """What is kept as one table with its arrays."""
        X, *arrays = zip(*self._kept, strict=True)
        return (joined_tables(X), *(None if each[0] is None else np.concatenate(each) for each in arrays))

    def blocks(self, class_weight=None):
        """What was found, as `Blocks`; sets the attributes."""
        if not self._totals[1].sum() > 0:
            raise ValueError("The table must have at least one row with a weight above zero.")
        if not self.learns_from_all and self._totals[0, -1] == 0:
            raise ValueError(
                f"All {int(self._totals[0].sum())} rows of the table are held out: lower validation_fraction."
            )
        X, y, weight, fold, is_sampled = self._joined()
        self._kept = []
        by_class, moments, totals = None, None, self._totals
        if self._by_label:
            self.reader.check_labels(list(self._by_label))
            labels = np.array(sorted(self._by_label), dtype=y.dtype if y.dtype == object else None)
            self.target = self.make_target(np.repeat(labels, 3))  # thrice, so that labels are no numbers of rows
            y = self.target.encode(y)
            by_class, totals = self._class_weights(labels, class_weight)
            self._extremes = [self.target.encode(labels)]
        elif self.is_classification:
            if class_weight is not None:
                raise ValueError(
                    "class_weight with several labels in a row needs rows in memory, not a table of blocks."
                )
            self._extremes = [np.eye(len(self.target.classes))]
        else:
            moments = self._moments.pair()
        self.X, self.y, self.weight = X, y, weight
        extremes = self._extremes[0] if self.is_classification else np.stack(self._extremes)
        return Blocks(
            self.reader, self.plan, self.statistics, fold, is_sampled, totals[0].astype(int), totals[1], by_class,
            moments, extremes,
        )  # fmt: skip

    def _class_weights(self, labels, class_weight):
        """The weight of each class, or None, and with it the number of rows and their weight for each fold."""
        if class_weight is None:
            return None, self._totals
        found = np.stack([self._by_label[label] for label in labels.tolist()])
        mass = found[:, 1].sum(axis=1)
        index = self.target.encode(labels)  # of a warm start, which may lack some
        of_labels = self.target.weight(index, mass, class_weight) / mass
        by_class = np.zeros(len(self.target.classes))
        by_class[index] = of_labels
        if not by_class.any():
            raise ValueError("sample_weight times class_weight is zero for every row.")
        n_rows = found[of_labels > 0, 0].sum(axis=0)
        return by_class, np.stack([n_rows, (found[:, 1] * of_labels[:, np.newaxis]).sum(axis=0)])


def scanned(scan, verbose=False):
    """The scan after its pass over the table; the parts of a `ShardedTable` are read where they are."""
    table = scan.reader.table
    if not isinstance(table, ShardedTable):
        return scan.run(told(table) if verbose else table)
    blank = copy.copy(scan)
    blank.reader = replace(scan.reader, table=None)  # the table itself does not travel
    if scan.statistics is not None:
        decided = next(each for each in table.parts.run(_with_columns, blank.reader, scan.statistics) if each)
        blank.statistics, scan.statistics = decided, copy.deepcopy(decided)
    for of_part in table.parts.run(_scan_of_part, blank):
        scan.merge(of_part)
    return scan


def _with_columns(part, reader, statistics):
    """The statistics, sorting columns by the first rows of a part; None if it is empty."""
    block = next(iter(part), None)
    if block is None:
        return None
    statistics = copy.deepcopy(statistics)
    with errors_of(block):
        statistics.begin(reader.X(block))
    return statistics


def _scan_of_part(part, blank):
    """A pass over one part; what is kept of it is one table."""
    scan = copy.deepcopy(blank)
    scan.reader = replace(blank.reader, table=part)
    scan.run(part)
    scan.reader, scan._kept = blank.reader, [scan._joined()] if scan._kept else []
    return scan


class Moments:
    """Weight, mean and variance of columns that come in blocks (Chan, Golub and LeVeque 1979)."""

    def __init__(self):
        self.total, self.mean, self.square = 0.0, 0.0, 0.0

    def add(self, y, weight):
        total = float(len(y) if weight is None else weight.sum())
        mean, spread = mean_and_spread(y, weight)
        self._take(total, mean, total * np.where(np.ptp(y, axis=0) > 0, spread, 0) ** 2)

    def merge(self, other):
        """Take in those of other rows."""
        if other.total:
            self._take(other.total, other.mean, other.square)

    def _take(self, total, mean, square):
        both = self.total + total
        gap = mean - self.mean
        self.square = self.square + square + gap**2 * self.total * total / both
        self.mean = self.mean + gap * total / both
        self.total = both

    def pair(self):
        """Two values for each column, the mean and standard deviation of which are those of the column."""
        spread = np.sqrt(self.square / self.total)
        return np.stack([self.mean - spread, self.mean + spread])


def joined_tables(tables):
    """The rows of several tables of one kind."""
    tables = [table for table in tables if table.shape[0]] or tables[:1]
    if not is_pandas(tables[0]):
        return np.concatenate(tables)
    pandas, joined = sys.modules["pandas"], {}
    for name in tables[0].columns:
        columns = [table[name] for table in tables]
        if all(column.dtype.name == "category" for column in columns):
            columns = [column for column in columns if len(column.cat.categories)] or columns[:1]
            if sum(map(len, columns)) == sum(table.shape[0] for table in tables):
                joined[name] = pandas.api.types.union_categoricals(columns, ignore_order=True)
                continue
            columns = [table[name].astype(object) for table in tables]
        joined[name] = pandas.concat(columns, ignore_index=True)
    return pandas.DataFrame(joined)
