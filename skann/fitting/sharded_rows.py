"""The encoded rows of a table whose parts stay with the workers that hold them."""

from dataclasses import dataclass, replace

import numpy as np

from ..engine.blocks import SampledRows
from ..engine.rows import ArrayRows


@dataclass(frozen=True)
class EncodedPart:
    """The rows of one part that have a weight, encoded.

    Attributes
    ----------
    number : int
        Of the part.
    X, y : ndarray or None
        None where there are no rows.
    weight : ndarray or None
        In the units of all parts.
    fold : ndarray of int
        The fold of each row, -1 for none.
    """

    number: int
    X: np.ndarray | None
    y: np.ndarray | None
    weight: np.ndarray | None
    fold: np.ndarray

    def training_rows(self, fold):
        """Those to learn from, with weights of mean 1, where one fold is held out; None if there are none."""
        which = np.flatnonzero(self.fold != fold) if fold >= 0 else np.arange(len(self.fold))
        return self._rows(which)

    def held_out(self, fold):
        """Those of a fold, in the same way."""
        return self._rows(np.flatnonzero(self.fold == fold))

    def _rows(self, which):
        if len(which) == 0:
            return None
        if self.weight is None:
            return ArrayRows(self.X, self.y, None, which)
        total = float(self.weight[which].sum(dtype=np.float64))
        weight = (self.weight * (len(which) / total)).astype(self.X.dtype)
        return ArrayRows(self.X, self.y, weight, which, total)


class ShardedRows(SampledRows):
    """Rows to learn from, which stay with the workers that hold them, but for a sample.

    Parameters
    ----------
    parts : Shards
        Of each an `EncodedPart`.
    fold : int
        The fold that is held out, -1 for none.
    n_rows, sample, total_weight
        See `SampledRows`.
    """

    def __init__(self, parts, fold, n_rows, sample, total_weight):
        super().__init__(n_rows, sample, total_weight)
        self.parts, self.fold = parts, fold


def encoded_parts(pieces):
    """The encoded parts of a `ShardedTable`, held where the parts are.

    Parameters
    ----------
    pieces : EncodedPieces
        Of the whole table, with no fold left out.
    """
    reader = pieces.reader
    without_table = replace(pieces, reader=replace(reader, table=None))
    return reader.table.parts.hold(_encoded_part, without_table)


def _encoded_part(part, pieces):
    pieces = replace(pieces, reader=replace(pieces.reader, table=part))
    arrays, n = None, 0
    for block in (block for piece in range(pieces.n) for block in pieces.with_folds(piece)):
        if arrays is None:  # filled block by block, so that no row is in memory twice
            arrays = [None if each is None else np.empty((len(part), *each.shape[1:]), each.dtype) for each in block]
        stop = n + len(block[0])
        for array, of_block in zip(arrays, block, strict=True):
            if array is not None:
                array[n:stop] = of_block
        n = stop
    if not n:
        return EncodedPart(part.number, None, None, None, np.empty(0, int))
    return EncodedPart(part.number, *(None if array is None else array[:n] for array in arrays))
