"""Batches: every row once, the right rows, in memory that is used again."""

import numpy as np
import pytest
from scipy import sparse

from skann.engine.rows import Reader, as_rows, slices
from tests.helpers import Peak

ROWS = np.array([3, 0, 7, 7, 2])


@pytest.mark.parametrize("n_rows", [1, 2, 9, 10, 11, 100])
@pytest.mark.parametrize("size", [1, 3, 10, 1000])
def test_slices_cut_without_gap_or_overlap(n_rows, size):
    cut = [np.arange(n_rows)[batch] for batch in slices(n_rows, size)]
    np.testing.assert_array_equal(np.concatenate(cut), np.arange(n_rows))
    assert [len(batch) for batch in cut[:-1]] == [size] * (len(cut) - 1)
    assert 0 < len(cut[-1]) <= size


def test_slices_know_their_length():
    """The caller takes stop - start for the number of rows."""
    assert [batch.stop - batch.start for batch in slices(5, 2)] == [2, 2, 1]


@pytest.mark.parametrize("shape", [(10,), (10, 3)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_reader_takes_rows(shape, dtype):
    array = np.random.default_rng(0).integers(100, size=shape).astype(dtype)
    read = Reader(array, 6)
    batch = read(ROWS)
    np.testing.assert_array_equal(batch, array[ROWS])
    assert batch.dtype == dtype
    assert not np.shares_memory(batch, array)
    assert np.shares_memory(batch, read(ROWS[:2]))  # the short last batch uses the same memory
    np.testing.assert_array_equal(read(ROWS[:2]), array[ROWS[:2]])


def test_reader_of_nothing():
    assert Reader(None, 6)(ROWS) is None


@pytest.mark.parametrize("array", [np.arange(30.0).reshape(10, 3), np.arange(10)])
def test_reader_gives_views_of_slices(array):
    batch = Reader(array, 6)(slice(2, 5))
    np.testing.assert_array_equal(batch, array[2:5])
    assert np.shares_memory(batch, array)


@pytest.mark.parametrize("make", [sparse.csr_matrix, sparse.csr_array])
def test_reader_takes_sparse_rows(make):
    X = np.random.default_rng(0).normal(size=(10, 4)).astype(np.float32)
    X[X < 0.5] = 0
    read = Reader(make(X), 6)
    for rows in (ROWS, slice(2, 5)):
        batch = read(rows)
        assert sparse.issparse(batch)
        assert batch.dtype == np.float32
        np.testing.assert_array_equal(batch.toarray(), X[rows])


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_reader_allocates_nothing_for_a_batch(dtype):
    read, rows = Reader(np.ones((2000, 100), dtype), 500), np.arange(500)
    read(rows)
    with Peak() as peak:
        for _ in range(3):
            read(rows)
            read(rows[:100])
    assert peak.bytes < 5000  # one batch has 200 kB or more


@pytest.mark.parametrize("order", ["C", "F"])
def test_as_rows_of_arrays(order):
    X = np.asarray(np.arange(12.0).reshape(4, 3), order=order)
    rows = as_rows(X)
    assert rows.flags.c_contiguous
    np.testing.assert_array_equal(rows, X)
    assert np.shares_memory(rows, X) is (order == "C")


@pytest.mark.parametrize("make", [sparse.csr_matrix, sparse.csc_matrix, sparse.csc_array, sparse.coo_array])
def test_as_rows_of_sparse_matrices(make):
    X = make(np.eye(4, 3))
    assert as_rows(X).format == "csr"
    np.testing.assert_array_equal(as_rows(X).toarray(), np.eye(4, 3))
