"""The record of a training run, and the events that its callbacks hear of."""

import math
import time

import numpy as np

LONG_EPOCH, BETWEEN = 2.0, 0.5  # seconds after which callbacks hear of an epoch's rows, and from then on again


class Run:
    """The record of a training run, and what callbacks may change of it.

    Attributes
    ----------
    network : Network
    stepper : Stepper or None
        Its rate may be lowered; None with L-BFGS, which takes no steps of this kind.
    history : dict of str to list
        One entry per epoch: ``loss``, ``learning_rate``, ``seconds`` since the start, and what callbacks record.
    epoch : int
        Epochs done in this run.
    stopped_by : str or None
        Why the training ended before its last epoch, or None.
    time_limit : TimeLimit or None
        What ends the training in the middle of an epoch.
    was_cut : bool
        Whether the time was over in the middle of the first epoch.
    interrupted : bool
        Whether Ctrl-C ended it. Another thread may set it: the training then ends before its next step.
    """

    def __init__(self, network, stepper=None):
        self.network, self.stepper = network, stepper
        self.history = {}
        self.epoch = 0
        self.stopped_by = None
        self.time_limit, self.was_cut = None, False
        self.interrupted = False
        self._start = time.perf_counter()
        self._next_word = math.inf  # when callbacks hear of the rows seen in this epoch

    def get_state(self):
        """The record so far, a dict of plain numbers, strings and lists of them."""
        return {name: getattr(self, name) for name in ("history", "epoch", "stopped_by")}

    def set_state(self, state):
        """Go on from there; the clock too."""
        vars(self).update(state)
        self._start = time.perf_counter() - self.history["seconds"][-1]

    def record(self, **values):
        """Append to the history."""
        for name, value in values.items():
            self.history.setdefault(name, []).append(value)

    def check_finite(self, loss=0.0):
        """FloatingPointError if the loss or a parameter is not finite."""
        if not math.isfinite(loss):
            raise FloatingPointError(f"the loss is {loss:g} in epoch {self.epoch}")
        if not np.isfinite(self.network.theta).all():
            raise FloatingPointError(f"a parameter is not finite in epoch {self.epoch}")

    def begin(self, callbacks):
        """Call the callbacks before the training, which one of them may let go on from a recorded state."""
        for callback in callbacks:
            callback.on_fit_begin(self)

    def epochs_left(self, max_epochs):
        """The numbers of the epochs to come: none if the run goes on from a state that was its end."""
        return range(self.epoch, max_epochs if self.stopped_by is None else 0)

    def begin_epoch(self, callbacks):
        """Call the callbacks before an epoch."""
        for callback in callbacks:
            callback.on_epoch_begin(self)
        self._next_word = time.perf_counter() + LONG_EPOCH

    def tell_rows(self, n_seen, n_rows, callbacks):
        """Call the callbacks after a step of an epoch that takes long, now and then."""
        now = time.perf_counter()
        if now >= self._next_word:
            self._next_word = now + BETWEEN
            for callback in callbacks:
                callback.on_rows(self, n_seen, n_rows)

    def end_epoch(self, loss, lr, callbacks):
        """Record an epoch and call the callbacks; True ends the training."""
        self.epoch += 1
        self.check_finite(loss)
        self.record(loss=loss, learning_rate=lr, seconds=time.perf_counter() - self._start)
        # a list, not any(...) alone: each callback is called, also after one that says stop
        return any([callback.on_epoch_end(self) for callback in callbacks])

    def is_over(self, n_rows):
        """Whether the time is over after a step on so many rows."""
        return self.time_limit is not None and self.time_limit.is_over(self, n_rows)

    def end(self, callbacks):
        """Call the callbacks after the training."""
        for callback in callbacks:
            callback.on_fit_end(self)

    def until_interrupted(self):
        """Ctrl-C ends the block, and the run notes it."""
        return _UntilInterrupted(self)


class _UntilInterrupted:
    """The block of `Run.until_interrupted`; a generator, interrupted before its block, would say something else."""

    def __init__(self, run):
        self.run = run

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        if kind is None or not issubclass(kind, KeyboardInterrupt):
            return False
        self.run.interrupted = True
        return True
