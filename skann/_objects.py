"""What kinds of objects tables and targets hold: the same for X and for y."""

import reprlib
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from numbers import Real

import numpy as np

DATES = (date, time, timedelta, np.datetime64, np.timedelta64)


MISSING = {"NoneType", "NAType", "NaTType", "MaskedConstant"}  # names of types; a NaN is missing too


def kind_of(cls):
    """The kind of value that objects of a class are: "missing", "string", "number", "date" or "other".

    An Enum is a string or a number if its members are instances of these: then they equal their values.
    """
    if cls.__name__ in MISSING:
        return "missing"
    if issubclass(cls, str):
        return "string"
    if issubclass(cls, Real | Decimal | np.bool_):
        return "number"
    return "date" if issubclass(cls, DATES) else "other"


def is_missing(value):
    """Whether an object stands for a missing value: None, NaN, NaT or NA of any library."""
    if type(value).__name__ in MISSING:
        return True
    if isinstance(value, Decimal):
        return value.is_nan()
    if isinstance(value, np.datetime64 | np.timedelta64):
        return bool(np.isnat(value))
    return isinstance(value, float | np.floating) and bool(value != value)


def plain(value):
    """A string of whatever subclass as a str of the same characters, which an Enum does not print as; others as is."""
    return str.__str__(value) if isinstance(value, str) else value


def shown(value, width=40):
    """A representation for messages, of about this length at most."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, str) and not isinstance(value, Enum):
        return repr(_cut(value, width))
    short = reprlib.Repr()
    short.maxother = width
    return _cut(" ".join(short.repr(value).split()), width)


def _cut(text, width):
    return text if len(text) <= width else f"{text[: width - 3]}..."


def as_objects(values):
    """A sequence as an array of objects: in two dimensions if its items are sequences of one length."""
    values = list(values)
    try:
        return np.array(values, dtype=object)
    except ValueError:  # items of several shapes
        array = np.empty(len(values), dtype=object)
        array[:] = values
        return array


def without_mask(array):
    """A masked array as an ordinary one, which holds None where it was masked."""
    mask = np.ma.getmaskarray(array)
    if array.dtype.names is not None or not mask.any():
        return np.asarray(array)
    return np.where(mask, None, array.data.astype(object))
