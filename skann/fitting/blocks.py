"""Training on a table that is read block by block: one pass that learns what must be known of all rows, and the rows.

The rows that early stopping watches, and a sample by which quantiles and losses are judged, are kept in memory. Which
rows these are is drawn by a hash of the row number, so that every pass finds the same ones.
"""

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .._weights import check_weight
from ..encoding.inputs import check_X, encode
from ..engine.blocks import BlockRows
from .block_table import BlockTable, draw
from .data import N_JUDGED
from .holdout import MAX_FOLDS, MIN_FOLDS, MIN_ROWS, MOST_HELD_OUT, Split
from .sharded import ShardedTable
from .sharded_rows import ShardedRows, encoded_parts

N_SAMPLE = 2**16  # rows from which quantiles are learnt


@dataclass(frozen=True)
class Plan:
    """Which rows are held out, and which are in the sample: by a number in [0, 1) that is drawn for each row.

    Attributes
    ----------
    seed : int
    n_folds : int
        0 where no rows are held out.
    share : float
        Of a fold.
    sampled : float
        Share of the sample, which may have rows of the folds in it.
    """

    seed: int
    n_folds: int
    share: float
    sampled: float

    @classmethod
    def of(cls, settings, kind, n_rows, seed, has_validation):
        """That for a training by these settings of networks of this kind."""
        sampled = min(1.0, N_SAMPLE / n_rows)
        if has_validation or not settings.early_stopping or settings.is_few_rows:
            return cls(seed, 0, 0.0, sampled)
        n_networks = kind.n_folds(settings)
        n_folds = 1 if n_networks == 1 else min(max(n_networks, MIN_FOLDS), MAX_FOLDS)
        share = settings.validation_fraction if n_networks == 1 else 1 / n_folds
        return cls(seed, n_folds, min(share, MOST_HELD_OUT / n_rows), sampled)

    def draw(self, first, n):
        """For n rows from number ``first`` on: the fold of each, -1 for none, and whether it is in the sample."""
        u = draw(np.arange(first, first + n), self.seed)
        fold = np.full(n, -1)
        if self.n_folds:
            held_out = u < self.n_folds * self.share
            fold[held_out] = np.minimum(u[held_out] / self.share, self.n_folds - 1)
        return fold, u >= 1 - self.sampled


@dataclass(frozen=True)
class BlockReader:
    """Checks the blocks of a table and encodes their targets; errors say which file is meant.

    Attributes
    ----------
    table : BlockTable
    encoder : object or None
        The estimator's parameter.
    read_targets : callable(y, name, caller) -> y
        `read_labels` or `read_values`.
    caller : str
        Name of the estimator, for messages.
    """

    table: BlockTable
    encoder: Any
    read_targets: Any
    caller: str

    def X(self, block):
        return check_X(block.X, self.encoder, self.caller)

    def weight(self, block):
        """The weights, which may all be zero, or None."""
        if block.weight is None or not np.any(block.weight):
            return block.weight
        return check_weight(block.weight, block.X, np.float64, "weight")

    def y(self, block):
        return self.read_targets(block.y, "y", self.caller)

    def labels(self, block):
        """The labels in a block, and the index of each row's label among them."""
        y = block.y
        if getattr(y, "dtype", None) is not None and y.dtype.name == "category":
            codes = y.cat.codes.to_numpy()
            found, codes = np.unique(codes, return_inverse=True)
            if found[0] >= 0:
                return self.read_targets(y.cat.categories.to_numpy()[found], "y", self.caller), codes
            y = y.astype(object)
        return np.unique(self.read_targets(y, "y", self.caller).ravel(), return_inverse=True)

    def check_labels(self, labels):
        """An error if the labels of all blocks are of several kinds."""
        self.read_targets(np.array(labels, dtype=object), "y", self.caller)

    def encoded_targets(self, block, target):
        if target.is_classification and not target.multilabel:
            labels, index = self.labels(block)
            return target.encode(labels)[index]
        return target.encode(self.y(block))


@contextmanager
def errors_of(block):
    """Inside, errors say which file or array the block comes from."""
    try:
        yield
    except (ValueError, TypeError) as error:
        error.args = (f"{block.where}, rows {block.first} to {block.first + block.X.shape[0] - 1}: {error}",)
        raise


