"""Tables that are read from disk block by block, because they may not fit into memory."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

BLOCK_ROWS = 2**14  # rows that are read and encoded at a time


class Block(NamedTuple):
    """Some consecutive rows of a table.

    Attributes
    ----------
    first : int
        The number of the first of them in the table.
    X : {ndarray, DataFrame} of shape (n, n_columns)
    y : ndarray of shape (n,) or (n, n_targets), Series of a category dtype, or None
    weight : ndarray of shape (n,) or None
    where : str
        The file that they come from, for messages.
    """

    first: int
    X: Any
    y: Any
    weight: Any
    where: str


class BlockTable(ABC):
    """A table with targets and weights that is read in blocks: from files, or from memory-mapped arrays.

    Attributes
    ----------
    shape : (int, int)
        Rows and columns of X.
    has_target, has_weight : bool
    n_pieces : int
        Parts of the table that can be read in any order.
    """

    shape: tuple[int, int]
    has_target: bool
    has_weight: bool
    n_pieces: int

    @abstractmethod
    def read(self, piece: int) -> Iterator[Block]:
        """The blocks of a piece, in the order of the rows."""

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[Block]:
        for piece in range(self.n_pieces):
            yield from self.read(piece)


def draw(rows: Any, seed: int) -> Any:
    """A number in [0, 1) for each row number, always the same for the same seed: SplitMix64 (Steele et al. 2014)."""
    z = np.asarray(rows, np.uint64) + np.uint64(seed % 2**32 << 32)
    with np.errstate(over="ignore"):
        z = z * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((z ^ (z >> np.uint64(31))) >> np.uint64(11)).astype(np.float64) * 2.0**-53
