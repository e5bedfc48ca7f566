"""Several trainings, one after the other or side by side in threads."""

import time

from joblib import Parallel, delayed, effective_n_jobs

from ..engine.callbacks import Callback
from .train import fit_network


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
    jobs = effective_n_jobs(n_jobs)
    if len(trainings) > 1 and jobs > 1:
        seconds = None if max_time is None else max_time / -(-len(trainings) // jobs)
        return _side_by_side(trainings, n_jobs, seconds, tasks)
    trained = []
    end = None if max_time is None else time.perf_counter() + max_time
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


def _side_by_side(trainings, n_jobs, seconds, tasks):
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
