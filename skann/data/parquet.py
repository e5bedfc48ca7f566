"""Tables of blocks from Parquet files, read by pyarrow."""

import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from .._objects import shown
from .._parts import did_you_mean
from ..fitting.block_table import Block, BlockTable, block_rows
from .files import errors_of_file, files_of, is_dataset, open_file, root_of
from .partitions import partitions_of, with_partitions

INDEX = re.compile(r"__index_level_\d+__")  # what pandas calls the column of an index without a name


class Piece(NamedTuple):
    """A row group of a file: the number of its first row in the table, its rows, its mark (see `mark_of`), and what the
    folders' names say.
    """

    path: str
    group: int
    first: int
    n: int
    mark: int
    values: dict


def mark_of(metadata, group):
    """A number that tells a row group from one with other values: of its columns' sizes, least and greatest values."""
    return zlib.crc32(repr(metadata.row_group(group).to_dict()).encode())


class ParquetTable(BlockTable):
    """A table of the rows of Parquet files; see `from_parquet`."""

    def __init__(self, filesystem: Any, pieces: list[Piece], columns: list[str], target: Any, weight: Any, n: int):
        self._filesystem, self._pieces = filesystem, pieces
        self.columns, self._target, self._weight = columns, target, weight
        self.shape, self.n_pieces = (n, len(columns)), len(pieces)
        self.has_target, self.has_weight = target is not None, weight is not None

    @property
    def local_files(self) -> list[str]:
        """The paths of the files, if they are on this machine."""
        return list(dict.fromkeys(piece.path for piece in self._pieces)) if self._filesystem is None else []

    @property
    def _targets(self):
        return [] if self._target is None else [self._target] if isinstance(self._target, str) else self._target

    @property
    def _all_columns(self):
        return [*self.columns, *self._targets, *([] if self._weight is None else [self._weight])]

    def read(self, piece: int) -> Iterator[Block]:
        path, group, first, _, _, values = self._pieces[piece]
        with errors_of_file(path, f"row group {group} can't be read"):
            file = open_file(path, self._filesystem)
        self._check_unchanged(file, self._pieces[piece])
        wanted = [field for field in file.schema_arrow if field.name in self._all_columns]
        file.close()
        with errors_of_file(path, f"row group {group} can't be read"):
            file = open_file(path, self._filesystem, [field.name for field in wanted if is_text(field.type)])
            names = [field.name for field in wanted]
            batches = file.iter_batches(block_rows(len(names)), [group], names, use_threads=False)
        while True:
            try:
                batch = next(batches, None)
            except (OSError, ValueError) as error:
                raise OSError(self._why_unread(path, group, error)) from error
            if batch is None:
                break
            frame = with_partitions(as_frame(batch, self._targets), values)
            yield self._block(frame, first, path)
            first += len(frame)
        file.close()

    def _check_unchanged(self, file, piece):
        """ValueError if the file is another one than when the table was made."""
        path, group, n = piece.path, piece.group, piece.n
        check_columns(self._all_columns, path, file.schema_arrow.names, piece.values)
        found = file.metadata.row_group(group).num_rows if group < file.metadata.num_row_groups else "no"
        if found != n:
            raise ValueError(f"{path}: the file has changed: it has {found} rows in row group {group}, and had {n}.")
        if mark_of(file.metadata, group) != piece.mark:
            raise ValueError(f"{path}: the file has changed: row group {group} holds other values than before.")

    def _block(self, frame, first, path):
        y = weight = None
        if self._target is not None:
            y = frame[self._target]
            y = y if isinstance(self._target, str) and y.dtype.name == "category" else y.to_numpy()
        if self._weight is not None:
            weight = frame[self._weight].to_numpy(np.float64)
        return Block(first, frame[self.columns], y, weight, path)

    def _why_unread(self, path, group, error):
        """The message about a row group that can't be read, with the first column of it that can't."""
        file = open_file(path, self._filesystem)
        for column in self._all_columns:
            try:
                for _ in file.iter_batches(block_rows(1), [group], [column], use_threads=False):
                    pass
            except (OSError, ValueError) as of_column:
                return f"{path}: column {column!r} of row group {group} can't be read: {of_column}"
        return f"{path}: row group {group} can't be read: {error}"


