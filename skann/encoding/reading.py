"""Reading tables: each column of an array, pandas or polars DataFrame becomes an array of numbers, or `Coded`."""

from itertools import compress

import numpy as np

from .._objects import MISSING, first_date, is_missing, kind_of, plain, shown
from . import dates
from .columns import Coded
from .refusals import is_temporal, other_kind_error, too_large_error
from .tables import is_pandas, is_polars

NUMBERS = "fiub"  # kinds of dtype: float, integer, unsigned integer, boolean


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
    columns : ndarray or sparse matrix of shape (n_rows, n_columns), or list of ndarray, Coded and Dates
        The matrix, without a copy where possible, if all columns are numbers of NumPy dtypes. Numbers are NaN where
        they are missing. A column of objects is `Coded` if it holds strings or nothing, `Dates` if it holds these, and
        numbers otherwise.

    Raises
    ------
    ValueError, TypeError
        Names the column that is neither numbers nor categories nor dates.
    """
    if is_pandas(X):
        return _read_pandas(X, names, as_matrix)
    if is_polars(X):
        return _read_polars(X, names)
    if X.dtype.kind in NUMBERS:
        return X
    if is_temporal(X.dtype):
        return [dates.from_array(column) for column in X.T]
    if X.dtype.kind == "S":
        try:
            X = X.astype(str)
        except UnicodeDecodeError:
            raise other_kind_error(bytes, names[0]) from None
    return [_from_objects(column.tolist(), name, "numpy") for name, column in zip(names, X.T, strict=True)]


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
        return dates.from_pandas(series)
    if dtype.name == "category":
        return Coded(_category_labels(dtype.categories), series.array.codes)
    if dtype.type is str:
        codes, labels = series.array.factorize()
        return Coded(labels.to_numpy(dtype=object), codes)
    return _from_objects(series.to_list(), name, "pandas")


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
    if (dtype.is_float() or dtype.is_integer()) and "128" not in str(dtype):
        return series.to_numpy()  # null becomes NaN
    if dtype.is_numeric() or str(dtype) == "Boolean":
        return series.cast(float).to_numpy()
    if is_temporal(dtype):
        return dates.from_polars(series)
    return _from_objects(series.to_list(), name, "polars")


def _from_objects(values, name, library):
    """A list of any Python objects as a column: `Coded` if there are strings or nothing in it, `Dates`, or numbers."""
    classes = {kind_of(cls): cls for cls in set(map(type, values))}
    if "date" in classes:
        if first_date(values) is not None:
            return dates.from_objects(values, name, library)
        return _from_objects([None if is_missing(value) else value for value in values], name, library)
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
    except ValueError:  # a signalling NaN of Decimal
        return _floats([None if is_missing(value) else value for value in values], name)


def _as_objects(labels):
    """Labels as an array of str; np.str_ becomes str, and what is no string is what it prints as."""
    return np.array([str(plain(label)) for label in labels], dtype=object)
