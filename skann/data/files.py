"""Parquet files: which ones a table is made of, and how they are opened."""

import os
from contextlib import contextmanager

from .._objects import shown


def is_dataset(path):
    return type(path).__module__ == "pyarrow._dataset"


def files_of(path):
    """The paths of the files, and the filesystem of pyarrow that they are in, None for the local one."""
    if is_dataset(path):
        if not hasattr(path, "files") or path.format.default_extname != "parquet":
            raise ValueError(f"The dataset must be of Parquet files, got {type(path).__name__}.")
        return path.files, path.filesystem
    if isinstance(path, list | tuple) and path:
        return [file for each in path for file in files_in(each)], None
    return files_in(path), None


def files_in(path):
    """The path of a file, or those of all Parquet files of a folder, in the order of their names."""
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"path must be that of a file or folder, a list of these or a dataset, got {shown(path)}.")
    path = os.fspath(path)
    if not os.path.isdir(path):
        if not os.path.exists(path):
            raise FileNotFoundError(f"There is no file or folder {path!r}.")
        return [path]
    found = sorted(name for name in visible_files(path) if name.endswith((".parquet", ".pq")))
    if not found:
        raise ValueError(f"{path}: there is no file with the ending .parquet in this folder.")
    return found


def visible_files(folder):
    """All files in a folder and those in it, but what begins with "." or "_": others leave unfinished files there."""
    for inner, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith((".", "_"))]
        yield from (os.path.join(inner, name) for name in names if not name.startswith((".", "_")))


def root_of(path):
    """The folder of a table: the names of those above it say nothing about its rows. None for a dataset of pyarrow."""
    if is_dataset(path):
        return None
    if isinstance(path, list | tuple):
        return os.path.commonpath([root_of(each) for each in path]) if path else None
    path = os.path.abspath(path)
    return path if os.path.isdir(path) else os.path.dirname(path)


def open_file(path, filesystem, read_dictionary=()):
    from pyarrow.parquet import ParquetFile

    options = {"read_dictionary": list(read_dictionary), "pre_buffer": False, "buffer_size": 2**18}
    return ParquetFile(path, filesystem=filesystem, **options)


@contextmanager
def errors_of_file(path, what):
    """Inside, errors of pyarrow name the file."""
    try:
        yield
    except (FileNotFoundError, PermissionError):
        raise
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: {what}: {str(error).splitlines()[0]}") from error
