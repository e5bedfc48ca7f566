"""What messages say about a table, or a column of it, that is neither numbers nor categories."""

import re
from contextlib import contextmanager
from datetime import date, time, timedelta

import numpy as np

from .._objects import kind_of, shown


def is_temporal(dtype):
    """Whether a dtype of NumPy, pandas or polars is one of dates, times or durations."""
    return getattr(dtype, "kind", "") in ("m", "M") or (hasattr(dtype, "is_temporal") and dtype.is_temporal())


def not_a_number_error(value, name):
    """The error about a value, in a column of this name, that `float` does not take."""
    kind = kind_of(type(value))
    if kind == "string":
        return ValueError(
            f"could not convert string to float: {shown(value)}, in column {shown(name)}. The default encoder takes "
            "strings as categories; for encoder=None, sklearn.preprocessing.OneHotEncoder makes numbers of them."
        )
    if kind == "number":
        return too_large_error(name)
    return other_kind_error(type(value), name)


def kind_of_dates(dtype):
    """What a dtype or class for which `is_temporal` is true, or one of Python's, holds.

    Returns
    -------
    kind : {"date", "time", "duration"} or None
        None for a class of anything else.
    """
    if isinstance(dtype, type) and not hasattr(dtype, "is_temporal"):
        kinds = {timedelta: "duration", np.timedelta64: "duration", time: "time", date: "date", np.datetime64: "date"}
        return next((kind for cls, kind in kinds.items() if issubclass(dtype, cls)), None)
    if getattr(dtype, "kind", "") in ("m", "M"):
        return "duration" if dtype.kind == "m" else "date"
    return {"Duration": "duration", "Time": "time"}.get(str(dtype).split("(")[0], "date")


def dates_error(dtype, name, library="numpy"):
    """The error about a column of dates, times or durations.

    Parameters
    ----------
    dtype : dtype or type
        Of the column, or the class of its objects.
    name
        What messages call the column.
    library : {"pandas", "polars", "numpy"}
        What the table is of.
    """
    lines = "".join(f"\n    {line}" for line in _into_numbers(dtype, name, library))
    return TypeError(
        f"Column {shown(name)} holds dates, times or durations ({_name(dtype)[:40]}). Replace it by numbers: with "
        f'encoder=TabularEncoder(dates="parts"), or by hand, for example{lines}'
    )


def _into_numbers(dtype, name, library):
    """One or two lines of Python that turn a column of dates of the table X into numbers."""
    kind, is_object = kind_of_dates(dtype), isinstance(dtype, type) and not hasattr(dtype, "is_temporal")
    if library == "polars":
        column = f"polars.col({name!r})"
        numbers = {
            "date": f"{column}.dt.year() + {column}.dt.ordinal_day() / 366",
            "time": f"{column}.dt.hour() + {column}.dt.minute() / 60",
            "duration": f"{column}.dt.total_seconds()",
        }
        month = [f"X = X.with_columns({column}.dt.month().alias({f'{name}_month'!r}))"] * (kind == "date")
        return [*month, f"X = X.with_columns({numbers[kind]})"]
    if library == "numpy" and not is_object:
        if kind == "duration":
            return ['X = X / numpy.timedelta64(1, "s")']
        return ['X = (X - numpy.datetime64("2000-01-01")) / numpy.timedelta64(1, "D")']
    column = f"X[{name!r}]"
    first = [] if library == "pandas" else ["X = pandas.DataFrame(X)"]
    if kind == "time":
        return [*first, f"{column} = {column}.map(lambda t: t.hour + t.minute / 60, na_action='ignore')"]
    if kind == "duration":
        values = f"pandas.to_timedelta({column})" if is_object else column
        return [*first, f"{column} = {values}.dt.total_seconds()"]
    if is_object:
        return [*first, f"{column} = pandas.to_datetime({column}).map(lambda t: t.year + t.dayofyear / 366)"]
    month = f"X[{f'{name}_month'!r}] = {column}.dt.month"
    return [month, f"{column} = {column}.dt.year + {column}.dt.dayofyear / 366"]


DATE = re.compile(r"(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})([T ]\d{1,2}:.*)?")


def remark_on_levels(levels, name):
    """What to warn of in a categorical column: that its levels, strings, read like dates. None if they do not."""
    if len(levels) == 0 or levels.dtype != object or not all(map(DATE.fullmatch, levels)):
        return None
    return (
        f"Column {shown(name)} holds strings that read like dates, such as {shown(levels[0])}, which are taken as "
        f"categories. In pandas two lines make dates, and numbers, of them:\n"
        f"    X[{name!r}] = pandas.to_datetime(X[{name!r}])\n"
        f'    encoder = TabularEncoder(dates="parts")\n'
        "If categories are what is wanted, list the column in categorical_features."
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
