"""What X may be: an array, a sparse matrix, or a DataFrame of pandas or polars, with rows and columns."""

import sys
from collections.abc import Sequence

import numpy as np
from sklearn.utils import check_array

from .._objects import shown, without_mask


def check_table(X, caller, name="X"):
    """X as ndarray, DataFrame, CSR or CSC, after all checks of its shape. Values are not looked at.

    Parameters
    ----------
    X : {array-like, dataframe, sparse matrix}
    caller : str
        Name of the estimator, for messages.
    name : str, default="X"
        What messages call X.
    """
    X = with_two_dimensions(X, caller, name)
    if is_frame(X):
        return X
    return check_array(X, accept_sparse=["csr", "csc"], dtype=None, ensure_all_finite=False, estimator=caller)


def with_two_dimensions(X, caller, name):
    """X as it is, or a list or an array with a mask as an array; ValueError if it is no table of rows and columns."""
    X = X if is_frame(X) else as_array(X, name)
    shape = _shape(X)
    if len(shape) != 2:
        raise _shape_error(X, shape, name)
    for n, what in zip(shape, ("sample", "feature"), strict=True):
        if n == 0:
            raise ValueError(
                f"{name}: Found array with 0 {what}(s) (shape={shape}) while a minimum of 1 is required by {caller}."
            )
    return X


def _shape(X):
    shape = getattr(X, "shape", None)
    return tuple(shape) if isinstance(shape, tuple) else np.asarray(X).shape


def _shape_error(X, shape, name):
    """The error about an X that has no rows, no columns, or more than these."""
    if len(shape) == 0:
        return ValueError(
            f"Expected 2D array, got scalar instead: {name} is a single {type(X).__name__[:40]} object, {shown(X)}. It "
            "must have rows and columns."
        )
    if len(shape) > 2:
        return ValueError(
            f"Expected 2D array, got {len(shape)}D array instead: {name} has {len(shape)} dimensions, shape {shape}. "
            f"reshape(len({name}), -1) makes one row of each entry."
        )
    found = f"Expected 2D array, got 1D array instead: {name} has shape {shape}."
    if hasattr(X, "to_frame"):
        return ValueError(f"{found} {name}.to_frame() makes one column of this {type(X).__name__}.")
    return ValueError(f"{found} Reshape your data: reshape(-1, 1) makes one column of it, reshape(1, -1) one row.")


def as_array(X, name):
    """A list or an array with a mask as an array, whose items are as they were; all else as it is.

    NumPy on its own would turn numbers beside strings into strings, and forget a mask.

    Raises
    ------
    ValueError
        If X has rows of several lengths, or if it holds complex numbers or records.
    """
    if np.ma.isMaskedArray(X):
        X = without_mask(X)
    elif isinstance(X, Sequence) and not isinstance(X, str | bytes) and not hasattr(X, "__array__"):
        X = _from_sequence(list(X), name)
    dtype = getattr(X, "dtype", None)
    if getattr(dtype, "kind", "") == "c":
        raise ValueError(f"Complex data not supported: {name} holds {dtype}. Take the real or the imaginary part.")
    if getattr(dtype, "kind", "") == "V" and dtype.names is not None:
        raise ValueError(
            f"{name} holds records with the fields {shown(list(dtype.names))}, found array of shape {X.shape}, "
            "expected 2D: make a DataFrame of it, or one array of numbers by "
            "numpy.lib.recfunctions.structured_to_unstructured."
        )
    return X


def _from_sequence(X, name):
    try:
        array = np.asarray(X)
    except ValueError as error:
        lengths = sorted({len(row) for row in X if hasattr(row, "__len__")})
        raise ValueError(
            f"{name} must have rows of the same length, got an inhomogeneous list of rows of {shown(lengths)} entries."
        ) from error
    return np.asarray(X, dtype=object) if array.dtype.kind in "SU" else array


def has_columns(X, names):
    """Whether X is a DataFrame with at least one row and columns of these names, an array of str or None."""
    return names is not None and is_frame(X) and 0 not in X.shape and column_names(X) == names.tolist()


def column_names(X):
    """What messages call the columns: a list of the names in a DataFrame, a range of their indices in anything else."""
    if is_pandas(X):
        return X.columns.tolist()  # faster than list()
    return list(X.columns) if is_polars(X) else range(X.shape[1])


def is_frame(X):
    """Whether X is a DataFrame of pandas or polars."""
    return is_pandas(X) or is_polars(X)


def is_pandas(X):
    """Whether X is a DataFrame of pandas."""
    return _is_frame(X, "pandas")


def is_polars(X):
    """Whether X is a DataFrame of polars."""
    return _is_frame(X, "polars")


def _is_frame(X, library):
    module = sys.modules.get(library)  # not imported: then X can't come from it
    return module is not None and isinstance(X, module.DataFrame)
