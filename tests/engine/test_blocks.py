"""Rows that come in blocks: every row once, as many blocks in memory as there should be, errors that arrive."""

import threading

import numpy as np
import pytest

from skann.engine import blocks
from skann.engine.blocks import BlockRows, ReadAhead
from skann.engine.rows import ArrayRows


class Pieces:
    """Pieces of given lengths, in blocks of three rows; X holds the number of the row, y ten times, weight minus it."""

    def __init__(self, lengths, has_weight=True, broken=None):
        self.lengths, self.has_weight, self.broken = lengths, has_weight, broken
        self.n, self.starts = len(lengths), np.concatenate([[0], np.cumsum(lengths)])

    def read(self, piece):
        if piece == self.broken:
            raise OSError("broken")
        rows = np.arange(self.starts[piece], self.starts[piece + 1], dtype=np.float32)
        for start in range(0, len(rows), 3):
            block = rows[start : start + 3]
            yield block[:, np.newaxis], 10 * block.astype(int), -block if self.has_weight else None


def rows_of(lengths, **kwargs):
    n = sum(lengths)
    return BlockRows(Pieces(lengths, **kwargs), n, ArrayRows(np.zeros((1, 1), np.float32)), n)


def taken(batches):
    return [(n, X.copy(), y.copy(), None if weight is None else weight.copy()) for n, X, y, weight in batches]


@pytest.mark.parametrize("window", [1, 20, 100, 10**6])
@pytest.mark.parametrize("size", [1, 4, 7, 1000])
@pytest.mark.parametrize("lengths", [[1], [5, 0, 8, 1, 30], [3] * 10])
def test_every_row_comes_once_in_full_batches_with_its_target(lengths, size, window, monkeypatch):
    monkeypatch.setattr(blocks, "WINDOW_BYTES", window)
    n_rows = sum(lengths)
    found = taken(rows_of(lengths).batches(size, np.random.default_rng(0)))
    X = np.concatenate([X for _, X, _, _ in found]).ravel()
    np.testing.assert_array_equal(np.sort(X), np.arange(n_rows))
    np.testing.assert_array_equal(np.concatenate([y for _, _, y, _ in found]), 10 * X)
    np.testing.assert_array_equal(np.concatenate([weight for *_, weight in found]), -X)
    size = min(size, n_rows)
    assert [n for n, *_ in found] == [size] * (n_rows // size) + [n_rows % size] * (n_rows % size > 0)


def test_without_shuffling_rows_come_in_their_order(monkeypatch):
    monkeypatch.setattr(blocks, "WINDOW_BYTES", 40)
    found = taken(rows_of([5, 9, 2], has_weight=False).batches(4, None))
    np.testing.assert_array_equal(np.concatenate([X for _, X, _, _ in found]).ravel(), np.arange(16))
    assert all(weight is None for *_, weight in found)


def test_the_order_is_new_in_each_epoch_and_the_same_for_the_same_seed():
    rng = np.random.default_rng(0)
    batches = rows_of([40, 40]).batches(80, rng)
    first, second = ([X.ravel().tolist() for _, X, *_ in taken(batches)] for _ in range(2))
    assert first != second
    again = rows_of([40, 40]).batches(80, np.random.default_rng(0))
    assert [X.ravel().tolist() for _, X, *_ in taken(again)] == first


def test_a_window_mixes_pieces_and_all_of_them_come_in_random_order(monkeypatch):
    """Rows 0 to 99 in pieces of 5: with a window of 50 the first batch has rows of all the table."""
    monkeypatch.setattr(blocks, "WINDOW_BYTES", 200)
    _, X, _, _ = next(iter(rows_of([5] * 20).batches(10, np.random.default_rng(0))))
    assert len({int(x) // 5 for x in X.ravel()}) > 3
    assert np.ptp(X) > 50


@pytest.mark.parametrize("broken", [0, 3])
def test_an_error_of_the_thread_is_raised_and_no_thread_is_left(broken, monkeypatch):
    monkeypatch.setattr(blocks, "WINDOW_BYTES", 20)
    n_threads = threading.active_count()
    with pytest.raises(OSError, match="broken"):
        taken(rows_of([5] * 5, broken=broken).batches(2, None))
    assert threading.active_count() == n_threads


def test_a_table_that_changes_is_an_error():
    with pytest.raises(ValueError, match="has 7 rows to learn from, and had 8"):
        taken(BlockRows(Pieces([3, 4]), 8, ArrayRows(np.zeros((1, 1), np.float32)), 8).batches(2, None))


def test_leaving_in_the_middle_ends_the_thread(monkeypatch):
    monkeypatch.setattr(blocks, "WINDOW_BYTES", 20)
    n_threads = threading.active_count()
    for _ in rows_of([5] * 100).batches(2, None):
        break
    assert threading.active_count() == n_threads


def test_one_item_is_read_ahead_and_no_more():
    begun = []
    is_there = threading.Event()

    def items():
        for i in range(5):
            begun.append(i)
            if i == 1:
                is_there.set()
            yield i

    with ReadAhead(items()) as ahead:
        first = next(iter(ahead))
        assert is_there.wait(5)
        assert (first, begun) == (0, [0, 1])
