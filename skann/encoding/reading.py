"""Reading tables: each column of an array, pandas or polars DataFrame becomes an array of numbers, or `Coded`."""

import sys
from collections.abc import Sequence
from itertools import compress

import numpy as np
from sklearn.utils import check_array

from .._objects import MISSING, kind_of, plain, shown, without_mask
from .columns import Coded
from .refusals import dates_error, is_temporal, not_a_number_error, other_kind_error, too_large_error

NUMBERS = "fiub"  # kinds of dtype: float, integer, unsigned integer, boolean


def check_table(X, caller):
    """X as ndarray, DataFrame, CSR or CSC, after scikit-learn's checks of its shape. Values are not looked at.

    Parameters
    ----------
    X : {array-like, dataframe, sparse matrix}
    caller : str
        Name of the estimator, for messages.
    """
    if not is_frame(X):
        X = as_array(X)
        return check_array(X, accept_sparse=["csr", "csc"], dtype=None, ensure_all_finite=False, estimator=caller)
    for n, what in zip(X.shape, ("sample", "feature"), strict=True):
        if n == 0:
            raise ValueError(
                f"Found array with 0 {what}(s) (shape={X.shape}) while a minimum of 1 is required by {caller}."
            )
    return X


def has_columns(X, names):
    """Whether X is a DataFrame with at least one row and columns of these names, an array of str or None."""
    return names is not None and is_frame(X) and 0 not in X.shape and column_names(X) == names.tolist()


def column_names(X):
    """What messages call the columns: a list of the names in a DataFrame, a range of their indices in anything else."""
    if _is_frame(X, "pandas"):
        return X.columns.tolist()  # faster than list()
    return list(X.columns) if _is_frame(X, "polars") else range(X.shape[1])


def is_frame(X):
    """Whether X is a DataFrame of pandas or polars."""
    return _is_frame(X, "pandas") or _is_frame(X, "polars")


def read_columns(X, names, as_matrix):
    """The columns of a table that `check_table` has passed.

    Parameters
    ----------
    X : {ndarray, DataFrame, sparse matrix} of shape (n_rows, n_columns)
    names : sequence
        What messages call the columns.
    as_matrix : bool
        Whether a DataFrame of numbers of several dtypes is read as one matrix of float64, which is faster. Categories
        had better keep their dtype.

    Returns
    -------
    columns : ndarray or sparse matrix of shape (n_rows, n_columns), or list of ndarray and Coded
        The matrix, without a copy where possible, if all columns are numbers of NumPy dtypes. Numbers are NaN where
        they are missing. A column of objects is `Coded` if it holds strings or nothing, and numbers otherwise.

    Raises
    ------
    ValueError, TypeError
        Names the column that is neither numbers nor categories.
    """
    if _is_frame(X, "pandas"):
        return _read_pandas(X, names, as_matrix)
    if _is_frame(X, "polars"):
        return _read_polars(X, names)
    if X.dtype.kind in NUMBERS:
        return X
    if is_temporal(X.dtype):
        raise dates_error(X.dtype, names[0])
    if X.dtype.kind == "S":
        try:
            X = X.astype(str)
        except UnicodeDecodeError:
            raise other_kind_error(bytes, names[0]) from None
    return [_from_objects(column.tolist(), name) for name, column in zip(names, X.T, strict=True)]


def refuse_dates(X):
    """TypeError that names the first column of dates, which scikit-learn would turn into nanoseconds in silence."""
    if hasattr(X, "columns") and hasattr(X, "dtypes"):
        columns = zip(X.columns, X.dtypes, strict=True)
    else:
        columns = [(0, getattr(X, "dtype", None))]
    for i, (name, dtype) in enumerate(columns):
        if is_temporal(dtype):
            raise dates_error(dtype, name)
        if getattr(dtype, "kind", "") == "O" and is_frame(X):
            _refuse_objects_of_dates(X.iloc[:, i].tolist() if hasattr(X, "iloc") else X[:, i].to_list(), name)
    if isinstance(X, np.ndarray) and X.dtype == object and X.ndim == 2:
        for i, column in enumerate(X.T):
            _refuse_objects_of_dates(column.tolist(), i)


def _refuse_objects_of_dates(values, name):
    for cls in set(map(type, values)):
        if kind_of(cls) == "date":
            raise dates_error(cls, name)


def why_no_numbers(X):
    """The error about the first column of an array or DataFrame that holds anything else; None if all are numbers."""
    try:
        X = X if is_frame(X) else np.asarray(X)
        refuse_dates(X)
        if len(X.shape) != 2:
            X.astype(np.float64)
            return None
    except (ValueError, TypeError, OverflowError) as error:
        return error
    for i, name in enumerate(column_names(X)):
        column = X.iloc[:, i] if hasattr(X, "iloc") else X[:, i]
        for value in column.tolist() if isinstance(column, np.ndarray) else column.to_list():
            if not _reads_as_float(value):
                return not_a_number_error(value, name)
    return None


