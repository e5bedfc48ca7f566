"""Arrays and DataFrames of Dask: their partitions, aligned, and tables of blocks that read one partition at a time."""

import math
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from .._objects import shown
from .block_table import Block, BlockTable, as_array, block_rows

ALLOWED = "a Dask array or DataFrame (of two dimensions)"


def is_dask(X: Any) -> bool:
    """Whether X is a collection of Dask, which is not imported for that."""
    module = sys.modules.get("dask.base")
    return module is not None and module.is_dask_collection(X)


class Collections(NamedTuple):
    """X, y and weights as Dask collections with the same partitions; y and weight may be None."""

    X: Any
    y: Any
    weight: Any

    @classmethod
    def aligned(cls, X: Any, y: Any = None, weight: Any = None) -> "Collections":
        """These with partitions as X has them.

        Collections with as many partitions as X are taken for aligned, which is checked when they are read; what is
        held in memory is cut into partitions.

        Raises
        ------
        TypeError
            If X is no array or DataFrame of Dask.
        ValueError
            If numbers of rows differ.
        """
        needs_dask()
        if not is_dask(X) or not (_is_array(X) or _is_frame(X)) or X.ndim != 2:
            raise TypeError(f"X must be {ALLOWED}, got {shown(type(X).__name__)}.")
        if _is_array(X) and X.numblocks[1] > 1:
            X = X.rechunk({1: -1})
        return cls(X, *(_with_partitions_of(X, each, name) for name, each in {"y": y, "sample_weight": weight}.items()))

    def delayed(self) -> list[tuple[Any, Any, Any]]:
        """For each partition its X, y and weight, Delayed or None."""
        columns = [_delayed(each) for each in self]
        n = len(columns[0])
        return list(zip(*([None] * n if each is None else each for each in columns), strict=True))


def needs_dask() -> None:
    """ImportError if Dask's arrays or DataFrames are missing."""
    try:
        import dask.array
        import dask.dataframe  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f"Tables of Dask need its arrays and DataFrames, but {error.name or 'dask'} is missing: "
            "pip install skann[dask]",
            name=error.name,
        ) from error


def _is_array(each):
    return hasattr(each, "chunks") and hasattr(each, "rechunk")


def _is_frame(each):
    """Whether it is a DataFrame or Series of Dask."""
    return hasattr(each, "npartitions") and hasattr(each, "divisions")


def _delayed(each):
    if each is None:
        return None
    found = each.to_delayed()
    return found.ravel().tolist() if isinstance(found, np.ndarray) else list(found)


def _n_partitions(each):
    return each.numblocks[0] if _is_array(each) else each.npartitions


def _known_lengths(each):
    """Rows in each partition, None where they are not known."""
    if not _is_array(each) or any(math.isnan(n) for n in each.chunks[0]):
        return None
    return each.chunks[0]


def lengths(each: Any) -> tuple[int, ...]:
    """Rows in each partition of a collection, counted if they are not known."""
    known = _known_lengths(each)
    if known is not None:
        return known
    from dask import compute, delayed

    narrow = each.iloc[:, :1] if _is_frame(each) and each.ndim == 2 else each
    return compute(*(delayed(len)(part) for part in _delayed(narrow)), scheduler=scheduler_for(narrow))


def scheduler_for(*collections: Any) -> Any:
    """The scheduler without threads; that of the cluster, None, where some of the collections lie on one."""
    graphs = (each.__dask_graph__() for each in collections if each is not None)
    kinds = {type(task) for graph in graphs for task in dict(graph).values()}
    return None if any(kind.__module__.startswith("distributed") for kind in kinds) else "synchronous"


def _with_partitions_of(X, each, name):
    """y or weights with the partitions of X."""
    if each is None:
        return None
    import dask.array as da

    if not is_dask(each):
        each = da.from_array(as_array(each), chunks=-1)
    elif not (_is_array(each) or _is_frame(each)):
        raise TypeError(f"{name} must be an array, Series or DataFrame, of Dask or not, got {type(each).__name__}.")
    if _is_array(each) and each.ndim == 2 and each.numblocks[1] > 1:
        each = each.rechunk({1: -1})
    if _n_partitions(each) == _n_partitions(X) and _may_be_aligned(X, each):
        return each
    if _is_frame(each):
        if _is_frame(X) and X.known_divisions and each.known_divisions:
            return each.repartition(divisions=X.divisions, force=True)
        each = each.to_dask_array(lengths=list(lengths(each)))
    elif _known_lengths(each) is None:
        each = each.copy()
        each.compute_chunk_sizes()
    of_X = tuple(int(n) for n in lengths(X))
    if sum(of_X) != each.shape[0]:
        raise ValueError(f"{name} needs an entry for each of the {sum(of_X)} rows of X, got {each.shape[0]}.")
    return each.rechunk({0: of_X})


