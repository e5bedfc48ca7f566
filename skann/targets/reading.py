"""Reading y: an array, list, Series or DataFrame becomes an array of numbers or of strings, or says why it can't."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from numbers import Integral

import numpy as np
from scipy import sparse
from sklearn.utils import check_array

from .._objects import as_objects, is_missing, kind_of, plain, shown, without_mask

EXACT = 2.0**53  # floats up to here hold every integer


LARGEST = 2.0**63  # integers are below


NEVER_MISSING = frozenset({str, np.str_, bool, np.bool_, int})  # types of which no value stands for a missing one


BUFFERS = (bytearray, memoryview)


NO_COLUMN = ("Struct", "Int128", "UInt128")  # dtypes of polars: one becomes several columns in NumPy, others none


SEVERAL = (list, tuple, set, frozenset, dict, np.ndarray)  # what stands for several labels, in one row


@dataclass(frozen=True)
class Wanted:
    """What a kind of targets may be, for messages.

    Attributes
    ----------
    what : str
        What y must hold.
    if_several : str
        What to do where a row holds several of them.
    if_bytes : str
        What to do with bytes.
    if_other : str
        What to do with objects of any other kind.
    exact : bool
        Whether two numbers must not become one.
    """

    what: str
    if_several: str
    if_bytes: str
    if_other: str
    exact: bool = False


def read_targets(y, name, caller, wanted):
    """y as an array of one or two dimensions, without missing and infinite values.

    Parameters
    ----------
    y : {array-like, dataframe, sparse matrix}
    name : str
        What messages call y.
    caller : str
        Name of the estimator, for messages.
    wanted : Wanted

    Returns
    -------
    y : ndarray or CSR matrix
        Numbers or strings; objects are str, of which numbers may be among them.
    """
    if not sparse.issparse(y):
        y = _as_array(y, name, wanted)
    elif y.dtype.kind == "c":
        raise _complex_error(y.dtype, name, wanted)
    elif y.dtype.kind == "f":
        cells = y.tocoo()
        _refuse_missing(np.isin(np.arange(y.shape[0]), cells.row[np.isnan(cells.data)]), name)
    with np.errstate(invalid="ignore"):  # huge numbers of both signs add up to NaN
        return check_array(y, accept_sparse="csr", ensure_2d=False, dtype=None, input_name=name, estimator=caller)


def _as_array(y, name, wanted):
    """y as an array of numbers or strings; TypeError or ValueError if it holds anything else."""
    array = _array_of(y, name, wanted)
    if array.ndim == 0:
        found = f"{type(y).__name__} object" if array.dtype == object else f"scalar {shown(array[()])}"
        raise TypeError(f"{name} must be an array or list with one entry per row, got a single {found}.")
    if array.ndim > 2:
        raise ValueError(f"{name} must have one or two dimensions, got an array of shape {array.shape}.")
    for n, what in zip(array.shape, ("sample", "column"), strict=False):
        if n == 0:
            raise ValueError(f"{name} must have rows and columns, found array with 0 {what}(s), shape {array.shape}.")
    kind = array.dtype.kind
    if kind in "biuU":
        return array
    if kind == "f":
        _refuse_missing(np.isnan(array), name)
        return array
    if kind in "OT":
        return _from_objects(array.astype(object, copy=False), name, wanted)
    raise _dtype_error(array.dtype, name, wanted)


def _array_of(y, name, wanted):
    """y as an array of any dtype, in which no item has changed its kind."""
    if np.ma.isMaskedArray(y):
        return without_mask(y)
    if isinstance(y, Sequence) and not isinstance(y, str | bytes) and not hasattr(y, "__array__"):
        return from_sequence(y)
    polars = sys.modules.get("polars")  # not imported: then y can't come from it
    if polars is not None and isinstance(y, polars.Series | polars.DataFrame):
        is_series = isinstance(y, polars.Series)
        if any(str(dtype).startswith(NO_COLUMN) for dtype in ([y.dtype] if is_series else y.dtypes)):
            return as_objects(y.to_list() if is_series else y.rows())
    try:
        return np.asarray(y)
    except (ValueError, TypeError) as error:
        text = str(error).splitlines()[0][:100]
        raise ValueError(f"{name} must hold {wanted.what}, got a {type(y).__name__}: {text}") from error


def from_sequence(y):
    """A list as an array; of objects where NumPy would make strings of numbers, or merge numbers."""
    if any(issubclass(cls, BUFFERS) or cls.__module__.startswith("pyarrow") for cls in {*map(type, y)}):
        return _reshaped(list(y), (len(y),))  # NumPy would read their bytes
    try:
        array = np.asarray(y)
    except (ValueError, TypeError, OverflowError):  # ragged
        return as_objects(y)
    if array.dtype.kind in "biu":
        return array
    with np.errstate(invalid="ignore"):
        if array.dtype.kind == "f" and not (array.size and np.nanmax(np.abs(array), initial=0) >= EXACT):
            return array
    objects = as_objects(y)
    only_strings = array.dtype.kind == "U" and {*map(type, objects.ravel().tolist())} <= {str, np.str_}
    return array if only_strings else objects


def _from_objects(array, name, wanted):
    """An array of objects as one of numbers, or one of str where there are strings."""
    values = array.ravel().tolist()
    classes, missing = set(map(type, values)), np.zeros(len(values), bool)
    if not classes <= NEVER_MISSING:
        missing[:] = [is_missing(value) for value in values]
        classes = {type(value) for value, is_none in zip(values, missing, strict=True) if not is_none}
    wrong = [cls for cls in classes if kind_of(cls) in ("date", "other")]
    if wrong:
        value = next(each for each in values if type(each) in wrong and not is_missing(each))
        raise _object_error(value, name, wanted)
    _refuse_missing(missing.reshape(array.shape), name)
    if any(kind_of(cls) == "string" for cls in classes):
        if classes <= {str, np.str_}:
            return array
        return _reshaped([plain(value) for value in values], array.shape)
    return _numbers(values, classes, name, wanted).reshape(array.shape)


def _reshaped(values, shape):
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array.reshape(shape)


def _numbers(values, classes, name, wanted):
    """A list of numbers of any classes as an array: of booleans, integers or floats."""
    if classes <= {bool, np.bool_}:
        return np.array(values, bool)
    if all(issubclass(cls, Integral | np.bool_) for cls in classes):
        integers = [*map(int, values)]
        for dtype in (np.int64, np.uint64):
            try:
                return np.array(integers, dtype)
            except OverflowError:
                pass
    try:
        floats = [float(value) for value in values]
    except (ValueError, OverflowError):  # a huge integer
        floats = None
    if floats is None or (wanted.exact and any(map(_differ, floats, values))):
        raise ValueError(f"{name} must hold {wanted.what}, got numbers that are too large for 64 bits.")
    return np.array(floats)


def _differ(number, value):
    """Whether a float, which is to be this number, has lost whole digits or is too large for any integer."""
    return EXACT <= abs(number) < np.inf and (bool(number != value) or abs(number) >= LARGEST)


def _refuse_missing(mask, name):
    """ValueError that says how many rows of y miss a value, and which are the first."""
    rows = np.flatnonzero(mask if mask.ndim == 1 else mask.any(axis=1))
    if len(rows):
        first = ", ".join(map(str, rows[:5])) + (", ..." if len(rows) > 5 else "")
        raise ValueError(
            f"Input {name} contains NaN: {name} contains missing values in {len(rows)} of {len(mask)} rows: {first} "
            "(the first row is 0). Leave these rows out."
        )


def _dtype_error(dtype, name, wanted):
    """The error that says what an array of no numbers and no strings holds."""
    if dtype.kind == "c":
        return _complex_error(dtype, name, wanted)
    found, hint = f"dtype {str(dtype)[:60]}", wanted.if_other
    if dtype.kind == "S":
        found, hint = "bytes", wanted.if_bytes
    elif dtype.kind in "mM":
        found = f"dates, times or durations ({dtype})"
    elif dtype.names is not None:
        found, hint = f"records with the fields {shown(list(dtype.names))}", "Take one of the fields."
    return TypeError(f"{name} must hold {wanted.what}, got {found}. {hint}")


def _complex_error(dtype, name, wanted):
    return ValueError(f"Complex data not supported: {name} must hold {wanted.what}, got {dtype}.")


def _object_error(value, name, wanted):
    """The error that says which object among the targets is none."""
    cls = type(value)
    if issubclass(cls, complex | np.complexfloating):
        return _complex_error(f"the complex number {shown(value)}", name, wanted)
    hint = wanted.if_other
    if issubclass(cls, SEVERAL):
        hint = wanted.if_several
    elif issubclass(cls, bytes | bytearray):
        hint = wanted.if_bytes
    elif issubclass(cls, Enum):
        hint = "Take the value of each member."
    found = f"{cls.__name__[:40]} objects such as {shown(value)}"
    return TypeError(f"{name} must hold {wanted.what}, got {found}. {hint}")
