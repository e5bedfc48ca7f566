"""Several networks, one after the other or side by side."""

import time

from joblib import Parallel, delayed, effective_n_jobs

from ..engine.callbacks import Callback
from .train import fit_network


class Stop(Callback):
    """Ends trainings in several threads when one of them has failed, or the thread that waits for them was interrupted.

    It may be pickled; trainings in other processes it does not end.
    """

    def __init__(self):
        self.is_wanted, self.runs, self.at_work = False, [], []

    def call(self, train, *args, **kwargs):
        """``train(..., stop=self)``, which has this callback, or None if it is too late to begin."""
        self.at_work.append(None)
        try:
            return None if self.is_wanted else train(*args, **kwargs, stop=self)
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


def fit_networks(settings, tables, loss, networks, progress, *, partial=False, warm=False, bridges=None):
    """Train several networks, side by side in threads if ``settings.n_jobs`` says so.

    Parameters
    ----------
    settings : namespace
        The hyper-parameters.
    tables, networks, progress : lists
        One for each network; networks and progress are changed.
    loss, partial, warm
        As for `fit_network`.
    bridges : list of Bridge, default=None
        Like the networks, if the user has set callbacks.

    Returns
    -------
    trained : list of Trained
        In the order of the networks. After Ctrl-C those that have begun, at least one.
    """
    starts = list(zip(tables, networks, progress, bridges or [None] * len(tables), strict=True))
    options = {"partial": partial, "warm": warm, "alone": len(starts) == 1}
    n_jobs = effective_n_jobs(settings.n_jobs)
    if len(starts) > 1 and n_jobs > 1:
        if settings.max_time is not None:
            settings.max_time /= -(-len(starts) // n_jobs)
        stop = Stop()
        parallel = Parallel(n_jobs=settings.n_jobs, prefer="threads")
        try:
            return parallel(
                delayed(stop.call)(fit_network, settings, table, loss, *start, **options) for table, *start in starts
            )
        except BaseException:
            stop.now()
            stop.wait()
            raise
    trained = []
    end = None if settings.max_time is None else time.perf_counter() + settings.max_time
    for i, (table, *start) in enumerate(starts):
        if end is not None:  # what is left is shared evenly
            settings.max_time = max(0.0, (end - time.perf_counter()) / (len(starts) - i))
        try:
            trained.append(fit_network(settings, table, loss, *start, **options))
        except KeyboardInterrupt:  # before its first step
            if not trained:
                raise
            trained[-1].run.interrupted = True
        if trained[-1].run.interrupted:
            break
    return trained