def _may_be_aligned(X, each):
    """Whether nothing says that partitions differ, of which there are as many."""
    if _is_frame(X) and _is_frame(each):
        return X.divisions == each.divisions or not (X.known_divisions and each.known_divisions)
    of_X, of_each = _known_lengths(X), _known_lengths(each)
    if of_X is None and of_each is not None and _is_frame(X):  # an array is seldom cut as a DataFrame is
        return tuple(lengths(X)) == of_each
    return of_X is None or of_each is None or of_X == of_each


def checked_partition(number: int, X: Any, y: Any, weight: Any) -> tuple[Any, Any, Any]:
    """X, y and weight of a partition as `Block` has them; ValueError if their numbers of rows differ."""
    for name, each in {"y": y, "sample_weight": weight}.items():
        if each is not None and len(each) != X.shape[0]:
            raise ValueError(
                f"Partition {number} has {X.shape[0]} rows in X and {len(each)} in {name}: both must be cut alike."
            )
    if hasattr(y, "to_numpy") and not (y.ndim == 1 and y.dtype.name == "category"):
        y = y.to_numpy()
    return X, y, weight.to_numpy(np.float64).ravel() if hasattr(weight, "to_numpy") else weight


def blocks_of(first: int, partition: tuple[Any, Any, Any], where: str) -> Iterator[Block]:
    """The blocks of a partition, whose first row has this number."""
    if sparse.issparse(partition[0]):
        raise TypeError(f"{where}: X must be dense, got a sparse matrix: X.map_blocks(lambda part: part.toarray()).")
    n, n_columns = partition[0].shape
    n_block = block_rows(n_columns)
    for start in range(0, n, n_block):
        rows = slice(start, min(start + n_block, n))
        X, y, weight = (
            each if each is None else each.iloc[rows] if hasattr(each, "iloc") else each[rows] for each in partition
        )
        yield Block(first + start, X, y, weight, where)


class DaskTable(BlockTable):
    """A table of Dask of which one partition is computed at a time, on this machine."""

    def __init__(self, X: Any, y: Any = None, weight: Any = None) -> None:
        collections = Collections.aligned(X, y, weight)
        self._scheduler = scheduler_for(*collections)
        counts = [int(n) for n in lengths(collections.X)]
        if sum(counts) == 0:
            raise ValueError("X has no rows: all its partitions are empty.")
        self._partitions = [
            (number, first, partition)
            for number, (partition, first, n) in enumerate(
                zip(collections.delayed(), np.cumsum([0, *counts]).tolist(), counts, strict=False)
            )
            if n
        ]
        self.shape = sum(counts), len(collections.X.columns) if _is_frame(X) else int(X.shape[1])
        self.has_target, self.has_weight, self.n_pieces = y is not None, weight is not None, len(self._partitions)

    def read(self, piece: int) -> Iterator[Block]:
        from dask import compute

        number, first, partition = self._partitions[piece]
        try:
            found = compute(*partition, scheduler=self._scheduler)
        except Exception as error:
            raise RuntimeError(f"Partition {number} of the table can't be computed: {error}") from error
        yield from blocks_of(first, checked_partition(number, *found), f"partition {number}")


class PartitionTable(BlockTable):
    """Partitions that are held in memory, as a table of blocks.

    Parameters
    ----------
    partitions : list of (X, y, weight)
    n_bytes : int
        That they take.
    """

    def __init__(self, partitions: list[tuple[Any, Any, Any]], n_bytes: int) -> None:
        self._partitions = [each for each in partitions if each[0].shape[0]] or partitions[:1]
        self.n_bytes = n_bytes
        X, y, weight = self._partitions[0]
        self._firsts = np.cumsum([0, *(each[0].shape[0] for each in self._partitions)]).tolist()
        self.shape, self.n_pieces = (self._firsts[-1], X.shape[1]), len(self._partitions)
        self.has_target, self.has_weight = y is not None, weight is not None

    def read(self, piece: int) -> Iterator[Block]:
        yield from blocks_of(self._firsts[piece], self._partitions[piece], "a partition")
