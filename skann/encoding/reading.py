"""Reading tables: each column of an array, pandas or polars DataFrame becomes an array of numbers, or `Coded`."""

import sys
from datetime import date, time, timedelta
from decimal import Decimal
from itertools import compress
from numbers import Real

import numpy as np
from sklearn.utils import check_array

from .columns import Coded

NUMBERS = "fiub"  # kinds of dtype: float, integer, unsigned integer, boolean


DATES = (date, time, timedelta, np.datetime64, np.timedelta64)


MISSING = {"NoneType", "NAType", "NaTType"}  # names of types; a NaN is missing too


def check_table(X, caller):
    """X as ndarray, DataFrame, CSR or CSC, after scikit-learn's checks of its shape. Values are not looked at.

    Parameters
    ----------
    X : {array-like, dataframe, sparse matrix}
    caller : str
        Name of the estimator, for messages.
    """
    if not is_frame(X):
        X = keep_strings_and_numbers_apart(X)
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
        raise _dates_error(X.dtype, names[0])
    if X.dtype.kind == "S":
        X = X.astype(str)
    return [_from_objects(column.tolist(), name) for name, column in zip(names, X.T, strict=True)]


def refuse_dates(X):
    """TypeError that names the first column of dates, which scikit-learn would turn into nanoseconds in silence."""
    if hasattr(X, "columns") and hasattr(X, "dtypes"):
        columns = zip(X.columns, X.dtypes, strict=True)
    else:
        columns = [(0, getattr(X, "dtype", None))]
    for name, dtype in columns:
        if is_temporal(dtype):
            raise _dates_error(dtype, name)


def is_temporal(dtype):
    """Whether a dtype of NumPy, pandas or polars is one of dates, times or durations."""
    return getattr(dtype, "kind", "") in ("m", "M") or (hasattr(dtype, "is_temporal") and dtype.is_temporal())


def _is_frame(X, library):
    module = sys.modules.get(library)  # not imported: then X can't come from it
    return module is not None and isinstance(X, module.DataFrame)


def keep_strings_and_numbers_apart(X):
    """Lists of strings and numbers as an object array: NumPy on its own would turn the numbers into strings."""
    if not isinstance(X, list | tuple):
        return X
    try:
        array = np.asarray(X)
    except ValueError:  # ragged: scikit-learn says so
        return X
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
        raise _dates_error(dtype, name)
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
    return _as_objects([str(category) for category in categories])


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
        raise _dates_error(dtype, name)
    return _from_objects(series.to_list(), name)


def _from_objects(values, name):
    """A list of any Python objects as a column: `Coded` if there are strings or nothing in it, else numbers."""
    classes = {_kind(cls): cls for cls in set(map(type, values))}
    if "date" in classes:
        raise _dates_error(classes["date"], name)
    if "other" in classes:
        raise _other_kind_error(classes["other"], name)
    if "number" in classes and "string" not in classes:
        return _floats(values, name)
    return _from_strings(values, name)


def _from_strings(values, name):
    """A list of strings and missing values as a `Coded` column."""
    index = {label: i for i, label in enumerate(dict.fromkeys(values))}
    codes = np.fromiter(map(index.__getitem__, values), np.intp, len(values))
    labels = list(index)
    is_string = np.array([isinstance(label, str) for label in labels], bool)
    number = next((label for label in labels if _kind(type(label)) == "number" and label == label), None)  # no NaN
    if number is not None:
        raise TypeError(
            f"Column {name!r} mixes strings and numbers, such as {labels[is_string.argmax()]!r} and {number!r}: make "
            "all of them strings, or all of them numbers."
        )
    new_codes = np.where(is_string, np.cumsum(is_string) - 1, -1)
    return Coded(_as_objects(compress(labels, is_string)), new_codes[codes])


def _floats(values, name):
    """A list of numbers and missing values as an array."""
    try:
        return np.array([np.nan if type(value).__name__ in MISSING else value for value in values], np.float64)
    except OverflowError:
        raise ValueError(f"Column {name!r} holds an integer that is too large for a float.") from None


def _as_objects(strings):
    return np.array([*map(str, strings)], dtype=object)  # np.str_ becomes str


def _kind(cls):
    """The kind of value that objects of this class are: "missing", "string", "number", "date" or "other"."""
    if cls.__name__ in MISSING:
        return "missing"
    if issubclass(cls, str):
        return "string"
    if issubclass(cls, Real | Decimal | np.bool_):
        return "number"
    return "date" if issubclass(cls, DATES) else "other"


def _dates_error(dtype, name):
    return TypeError(
        f"Column {name!r} holds dates, times or durations ({_name(dtype)}). Replace it by numbers that say what "
        "matters, for example the year, the month, the weekday, or the days since a fixed date."
    )


def _other_kind_error(dtype, name):
    hint = "Complex data not supported." if issubclass(dtype, complex) else "Replace it by columns of these."
    return TypeError(f"Column {name!r} holds {_name(dtype)} objects, which are neither numbers nor strings. {hint}")


def _name(dtype):
    return dtype.__name__ if isinstance(dtype, type) else str(dtype)
