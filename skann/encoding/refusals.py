"""What messages say about a table, or a column of it, that is neither numbers nor categories."""

from contextlib import contextmanager

import numpy as np

from .._objects import kind_of, shown


def is_temporal(dtype):
    """Whether a dtype of NumPy, pandas or polars is one of dates, times or durations."""
    return getattr(dtype, "kind", "") in ("m", "M") or (hasattr(dtype, "is_temporal") and dtype.is_temporal())


def not_a_number_error(value, name):
    """The error about a value, in a column of this name, that `float` does not take."""
    kind = kind_of(type(value))
    if kind == "string":
        return ValueError(f"could not convert string to float: {shown(value)}, in column {shown(name)}.")
    if kind == "number":
        return too_large_error(name)
    return other_kind_error(type(value), name)


def dates_error(dtype, name):
    """The error about a column of dates, times or durations, of this dtype or class."""
    return TypeError(
        f"Column {shown(name)} holds dates, times or durations ({_name(dtype)[:40]}). Replace it by numbers that say "
        "what matters, for example the year, the month, the weekday, or the days since a fixed date."
    )


def other_kind_error(dtype, name):
    """The error about a column of objects of this class, which nothing is known about."""
    hint = " Complex data not supported." if issubclass(dtype, complex | np.complexfloating) else ""
    return TypeError(
        f"Column {shown(name)} holds {_name(dtype)[:40]} objects, but an argument must be a string or a number.{hint} "
        "Replace it by columns of numbers or strings."
    )


def too_large_error(name):
    """The error about a column with an integer beyond the range of floats."""
    return ValueError(f"Column {shown(name)} holds an integer that is too large for a float.")


def not_finite_error(rows, in_columns, is_nan, columns, name):
    """The error about the values of a table that are missing, or infinite.

    Parameters
    ----------
    rows, in_columns : ndarray of int of shape (n_values,)
        Where they are, one at least.
    is_nan : bool
        Whether they are missing.
    columns : sequence
        What messages call the columns.
    name : str
        What messages call the table.
    """
    first = np.lexsort((in_columns, rows))[0]
    where = f"{len(rows)} of them, the first in row {rows[first]} of column {shown(columns[in_columns[first]])}"
    if is_nan:
        return ValueError(
            f"Input {name} contains NaN, missing values: {where} (the first row is 0). The default encoder takes them; "
            "for encoder=None, sklearn.impute.SimpleImputer puts numbers in their place."
        )
    return ValueError(
        f"Input {name} contains infinity or values too large for a float: {where} (the first row is 0). Replace them."
    )


@contextmanager
def of_table(name):
    """Inside, errors that speak of a column say that it is one of the table of this name."""
    try:
        yield
    except (ValueError, TypeError) as error:
        error.args = (f"{name}: {error}",)
        raise


def _name(dtype):
    return dtype.__name__ if isinstance(dtype, type) else str(dtype)
