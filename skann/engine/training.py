"""Training, section 6: forward, loss, backward and update, over and over.

Both solvers minimise the same `Objective`: `fit_minibatch` with an optimizer on random batches, `fit_lbfgs` on all rows
with curvature from the gradients.
"""

import math
import time
from contextlib import contextmanager

import numpy as np
from scipy import linalg
from scipy.optimize import minimize

from .evaluation import chunk_rows, raw_outputs
from .rows import Reader, slices


class Run:
    """The record of a training run, and what callbacks may change of it.

    Attributes
    ----------
    network : Network
    history : dict of str to list
        One entry per epoch: ``loss``, ``learning_rate``, ``seconds`` since the start, and what callbacks record.
    epoch : int
        Epochs done in this run.
    t : int
        Optimizer steps taken, those of earlier runs that this one continues included.
    rate_factor : float
        Multiplies the schedule.
    stopped_by : str or None
        Why the training ended before its last epoch, or None.
    interrupted : bool
        Whether Ctrl-C ended it. Another thread may set it: the training then ends before its next step.
    """

    def __init__(self, network, t=0, rate_factor=1.0):
        self.network = network
        self.history = {}
        self.epoch = 0
        self.t = t
        self.rate_factor = rate_factor
        self.stopped_by = None
        self.interrupted = False
        self._start = time.perf_counter()

    def get_state(self):
        """The record so far, a dict of plain numbers, strings and lists of them."""
        names = ("history", "epoch", "t", "rate_factor", "stopped_by")
        return {name: getattr(self, name) for name in names}

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

    def begin_epoch(self, callbacks):
        """Call the callbacks before an epoch."""
        for callback in callbacks:
            callback.on_epoch_begin(self)

    def end_epoch(self, loss, lr, callbacks):
        """Record an epoch and call the callbacks; True ends the training."""
        self.epoch += 1
        self.check_finite(loss)
        self.record(loss=loss, learning_rate=lr, seconds=time.perf_counter() - self._start)
        # a list, not any(...) alone: each callback is called, also after one that says stop
        return any([callback.on_epoch_end(self) for callback in callbacks])


def fit_minibatch(
    objective, optimizer, schedule, X, y, weight=None, *,
    batch_size, max_epochs, rng, rows=None, shuffle=True, max_grad_norm=None, fade=None, average=None, run=None,
    callbacks=(),
):  # fmt: skip
    """Minimise the objective by steps on batches of rows, each row once per epoch.

    Parameters
    ----------
    objective : Objective
    optimizer : Optimizer
    schedule : callable(t) -> float
    X, y, weight : arrays with n rows; X may be CSR, weight None
    batch_size, max_epochs : int
    rng : Generator
        Draws the order of the rows and dropout's masks.
    rows : ndarray of int, default=None
        The rows to train on; None means all.
    shuffle : bool, default=True
    max_grad_norm : float, default=None
        Longer gradients are cut to this length (Pascanu et al. 2013, https://arxiv.org/abs/1211.5063).
    fade : callable(t) -> float, default=None
        A schedule whose values, from 0 to 1, multiply dropout rates and weight decay.
    average : WeightAverage, default=None
        What callbacks see, and what the network is in the end, is then this average; the weights on which the
        training can go on are in ``average.average``.
    run : Run, default=None
        To continue the count of steps of an earlier run.
    callbacks : sequence of Callback

    Returns
    -------
    run : Run

    Raises
    ------
    FloatingPointError
        If the loss or a parameter is no longer finite at the end of an epoch.
    """
    network = objective.network
    n_rows = X.shape[0] if rows is None else len(rows)
    run = run or Run(network)
    workspace = network.workspace(min(batch_size, n_rows))
    strength = 1.0
    read_X, read_y, read_weight = (Reader(array, batch_size) for array in (X, y, weight))
    for callback in callbacks:
        callback.on_fit_begin(run)
    try:
        # a run that goes on from a recorded state may be at its end
        for _ in range(run.epoch, max_epochs if run.stopped_by is None else 0):
            with _averaged(network, average):
                run.begin_epoch(callbacks)
            order = rows
            if shuffle:  # the order of the last epoch is free by now
                order = rng.permutation(n_rows if rows is None else rows)
            total = 0.0
            for batch in slices(n_rows, batch_size):
                if run.interrupted:
                    raise KeyboardInterrupt
                n = batch.stop - batch.start
                if fade is not None:
                    strength = fade(run.t)
                    network.set_dropout(strength)
                which = batch if order is None else order[batch]
                total += n * objective(read_X(which), read_y(which), read_weight(which), workspace.rows(n), rng)
                if max_grad_norm is not None:
                    clip_norm(network.grad, max_grad_norm)
                lr = run.rate_factor * float(schedule(run.t))
                optimizer.step(network.theta, network.grad, lr, strength)
                run.t += 1
                if average is not None:
                    average.update(network.theta)
            with _averaged(network, average):
                if run.end_epoch(total / n_rows, lr, callbacks):
                    break
    except KeyboardInterrupt:
        run.interrupted = True
    network.set_dropout(1.0)
    if average is not None:
        average.swap(network.theta)
    for callback in callbacks:
        callback.on_fit_end(run)
    if run.interrupted:
        run.check_finite()
    _check_last_step(run, X, rows)
    return run


