"""What is said within an epoch, and within the first pass over a table, where they take long."""

import re
from types import SimpleNamespace

import numpy as np
import pytest

from skann import ANNRegressor
from skann.data import from_arrays
from skann.engine.callbacks import Callback
from skann.engine.run import Run
from skann.fitting import rows_line
from skann.fitting.progress import NetworkProgress, ProgressTable

X = np.random.default_rng(0).normal(size=(300, 3))
PLAIN = {"encoder": None, "hidden_layer_sizes": (4,), "max_iter": 2, "batch_size": 100, "random_state": 0}
ABOUT_ROWS = re.compile(r"epoch (\d+) \[([#-]{20})\] ([\d,]+) of 1,000 rows, [\d,]+ rows/s, (\d+) s left$")


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test sets."""
    now = [0.0]
    for name in ("progress", "rows_line"):
        monkeypatch.setattr(f"skann.fitting.{name}.time.perf_counter", lambda: now[0])
    return now


def played(n_networks, n_epochs, seconds, clock, verbose=1):
    """Print a fit of networks whose epochs take so many seconds, of which one hears each half."""
    settings = SimpleNamespace(verbose=verbose, solver="adam", is_partial=False, n_epochs=n_epochs)
    table = ProgressTable(settings, n_networks)
    table.begin()
    for i in range(n_networks):
        run, listener = Run(None), NetworkProgress(table, i, n_epochs)
        listener.on_fit_begin(run)
        for _ in range(n_epochs):
            start = clock[0]
            listener.on_epoch_begin(run)
            for elapsed in np.arange(2.0, seconds, 0.5):
                clock[0] = start + elapsed
                listener.on_rows(run, int(1000 * elapsed / seconds), 1000)
            clock[0] = start + seconds
            run.epoch += 1
            run.history = {"loss": [0.5], "learning_rate": [0.1]}
            listener.on_epoch_end(run)
        listener.on_fit_end(run)


@pytest.mark.parametrize("seconds", [1.0, 60.0, 800.0])
@pytest.mark.parametrize("n_networks, n_epochs", [(1, 1), (1, 3), (1, 30), (2, 1), (5, 4), (12, 1), (12, 8)])
def test_a_fit_has_at_most_32_lines_and_is_never_long_silent(n_networks, n_epochs, seconds, clock, capsys, monkeypatch):
    times, speak = [], ProgressTable._print
    monkeypatch.setattr(ProgressTable, "_print", lambda table, line: (times.append(clock[0]), speak(table, line)))
    played(n_networks, n_epochs, seconds, clock)
    _, *lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 32
    about_rows = [line for line in lines if "rows/s" in line]
    if seconds == 1.0:
        assert not about_rows
    total, of_epoch = n_networks * n_epochs * seconds, seconds * (n_networks * n_epochs >= 16)
    assert max(np.diff([*times, total])) <= max(total / 16, rows_line.SILENCE) + of_epoch + 1.5


def test_what_a_line_says(clock, capsys):
    """Of an epoch of 160 seconds, at even steps: rows, rate and seconds left are those of then."""
    played(1, 1, 160.0, clock)
    _, *lines, last = capsys.readouterr().out.splitlines()
    assert last.startswith("     1/1         1")
    assert len(lines) == 15
    for i, line in enumerate(lines, 1):
        _, bar, n_seen, left = ABOUT_ROWS.match(line).groups()
        assert int(n_seen) == pytest.approx(1000 * i / 16, abs=4)
        assert bar.count("#") == int(20 * int(n_seen) / 1000)
        assert int(left) == pytest.approx(160 - 10 * i, abs=1)


def test_a_terminal_has_one_line_that_is_rewritten_and_none_in_the_end(clock, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    played(2, 2, 20.0, clock)
    out = capsys.readouterr().out
    assert len(re.findall(r"\rnetwork [12]/2 epoch [12] \[", out)) == 4 * len(np.arange(2.0, 20.0, 0.5))
    kept = [line.split("\r")[-1] for line in out.split("\n")]
    assert [line.split()[:2] for line in kept[1:]] == [["1/2", "1"], ["1/2", "2"], ["2/2", "1"], ["2/2", "2"], []]


class Listener(Callback):
    def __init__(self):
        self.heard = []

    def on_epoch_begin(self, run):
        self.heard.append([])

    def on_rows(self, run, n_seen, n_rows):
        self.heard[-1].append((n_seen, n_rows))


def test_the_rows_are_those_seen(monkeypatch):
    """After each step, where no epoch is too short to be told of; none of an epoch of less than two seconds."""
    listener = Listener()
    monkeypatch.setattr("skann.fitting.train.Training.listeners", lambda training: [listener])
    ANNRegressor(**PLAIN).fit(X, X[:, 0])
    assert listener.heard == [[], []]
    monkeypatch.setattr("skann.engine.run.LONG_EPOCH", 0.0)
    monkeypatch.setattr("skann.engine.run.BETWEEN", 0.0)
    ANNRegressor(**PLAIN).fit(X, X[:, 0])
    assert listener.heard[2:] == [[(100, 300), (200, 300), (300, 300)]] * 2


@pytest.mark.parametrize("is_terminal", [False, True])
def test_the_first_pass_over_a_table(is_terminal, clock, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: is_terminal)
    monkeypatch.setattr("skann.fitting.block_table.PIECE_ROWS", 30)
    for _ in rows_line.told(from_arrays(X)):
        clock[0] += 1.2
    out = capsys.readouterr().out
    assert out.splitlines()[-1] == "First pass over 300 rows: 12.0 seconds."
    shown = [int(n) for n in re.findall(r"\] (\d+) of 300 rows, 25 rows/s", out)]
    assert shown == list(range(60, 301, 30)) * is_terminal
