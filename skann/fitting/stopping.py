"""What ends trainings that are at work at the same time."""

import time

from ..engine.callbacks import Callback


class StopSignal(Callback):
    """Ends trainings in several threads when one of them has failed, or the thread that waits for them was interrupted.

    It may be pickled; trainings in other processes it does not end.

    Attributes
    ----------
    is_wanted : bool
        Whether trainings shall end; none begins any more.
    runs : list of Run
        Those of the trainings that have begun, in this order.
    at_work : list
        One entry for each training that goes on.
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
