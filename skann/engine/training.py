"""Training, section 6: forward, loss, backward and update, over and over.

Both solvers minimise the same `Objective`: `fit_minibatch` by steps on random batches, `fit_lbfgs` on all rows with
curvature from the gradients.
"""

import math
from contextlib import suppress

import numpy as np
from scipy.optimize import minimize

from .evaluation import chunk_rows, raw_outputs
from .run import Run


def fit_minibatch(objective, stepper, rows, *, batch_size, max_epochs, rng, shuffle=True, callbacks=()):
    """Minimise the objective by steps on batches of rows, each row once per epoch.

    Parameters
    ----------
    objective : Objective
    stepper : Stepper
    rows : Rows
    batch_size, max_epochs : int
    rng : Generator
        Draws the order of the rows and dropout's masks.
    shuffle : bool, default=True
    callbacks : sequence of Callback

    Returns
    -------
    run : Run

    Raises
    ------
    FloatingPointError
        If the loss or a parameter is no longer finite at the end of an epoch.
    """
    network, run = objective.network, Run(objective.network, stepper)
    workspace = network.workspace(min(batch_size, len(rows)))
    batches = rows.batches(batch_size, rng if shuffle else None)

    def one_epoch(_):
        total, n_seen = 0.0, 0
        for n, X, y, weight in batches:
            if run.interrupted:
                raise KeyboardInterrupt
            stepper.before(network)
            total += n * objective(X, y, weight, workspace.rows(n), rng)
            stepper.step(network)
            n_seen += n
            run.tell_rows(n_seen, len(rows), callbacks)
            if run.is_over(n):
                break
        return total / n_seen, n_seen, n_seen == len(rows)

    return train_epochs(one_epoch, run, stepper, rows, max_epochs=max_epochs, callbacks=callbacks)


def train_epochs(one_epoch, run, stepper, rows, *, max_epochs, callbacks):
    """Train for epoch after epoch, until a callback, the time or Ctrl-C ends it; the run.

    Parameters
    ----------
    one_epoch : callable(epoch) -> (loss, n_seen, is_whole)
        Takes the steps of an epoch: their mean loss, the rows that were seen, and whether the time was enough for all.
    run : Run
    stepper : Stepper
    rows : Rows
    max_epochs : int
    callbacks : sequence of Callback
    """
    network = run.network
    run.begin(callbacks)
    with run.until_interrupted():
        for epoch in run.epochs_left(max_epochs):
            with stepper.averaged(network):
                run.begin_epoch(callbacks)
            loss, n_seen, is_whole = one_epoch(epoch)
            stepper.n_rows += n_seen
            if not is_whole:
                if run.epoch:
                    break
                run.was_cut = True  # the first epoch counts, however short
            with stepper.averaged(network):
                if run.end_epoch(loss, stepper.lr, callbacks):
                    break
    stepper.finish(network)
    run.end(callbacks)
    check_last_step(run, rows)
    return run


def check_last_step(run, rows):
    """FloatingPointError if the last step, after which no loss was computed, has led out of the range of floats."""
    if run.interrupted:
        run.check_finite()
    theta = run.network.theta
    if max(theta.max(initial=0), -theta.min(initial=0)) < np.finfo(theta.dtype).max ** 0.25:
        return
    with np.errstate(over="ignore", invalid="ignore"):
        if not np.isfinite(raw_outputs(run.network, rows.in_memory())).all():
            raise FloatingPointError(f"the outputs for the training rows are not finite after epoch {run.epoch}")


def fit_lbfgs(objective, rows, *, max_iter, max_fun, tol, scale=1.0, callbacks=(), over_all_rows=None):
    """Minimise the objective over all rows by L-BFGS-B (Zhu et al. 1997, https://doi.org/10.1145/279232.279236).

    Rows pass through the network in chunks, so the memory does not grow with them. One iteration counts as an epoch.

    Parameters
    ----------
    objective, rows, callbacks : as in `fit_minibatch`
    max_iter, max_fun : int
        Most iterations and most evaluations of the objective.
    tol : float
        Ends where the largest element of the gradient is at most this, times ``scale``; and where an iteration lowers
        the objective by less than 2.2e-9 of it or of ``scale``, whichever is greater: SciPy's bound, which a ``tol``
        below 1e-4 lowers in proportion, in float64 down to 2.2e-12.
    scale : float, default=1.0
        SciPy sees the objective divided by this.
    over_all_rows : callable() -> (float, ndarray), default=None
        The objective over all rows and its gradient, at the parameters that the network has; None means `OverAllRows`.

    Returns
    -------
    run : Run

    Raises
    ------
    FloatingPointError
        If the loss or a parameter is not finite after an iteration.
    """
    network, run = objective.network, Run(objective.network)
    over_all_rows = over_all_rows or OverAllRows(objective, rows)
    accepted = network.theta.copy()
    n_begun = 0
    lowest, n_evaluations = math.inf, 0

    def value_and_grad(theta):
        nonlocal n_begun, lowest, n_evaluations
        if n_begun == run.epoch:
            run.begin_epoch(callbacks)
            n_begun += 1
        network.theta[...] = theta
        value, grad = over_all_rows()
        n_evaluations += 1
        if not run.epoch and value < lowest:  # a step, should the time be over before the first iteration is
            lowest, accepted[...] = value, theta
        if n_evaluations > 1 and run.is_over(len(rows)):
            raise _TimeIsOver
        return value / scale, grad / scale

    def after_iteration(intermediate_result):
        network.theta[...] = accepted[...] = intermediate_result.x
        if run.end_epoch(scale * float(intermediate_result.fun), math.nan, callbacks):
            raise StopIteration

    least = 1e-3 if network.theta.dtype == np.float64 else 1.0  # below, rounding is greater than what is gained
    ftol = 1e7 * np.finfo(float).eps * min(1.0, max(least, tol / 1e-4))
    run.begin(callbacks)
    with run.until_interrupted(), suppress(_TimeIsOver):
        result = minimize(
            value_and_grad, accepted.astype(np.float64), method="L-BFGS-B", jac=True, callback=after_iteration,
            options={"maxiter": max_iter, "maxfun": max_fun, "gtol": tol, "ftol": ftol},
        )  # fmt: skip
        accepted[...] = result.x
        if result.status == 0:
            run.stopped_by = "L-BFGS converged"
        if not run.epoch:  # converged at the start: there is a loss all the same
            run.end_epoch(scale * float(result.fun), math.nan, callbacks)
    network.theta[...] = accepted
    if not run.epoch and not run.interrupted:
        run.was_cut = True
        run.end_epoch(lowest, math.nan, callbacks)
    run.end(callbacks)
    return run


class _TimeIsOver(Exception):
    """Ends L-BFGS between two iterations."""


class OverAllRows:
    """The objective over all rows and its gradient, as new float64 values, at the parameters that the network has."""

    def __init__(self, objective, rows):
        self.objective, self.n_rows = objective, len(rows)
        n_chunk = min(len(rows), chunk_rows(objective.network, rows.n_columns))
        self.chunks, self.workspace = rows.batches(n_chunk, None), objective.network.workspace(n_chunk)

    def __call__(self):
        network = self.objective.network
        value, grad = 0.0, np.zeros(network.theta.size)
        for n, X, y, weight in self.chunks:
            value += n / self.n_rows * self.objective(X, y, weight, self.workspace.rows(n))
            grad += n / self.n_rows * network.grad
        return value, grad
