"""What happens between epochs: watching, stopping, keeping the best weights.

Contract
--------
A callback has ``on_fit_begin(run)``, ``on_epoch_begin(run)``, ``on_epoch_end(run)`` and ``on_fit_end(run)``; True from
``on_epoch_end`` ends the training, and ``run.stopped_by`` says why. Within an epoch that takes long there is
``on_rows(run, n_seen, n_rows)`` now and then, with the rows that it has seen of all. ``get_state()`` is a dict of what
it remembers of the epochs so far, arrays and plain numbers, and ``set_state(state)``, after ``on_fit_begin``, goes on
from there. ``run`` is the `skann.engine.run.Run`: callbacks read and write its history and read
``run.network.theta``. They are called in order, so the one that records stands before those that read.
"""

import math
import time

import numpy as np

from .evaluation import mean_loss, prediction_workspace, raw_outputs, targets_for_mean


class Callback:
    """Does nothing; the base of all callbacks."""

    def on_fit_begin(self, run):
        pass

    def on_epoch_begin(self, run):
        pass

    def on_rows(self, run, n_seen, n_rows):
        pass

    def on_epoch_end(self, run):
        return False

    def on_fit_end(self, run):
        pass

    def get_state(self):
        return {}

    def set_state(self, state):
        vars(self).update(state)


class Watching(Callback):
    """Records the loss on held-out rows as ``validation_loss`` and the score, greater is better, as
    ``validation_score``. What evaluates a network is a subclass: `Validation`, unless the rows are elsewhere.
    """

    def evaluate(self, network):
        """Loss and score of the network on the held-out rows."""
        raise NotImplementedError

    def on_epoch_end(self, run):
        loss, score = self.evaluate(run.network)
        if not math.isfinite(loss):
            raise FloatingPointError(f"the loss for the validation rows is {loss:g} in epoch {run.epoch}")
        run.record(validation_loss=loss, validation_score=score)
        return False


class Validation(Watching):
    """Watches rows in memory.

    Parameters
    ----------
    loss : Loss
    rows : Rows
        The held-out rows.
    score : callable(network, raw) -> float, default=None
        Of the network, whose raw outputs for the rows are ``raw``; None means minus the loss.
    """

    def __init__(self, loss, rows, score=None):
        self.loss, self.rows, self.score = loss, rows, score
        self._targets = targets_for_mean(rows)
        self._workspace = None  # one for all epochs

    def evaluate(self, network):
        """Loss and score of the network on the held-out rows."""
        if self._workspace is None:
            self._workspace = prediction_workspace(network, self.rows)
        raw = raw_outputs(network, self.rows, self._workspace)
        loss = mean_loss(self.loss, raw, *self._targets)
        return loss, -loss if self.score is None else self.score(network, raw)


class BestWeights(Callback):
    """Restores, at the end, the weights of the epoch with the best validation score.

    Parameters
    ----------
    validation : Watching
    start : ndarray, default=None
        Weights to keep if no epoch beats them: in a warm start those of the fitted model. With weight averaging these
        are the averages, not the weights being trained.
    constant : ndarray of shape (n_out,), default=None
        Raw outputs to keep for all rows, where there is no ``start``, if no epoch is as good.
    """

    def __init__(self, validation, start=None, constant=None):
        self.validation = validation
        self.start, self.constant = start, constant

    def on_fit_begin(self, run):
        theta = run.network.theta
        self.best, self.theta = -math.inf, theta.copy()
        if self.start is None and self.constant is None:
            return
        if self.start is not None:
            np.copyto(theta, self.start)
            self.best = self.validation.evaluate(run.network)[1]
        else:
            run.network.become_constant(self.constant)
            self.best = math.nextafter(self.validation.evaluate(run.network)[1], -math.inf)
        kept = theta.copy()
        np.copyto(theta, self.theta)
        self.theta = kept

    def on_epoch_end(self, run):
        score = run.history["validation_score"][-1]
        if score > self.best:
            self.best = score
            np.copyto(self.theta, run.network.theta)
        return False

    def on_fit_end(self, run):
        if self.best > -math.inf:
            np.copyto(run.network.theta, self.theta)

    def get_state(self):
        return {"best": self.best, "theta": self.theta}


