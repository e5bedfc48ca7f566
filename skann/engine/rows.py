"""Which rows make a batch, and how they get into its buffer."""

import numpy as np
from scipy import sparse


def slices(n_rows, size):
    """The slices that cut ``n_rows`` rows into batches of ``size``, the last one shorter if need be.

    >>> list(slices(5, 2))
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    return (slice(start, min(start + size, n_rows)) for start in range(0, n_rows, size))


class Reader:
    """Gathers rows of one array into a buffer that it owns, so that a batch allocates nothing.

    Parameters
    ----------
    array : ndarray of shape (n, ...) or CSR matrix of shape (n, n_in), or None
        None is the absent array (no weights): every batch of it is None.
    size : int
        The largest batch.
    """

    def __init__(self, array, size):
        self.array = array
        dense = isinstance(array, np.ndarray)
        self.buffer = np.empty((size, *array.shape[1:]), array.dtype) if dense else None

    def __call__(self, rows):
        """The rows with the indices ``rows``; overwritten by the next call. A slice gives a view."""
        if self.array is None:
            return None
        if self.buffer is None or isinstance(rows, slice):
            return self.array[rows]
        # mode="clip" because with mode="raise" NumPy buffers the whole output
        return self.array.take(rows, axis=0, out=self.buffer[: len(rows)], mode="clip")


def as_rows(X):
    """X with fast access to rows: C-ordered if dense, CSR if sparse."""
    return X.tocsr() if sparse.issparse(X) else np.ascontiguousarray(X)
