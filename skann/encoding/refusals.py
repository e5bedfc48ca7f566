"""What messages say about a column that is neither numbers nor categories."""

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
        f"Column {shown(name)} holds dates, times or durations ({_name(dtype)}). Replace it in X by numbers that say "
        "what matters, for example the year, the month, the weekday, or the days since a fixed date."
    )


def other_kind_error(dtype, name):
    """The error about a column of objects of this class, which nothing is known about."""
    hint = " Complex data not supported." if issubclass(dtype, complex | np.complexfloating) else ""
    return TypeError(
        f"Column {shown(name)} holds {_name(dtype)[:40]} objects, but an argument must be a string or a number.{hint} "
        "Replace it in X by columns of numbers or strings."
    )


def too_large_error(name):
    """The error about a column with an integer beyond the range of floats."""
    return ValueError(f"Column {shown(name)} holds an integer that is too large for a float.")


def _name(dtype):
    return dtype.__name__ if isinstance(dtype, type) else str(dtype)
