"""Predictions for tables of blocks, block by block: into arrays, memory maps and Parquet files."""

import os
from typing import Any

import numpy as np
from sklearn.base import is_classifier

from ..fitting.block_table import BlockTable
from ..fitting.blocks import errors_of
from .parquet import ParquetTable, needs_packages


def predict_to(model: Any, table: BlockTable, out: Any, method: str = "predict") -> Any:
    """Predict for each row of a table of blocks, and write each block at once.

    Parameters
    ----------
    model : estimator
        Fitted; of skann, or any other that takes the blocks, arrays or DataFrames.
    table : BlockTable
        From `from_parquet` or `from_arrays`.
    out : ndarray, memory map, str or path
        An array of shape (n_samples,) or (n_samples, n_outputs); or where to write a Parquet file, with a column
        ``prediction``, or one for each output: ``prediction_<class>`` for classes, ``prediction_<i>`` else. A file
        that is there is replaced when the new one is complete; it may not be one of the table's own. An array must
        be able to hold the predictions as they are; floats may be rounded to a shorter type of float.
    method : str, default="predict"
        Of the model, such as "predict_proba".

    Returns
    -------
    out : ndarray, memory map, str or path
        The same.

    Examples
    --------
    >>> import numpy as np
    >>> from skann import ANNRegressor
    >>> from skann.data import from_arrays, predict_to
    >>> X = np.random.default_rng(0).normal(size=(500, 3))
    >>> model = ANNRegressor(max_iter=2, random_state=0).fit(X, X[:, 0])
    >>> found = predict_to(model, from_arrays(X), np.empty(500))
    >>> bool(np.allclose(found, model.predict(X)))
    True
    """
    predict = getattr(model, method)
    if not isinstance(table, BlockTable):
        raise TypeError(f"table must be one of from_parquet or from_arrays, got {type(table).__name__}.")
    if isinstance(out, str | os.PathLike):
        _to_parquet(model, predict, method, table, os.fspath(out))
        return out
    if not hasattr(out, "dtype") or out.shape[:1] != (len(table),):
        raise ValueError(f"out must have {len(table)} rows, got shape {getattr(out, 'shape', None)}.")
    for block in table:
        with errors_of(block):
            found = np.asarray(predict(block.X))
        if not _holds(out, found):
            needed = f"{found.dtype} of shape {(len(table), *found.shape[1:])}"
            raise ValueError(f"out, {out.dtype} of shape {out.shape}, can't hold the predictions, {needed}.")
        out[block.first : block.first + len(found)] = found
    if isinstance(out, np.memmap):
        out.flush()
    return out


def _holds(out, found):
    """Whether an array can take in predictions for some of its rows as they are, but for the digits of floats."""
    if out.shape[1:] != found.shape[1:]:
        return False
    if found.dtype.kind == "f":
        return out.dtype.kind in "fO"
    try:
        return np.array_equal(found.astype(out.dtype).astype(found.dtype), found)
    except (ValueError, TypeError, OverflowError):
        return False


def _to_parquet(model, predict, method, table, path):
    needs_packages()
    folder = os.path.dirname(path)
    if folder and not os.path.isdir(folder):
        raise FileNotFoundError(f"out={path!r}: there is no folder {folder!r}.")
    if os.path.isdir(path) or not path:
        raise IsADirectoryError(f"out={path!r} must be the path of a file, not a folder.")
    read = table.local_files if isinstance(table, ParquetTable) else []
    if os.path.exists(path) and any(os.path.samefile(path, each) for each in read):
        raise ValueError(f"out={path!r} is a file of the table: predictions would take its place.")
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    writer, unfinished = None, f"{path}.unfinished"
    try:
        for block in table:
            with errors_of(block):
                found = np.asarray(predict(block.X))
            columns = [found] if found.ndim == 1 else list(found.T)
            rows = pa.table([pa.array(column) for column in columns], _names(model, method, found))
            if writer is None:
                writer = ParquetWriter(unfinished, rows.schema)
            writer.write_table(rows)
        writer.close()
        os.replace(unfinished, path)
    except BaseException:
        if writer is not None:
            writer.close()
            os.unlink(unfinished)
        raise


def _names(model, method, found):
    if found.ndim == 1:
        return ["prediction"]
    classes = getattr(model, "classes_", range(found.shape[1])) if is_classifier(model) else range(found.shape[1])
    of_classes = classes if len(classes) == found.shape[1] and method != "predict" else range(found.shape[1])
    return [f"prediction_{each}" for each in of_classes]
