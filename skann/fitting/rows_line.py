"""How far a pass over many rows is: what is printed of it while it goes on."""

import shutil
import sys
import time

SILENCE = 10.0  # seconds between the last line of a file and one about rows
LONG_PASS, BETWEEN = 2.0, 0.5  # seconds after which a terminal shows a line, and after which it is rewritten
BAR = 20  # characters


class RowsLine:
    """The last line of a terminal, which is rewritten; elsewhere there is none."""

    def __init__(self):
        self.is_terminal = sys.stdout is not None and sys.stdout.isatty()
        self.n_shown = 0

    def show(self, text):
        """Write it in the place of what was shown before."""
        text = text[: shutil.get_terminal_size().columns - 1]
        print(f"\r{text:{self.n_shown}}", end="", flush=True)
        self.n_shown = len(text)

    def clear(self):
        """Leave an empty line."""
        if self.n_shown:
            print(f"\r{'':{self.n_shown}}\r", end="", flush=True)
            self.n_shown = 0


def rows_text(title, n_seen, n_rows, seconds):
    """A bar, the rows seen of all, rows per second and the seconds left.

    >>> rows_text("epoch 1", 250_000, 1_000_000, 5.0)
    'epoch 1 [#####---------------] 250,000 of 1,000,000 rows, 50,000 rows/s, 15 s left'
    """
    bar = "#" * int(BAR * n_seen / n_rows)
    rate = n_seen / max(seconds, 1e-9)
    left = (n_rows - n_seen) / rate
    return f"{title} [{bar:-<{BAR}}] {n_seen:,} of {n_rows:,} rows, {rate:,.0f} rows/s, {left:.0f} s left"


def told(table):
    """Iterates over the blocks of a table; where the pass takes long, a terminal shows how far it is, and a line in a
    file says so at its end.
    """
    line, start = RowsLine(), time.perf_counter()
    shown = start + LONG_PASS - BETWEEN
    try:
        for block in table:
            yield block
            now = time.perf_counter()
            if line.is_terminal and now >= shown + BETWEEN:
                n_seen = block.first + block.X.shape[0]
                line.show(rows_text("first pass", n_seen, len(table), now - start))
                shown = now
    finally:
        line.clear()
    seconds = time.perf_counter() - start
    if seconds >= SILENCE:
        print(f"First pass over {len(table):,} rows: {seconds:.1f} seconds.\n", end="", flush=True)
