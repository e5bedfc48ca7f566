"""The table that ``verbose`` prints of a fit: one owner for all networks, wherever they are trained."""

import math
import threading
import time

import numpy as np

from ..engine.callbacks import Callback
from .rows_line import SILENCE, RowsLine, rows_text

N_EVEN = 16  # lines that share the fit evenly among them
N_EARLY = 8  # epochs of the first of several networks, of which some have a line in any case
N_ENDS = 12  # networks up to which each has a line for its last epoch
N_FIRST_PARTS = 4  # of the first epoch, after which a line may say how far it is


class ProgressTable:
    """Prints the progress of a fit on stdout, in whole lines, whichever thread or process a network is trained in.

    A fit has at most about 30 lines, however long it is and however many networks there are: 16 at even steps of the
    epochs that are to come, or of the time where this is limited; one for the last epoch of each of up to 12 networks;
    and one for the epochs 1, 2, 4 and 8 of the first network, which show what an epoch takes. The only network, which
    may end early, goes on so with 16, 32 and so on. In calls of `partial_fit`, which know of no end, the epochs 1 to
    10, 20 to 100, 200 to 1000 and so on have a line.

    Within an epoch that takes long, a terminal shows one line, rewritten, that says how many rows the network has seen.
    Elsewhere such lines stand in the place of some of those of a fit: at even steps, where there are fewer epochs than
    steps, and for quarters of the first epoch; ten seconds or more after the last line.

    Parameters
    ----------
    settings : Settings
    n_networks : int
    scoring : Scoring, default=None
        What is watched; None where nothing is.
    n_before : int, default=0
        Epochs in earlier calls of `partial_fit`.
    """

    def __init__(self, settings, n_networks, scoring=None, n_before=0):
        self.settings, self.n_networks, self.scoring, self.n_before = settings, n_networks, scoring, n_before
        self.is_brief = settings.verbose == 1
        self.lock, self.is_closed = threading.Lock(), False
        self.planned: dict = {}  # epochs of each network that has begun
        self.done: dict = {}  # those that it has done
        self.ended: set = set()
        self.printed: dict = {}  # the last epoch of each network that has a line
        self.n_epochs = self.n_steps = 0
        titles = ["network", "epoch", "loss"]
        titles += [] if scoring is None else [f"validation {scoring.name}", "best epoch"]
        titles += [] if settings.solver == "lbfgs" else ["learning rate"]
        titles += [] if settings.is_partial else ["seconds", "left"]
        self.titles = titles
        self.rows_line, self.last_line, self.n_parts = RowsLine(), math.inf, 0

    def begin(self, deadline=None):
        """Print the header, unless an earlier call of `partial_fit` has."""
        self.start, self.deadline = time.perf_counter(), deadline
        self.last_line = self.start
        if not self.n_before:
            self._print_row(self.titles)

    def network_begins(self, number, n_epochs):
        with self.lock:
            self.planned[number] = n_epochs

    def rows_are_seen(self, number, epoch, n_seen, n_rows, seconds):
        """Say, within an epoch that takes long, how many rows have been seen of all, after so many seconds of it."""
        with self.lock:
            which = "" if self.n_networks == 1 else f"network {self._place(number)}/{self.n_networks} "
            text = rows_text(f"{which}epoch {self.n_before + epoch}", n_seen, n_rows, seconds)
            if self.rows_line.is_terminal and not self.is_closed:
                self.rows_line.show(text)
            elif self._is_due_within(n_seen / n_rows):
                self._print(text)

    def epoch_ends(self, number, run):
        with self.lock:
            self.done[number] = run.epoch
            self.n_epochs += 1
            if self._is_due(run.epoch, number):
                self._print_epoch(number, run)

    def network_ends(self, number, run):
        with self.lock:
            self.ended.add(number)
            self.done[number] = run.epoch
            is_due = self._is_due(0) or self.n_networks <= N_ENDS
            if is_due and self.printed.get(number) != run.epoch and self._is_whole(run):
                self._print_epoch(number, run)
            if run.stopped_by and (self.n_networks == 1 or not self.is_brief):
                which = "" if self.n_networks == 1 else f" of network {number + 1}"
                self._print(f"Training{which} stopped: {run.stopped_by}.")

    def close(self):
        """Print nothing more of networks: the training is over, or has failed, though threads may go on."""
        with self.lock:
            self.rows_line.clear()
            self.is_closed = True

    def end(self, networks, judge=None):
        """Print what came out of the fit: how many networks and epochs, the scores, the seconds."""
        if self.settings.is_partial:
            return
        n_networks, n_epochs = len(networks.members), sum(member.n_iter for member in networks.members)
        number = f"{n_networks}" if n_networks == self.n_networks else f"{n_networks} of {self.n_networks}"
        parts = [f"{number} network{'s' * (self.n_networks > 1)}", f"{n_epochs} epoch{'s' * (n_epochs != 1)}"]
        if self.scoring is not None:
            best = [self._watched(member.best_recent_score) for member in networks.members]
            best = [each for each in best if not math.isnan(each)]
            low, high = (number_text(each) for each in (min(best, default=math.nan), max(best, default=math.nan)))
            parts.append(f"best validation {self.scoring.name} {low if low == high else f'{low} to {high}'}")
        if networks.oof_score is not None:
            name = self.scoring.name if judge is None else judge.name
            parts.append(f"out-of-fold {name} {number_text(networks.oof_score)}")
        parts.append(f"{time.perf_counter() - self.start:.1f} seconds")
        print(", ".join(parts) + ".\n", end="", flush=True)

    # ------------------------------------------------------------------------------------------------- which epochs

    def _is_whole(self, run):
        """Whether the last epoch can have a line, though it may be the first and Ctrl-C have ended it half-way."""
        is_watched = self.scoring is None or len(run.history.get("validation_score", ())) == run.epoch
        return run.epoch > 0 and is_watched and not self.settings.is_partial

    def _is_due(self, epoch, number=None):
        """Whether an epoch of a network gets a line; 0 is the end of any."""
        if not self.is_brief:
            return True
        if self.settings.is_partial:
            return is_round(self.n_before + epoch)
        n_steps = int(N_EVEN * self._share_done())
        is_due = n_steps > self.n_steps
        self.n_steps = max(n_steps, self.n_steps)
        is_early = number == next(iter(self.done), None) and (self.n_networks == 1 or epoch <= N_EARLY)
        return is_due or (is_early and epoch & (epoch - 1) == 0)

    def _is_due_within(self, share):
        """Whether a line is due, in a file, within an epoch of which this share is done."""
        if self.settings.is_partial or time.perf_counter() - self.last_line < SILENCE:
            return False
        n_parts = 0 if self.n_epochs else int(N_FIRST_PARTS * share)
        n_steps = 0
        if self.n_networks * self.settings.n_epochs < N_EVEN:
            n_steps = int(N_EVEN * self._share_done(share))
        is_due = n_parts > self.n_parts or n_steps > self.n_steps
        self.n_parts, self.n_steps = max(n_parts, self.n_parts), max(n_steps, self.n_steps)
        return is_due

    def _share_done(self, of_epoch=0.0):
        """How much of the fit is over, from 0 to 1, with this share of an epoch."""
        n_done = sum(self.done.values())
        share = (n_done + of_epoch) / max(1, n_done + self._epochs_left())
        if self.deadline is None:
            return share
        now = time.perf_counter()
        return max(share, min(1.0, (now - self.start) / max(self.deadline - self.start, 1e-9)))

    def _epochs_left(self):
        """Epochs to come, if no network ends early from now on; one that has not begun has the mean of those ended."""
        at_work = sum(self.planned[i] - self.done.get(i, 0) for i in self.planned.keys() - self.ended)
        ended = [self.done[i] for i in self.ended]
        typical = sum(ended) / len(ended) if ended else self.settings.n_epochs
        return at_work + (self.n_networks - len(self.planned)) * typical

    # ------------------------------------------------------------------------------------------------------- lines

    def _print_epoch(self, number, run):
        """Print the line of the last epoch of a network."""
        self.printed[number] = run.epoch
        history, now = run.history, time.perf_counter()
        cells = [
            f"{self._place(number)}/{self.n_networks}",
            f"{self.n_before + run.epoch}",
            number_text(history["loss"][-1]),
        ]
        if self.scoring is not None:
            scores = history["validation_score"]
            best = int(np.argmax(scores)) + 1
            cells += [number_text(self._watched(scores[-1])), f"{best}{' *' if best == run.epoch else '  '}"]
        if self.settings.solver != "lbfgs":
            cells.append(f"{history['learning_rate'][-1]:.3g}")
        if not self.settings.is_partial:
            spent = now - self.start
            left = spent / max(1, self.n_epochs) * self._epochs_left()
            left = left if self.deadline is None else max(0.0, min(left, self.deadline - now))
            cells += [f"{spent:.1f}", f"{left:.1f}"]
        self._print_row(cells)

    def _place(self, number):
        """The place of a network among all: in a race of candidates not all are trained, and not in order."""
        is_race = len(getattr(self.settings, "candidates", ())) > 1
        return 1 + (list(self.planned).index(number) if is_race else number)

    def _watched(self, score):
        """A score as it is shown: the loss without its minus."""
        return -score if self.scoring.is_loss else score

    def _print_row(self, cells):
        widths = [max(len(title), 8) for title in self.titles]
        self._print("  ".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True)))

    def _print(self, line):
        if not self.is_closed:
            self.rows_line.clear()
            self.last_line = time.perf_counter()
            print(f"{line}\n", end="", flush=True)  # at once: other threads may print, too