def _reads_as_float(value):
    """Whether a value is a number, missing, or a string that reads like a number."""
    if isinstance(value, complex | np.complexfloating):
        return False
    try:
        float(value)
    except OverflowError:
        return False
    except (ValueError, TypeError):
        return type(value).__name__ in MISSING
    return True


def _is_frame(X, library):
    module = sys.modules.get(library)  # not imported: then X can't come from it
    return module is not None and isinstance(X, module.DataFrame)


def as_array(X, name="X"):
    """A list or an array with a mask as an array, whose items are as they were; all else as it is.

    NumPy on its own would turn numbers beside strings into strings, and forget a mask.

    Raises
    ------
    ValueError
        If X has no columns, or rows of several lengths, or if it holds complex numbers or records.
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
    if isinstance(X, np.ndarray) and X.ndim == 1:
        raise ValueError(
            f"Expected 2D array, got 1D array instead: {name} has shape {X.shape}. Reshape your data: "
            "reshape(-1, 1) makes one column of it, reshape(1, -1) one row."
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


def _read_pandas(X, names, as_matrix):
    dtypes = set(X.dtypes)
    all_numbers = all(isinstance(dtype, np.dtype) and dtype.kind in NUMBERS for dtype in dtypes)
    if all_numbers and len(dtypes) == 1:
        return X.to_numpy()
    if all_numbers and as_matrix:
        return X.to_numpy(dtype=np.float64)
    return [_pandas_column(series, name) for name, (_, series) in zip(names, X.items(), strict=True)]


def _pandas_column(series, name):
    dtype = series.dtype
    if dtype.kind in NUMBERS:
        return series.to_numpy() if isinstance(dtype, np.dtype) else series.to_numpy(np.float64, na_value=np.nan)
    if is_temporal(dtype):
        raise dates_error(dtype, name)
    if dtype.name == "category":
        return Coded(_category_labels(dtype.categories), series.array.codes)
    if dtype.type is str:
        codes, labels = series.array.factorize()
        return Coded(labels.to_numpy(dtype=object), codes)
    return _from_objects(series.to_list(), name)


def _category_labels(categories):
    """The categories of a pandas dtype as labels; what is no number (intervals, periods ...) by what it prints as."""
    if categories.dtype.kind in NUMBERS:
        return categories.to_numpy()
    return _as_objects(categories)


def _read_polars(X, names):
    dtypes = X.dtypes
    if len(set(dtypes)) == 1 and dtypes[0].is_float():
        return X.to_numpy()
    return [_polars_column(series, name) for name, series in zip(names, X, strict=True)]


def _polars_column(series, name):
    dtype = series.dtype
    if dtype.is_float() or dtype.is_integer():
        return series.to_numpy()  # null becomes NaN
    if dtype.is_numeric() or str(dtype) == "Boolean":
        return series.cast(float).to_numpy()
    if is_temporal(dtype):
        raise dates_error(dtype, name)
    return _from_objects(series.to_list(), name)


def _from_objects(values, name):
    """A list of any Python objects as a column: `Coded` if there are strings or nothing in it, else numbers."""
    classes = {kind_of(cls): cls for cls in set(map(type, values))}
    if "date" in classes:
        raise dates_error(classes["date"], name)
    if "other" in classes:
        raise other_kind_error(classes["other"], name)
    if "number" in classes and "string" not in classes:
        return _floats(values, name)
    return _from_strings(values, name)


def _from_strings(values, name):
    """A list of strings and missing values as a `Coded` column."""
    if not {*map(type, values)} <= {str, np.str_}:  # members of an Enum have hashes of their own
        values = [plain(value) for value in values]
    index = {label: i for i, label in enumerate(dict.fromkeys(values))}
    codes = np.fromiter(map(index.__getitem__, values), np.intp, len(values))
    labels = list(index)
    is_string = np.array([isinstance(label, str) for label in labels], bool)
    number = next((label for label in labels if kind_of(type(label)) == "number" and label == label), None)  # no NaN
    if number is not None:
        raise TypeError(
            f"Column {name!r} mixes strings and numbers, such as {shown(labels[is_string.argmax()])} and "
            f"{shown(number)}: make all of them strings, or all of them numbers."
        )
    new_codes = np.where(is_string, np.cumsum(is_string) - 1, -1)
    return Coded(_as_objects(compress(labels, is_string)), new_codes[codes])


def _floats(values, name):
    """A list of numbers and missing values as an array."""
    try:
        return np.array([np.nan if type(value).__name__ in MISSING else value for value in values], np.float64)
    except OverflowError:
        raise too_large_error(name) from None


def _as_objects(labels):
    """Labels as an array of str; np.str_ becomes str, and what is no string is what it prints as."""
    return np.array([str(plain(label)) for label in labels], dtype=object)
