"""Several trainings, one after the other or side by side in threads."""

import itertools
import time
from typing import NamedTuple

from joblib import Parallel, delayed, effective_n_jobs

from ..engine.callbacks import Callback, TimeLimit
from .train import fit_network


def train_all(trainings, n_jobs, deadline=None, tasks=None):
    """Train several networks.

    Parameters
    ----------
    trainings : list of Training
    n_jobs : int or None
        Trainings at the same time, as joblib counts them.
    deadline : float, default=None
        The time of `time.perf_counter` at which all have ended: those that have not begun are left out.
    tasks : list of callables, default=None
        See `fit_network`: one for each training.

    Returns
    -------
    trained : list of Trained
        In the order of the trainings, at least one. After Ctrl-C those that have begun; when the time is over, those
        that have learnt for an epoch, or if there is none, those that have begun.
    """
    tasks = tasks or [None] * len(trainings)
    jobs = min(effective_n_jobs(n_jobs), len(trainings))
    if jobs > 1:
        return _side_by_side(trainings, n_jobs, jobs, deadline, tasks)
    trained: list = []
    for training, allotted, task in zip(trainings, allot(trainings, deadline), tasks, strict=True):
        try:
            each = _train(training, allotted, task)
        except KeyboardInterrupt:  # before its first step
            if not trained:
                raise
            trained[-1].run.interrupted = True
            break
        if each is None:
            break
        trained.append(each)
        if each.run.interrupted or each.run.was_cut:
            break
    return _whole(trained)


def _side_by_side(trainings, n_jobs, jobs, deadline, tasks):
    signal = StopSignal()
    parallel = Parallel(n_jobs=n_jobs, prefer="threads")
    try:
        trained = parallel(
            delayed(signal.call)(_train, training, allotted, task)
            for training, allotted, task in zip(trainings, allot(trainings, deadline, jobs), tasks, strict=True)
        )
    except BaseException:
        signal.now()
        signal.wait()
        raise
    return _whole([each for each in trained if each is not None])


def _train(training, allotted, task, signal=None):
    """`fit_network` in the time allotted; None if the time is over."""
    if not allotted.is_first and is_past(allotted.deadline):
        return None
    return fit_network(training, allotted.begin(), task, signal)


def _whole(trained):
    """Those before the first that had no time for an epoch, which would spoil the mean; all if that is the first."""
    return list(itertools.takewhile(lambda each: not each.run.was_cut, trained)) or trained


def is_past(deadline):
    """Whether it is later than this time of `time.perf_counter`; None is never past."""
    return deadline is not None and time.perf_counter() >= deadline


class Allotted(NamedTuple):
    """What a training may take of the time.

    Attributes
    ----------
    deadline : float or None
        The time of `time.perf_counter` at which all trainings have ended.
    n_left : int
        Trainings one after the other until then, with this one.
    n_after : int
        Rows that are passed through networks after this training.
    is_first : bool
        It is not left out.
    """

    deadline: float | None
    n_left: int
    n_after: int
    is_first: bool

    def begin(self):
        """The `TimeLimit` of the training, which begins now; None if there is no deadline."""
        if self.deadline is None:
            return None
        seconds = max(0.0, self.deadline - time.perf_counter())
        return TimeLimit(seconds, seconds / self.n_left, self.n_after)


def allot(trainings, deadline, jobs=1):
    """The time until the deadline in even shares, for an epoch at least.

    Before the deadline the watched rows of all networks are to be passed through them, and those of the first epoch.
    """
    n_watched = [0 if each.data.watched is None else len(each.data.watched) for each in trainings]
    return [
        Allotted(deadline, -(-(len(trainings) - i) // jobs), n_watched[i] + sum(n_watched[: i + 1]), i == 0)
        for i in range(len(trainings))
    ]


class StopSignal(Callback):
    """Ends trainings in several threads when one of them has failed, or the thread that waits for them was interrupted.

    It may be pickled; trainings in other processes it does not end.
    """

    def __init__(self):
        self.is_wanted, self.runs, self.at_work = False, [], []

    def call(self, train, *args):
        """``train(..., signal=self)``, which has this callback, or None if it is too late to begin."""
        self.at_work.append(None)
        try:
            return None if self.is_wanted else train(*args, signal=self)
        except BaseException:
            self.now()
            raise
        finally:
            self.at_work.pop()

    def on_fit_begin(self, run):
        self.runs.append(run)
        run.interrupted = self.is_wanted

    def on_epoch_end(self, run):
        return self.is_wanted

    def now(self):
        """Let each training end after the step that it is in."""
        self.is_wanted = True
        for run in self.runs:
            run.interrupted = True

    def wait(self):
        """Return when no training goes on any more."""
        while self.at_work:
            time.sleep(0.001)