def _check_last_step(run, X, rows):
    """FloatingPointError if the last step, after which no loss was computed, has led out of the range of floats."""
    theta = run.network.theta
    if max(theta.max(initial=0), -theta.min(initial=0)) < np.finfo(theta.dtype).max ** 0.25:
        return
    with np.errstate(over="ignore", invalid="ignore"):
        if not np.isfinite(raw_outputs(run.network, X, rows)).all():
            raise FloatingPointError(f"the outputs for the training rows are not finite after epoch {run.epoch}")


@contextmanager
def _averaged(network, average):
    """Inside the block, the network has the averaged weights."""
    if average is not None:
        average.swap(network.theta)
    try:
        yield
    finally:
        if average is not None:
            average.swap(network.theta)


def fit_lbfgs(objective, X, y, weight=None, *, max_iter, max_fun, tol, unit=1.0, rows=None, callbacks=()):
    """Minimise the objective over all rows by L-BFGS-B (Zhu et al. 1997, https://doi.org/10.1145/279232.279236).

    Rows pass through the network in chunks, so the memory does not grow with them. One iteration counts as an epoch.

    Parameters
    ----------
    objective, X, y, weight, rows, callbacks : as in `fit_minibatch`
    max_iter, max_fun : int
        Most iterations and most evaluations of the objective.
    tol : float
        Ends where the largest element of the gradient is at most this, in ``unit``; and, as SciPy does, where an
        iteration lowers the objective by less than 2.2e-9 of it or of ``unit``, whichever is greater.
    unit : float, default=1.0
        SciPy sees the objective divided by this.

    Returns
    -------
    run : Run

    Raises
    ------
    FloatingPointError
        If the loss or a parameter is not finite after an iteration.
    """
    network = objective.network
    n_rows = X.shape[0] if rows is None else len(rows)
    n_chunk = min(n_rows, chunk_rows(network, X.shape[1]))
    workspace = network.workspace(n_chunk)
    readers = [Reader(array, n_chunk) for array in (X, y, weight)]
    run = Run(network)
    accepted = network.theta.copy()
    begun = 0

    def value_and_grad(theta):
        nonlocal begun
        if begun == run.epoch:
            run.begin_epoch(callbacks)
            begun += 1
        network.theta[...] = theta
        value, grad = 0.0, np.zeros(len(theta))
        for chunk in slices(n_rows, n_chunk):
            n = chunk.stop - chunk.start
            which = chunk if rows is None else rows[chunk]
            value += n / n_rows * objective(*(read(which) for read in readers), workspace.rows(n))
            grad += n / n_rows * network.grad
        return value / unit, grad / unit

    def after_iteration(intermediate_result):
        network.theta[...] = accepted[...] = intermediate_result.x
        if run.end_epoch(unit * float(intermediate_result.fun), math.nan, callbacks):
            raise StopIteration

    for callback in callbacks:
        callback.on_fit_begin(run)
    try:
        result = minimize(
            value_and_grad, accepted.astype(np.float64), method="L-BFGS-B", jac=True, callback=after_iteration,
            options={"maxiter": max_iter, "maxfun": max_fun, "gtol": tol},
        )  # fmt: skip
        accepted[...] = result.x
        if result.status == 0:
            run.stopped_by = "L-BFGS converged"
        if not run.epoch:  # converged at the start: there is a loss all the same
            run.end_epoch(unit * float(result.fun), math.nan, callbacks)
    except KeyboardInterrupt:
        run.interrupted = True
    network.theta[...] = accepted
    for callback in callbacks:
        callback.on_fit_end(run)
    return run


def clip_norm(grad, max_norm):
    """Scale ``grad`` in place so that its Euclidean norm is at most ``max_norm``."""
    norm = float(linalg.norm(grad, check_finite=False))  # BLAS nrm2, whose squares do not overflow
    if norm > max_norm:
        grad *= max_norm / norm
