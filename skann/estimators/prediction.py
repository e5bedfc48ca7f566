"""Predictions for many rows: in chunks, which bound the memory, and in threads."""

import threading

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from scipy import sparse

from .._threads import blas_threads
from ..engine.rows import slices

NUMBERS = 2**20  # of a chunk as the networks take it, and of what they make of it


def chunk_rows(n_columns):
    """Rows to encode and predict on at once, when each becomes ``n_columns`` numbers: so few that jobs share them."""
    return min(max(NUMBERS // max(n_columns, 1), 256), 2**13)


def in_chunks(predict, X, n_chunk, n_jobs):
    """What ``predict`` makes of all rows, ``n_chunk`` at a time.

    The chunks are the same for any ``n_jobs``. So are the results, but for the rounding of matrix products where BLAS
    has several threads: it is left to itself when there is one job, and has one thread in each of several.

    Parameters
    ----------
    predict : callable(rows) -> ndarray of shape (n_rows, ...)
        Of one shape and dtype for all rows; called from several threads.
    X : {ndarray, DataFrame, sparse matrix} of shape (n_samples, n_features)
    n_chunk : int
    n_jobs : int or None
        Threads, as joblib counts them.

    Returns
    -------
    predictions : ndarray of shape (n_samples, ...)
    """
    n_rows = X.shape[0]
    if n_rows <= n_chunk:
        return predict(X)
    X = X.tocsr() if sparse.issparse(X) else X
    predictions, lock = None, threading.Lock()

    def fill(chunk):
        nonlocal predictions
        found = predict(_rows(X, chunk))
        with lock:
            if predictions is None:  # now the shape is known
                predictions = np.empty((n_rows, *found.shape[1:]), found.dtype)
        predictions[chunk] = found

    def fill_beside_others(chunk):
        with blas_threads(0):
            fill(chunk)

    chunks = slices(n_rows, n_chunk)
    if effective_n_jobs(n_jobs) == 1:
        for chunk in chunks:
            fill(chunk)
    else:
        Parallel(n_jobs, require="sharedmem", batch_size=1)(delayed(fill_beside_others)(chunk) for chunk in chunks)
    return predictions


def _rows(X, chunk):
    return X.iloc[chunk] if hasattr(X, "iloc") else X[chunk]


def joined(parts):
    """The predictions for the blocks of a table as those for all its rows."""
    return sparse.vstack(parts, format="csr") if sparse.issparse(parts[0]) else np.concatenate(parts)
