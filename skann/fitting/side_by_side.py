"""Trainings side by side, in threads and in worker processes."""

import math
import threading
import time

from sklearn import config_context, get_config

from .deadline import allot
from .planning import N_FIRST, planned, plans_by_the_first
from .processes import Worker
from .shared import SharedData
from .stopping import StopSignal
from .train import fit_network

LONG = 3.0  # seconds of work left from which it pays to start processes, each of which takes about one
TICK = 0.25  # seconds between two looks at how much is left


class SideBySide:
    """Trainings side by side, in lanes: each is a thread that takes the next training when it is through with one.

    The first lane trains itself. The others do so, too, or each has a worker process, which is started when there turns
    out to be much to do: what the first lane did until then shows it, and nothing is lost if there is not. The thread
    that called only waits, so that Ctrl-C never strikes in the middle of anything.

    Parameters
    ----------
    trainings : list of Training
    tasks : list of callables or None
        See `fit_network`: one for each training.
    deadline : float or None
        See `skann.fitting.parallel.train_all`.
    n_lanes : int
    """

    def __init__(self, trainings, tasks, deadline, n_lanes):
        self.trainings, self.tasks, self.deadline, self.n_lanes = list(trainings), tasks, deadline, n_lanes
        self.trained: list = [None] * len(trainings)
        self.todo, self.lock = list(reversed(range(len(trainings)))), threading.Lock()
        self.signal, self.over = StopSignal(), threading.Event()
        self.plans, self.n_first, self.has_first = plans_by_the_first(trainings), N_FIRST, threading.Event()
        self.lanes, self.workers, self.data = [], [], None
        self.n_at_work = self.n_open = 0
        self.error, self.interruption = None, None
        self.config, self.start = get_config(), time.monotonic()

    def train(self, in_threads):
        """Train them.

        Parameters
        ----------
        in_threads : bool
            Whether no processes are to be started.

        Returns
        -------
        trained : list of Trained
            See `train_all`.
        """
        try:
            for _ in range(self.n_lanes if in_threads else 1):
                self._open(self._train_here)
            self._wait(in_threads)
        except KeyboardInterrupt as interruption:
            self._interrupt(interruption)
            self._wait(has_processes=True)
        finally:
            self._close()
        if self.error is not None:
            raise self.error
        trained = self.trained[: [*self.trained, None].index(None)]
        if not trained:  # no training had begun
            raise self.interruption or KeyboardInterrupt
        trained[-1].run.interrupted |= self.interruption is not None
        return trained

    def _wait(self, has_processes):
        """Wait until all is done, and start the workers when they pay, if there are to be any more."""
        while not self.over.wait(TICK):
            if not has_processes and self._seconds_left() > LONG:
                self._open(self._add_workers)
                has_processes = True

    def _seconds_left(self):
        """About how long the trainings would take from now on with one lane, if none ends early."""
        spent, runs = time.monotonic() - self.start, self.signal.runs
        epochs = (runs[-1].epoch if runs else 0) + 0.5  # it is somewhere in the next one
        n_done = sum(each is not None for each in self.trained)
        share = (n_done + min(epochs / self.trainings[0].settings.n_epochs, 1.0)) / len(self.trainings)
        return min(spent * (1 / share - 1), math.inf if self.deadline is None else self.deadline - time.perf_counter())

    # --------------------------------------------------------------------------------------------------------- lanes

    def _open(self, function, *args):
        lane = threading.Thread(target=self._guarded, args=(function, *args), daemon=True)
        self.lanes.append(lane)
        lane.start()

    def _guarded(self, function, *args):
        try:
            with config_context(**self.config):
                function(*args)
        except BaseException as error:
            if not self.signal.is_wanted:
                self.error = self.error or error
                self._stop()

    def _add_workers(self):
        try:
            data = SharedData([training.data for training in self.trainings])
        except Exception:  # what can't be pickled stays here
            return
        with self.lock:
            if self.signal.is_wanted:
                data.remove()
                return
            self.data = data
        for _ in range(min(self.n_lanes - 1, len(self.todo))):
            self._open(self._train_there)

    def _train_here(self):
        self._take(lambda i, *args, signal: fit_network(self.trainings[i], *args, signal))

    def _train_there(self):
        try:
            worker = Worker(self.data, self.config)
        except OSError:  # no memory for a process: the first lane does it all
            return
        self.workers.append(worker)
        try:
            if not self.signal.is_wanted and worker.begin():
                self._take(lambda i, *args, signal: worker.train(i, self.trainings[i], *args, signal))
        finally:
            worker.close()

    def _take(self, train):
        """Train what is left to do."""
        with self.lock:
            self.n_open += 1
        while (i := self._next()) is not None:
            try:
                if self.plans and i >= N_FIRST:
                    self._plan(i)
                allotted = allot(self.trainings, self.deadline, self.n_open)[i]
                if allotted.is_over():
                    with self.lock:
                        self.todo.clear()
                    return
                self.trained[i] = self.signal.call(train, i, allotted.begin(), self.tasks[i])
            except KeyboardInterrupt as interruption:  # before its first step
                self._interrupt(interruption)
                return
            except BaseException as error:
                self.error = self.error or error
                raise
            finally:
                with self.lock:
                    self.n_at_work -= 1
                    self.n_first -= i < N_FIRST
                    if not self.n_first:
                        self.has_first.set()
                self._look_if_over()
            trained = self.trained[i]
            if trained is not None and trained.run.interrupted and not self.signal.is_wanted:  # by code of the user
                self._interrupt(KeyboardInterrupt())

    def _plan(self, i):
        """Wait for the first trainings, and plan training i by them if all are there."""
        self.has_first.wait()
        first = self.trained[:N_FIRST]
        if None not in first:
            self.trainings[i] = planned(self.trainings[i], first)

    def _next(self):
        """The training to begin, None if none is left."""
        with self.lock:
            if self.signal.is_wanted or not self.todo:
                return None
            self.n_at_work += 1
            return self.todo.pop()

    def _look_if_over(self):
        with self.lock:
            if not self.n_at_work and (self.signal.is_wanted or not self.todo):
                self.over.set()

    def _interrupt(self, interruption):
        self.interruption = interruption
        self._stop()

    def _stop(self):
        """Let each training end after the step that it is in."""
        self.signal.now()
        self.has_first.set()
        for worker in list(self.workers):
            worker.stop() if self.error is None else worker.end()
        self._look_if_over()

    def _close(self):
        """Leave no process and no thread; one that is in a long step ends after it."""
        with self.lock:
            self.signal.is_wanted = True
        try:
            for worker in list(self.workers):
                worker.end()
            for lane in list(self.lanes):
                lane.join(1.0)
        finally:
            if self.data is not None:
                self.data.remove()