@dataclass(frozen=True)
class EncodedPieces:
    """The pieces of a table as `BlockRows` takes them: encoded, without the rows that one training holds out.

    Attributes
    ----------
    reader : BlockReader
    plan : Plan
    fold : int
        The rows of this fold are left out.
    encoder : TabularEncoder or None
        Fitted.
    target : Labels or Values
    dtype : dtype
    by_class : ndarray or None
        Weights of the classes.
    unit : float
        What weights are divided by, so that their mean is 1.
    """

    reader: BlockReader
    plan: Plan
    fold: int
    encoder: Any
    target: Any
    dtype: Any
    by_class: Any
    unit: float

    @property
    def n(self):
        return self.reader.table.n_pieces

    def read(self, piece):
        for X, y, weight, fold in self.with_folds(piece):
            keep = fold != self.fold
            if self.fold < 0 or keep.all():
                yield X, y, weight
            else:
                yield X[keep], y[keep], None if weight is None else weight[keep]

    def with_folds(self, piece):
        """The blocks with all rows that have a weight, and with the number of the fold of each."""
        for block in self.reader.table.read(piece):
            with errors_of(block):
                yield self._encoded(block)

    def _encoded(self, block):
        X = encode(self.encoder, self.reader.X(block), self.dtype)
        y = self.reader.encoded_targets(block, self.target)
        weight = row_weights(self.reader.weight(block), y, self.by_class)
        keep = None if weight is None or weight.all() else weight > 0
        fold = self.plan.draw(block.first, len(X))[0] if self.plan.n_folds else np.full(len(X), -1)
        y = self.target.scale(y)
        y = y.astype(self.dtype, copy=False) if y.dtype.kind == "f" else y
        weight = None if weight is None else (weight / self.unit).astype(self.dtype)
        return (X, y, weight, fold) if keep is None else (X[keep], y[keep], weight[keep], fold[keep])


def row_weights(weight, y, by_class):
    """Weights of rows, those of their classes included, or None."""
    if by_class is None:
        return weight
    return by_class[y] if weight is None else weight * by_class[y]


@dataclass(frozen=True)
class Blocks:
    """What is known of all rows of a table after the first pass; the rows kept in memory are given as if they were all.

    Attributes
    ----------
    reader : BlockReader
    plan : Plan
    statistics : TableStatistics or None
        For the encoder; None where there is none.
    fold : ndarray of int
        The fold of each row that was kept, -1 for none.
    is_sampled : ndarray of bool
        Which of these are in the sample.
    n_rows : ndarray of int of shape (n_folds + 1,)
        Rows with a weight: of each fold, and last of none.
    total : ndarray of shape (n_folds + 1,)
        Their weight.
    by_class : ndarray or None
        Weights of the classes.
    moments : ndarray of shape (2, n_targets) or None
        Two values for each target with the mean and the standard deviation that it has; None for classes.
    extremes : ndarray
        Encoded targets among which are the least and the greatest.
    """

    reader: BlockReader
    plan: Plan
    statistics: Any
    fold: np.ndarray
    is_sampled: np.ndarray
    n_rows: np.ndarray
    total: np.ndarray
    by_class: np.ndarray | None
    moments: np.ndarray | None
    extremes: np.ndarray

    def __len__(self):
        return int(self.n_rows.sum())

    def splits(self, weight):
        """A `Split` of the rows in memory for each fold, their sample being what is learnt from; None without folds.

        None, too, if a fold has less than 10 rows.
        """
        if self.plan.n_folds == 0 or min(self.n_rows[:-1]) < MIN_ROWS:
            return None
        exists = np.ones(len(self.fold), bool) if weight is None else weight > 0
        return [
            Split(
                np.flatnonzero(exists & self.is_sampled & (self.fold != i)), np.flatnonzero(exists & (self.fold == i))
            )
            for i in range(self.plan.n_folds)
        ]

    def sample(self, weight):
        """Indices of the sample among the rows in memory."""
        return np.flatnonzero(self.is_sampled if weight is None else self.is_sampled & (weight > 0))

    def rows(self, splits, samples, encoder, target):
        """For each training the rows to train on.

        Parameters
        ----------
        splits : list of Split
        samples : list of ArrayRows
            Those of the splits that are in memory.
        encoder : TabularEncoder or None
            Fitted.
        target : Labels or Values
        """
        unit = float(self.total.sum()) / len(self)
        pieces = EncodedPieces(self.reader, self.plan, -1, encoder, target, samples[0].dtype, self.by_class, unit)
        is_sharded = isinstance(self.reader.table, ShardedTable)
        parts = encoded_parts(pieces) if is_sharded else None  # for all trainings
        found = []
        for split, sample in zip(splits, samples, strict=True):
            fold = -1 if split.held_out is None else int(self.fold[split.held_out[0]])
            left = np.arange(len(self.n_rows)) != (fold if fold >= 0 else len(self.n_rows))
            n_rows, total = int(self.n_rows[left].sum()), float(self.total[left].sum())
            judged = sample.part(N_JUDGED)
            judged.total_weight = sample.total_weight * len(judged) / len(sample)
            if is_sharded:
                found.append(ShardedRows(parts, fold, n_rows, judged, total))
            else:
                found.append(BlockRows(replace(pieces, fold=fold, unit=total / n_rows), n_rows, judged, total))
        return found
