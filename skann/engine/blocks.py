"""Rows that are read block by block while a network is trained on them.

Contract
--------
`BlockRows` keeps that of `skann.engine.rows`: ``n_columns``, ``dtype``, ``batches``, and of a sample that it holds in
memory, ``in_memory``, ``sample``, ``part`` and ``quantiles``.
"""

import threading
from dataclasses import dataclass
from typing import Any

import numpy as np

from .rows import Reader, slices

WINDOW_BYTES = 2**24  # of X in a window of blocks; there are two, one that is trained on and one that is read


class SampledRows:
    """Rows that are not held in memory, but for a sample.

    Parameters
    ----------
    n_rows : int
    sample : ArrayRows
        Some of the rows, in memory.
    total_weight : float
        Of all rows.
    """

    is_sparse = False

    def __init__(self, n_rows, sample, total_weight):
        self._n_rows, self._sample, self.total_weight = n_rows, sample, total_weight

    def __len__(self):
        return self._n_rows

    @property
    def n_columns(self):
        return self._sample.n_columns

    @property
    def dtype(self):
        return self._sample.dtype

    def in_memory(self):
        return self._sample

    def sample(self, n, rng):
        return self._sample.sample(n, rng)

    def part(self, n):
        return self._sample.part(n)

    def quantiles(self, levels, n_columns):
        return self._sample.quantiles(levels, n_columns)


class BlockRows(SampledRows):
    """Rows that come in pieces, of which two windows are held in memory at a time.

    A thread reads the next window while the network is trained on this one. The pieces come in random order, and rows
    are shuffled within a window, which holds blocks of one or several pieces.

    Parameters
    ----------
    pieces : object
        ``pieces.n`` is their number; ``pieces.read(i)`` iterates over the blocks ``(X, y, weight)`` of piece i, arrays
        as `ArrayRows` has them.
    n_rows : int
        In all pieces together.
    sample : ArrayRows
        Some of the rows, in memory.
    total_weight : float
        Of all rows.
    """

    def __init__(self, pieces, n_rows, sample, total_weight):
        super().__init__(n_rows, sample, total_weight)
        self.pieces = pieces

    def batches(self, size, rng):
        return WindowedBatches(self, min(size, self._n_rows), rng)


@dataclass
class Window:
    """Some rows, with space in front of them for those that are left of the window before.

    Attributes
    ----------
    arrays : tuple of ndarray or None
        X, y and weight; None where there are none.
    start, stop : int
        Where the rows are in these.
    """

    arrays: tuple
    start: int
    stop: int

    def __len__(self):
        return self.stop - self.start

    def take(self, rest):
        """Put rows, a tuple of arrays, in front."""
        n = len(rest[0])
        for array, of_rest in zip(self.arrays, rest, strict=True):
            if array is not None:
                array[self.start - n : self.start] = of_rest
        self.start -= n

    def rows(self):
        """X, y and weight of these rows, views."""
        return tuple(None if array is None else array[self.start : self.stop] for array in self.arrays)


class WindowedBatches:
    """Iterates over `BlockRows` in batches of ``size`` rows, the last one shorter if need be."""

    def __init__(self, rows, size, rng):
        self.rows, self.size, self.rng = rows, size, rng
        self.n_window = max(size, WINDOW_BYTES // max(1, rows.n_columns * rows.dtype.itemsize))

    def __iter__(self):
        order = np.arange(self.rows.pieces.n) if self.rng is None else self.rng.permutation(self.rows.pieces.n)
        rest, n_read = None, 0
        with ReadAhead(self._windows(order)) as windows:
            for window, is_last in windows:
                if rest is not None:
                    window.take(rest)
                arrays = window.rows()
                which = np.arange(len(window)) if self.rng is None else self.rng.permutation(len(window))
                n_full = len(which) if is_last else len(which) // self.size * self.size
                readers = [Reader(array, self.size) for array in arrays]
                n_read += n_full
                for batch in slices(n_full, self.size):
                    yield (batch.stop - batch.start, *(read(which[batch]) for read in readers))
                rest = tuple(None if array is None else array[which[n_full:]] for array in arrays)
                del window, arrays, readers  # so that no third window is in memory while the next one is waited for
        if n_read != len(self.rows):
            raise ValueError(f"The table has changed: it has {n_read} rows to learn from, and had {len(self.rows)}.")

    def _windows(self, order):
        """Pairs of a `Window` and whether it is the last one."""
        blocks = (block for piece in order for block in self.rows.pieces.read(piece) if len(block[0]))
        waiting = next(blocks, None)
        while waiting is not None:
            window = self._empty_like(waiting)
            while waiting is not None and window.stop + len(waiting[0]) <= len(window.arrays[0]):
                n = len(waiting[0])
                for array, of_block in zip(window.arrays, waiting, strict=True):
                    if array is not None:
                        array[window.stop : window.stop + n] = of_block
                window.stop += n
                waiting = next(blocks, None)
            yield window, waiting is None
            del window

    def _empty_like(self, block):
        n = self.size + max(min(self.n_window, len(self.rows)), len(block[0]))
        arrays = tuple(None if each is None else np.empty((n, *each.shape[1:]), each.dtype) for each in block)
        return Window(arrays, self.size, self.size)


class ReadAhead:
    """Iterates over ``items`` in a thread, one item ahead of who takes them; a context that ends the thread.

    What is raised there is raised here.
    """

    def __init__(self, items):
        self._items, self._ready = items, threading.Condition()
        self._found: list[Any] = []
        self._is_over = self._is_closed = False
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        with self._ready:
            self._is_closed = True
            self._ready.notify_all()
        self._thread.join()

    def __iter__(self):
        while True:
            with self._ready:
                self._ready.wait_for(lambda: self._found or self._is_over)
                if not self._found:
                    return
                item, error = self._found.pop()
                self._ready.notify_all()
            if error is not None:
                raise error
            yield item
            del item  # its memory is free before the next one is read

    def _read(self):
        try:
            for item in self._items:
                if not self._give((item, None)):
                    return
                del item
        except BaseException as error:
            self._give((None, error))
        with self._ready:
            self._is_over = True
            self._ready.notify_all()

    def _give(self, found):
        """Wait until the last item was taken, once this one is there; False if no more are wanted."""
        with self._ready:
            self._found.append(found)
            self._ready.notify_all()
            self._ready.wait_for(lambda: not self._found or self._is_closed)
            return not self._is_closed
