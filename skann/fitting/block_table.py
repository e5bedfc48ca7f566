"""Tables that are read from disk block by block, because they may not fit into memory."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

BLOCK_VALUES = 2**20  # that are read and encoded at a time
PIECE_ROWS = 2**12  # of an array: pieces come in random order
LARGE_MAP = 2**28  # bytes


def block_rows(n_columns: int) -> int:
    """The rows that are read and encoded at a time: the fewer, the more columns a table has.

    >>> block_rows(1), block_rows(64), block_rows(10_000)
    (65536, 16384, 1024)
    """
    return min(2**16, max(2**10, BLOCK_VALUES // max(1, n_columns)))


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

    Examples
    --------
    >>> import numpy as np
    >>> from skann.data import from_arrays
    >>> block = next(iter(from_arrays(np.eye(3), np.arange(3))))
    >>> block.first, block.X.shape, block.y
    (0, (3, 3), array([0, 1, 2]))
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

    Examples
    --------
    >>> import numpy as np
    >>> from skann.data import from_arrays
    >>> table = from_arrays(np.zeros((10_000, 3)), np.zeros(10_000))
    >>> table.shape, table.n_pieces, table.has_target, table.has_weight
    ((10000, 3), 3, True, False)
    >>> sum(len(block.X) for block in table)
    10000
    """

    shape: tuple[int, int]
    has_target: bool
    has_weight: bool
    n_pieces: int

    @abstractmethod
    def read(self, piece: int) -> Iterator[Block]:
        """The blocks of a piece, in the order of the rows.

        Parameters
        ----------
        piece : int
            Which one, from 0 to ``n_pieces`` - 1.

        Yields
        ------
        block : Block
            At most as many rows as are in memory at a time.

        Examples
        --------
        >>> import numpy as np
        >>> from skann.data import from_arrays
        >>> [block.first for block in from_arrays(np.zeros((10_000, 3))).read(1)]
        [4096]
        """

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[Block]:
        for piece in range(self.n_pieces):
            yield from self.read(piece)


class ArrayTable(BlockTable):
    """A table of arrays, of which a block is copied at a time."""

    def __init__(self, X: Any, y: Any, weight: Any) -> None:
        self._arrays = X, y, weight
        self.shape = X.shape
        self.has_target, self.has_weight = y is not None, weight is not None
        self.n_pieces = -(-len(X) // PIECE_ROWS)
        self._where = str(getattr(X, "filename", None) or "X")

    def read(self, piece: int) -> Iterator[Block]:
        first = piece * PIECE_ROWS
        rows = slice(first, first + PIECE_ROWS)
        try:
            X, y, weight = (None if array is None else np.array(array[rows]) for array in self._arrays)
        except (OSError, ValueError) as error:
            raise OSError(f"{self._where}: rows from {first} on can't be read: {error}") from error
        yield Block(first, X, y, weight, self._where)


def is_large_map(X: Any) -> bool:
    """Whether X is a memory map too large to be copied without need; not one that joblib has made of an array."""
    is_map = isinstance(X, np.memmap) and X.ndim == 2 and X.dtype.kind in "fiub" and X.nbytes >= LARGE_MAP
    return is_map and "joblib_memmapping_folder" not in str(X.filename)


def as_columns(X: Any, y: Any, weight: Any) -> tuple[Any, Any]:
    """Targets and weights beside a memory map X as arrays of which slices can be read.

    Raises
    ------
    ValueError
        If they do not have an entry for each row of X.
    """
    y, weight = (each if each is None or isinstance(each, np.ndarray) else np.asarray(each) for each in (y, weight))
    if y is None:
        raise ValueError("This estimator requires y to be passed, but the target y is None.")
    for name, each in {"y": y, "sample_weight": weight}.items():
        if each is not None and each.shape[:1] != X.shape[:1]:
            raise ValueError(f"{name} needs an entry for each of the {len(X)} rows of X, got shape {each.shape}.")
    return y, weight


def draw(rows: Any, seed: int) -> Any:
    """A number in [0, 1) for each row number, always the same for the same seed: SplitMix64 (Steele et al. 2014)."""
    z = np.asarray(rows, np.uint64) + np.uint64(seed % 2**32 << 32)
    with np.errstate(over="ignore"):
        z = z * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((z ^ (z >> np.uint64(31))) >> np.uint64(11)).astype(np.float64) * 2.0**-53
