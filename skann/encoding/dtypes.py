"""The dtype of the training, and whether values fit into it."""

import numpy as np
from scipy import sparse

from ..engine.rows import as_rows


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


def cast_rows(X, dtype):
    """X in this dtype with fast access to rows: C-ordered, CSR if sparse; a copy only if needed."""
    return as_rows(X).astype(dtype, copy=False) if sparse.issparse(X) else np.ascontiguousarray(X, dtype)


def fits(X, dtype):
    """Whether no value is too large for this dtype."""
    values = X.data if sparse.issparse(X) else X
    largest = np.finfo(dtype).max
    return values.size == 0 or bool(np.max(values) <= largest and np.min(values) >= -largest)
