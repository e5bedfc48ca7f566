"""Rows: the input, targets and weights that a network is trained on, watched by, or evaluated for.

Contract
--------
- ``len(rows)``, ``n_columns`` and ``dtype`` (of the input); ``is_sparse``; ``total_weight``, the sum of the weights
  before they were brought to mean 1, or the number of rows.
- ``batches(size, rng)`` is an iterable over ``(n, X, y, weight)``, batches of at most ``size`` rows: each time that it
  is iterated over, every row comes once, in random order, or in the order of the rows if ``rng`` is None. A batch is
  overwritten by the next one.
- ``in_memory()`` is the rows themselves, or a sample of rows that are not held in memory: what has
- ``chunks(size)``, an iterable over X alone, at most ``size`` rows at a time, in the order of the rows, and
- ``targets()``, which is ``(y, weight)`` of all rows, in their order.
- ``sample(n, rng)`` is ``(X, weight)`` of ``n`` rows, or of all if there are fewer, drawn without replacement.
- ``part(n)`` is about ``n`` of the rows, or all if there are fewer, evenly spaced, as rows of the same kind.
- ``quantiles(levels, n_columns)`` is an array (n_columns, n_levels): the weighted quantiles of the first columns.

Weights have mean 1 over the rows, or are None; targets are None where rows are only predicted on. Training and
evaluation know rows by this contract alone, so what is not an array in memory can be one more class.
"""

import numpy as np
from scipy import sparse


class ArrayRows:
    """Rows of arrays: all of them, or those with the indices ``which``. X is never copied, nor are y and weight.

    Parameters
    ----------
    X : {ndarray, CSR matrix} of shape (n, n_in)
    y : ndarray of shape (n,) or (n, n_out), default=None
    weight : ndarray of shape (n,), default=None
        Of mean 1 over the rows, in the dtype of X.
    which : ndarray of int, default=None
        None means all.
    total_weight : float, default=None
        None means the number of rows.
    """

    def __init__(self, X, y=None, weight=None, which=None, total_weight=None):
        self.X, self.y, self.weight, self.which = X, y, weight, which
        self._n_rows = X.shape[0] if which is None else len(which)
        self.total_weight = self._n_rows if total_weight is None else total_weight

    def __len__(self):
        return self._n_rows

    @property
    def n_columns(self):
        return self.X.shape[1]

    @property
    def dtype(self):
        return self.X.dtype

    @property
    def is_sparse(self):
        return sparse.issparse(self.X)

    def in_memory(self):
        return self

    def batches(self, size, rng):
        return Batches(self, min(size, self._n_rows), rng)

    def chunks(self, size):
        which, size = self.which, min(size, self._n_rows)
        if which is None:
            return [self.X] if size == self._n_rows else (self.X[chunk] for chunk in slices(self._n_rows, size))
        read = Reader(self.X, size)
        return (read(which[chunk]) for chunk in slices(self._n_rows, size))

    def targets(self):
        return self._of_rows(self.y), self._of_rows(self.weight)

    def sample(self, n, rng):
        sample = rng.permutation(self._n_rows if self.which is None else self.which)[:n]
        return self.X[sample], None if self.weight is None else self.weight[sample]

    def part(self, n):
        which = np.arange(self._n_rows) if self.which is None else self.which
        return ArrayRows(self.X, self.y, self.weight, which[:: max(1, self._n_rows // n)])

    def quantiles(self, levels, n_columns):
        X, weight = self._of_rows(self.X[:, :n_columns]), self._of_rows(self.weight)
        return np.stack([np.quantile(x, levels, method="inverted_cdf", weights=weight) for x in X.T]).astype(X.dtype)

    def _of_rows(self, array):
        return array if array is None or self.which is None else array[self.which]


class Batches:
    """Iterates over `ArrayRows` in batches of ``size`` rows, the last one shorter if need be."""

    def __init__(self, rows, size, rng):
        self.rows, self.size, self.rng = rows, size, rng
        self._has_views = rng is None and rows.which is None  # then nothing is copied
        self._readers = [Reader(array, 0 if self._has_views else size) for array in (rows.X, rows.y, rows.weight)]

    def __iter__(self):
        n_rows, which = len(self.rows), self.rows.which
        if self.rng is not None:
            which = self.rng.permutation(n_rows if which is None else which)
        read_X, read_y, read_weight = self._readers
        for batch in slices(n_rows, self.size):
            of_batch = batch if which is None else which[batch]
            yield batch.stop - batch.start, read_X(of_batch), read_y(of_batch), read_weight(of_batch)


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


def slices(n_rows, size):
    """The slices that cut ``n_rows`` rows into batches of ``size``, the last one shorter if need be.

    >>> list(slices(5, 2))
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    return (slice(start, min(start + size, n_rows)) for start in range(0, n_rows, size))


def as_rows(X):
    """X with fast access to rows: C-ordered if dense, CSR if sparse."""
    return X.tocsr() if sparse.issparse(X) else np.ascontiguousarray(X)
