"""Tables of blocks from arrays, such as memory-mapped ones."""

from typing import Any

from scipy import sparse

from .._objects import shown
from ..fitting.block_table import ArrayTable, BlockTable


def from_arrays(X: Any, y: Any = None, weight: Any = None) -> BlockTable:
    """A table of blocks from arrays, such as memory-mapped ones, of which a block is in memory at a time.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
        `numpy.memmap`, an array of h5py or zarr, or any other with a shape of which slices can be read.
    y : array of shape (n_samples,) or (n_samples, n_outputs), default=None
        Targets; not needed to predict.
    weight : array of shape (n_samples,), default=None
        Weights of the rows.

    Returns
    -------
    table : BlockTable
        For ``fit(table)`` and ``predict(table)``.

    Raises
    ------
    ValueError, TypeError
        If these are not arrays with the same number of rows.

    Examples
    --------
    >>> import numpy as np
    >>> from skann import ANNRegressor
    >>> from skann.data import from_arrays
    >>> X = np.random.default_rng(0).normal(size=(500, 3))
    >>> model = ANNRegressor(max_iter=2, random_state=0).fit(from_arrays(X, X[:, 0]))
    >>> model.predict(from_arrays(X)).shape
    (500,)
    """
    for name, array in {"X": X, "y": y, "weight": weight}.items():
        if array is None and name != "X":
            continue
        shape = getattr(array, "shape", None)
        if sparse.issparse(array):
            raise TypeError(f"{name} must be dense, got a sparse matrix.")
        if not isinstance(shape, tuple) or not hasattr(array, "__getitem__") or hasattr(array, "iloc"):
            raise TypeError(f"{name} must be an array, such as numpy.memmap, got {shown(type(array).__name__)}.")
        if name == "X" and (len(shape) != 2 or 0 in shape):
            raise ValueError(f"X must have rows and columns, got an array of shape {shape}.")
        if shape[:1] != X.shape[:1]:
            raise ValueError(f"{name} must have an entry for each of the {X.shape[0]} rows of X, got shape {shape}.")
    return ArrayTable(X, y, weight)