class Plateau(Callback):
    """Acts when the watched quantity has not improved by more than ``tol`` in ``n_epochs`` epochs in a row.

    Improvement is counted from the last epoch that improved by more than ``tol``, so small steady gains add up. With
    ``growth``, patience grows with what was achieved: that epoch's number times ``growth`` is added to ``n_epochs``.

    Parameters
    ----------
    n_epochs : int or inf
    tol : float
    watch : str, default="loss"
        The entry of the run's history.
    greater_is_better : bool, default=False
    growth : float, default=0.0
    """

    def __init__(self, n_epochs, tol, watch="loss", greater_is_better=False, growth=0.0):
        self.n_epochs, self.tol, self.watch, self.growth = n_epochs, tol, watch, growth
        self.sign = 1 if greater_is_better else -1

    def _act(self, run):
        """What happens on a plateau; True ends the training."""
        raise NotImplementedError

    def on_fit_begin(self, run):
        self.reference, self.waited, self.patience = -math.inf, 0, self.n_epochs

    def on_epoch_end(self, run):
        value = self.sign * run.history[self.watch][-1]
        if value > self.reference + self.tol:
            self.reference, self.waited, self.patience = value, 0, self.n_epochs + self.growth * run.epoch
            return False
        self.waited += 1
        return self.waited >= self.patience and self._act(run)

    def _stop(self, run):
        run.stopped_by = (
            f"{self.watch.replace('_', ' ')} did not improve by more than tol={self.tol:g} in {self.waited} epochs"
        )
        return True

    def get_state(self):
        return {"reference": self.reference, "waited": self.waited, "patience": self.patience}


class Patience(Plateau):
    """Ends the training on a plateau: see `Plateau`."""

    def _act(self, run):
        return self._stop(run)


class LowerRate(Plateau):
    """Divides the learning rate by 5 on a plateau, and ends the training if it is at most 1e-6: see `Plateau`."""

    factor, lowest = 5, 1e-6

    def _act(self, run):
        if run.history["learning_rate"][-1] <= self.lowest:
            return self._stop(run)
        run.stepper.rate_factor /= self.factor
        self.waited = 0
        return False


class TimeLimit(Callback):
    """Ends the training in time.

    Parameters
    ----------
    seconds : float
        From the beginning of the training. It ends after the step after which they would pass, the first one at the
        earliest; an epoch that is left unfinished is not watched, but for the first.
    share : float, default=inf
        Seconds after which no epoch begins.
    n_after : int, default=0
        Rows that are passed through networks when the training is over. The time for them, at most half of ``seconds``,
        is kept free: for a row half of what it takes in training.
    """

    def __init__(self, seconds, share=math.inf, n_after=0):
        self.seconds, self.share, self.n_after = seconds, share, n_after

    def on_fit_begin(self, run):
        self.start, self.spent, self.n_rows = time.perf_counter(), 0.0, 0
        run.time_limit = self

    def is_over(self, run, n_rows):
        """Whether the training ends after a step on ``n_rows`` rows."""
        self.n_rows += n_rows
        seconds = self._seconds()
        after = min(0.5 * self.n_after * seconds / self.n_rows, 0.5 * self.seconds) if self.n_rows else 0.0
        return self._stop(run, seconds + after >= self.seconds)

    def on_epoch_end(self, run):
        return self.is_over(run, 0) or self._stop(run, self._seconds() >= self.share)

    def get_state(self):
        return {"spent": self._seconds(), "n_rows": self.n_rows}

    def _seconds(self):
        """Those of this run, and those spent before a recorded state that it goes on from."""
        return self.spent + time.perf_counter() - self.start

    def _stop(self, run, is_over):
        if is_over:
            run.stopped_by = "max_time has passed"
        return is_over
