"""The training of networks: what an estimator's parameters ask for, done with engine objects."""

import math
import time
import warnings
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs

from . import _build
from ._monitoring import Watched
from ._threads import blas_threads
from ._validation import check_total
from .engine.averaging import WeightAverage
from .engine.callbacks import BestWeights, Patience, Stop, TimeLimit, Verbose
from .engine.layers import Dense
from .engine.network import Network
from .engine.objective import Objective, mean_loss
from .engine.training import Run, fit_lbfgs, fit_minibatch


class Progress:
    """What a later `partial_fit` or warm start goes on from, beside the network. It is not pickled.

    Attributes
    ----------
    rng : Generator
    holdout_seed : int
        So that a warm start holds out the same rows.
    optimizer : Optimizer or None
    average : WeightAverage or None
    t : int
        Steps taken, as the schedule counts them.
    n_rows : int
        Rows seen, counted once for each epoch.
    rate_factor : float
        What "adaptive" has made of the learning rate.
    """

    def __init__(self, rng):
        self.rng = rng
        self.holdout_seed = int(rng.integers(2**31))
        self.optimizer = None
        self.average = None
        self.t = 0
        self.n_rows = 0
        self.rate_factor = 1.0


class Table:
    """The rows to train on and those to watch.

    Parameters
    ----------
    X, y, weight : arrays with n rows; X may be CSR, weight None
    train, held_out : ndarray of int or None
        Indices of the rows to train on (None: all) and of the held-out ones (None: none).
    watched : Watched or None
        The rows that early stopping watches, if they are not the held-out ones.
    """

    def __init__(self, X, y, weight, train, held_out, watched=None):
        self.X, self.y, self.train, self.held_out = X, y, train, held_out
        self.n_train = len(y) if train is None else len(train)
        self.total_weight = self.n_train
        self.weight = weight
        if weight is not None:  # the engine wants mean 1 over the training rows
            chosen = weight if train is None else weight[train]
            check_total(chosen, "sample_weight of the training rows")
            self.total_weight = float(np.sum(chosen))
            self.weight = _scaled(weight, self.n_train, self.total_weight, X.dtype)
        self.watched = watched
        if held_out is not None:
            if weight is not None:  # of their own mean: beside the others they may weigh next to nothing
                weight = _scaled(weight, len(held_out), np.sum(weight[held_out]), X.dtype)
            self.watched = Watched(X, y, weight, held_out)

    def constant_loss(self, loss):
        """The loss of the best constant prediction on the training rows: what learning must beat."""
        raw = loss.constant(*Watched(self.X, self.y, self.weight, self.train).targets())
        return mean_loss(loss, np.reshape(raw, (1, -1)).astype(np.float64), self.y, self.weight, self.train)


@dataclass
class Trained:
    """What `fit_network` returns: the network, what a later call goes on from, the record, the yardstick for it."""

    network: Network
    progress: Progress
    run: Run
    n_rows: int
    constant_loss: float


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