class NetworkProgress(Callback):
    """Tells a `ProgressTable` of one network.

    Parameters
    ----------
    table : ProgressTable
    number : int
        Of the network, from 0.
    n_epochs : int
        Those that it plans.
    """

    def __init__(self, table, number, n_epochs):
        self.table, self.number, self.n_epochs = table, number, n_epochs
        self.epoch_start = math.nan

    def on_fit_begin(self, run):
        self.table.network_begins(self.number, self.n_epochs)

    def on_epoch_begin(self, run):
        self.epoch_start = time.perf_counter()

    def on_rows(self, run, n_seen, n_rows):
        seconds = time.perf_counter() - self.epoch_start
        self.table.rows_are_seen(self.number, run.epoch + 1, n_seen, n_rows, seconds)

    def on_epoch_end(self, run):
        self.table.epoch_ends(self.number, run)
        return False

    def on_fit_end(self, run):
        self.table.network_ends(self.number, run)


def is_round(n):
    """Whether a number has one digit other than 0, the first.

    >>> [n for n in range(1, 310) if is_round(n)]
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 200, 300]
    """
    return n % 10 ** (len(str(n)) - 1) == 0


def number_text(value):
    """A number for a table.

    >>> [number_text(each) for each in (0.51234, 1, 0, 12345.6, 0.000123)]
    ['0.5123', '1.0000', '0.0000', '1.235e+04', '1.230e-04']
    """
    return f"{value:.4f}" if value == 0 or 0.01 <= abs(value) < 1000 or not math.isfinite(value) else f"{value:.3e}"
