"""Tables that are read from disk block by block, because they may not fit into memory."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from .._objects import without_mask
from ..targets.reading import from_sequence

BLOCK_VALUES = 2**19  # that are read and encoded at a time
PIECE_ROWS = 2**12  # of an array: pieces come in random order
LARGE_MAP = 2**28  # bytes


def block_rows(n_columns: int) -> int:
    """The rows that are read and encoded at a time: the fewer, the more columns a table has.

    >>> block_rows(1), block_rows(64), block_rows(10_000)
    (65536, 8192, 1024)
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
    _first_row = 0  # its number: another one in a part of a larger table

    @abstractmethod
    def read(self, piece: int) -> Iterator[Block]:
        """The blocks of a piece, in the order of the rows; the rows of piece 1 come after those of piece 0, and so on.

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
        """All blocks in order; ValueError or TypeError if one is not what ``shape`` and the others say."""
        row, like = self._first_row, None
        end = row + len(self)
        for piece in range(self.n_pieces):
            for block in self.read(piece):
                like = block if like is None else like
                check_block(self, block, row, like)
                row += block.X.shape[0]
                if row > end:
                    raise ValueError(
                        f"{block.where}: there are more than the {len(self)} rows that the table's shape says."
                    )
                yield block
        if row != end:
            raise ValueError(f"The blocks of the table have {row - self._first_row} rows, its shape says {len(self)}.")


def check_block(table: BlockTable, block: Any, row: int, like: Block) -> None:
    """ValueError or TypeError if a block does not begin at this row, or has other columns or parts than the first."""
    if not isinstance(block, Block):
        raise TypeError(f"read of {type(table).__name__} must yield skann.data.Block, got {type(block).__name__}.")
    if getattr(block.X, "ndim", None) != 2:
        raise TypeError(
            f"{block.where}: X must be a DataFrame or an array with two dimensions, got {type(block.X).__name__}."
        )
    n, n_columns = block.X.shape
    if block.first != row:
        raise ValueError(f"{block.where}: the block must begin at row {row} of the table, and says {block.first}.")
    if n_columns != table.shape[1]:
        raise ValueError(
            f"{block.where}: there are {n_columns} columns in X, and {table.shape[1]} in the table's shape."
        )
    if type(block.X) is not type(like.X):
        raise TypeError(
            f"{block.where}: X is of type {type(block.X).__name__}, and {type(like.X).__name__} in the first block."
        )
    if hasattr(block.X, "columns") and list(block.X.columns) != list(like.X.columns):
        found, wanted = list(block.X.columns)[:20], list(like.X.columns)[:20]
        raise ValueError(f"{block.where}: the columns of X are {found}, and {wanted} in the first block.")
    for name, array, is_there in (("y", block.y, table.has_target), ("weight", block.weight, table.has_weight)):
        if (array is not None) != is_there:
            raise ValueError(f"{block.where}: {name} is {'missing' if is_there else 'given'}, unlike in the table.")
        if array is not None and len(array) != n:
            raise ValueError(f"{block.where}: there are {n} rows in X and {len(array)} in {name}.")
    if block.y is not None and width_of(block.y) != width_of(like.y):
        raise ValueError(
            f"{block.where}: y has {width_of(block.y)} columns, and {width_of(like.y)} in the first block."
        )


def width_of(y: Any) -> int:
    """The columns of targets, 1 where they have one dimension."""
    return int(np.prod(np.shape(y)[1:]))


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
            X, y, weight = (None if array is None else copied(array[rows]) for array in self._arrays)
        except (OSError, ValueError) as error:
            raise OSError(f"{self._where}: rows from {first} on can't be read: {error}") from error
        yield Block(first, X, y, weight, self._where)


def copied(rows: Any) -> Any:
    """Rows of an array as an array of their own, in which None stands for what is masked."""
    return without_mask(rows) if np.ma.isMaskedArray(rows) and rows.mask.any() else np.array(rows)


def targets_of(table: BlockTable) -> tuple[Any, Any]:
    """Targets and weights, None where there are none, of all rows of a table that has targets."""
    y, weight = zip(*((np.asarray(block.y), block.weight) for block in table), strict=True)
    return np.concatenate(y), np.concatenate(weight) if table.has_weight else None


def is_large_map(X: Any) -> bool:
    """Whether X is a memory map too large to be copied without need; not one that joblib has made of an array."""
    is_map = isinstance(X, np.memmap) and X.ndim == 2 and X.dtype.kind in "fiub" and X.nbytes >= LARGE_MAP
    return is_map and "joblib_memmapping_folder" not in str(X.filename)


def as_array(column: Any) -> Any:
    """Targets or weights in memory as an array, in which no item of a list has changed its kind, and none is masked."""
    if np.ma.isMaskedArray(column):
        return without_mask(column)
    return from_sequence(column) if isinstance(column, list | tuple) else np.asarray(column)


def as_columns(X: Any, y: Any, weight: Any) -> tuple[Any, Any]:
    """Targets and weights beside a memory map X as arrays of which slices can be read.

    Raises
    ------
    ValueError
        If they do not have an entry for each row of X.
    """
    y, weight = (each if each is None or isinstance(each, np.ndarray) else as_array(each) for each in (y, weight))
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
