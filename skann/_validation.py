"""Checks of X and y beyond scikit-learn's, and the dtype of the training."""

import numpy as np
from scipy import sparse

from .engine.batches import as_rows


def refuse_dates(X):
    """TypeError for dates, which scikit-learn would turn into nanoseconds in silence."""
    if hasattr(X, "columns") and hasattr(X, "dtypes"):
        dtypes = zip(X.columns, X.dtypes, strict=True)  # pandas, polars
    else:
        dtypes = [("all", getattr(X, "dtype", None))]
    for name, dtype in dtypes:
        if getattr(dtype, "kind", "") in ("m", "M") or str(dtype).startswith(("Date", "Duration", "Time")):
            raise TypeError(
                f"X must hold numbers, got {dtype} in column {name!r}: turn dates into numbers, such as days."
            )


def accepted_dtypes(X):
    """The ``dtype`` argument of scikit-learn's checks for training rows.

    Integers go to the dtype of the training in one step, by `cast_rows`: a float64 in between would be a second copy.
    """
    is_numeric_array = isinstance(X, np.ndarray) and X.dtype.kind in "fiub"
    return "numeric" if is_numeric_array else [np.float64, np.float32]


def training_dtype(arrays, wanted, small):
    """What the training computes in.

    Parameters
    ----------
    arrays : sequence of (str, array)
        What must fit into it, with names; may be sparse.
    wanted : {"auto", "float32", "float64"} or dtype
        "auto" is float64 if ``small`` or if a value is too large for float32, else float32.
    small : bool

    Raises
    ------
    ValueError
        If a value is too large for the dtype that is wanted.
    """
    dtype = np.dtype("float64" if wanted == "auto" and small else "float32" if wanted == "auto" else wanted)
    for name, values in arrays:
        if not fits(values, dtype):
            if wanted != "auto":
                raise ValueError(f"{name} holds values too large for {dtype}: scale it, or set dtype='float64'.")
            return np.dtype(np.float64)
    return dtype


def check_total(weight, name):
    """ValueError if these weights, not all zero, do not add up to a number with which one can compute."""
    with np.errstate(over="ignore"):
        total = float(np.sum(weight))
    if not np.finfo(np.float64).tiny <= total < np.inf:
        raise ValueError(f"{name} adds up to {total:g}, out of the range of floats: multiply all by one factor.")


def predictions_error(dtype):
    """The error for predictions that are not finite."""
    advice = "scale them, or make X float64" if dtype == np.float32 else "scale them"
    return ValueError(f"X holds values too large for predictions in {dtype}: {advice}.")


def cast_rows(X, dtype):
    """X in this dtype with fast access to rows: C-ordered, CSR if sparse; a copy only if needed."""
    return as_rows(X).astype(dtype, copy=False) if sparse.issparse(X) else np.ascontiguousarray(X, dtype)


def fits(X, dtype):
    """Whether no value is too large for this dtype."""
    values = X.data if sparse.issparse(X) else X
    largest = np.finfo(dtype).max
    return values.size == 0 or bool(np.max(values) <= largest and np.min(values) >= -largest)
