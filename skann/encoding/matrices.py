"""X as a matrix of finite numbers, for networks without an encoder."""

import numpy as np
from scipy import sparse
from sklearn.utils import check_array

from .._objects import first_date, is_missing
from .refusals import dates_error, is_temporal, not_a_number_error, not_finite_error
from .tables import column_names, is_frame, is_pandas, with_two_dimensions

FLOATS = [np.float64, np.float32]


def check_matrix(X, caller, dtype, name="X", may_be_dates=True):
    """X as a matrix of finite numbers, dense or sparse.

    Parameters
    ----------
    X : {array-like, dataframe, sparse matrix}
    caller : str
        Name of the estimator, for messages.
    dtype : dtype, list of dtypes or "numeric"
        As in scikit-learn's `check_array`.
    name : str, default="X"
        What messages call X.
    may_be_dates : bool, default=True
        Whether dates are looked for.

    Raises
    ------
    ValueError, TypeError
        Names X and the column with something else in it.
    """
    X = with_two_dimensions(X, caller, name)
    try:
        if may_be_dates:
            refuse_dates(X)
        with np.errstate(invalid="ignore"):  # huge numbers of both signs add up to NaN in scikit-learn's first look
            return check_array(X, accept_sparse=["csr", "csc"], dtype=dtype, input_name=name, estimator=caller)
    except (ValueError, TypeError, OverflowError) as error:
        is_number = f"Input {name} contains" in str(error)
        if not is_number and _has_sparse_columns(X):  # scikit-learn takes some as a matrix
            return check_matrix(X.sparse.to_dense(), caller, dtype, name, may_be_dates)
        cause = None if is_number or sparse.issparse(X) else _why_no_numbers(X)
        if cause is not None:
            kind = TypeError if isinstance(cause, TypeError) else ValueError
            raise kind(f"{name} must hold numbers: {cause}") from None
        where, is_nan = _not_finite(X)
        if not len(where[0]):
            raise
        raise not_finite_error(*where, is_nan, column_names(X), name) from None


def _has_sparse_columns(X):
    """Whether X is a DataFrame of nothing but sparse columns."""
    return is_pandas(X) and all(hasattr(dtype, "fill_value") for dtype in X.dtypes)


def _not_finite(X):
    """Where values are missing, or if none is, are infinite: (rows, columns), and whether some are missing."""
    try:
        values = check_array(X, accept_sparse="coo", dtype=FLOATS, ensure_all_finite=False)
    except (ValueError, TypeError):  # missing values that float() does not take
        values = np.asarray(X, dtype=object)
        return np.nonzero([[is_missing(value) for value in row] for row in values]), True
    stored = values.data if sparse.issparse(values) else values
    is_nan = np.isnan(stored)
    bad = is_nan if is_nan.any() else np.isinf(stored)
    where = (values.row[bad], values.col[bad]) if sparse.issparse(values) else np.nonzero(bad)
    return where, bool(is_nan.any())


def refuse_dates(X):
    """TypeError that names the first column of dates, which scikit-learn would turn into nanoseconds in silence."""
    if hasattr(X, "columns") and hasattr(X, "dtypes"):
        columns = zip(X.columns, X.dtypes, strict=True)
    else:
        columns = [(0, getattr(X, "dtype", None))]
    for i, (name, dtype) in enumerate(columns):
        if is_temporal(dtype):
            raise dates_error(dtype, name, _library(X))
        if getattr(dtype, "kind", "") == "O" and is_frame(X):
            values = X.iloc[:, i].tolist() if hasattr(X, "iloc") else X[:, i].to_list()
            _refuse_objects_of_dates(values, name, _library(X))
    if isinstance(X, np.ndarray) and X.dtype == object and X.ndim == 2:
        for i, column in enumerate(X.T):
            _refuse_objects_of_dates(column.tolist(), i, "numpy")


def _library(X):
    return "pandas" if is_pandas(X) else "polars" if is_frame(X) else "numpy"


def _refuse_objects_of_dates(values, name, library):
    date = first_date(values)
    if date is not None:
        raise dates_error(type(date), name, library)


def _why_no_numbers(X):
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
        return is_missing(value)
    return True
