"""A table whose rows stay with the workers that hold them."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from .block_table import Block, BlockTable
from .shards import Shards


class ShardedTable(BlockTable):
    """A table of parts, each of which is a table of blocks: `fit` trains on the parts where they are.

    Rows are numbered over all parts, in the order of the parts. A part may be empty.

    Parameters
    ----------
    shards : Shards
        Parts that are a `BlockTable` each, with the same columns.

    Attributes
    ----------
    parts : Shards
        Parts that are a `NumberedPart` each.
    head : {ndarray, DataFrame}
        The first row of X.

    Raises
    ------
    ValueError
        If there are no rows, or if parts differ in the number of columns or in whether they have targets and weights.
    """

    def __init__(self, shards: Shards) -> None:
        outlines = shards.run(_outline)
        found = [each for each in outlines if each.n_rows]
        if not found:
            raise ValueError("The table has no rows: all its parts are empty.")
        for name in ("n_columns", "has_target", "has_weight"):
            values = list(dict.fromkeys(getattr(each, name) for each in found))
            if len(values) > 1:
                raise ValueError(f"The parts of the table differ in {name}: {values[0]} and {values[1]}.")
        ends = np.cumsum([each.n_rows for each in outlines])
        self.shape = int(ends[-1]), found[0].n_columns
        self.has_target, self.has_weight = found[0].has_target, found[0].has_weight
        self.head = found[0].head
        self.parts = shards.numbered().hold(_numbered_part, [0, *ends[:-1].tolist()])
        self._n_pieces = [each.n_pieces for each in outlines]
        self.n_pieces = sum(self._n_pieces)

    def read(self, piece: int) -> Iterator[Block]:
        """The blocks of a piece, which come here."""
        ends = np.cumsum(self._n_pieces)
        number = int(np.searchsorted(ends, piece, side="right"))
        blocks = self.parts.run(_blocks_of, number, piece - int(ends[number]) + self._n_pieces[number])[number]
        yield from blocks


def first_rows(table: BlockTable) -> Any:
    """Some of the first rows of X, by which its columns are checked."""
    return table.head if isinstance(table, ShardedTable) else next(iter(table)).X


class NumberedPart(BlockTable):
    """A part of a `ShardedTable`: blocks that say which rows of the whole table they are; without empty blocks.

    Parameters
    ----------
    number, first : int
        Of the part, and of its first row, in the whole table.
    table : BlockTable
    """

    def __init__(self, number: int, first: int, table: BlockTable) -> None:
        self.number, self.first, self.table = number, first, table
        self._first_row = first
        self.shape, self.n_pieces = table.shape, table.n_pieces
        self.has_target, self.has_weight = table.has_target, table.has_weight

    def read(self, piece: int) -> Iterator[Block]:
        for block in self.table.read(piece):
            if block.X.shape[0]:
                yield block._replace(first=self.first + block.first)


class _Outline(NamedTuple):
    """What a part says of itself; ``head`` is its first row, None if it has none."""

    n_rows: int
    n_columns: int
    has_target: bool
    has_weight: bool
    n_pieces: int
    head: Any


def _outline(table: BlockTable) -> _Outline:
    head = next((block.X[:1] for block in table if block.X.shape[0]), None) if len(table) else None
    return _Outline(*table.shape, table.has_target, table.has_weight, table.n_pieces, head)


def _numbered_part(numbered: tuple[int, BlockTable], firsts: list[int]) -> NumberedPart:
    number, table = numbered
    return NumberedPart(number, firsts[number], table)


def _blocks_of(part: NumberedPart, number: int, piece: int) -> list[Block] | None:
    return list(part.read(piece)) if part.number == number else None
