"""Several trainings, one after the other or side by side: in threads, worker processes, or by a backend of joblib."""

import math
import multiprocessing
import threading
import time

from joblib import Parallel, delayed, effective_n_jobs
from joblib.parallel import LokyBackend, ThreadingBackend, get_active_backend
from sklearn import config_context, get_config

from .processes import SharedData, Worker
from .stopping import StopSignal
from .train import fit_network

LONG = 3.0  # seconds of work left from which it pays to start processes, each of which takes about one
TICK = 0.25  # seconds between two looks at how much is left


def train_all(trainings, n_jobs, max_time, tasks=None):
    """Train several networks.

    Parameters
    ----------
    trainings : list of Training
    n_jobs : int or None
        Trainings at the same time, as joblib counts them.
    max_time : float or None
        Seconds for all of them.
    tasks : list of callables, default=None
        See `fit_network`: one for each training.

    Returns
    -------
    trained : list of Trained
        In the order of the trainings. After Ctrl-C those that have begun, at least one.
    """
    tasks = tasks or [None] * len(trainings)
    backend, _ = get_active_backend()
    jobs = _jobs(n_jobs, len(trainings), backend)
    end = None if max_time is None else time.perf_counter() + max_time
    if jobs == 1:
        return _one_after_the_other(trainings, tasks, end)
    if not isinstance(backend, LokyBackend | ThreadingBackend):
        return _by_joblib(trainings, n_jobs, None if end is None else max_time / -(-len(trainings) // jobs), tasks)
    need_weights = any(getattr(task, "needs_weights", False) for task in tasks)
    in_threads = need_weights or isinstance(backend, ThreadingBackend)
    return SideBySide(trainings, tasks, end, jobs).train(in_threads)


def _jobs(n_jobs, n_trainings, backend):
    """How many trainings go on at the same time: one where others do so already, in other processes or threads."""
    if n_trainings == 1 or multiprocessing.parent_process() is not None:
        return 1
    if isinstance(backend, LokyBackend | ThreadingBackend) and backend.nesting_level:
        return 1
    return min(effective_n_jobs(n_jobs), n_trainings)


def _one_after_the_other(trainings, tasks, end):
    trained = []
    for i, (training, task) in enumerate(zip(trainings, tasks, strict=True)):
        # what is left is shared evenly
        seconds = None if end is None else max(0.0, (end - time.perf_counter()) / (len(trainings) - i))
        try:
            trained.append(fit_network(training, seconds, task))
        except KeyboardInterrupt:  # before its first step
            if not trained:
                raise
            trained[-1].run.interrupted = True
        if trained[-1].run.interrupted:
            break
    return trained


def _by_joblib(trainings, n_jobs, seconds, tasks):
    """By a backend that ``joblib.parallel_config`` has chosen, of a cluster say."""
    signal = StopSignal()
    parallel = Parallel(n_jobs=n_jobs, prefer="threads")
    try:
        return parallel(
            delayed(signal.call)(fit_network, training, seconds, task)
            for training, task in zip(trainings, tasks, strict=True)
        )
    except BaseException:
        signal.now()
        signal.wait()
        raise


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
    end : float or None
        When the time for all of them is over, as `time.perf_counter` tells it.
    n_lanes : int
    """

    def __init__(self, trainings, tasks, end, n_lanes):
        self.trainings, self.tasks, self.end, self.n_lanes = trainings, tasks, end, n_lanes
        self.trained: list = [None] * len(trainings)
        self.todo, self.lock = list(reversed(range(len(trainings)))), threading.Lock()
        self.signal, self.over = StopSignal(), threading.Event()
        self.lanes, self.n_at_work, self.workers, self.data = [], 0, [], None
        self.error, self.is_interrupted = None, False
        self.config, self.start = get_config(), time.perf_counter()

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
        except KeyboardInterrupt:
            self._interrupt()
            self.over.wait()
        finally:
            self._close()
        if self.error is not None:
            raise self.error
        trained = self.trained[: [*self.trained, None].index(None)]
        if not trained:
            raise KeyboardInterrupt
        trained[-1].run.interrupted |= self.is_interrupted
        return trained

    def _wait(self, has_processes):
        """Wait until all is done, and start the workers when they pay."""
        while not self.over.wait(TICK):
            if not has_processes and self._seconds_left() > LONG:
                self._open(self._add_workers)
                has_processes = True

    def _seconds_left(self):
        """About how long the trainings would take from now on with one lane, if none ends early."""
        spent, runs = time.perf_counter() - self.start, self.signal.runs
        epochs = (runs[-1].epoch if runs else 0) + 0.5  # it is somewhere in the next one
        n_done = sum(each is not None for each in self.trained)
        share = (n_done + min(epochs / self.trainings[0].settings.n_epochs, 1.0)) / len(self.trainings)
        return min(spent * (1 / share - 1), math.inf if self.end is None else self.end - time.perf_counter())

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
        self._take(lambda i, *args, signal: fit_network(self.trainings[i], *args, signal=signal))

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
            self.n_at_work += 1
        while True:
            with self.lock:
                if not self.todo:
                    return
                n_rounds = -(-len(self.todo) // self.n_at_work)
                i = self.todo.pop()
            seconds = None if self.end is None else max(0.0, (self.end - time.perf_counter()) / n_rounds)
            try:
                self.trained[i] = trained = self.signal.call(train, i, seconds, self.tasks[i])
            except BaseException as error:
                self.error = self.error or error
                raise
            finally:
                self._look_if_over()
            if trained is None:
                return
            if trained.run.interrupted and not self.signal.is_wanted:  # in the code of a loss, say
                self._interrupt()

    def _look_if_over(self):
        is_stopped = self.signal.is_wanted and not self.signal.at_work
        if is_stopped or all(each is not None for each in self.trained):
            self.over.set()

    def _interrupt(self):
        self.is_interrupted = True
        self._stop()

    def _stop(self):
        """Let each training end after the step that it is in."""
        self.signal.now()
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