def from_parquet(
    path: Any,
    columns: Sequence[str] | None = None,
    target: str | Sequence[str] | None = None,
    weight: str | None = None,
) -> BlockTable:
    """A table of blocks from Parquet: a file, a folder of files or a dataset of pyarrow.

    Strings, categories, dates and missing values become what they are in a DataFrame of pandas. Folders named
    ``name=value`` are columns, too. It needs pyarrow and pandas: ``pip install skann[data]``. Only the schemas of the
    files are read here.

    Parameters
    ----------
    path : str, path, list of these or pyarrow.dataset.Dataset
        A folder is read with all Parquet files in it, in the order of their names, but those whose name, or that of
        a folder in it, begins with "." or "_".
    columns : sequence of str, default=None
        The columns of X; None for all but ``target``, ``weight`` and the index of a pandas DataFrame.
    target : str or sequence of str, default=None
        The column of y, or several; not needed to predict.
    weight : str, default=None
        The column of the weights of the rows.

    Returns
    -------
    table : BlockTable
        For ``fit(table)`` and ``predict(table)``.

    Raises
    ------
    ImportError
        If pyarrow or pandas is missing.
    ValueError
        If a file lacks a column or has other values in it than those before, such as strings for numbers; if it is no
        Parquet file, or is cut. The message names file and column.

    Examples
    --------
    >>> import os, tempfile
    >>> import pandas as pd
    >>> from skann.data import from_parquet
    >>> path = os.path.join(tempfile.mkdtemp(), "table.parquet")
    >>> pd.DataFrame({"size": [1.0, 2.0], "colour": ["red", "blue"], "price": [3.0, 5.0]}).to_parquet(path)
    >>> table = from_parquet(path, target="price")
    >>> table.shape, table.has_target
    ((2, 2), True)
    """
    needs_packages()
    files, filesystem = files_of(path)
    targets, weights = names_in(target, "target"), names_in(weight, "weight")
    if len(weights) > 1:
        raise ValueError(f"weight must be one column, got {weights}.")
    others, chosen = targets + weights, names_in(columns, "columns")
    for name in repeated(others + chosen):
        raise ValueError(f"Column {name!r} is named twice: each is a column of X, a target or the weight.")
    weight = weights[0] if weights else None
    pieces, n, kinds = [], 0, {} if weight is None else {weight: ("numbers", None)}
    for file_path, values in zip(files, partitions_of(files, root_of(path)), strict=True):
        if is_dataset(path):
            values = {name: value for name, value in values.items() if name in path.schema.names}
        with errors_of_file(file_path, "is no Parquet file, or is cut"):
            file = open_file(file_path, filesystem)
        names = file.schema_arrow.names
        if columns is None and not chosen:
            chosen = _columns_of_x([*names, *(name for name in values if name not in names)], others)
        check_columns([*chosen, *others], file_path, names, values)
        for name in repeated(names):
            if name in chosen or name in others:
                raise ValueError(f"{file_path}: there are {names.count(name)} columns called {name!r}.")
        for field in file.schema_arrow:
            if field.name in chosen or field.name in others:
                check_kind(field, file_path, kinds)
        for group in range(file.metadata.num_row_groups):
            n_rows = file.metadata.row_group(group).num_rows
            pieces.append(Piece(file_path, group, n, n_rows, mark_of(file.metadata, group), values))
            n += n_rows
        file.close()
    if is_dataset(path) and path.count_rows() != n:
        raise ValueError("A dataset with a filter can't be read in blocks: write the rows that it keeps to files.")
    if n == 0 or not chosen:
        raise ValueError(f"{path}: there are no {'columns' if n else 'rows'}.")
    return ParquetTable(filesystem, pieces, chosen, target if isinstance(target, str) else targets or None, weight, n)


def repeated(names):
    """Those names that occur more than once."""
    return [name for name, n in Counter(names).items() if n > 1]


def check_columns(wanted, path, names, values):
    """ValueError if a column is neither in a file, with columns of these names, nor in the names of its folders."""
    for name in wanted:
        if name not in names and name not in values:
            hint = did_you_mean(str(name), names)
            raise ValueError(f"{path}: there is no column {name!r}; its columns are {names[:20]}.{hint}")


def check_kind(field, path, kinds):
    """ValueError if a column of a file holds another kind of values than in the files before, which ``kinds`` knows."""
    kind = kind_of(field.type)
    known, where = kinds.setdefault(field.name, (kind, path)) if kind != "nothing" else (kind, path)
    if kind != known:
        why = "weights are" if where is None else f"{where} has"
        raise ValueError(f"{path}: column {field.name!r} holds {kind}, but {why} {known}.")


def kind_of(dtype):
    """What a column of a type of pyarrow holds, in a word."""
    from pyarrow import types

    if types.is_dictionary(dtype):
        return kind_of(dtype.value_type)
    if types.is_null(dtype):
        return "nothing"
    if is_text(dtype) or types.is_string_view(dtype):
        return "strings"
    is_number = (types.is_integer, types.is_floating, types.is_decimal, types.is_boolean)
    if any(check(dtype) for check in is_number):
        return "numbers"
    return "dates" if types.is_temporal(dtype) else str(dtype)


def needs_packages():
    """ImportError if pyarrow or pandas is missing."""
    try:
        import pandas  # noqa: F401
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f"skann.data reads and writes Parquet with pyarrow and pandas, but {error.name} is missing: "
            "pip install skann[data]",
            name=error.name,
        ) from error


def names_in(names, parameter):
    """Names of columns as a list: of none, of one name or of several."""
    try:
        found = [] if names is None else [names] if isinstance(names, str) else list(names)
    except TypeError:
        found = [names]
    if not all(isinstance(name, str) for name in found):
        raise TypeError(f"{parameter} must be the name of a column or a list of names, got {shown(names)}.")
    return found


def is_text(dtype):
    from pyarrow import types

    return types.is_string(dtype) or types.is_large_string(dtype)


def as_frame(batch, targets=()):
    """A batch of pyarrow as a DataFrame: strings as categories, numbers as NumPy holds them, booleans of X as these."""
    import pyarrow as pa

    table = pa.Table.from_batches([batch])
    for i, field in enumerate(table.schema):
        column = table.column(i)
        if is_text(field.type):
            column = column.dictionary_encode()
        elif pa.types.is_boolean(field.type) and field.name not in targets:
            column = column.cast(pa.int8())
        elif pa.types.is_decimal(field.type) or pa.types.is_null(field.type):
            column = column.cast(pa.float64())
        table = table.set_column(i, field.name, column)
    return table.to_pandas(use_threads=False, split_blocks=True, ignore_metadata=True, date_as_object=False)


def _columns_of_x(names, others):
    """The columns but those others, and but the index that pandas writes beside them."""
    return [name for name in names if name not in others and not INDEX.fullmatch(name)]