def fit_network(
    settings, table, loss, network, progress, bridge=None, *, partial=False, warm=False, alone=True, stop=None
):
    """Train ``network`` in place.

    Parameters
    ----------
    settings : namespace
        The hyper-parameters.
    table : Table
    loss : Loss
    network, progress
        Where the training starts; both are updated.
    bridge : Bridge, default=None
        The engine callback that speaks to those of the user.
    partial : bool
        One of many calls, of one epoch each: nothing is watched.
    warm : bool
        Whether the network is a trained one, whose weights compete for the best.
    alone : bool
        Whether it is the only one. Several are trained with one BLAS thread each: ``n_jobs`` uses more cores better,
        and the last bits of a large product in float32 depend on the number of threads.
    stop : Stop, default=None
        What others may end this training with.

    Returns
    -------
    trained : Trained

    Raises
    ------
    ValueError
        If the training diverges.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        constant_loss = table.constant_loss(loss)
    if not math.isfinite(constant_loss):
        raise ValueError(
            f"y holds values too large: the loss of the best constant prediction is {constant_loss:g}. Scale y, for "
            "example with target_scaling=True or TransformedTargetRegressor."
        )
    start = network.theta.copy() if warm else None  # before it is swapped with what it is an average of
    callbacks = [] if partial else _watchers(settings, table, loss, constant_loss, start)
    callbacks += [Verbose()] if settings.verbose else []
    if bridge is not None:
        bridge.watchers = callbacks
        callbacks = [*callbacks, bridge]
    callbacks = callbacks if stop is None else [stop, *callbacks]
    network.prepare_training()
    objective = Objective(network, loss, l2=settings.alpha / table.total_weight)
    n_batch = table.n_train if settings.solver == "lbfgs" else _batch_size(settings, table.n_train)
    largest_product = _largest_product(network, n_batch) if alone else 0
    with blas_threads(largest_product), np.errstate(over="ignore", invalid="ignore"):
        try:
            if settings.solver == "lbfgs":
                unit = min(1.0, constant_loss) if settings.tol_is_relative and constant_loss else 1.0
                run = _lbfgs(settings, table, objective, callbacks, unit)
            else:
                if not partial and settings.learning_rate in _build.FINITE_SCHEDULES:
                    progress.t = 0  # a warm start runs the schedule again, from its beginning
                run = _minibatch(settings, table, objective, progress, n_batch, 1 if partial else None, callbacks)
        except FloatingPointError as error:
            raise ValueError(
                f"The training diverged: {error}. Try a smaller learning_rate_init (now "
                f"{settings.learning_rate_init!r}) or max_grad_norm=1, and scale X and y, for example with "
                f"StandardScaler.{_about_l2(settings, table)}"
            ) from None
    network.finish_training()
    return Trained(network, progress, run, table.n_train, constant_loss)


def _about_l2(settings, table):
    """What a message says of an L2 penalty that can be the cause of divergence."""
    if settings.alpha <= table.total_weight:
        return ""
    return f" The penalty, alpha={settings.alpha!r} divided by the total weight {table.total_weight:g}, is enormous."


def _scaled(weight, n, total, dtype):
    """Weights times n / total; none so large that their sum is infinite."""
    with np.errstate(over="ignore"):
        return np.minimum(weight / total * n, np.finfo(dtype).max / len(weight)).astype(dtype)


def _lbfgs(settings, table, objective, callbacks, unit):
    _build.warn_ignored(settings)
    return fit_lbfgs(
        objective, table.X, table.y, table.weight, rows=table.train, max_iter=settings.max_iter,
        max_fun=settings.max_fun, tol=settings.tol, unit=unit, callbacks=callbacks,
    )  # fmt: skip


def _minibatch(settings, table, objective, progress, n_batch, max_epochs, callbacks):
    theta = objective.network.theta
    optimizer = _build.optimizer(settings, objective.network)
    if type(optimizer) is type(progress.optimizer):
        optimizer.go_on_from(progress.optimizer)
    progress.optimizer = optimizer
    if settings.weight_averaging is None:
        progress.average = None
    elif progress.average is None:
        progress.average = WeightAverage(settings.weight_averaging, theta)
    else:
        progress.average.decay = settings.weight_averaging
        progress.average.swap(theta)  # back to the weights that the average is of
    schedule = _build.schedule(settings, table.n_train, n_batch, progress)
    run = fit_minibatch(
        objective, optimizer, schedule, table.X, table.y, table.weight,
        rows=table.train, batch_size=n_batch, max_epochs=max_epochs or settings.max_iter, rng=progress.rng,
        shuffle=settings.shuffle, max_grad_norm=settings.max_grad_norm,
        fade=_build.fade(settings, table.n_train, n_batch), average=progress.average,
        run=Run(objective.network, progress.t, progress.rate_factor), callbacks=callbacks,
    )  # fmt: skip
    progress.t, progress.rate_factor = run.t, run.rate_factor
    progress.n_rows += table.n_train * run.epoch
    return run


def _watchers(settings, table, loss, constant_loss, start):
    """The callbacks that end the training, in the order in which they must see an epoch."""
    tol = settings.tol * (constant_loss if settings.tol_is_relative else 1)
    divide_rate_by = 5 if settings.learning_rate == "adaptive" else None
    options = {"divide_rate_by": divide_rate_by, "growth": settings.patience_growth}
    watchers = []
    if table.watched is not None:
        validation = table.watched.validation(loss)
        tol = tol if table.watched.score is None else settings.tol
        watchers += [validation, BestWeights(validation, start)]
        watchers += [Patience(settings.n_iter_no_change, tol, "validation_score", True, **options)]
    elif settings.solver != "lbfgs":
        watchers += [Patience(settings.n_iter_no_change, tol, "loss", False, **options)]
    if settings.max_time is not None:
        watchers += [TimeLimit(settings.max_time)]
    return watchers


def _batch_size(settings, n_rows):
    if settings.batch_size > n_rows and not settings.batch_size_is_auto:
        warnings.warn(
            f"batch_size={settings.batch_size} is more than the {n_rows} training rows: they make one batch.",
            stacklevel=5,
        )
    return min(settings.batch_size, n_rows)


def _largest_product(network, n_rows):
    return n_rows * max(layer.W.size for layer in network.layers if isinstance(layer, Dense))
