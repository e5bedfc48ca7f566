"""Rows and their batches: every row once, the right rows, in memory that is used again."""

import copy
import pickle

import joblib
import numpy as np
import pytest
from scipy import sparse

from skann.engine.rows import ArrayRows, Reader, as_rows, slices
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


# ------------------------------------------------------------------------------------------------ the contract

RNG = np.random.default_rng(0)
N = 30
X, Y, WEIGHT = RNG.normal(size=(N, 4)), RNG.normal(size=(N, 2)), RNG.uniform(0.1, 3, N)
WHICH = pytest.mark.parametrize("which", [None, np.array([7, 3, 29, 0, 12, 13, 14])], ids=["all", "some"])
MAKE = pytest.mark.parametrize("make", [np.asarray, sparse.csr_matrix, sparse.csr_array])


def dense(X):
    return X.toarray() if sparse.issparse(X) else X


def chosen(which):
    return np.arange(N) if which is None else which


@WHICH
@MAKE
def test_rows_say_what_they_are(which, make):
    rows = ArrayRows(make(X).astype(np.float32), Y, WEIGHT, which, total_weight=9.5)
    assert (len(rows), rows.n_columns, rows.dtype, rows.total_weight) == (len(chosen(which)), 4, np.float32, 9.5)
    assert rows.is_sparse is (make is not np.asarray)
    assert ArrayRows(X, which=which).total_weight == len(rows)


@WHICH
@MAKE
@pytest.mark.parametrize("size", [1, 3, 7, 30, 100])
def test_batches_without_a_generator_are_the_rows_in_order(which, make, size):
    batches, seen = ArrayRows(make(X), Y, WEIGHT, which).batches(size, None), []
    for _ in range(2):  # they can be iterated over again
        seen = [(n, dense(x).copy(), y.copy(), weight.copy()) for n, x, y, weight in batches]
        sizes, *arrays = zip(*seen, strict=True)
        assert all(n == size for n in sizes[:-1])
        assert 0 < sizes[-1] <= size
        for array, parts in zip((X, Y, WEIGHT), arrays, strict=True):
            assert [len(part) for part in parts] == list(sizes)
            np.testing.assert_array_equal(np.concatenate(parts), array[chosen(which)])


@WHICH
@MAKE
@pytest.mark.parametrize("size", [1, 3, 7, 30, 100])
def test_chunks_are_the_inputs_in_order(which, make, size):
    seen = [dense(x).copy() for x in ArrayRows(make(X), which=which).chunks(size)]
    np.testing.assert_array_equal(np.concatenate(seen), X[chosen(which)])
    assert all(len(x) == size for x in seen[:-1])
    assert 0 < len(seen[-1]) <= size


@WHICH
@MAKE
def test_batches_are_the_rows_in_random_order(which, make):
    """Each once in every pass, targets and weights with their rows, in the orders that the generator draws."""
    batches = ArrayRows(make(X), Y, WEIGHT, which).batches(4, np.random.default_rng(5))
    twin, orders = np.random.default_rng(5), []
    for _ in range(2):
        seen = [(dense(x).copy(), y.copy(), weight.copy()) for _, x, y, weight in batches]
        order = twin.permutation(N if which is None else which)
        for array, parts in zip((X, Y, WEIGHT), zip(*seen, strict=True), strict=True):
            np.testing.assert_array_equal(np.concatenate(parts), array[order])
        orders.append(order.tolist())
    assert orders[0] != orders[1]


def test_passes_side_by_side_do_not_disturb_each_other():
    """As of two threads that share their validation rows."""
    rows = ArrayRows(X, Y, which=np.arange(N)[::-1])
    for x, other in zip(rows.chunks(7), rows.chunks(7), strict=True):
        np.testing.assert_array_equal(x, other)
        assert not np.shares_memory(x, other)


@WHICH
def test_batches_allocate_nothing(which):
    """But the order of the rows, once for a pass."""
    big = np.ones((4000, 50))
    rows = ArrayRows(big, big[:, 0], big[:, 0], which if which is None else np.arange(0, 4000, 2))
    batches = rows.batches(500, RNG)
    with Peak() as peak:
        for _ in batches:
            pass
    assert peak.bytes < 4 * 8 * len(rows) + 5000  # one batch has 200 kB


@WHICH
def test_whole_rows_in_order_need_no_memory(which):
    """They are views; those with indices have a buffer of one batch."""
    big = np.ones((4000, 50))
    with Peak() as peak:
        ArrayRows(big, which=None if which is None else np.arange(4000)).batches(500, None)
    assert (peak.bytes < 5000) is (which is None)


@WHICH
def test_targets(which):
    y, weight = ArrayRows(X, Y, WEIGHT, which).targets()
    np.testing.assert_array_equal(y, Y[chosen(which)])
    np.testing.assert_array_equal(weight, WEIGHT[chosen(which)])
    assert ArrayRows(X, which=which).targets() == (None, None)


@WHICH
@MAKE
def test_a_sample_is_of_the_rows(which, make):
    rows = ArrayRows(make(X), weight=WEIGHT, which=which)
    sample, weight = rows.sample(5, np.random.default_rng(1))
    expected = np.random.default_rng(1).permutation(chosen(which))[:5]
    np.testing.assert_array_equal(dense(sample), X[expected])
    np.testing.assert_array_equal(weight, WEIGHT[expected])
    sample, weight = ArrayRows(make(X), which=which).sample(1000, RNG)
    assert sorted(map(tuple, dense(sample))) == sorted(map(tuple, X[chosen(which)]))
    assert weight is None


@WHICH
def test_quantiles_are_those_of_repeated_rows(which):
    """Integer weights stand for copies, and only the first columns are asked for."""
    weight, levels = np.arange(N) % 4 + 1, np.array([0.0, 0.1, 0.5, 0.77, 1.0])
    repeated = np.repeat(X[chosen(which)], weight[chosen(which)], axis=0)
    expected = np.quantile(repeated[:, :3], levels, axis=0, method="inverted_cdf").T
    quantiles = ArrayRows(X, Y, weight.astype(float), which).quantiles(levels, 3)
    np.testing.assert_array_equal(quantiles, expected)
    unweighted = ArrayRows(X.astype(np.float32), which=which).quantiles(levels, 4)
    assert unweighted.dtype == np.float32
    expected = np.quantile(X[chosen(which)].astype(np.float32), levels, axis=0, method="inverted_cdf")
    np.testing.assert_array_equal(unweighted, expected.T)


def test_a_copy_shares_the_arrays():
    rows = copy.copy(ArrayRows(X, Y, WEIGHT, np.arange(5)))
    assert rows.X is X
    assert rows.y is Y


@pytest.mark.skipif(joblib.__version__ < "1.4", reason="joblib 1.3 can not map arrays of NumPy 2")
def test_a_worker_gets_indices_and_no_copy_of_X(tmp_path):
    """joblib hands a large array to a worker as a memory map: X is one, as it was given, and not some rows of it."""
    big = np.ones((3000, 40))
    rows = ArrayRows(big, big[:, 0].copy(), which=np.arange(0, 3000, 3))
    joblib.dump(rows.X, tmp_path / "X")
    rows.X = joblib.load(tmp_path / "X", mmap_mode="r")
    kinds = joblib.Parallel(n_jobs=2, max_nbytes="100K")(joblib.delayed(kind_of_X)(rows) for _ in range(2))
    assert kinds == [(np.memmap, (3000, 40), 1000)] * 2
    assert len(pickle.loads(pickle.dumps(rows))) == 1000


def kind_of_X(rows):
    return type(rows.X), rows.X.shape, len(rows)
