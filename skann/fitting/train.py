"""The training of networks: what an estimator's parameters ask for, done with engine objects."""

import math
import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from .._threads import blas_threads
from ..engine.averaging import WeightAverage
from ..engine.callbacks import BestWeights, LowerRate, Patience, TimeLimit, Verbose
from ..engine.layers import Dense
from ..engine.network import Network
from ..engine.objective import Objective
from ..engine.stepping import Stepper
from ..engine.training import Run, fit_lbfgs, fit_minibatch
from . import build as _build


class Progress:
    """What a later `partial_fit` or warm start goes on from, beside the network. It is not pickled.

    Attributes
    ----------
    rng : Generator
    holdout_seed : int
        So that a warm start holds out the same rows.
    stepper : dict or None
        The state of the last training's `Stepper`.
    """

    def __init__(self, rng):
        self.rng = rng
        self.holdout_seed = int(rng.integers(2**31))
        self.stepper = None


@dataclass
class Trained:
    """What `fit_network` returns: the network, what a later call goes on from, the record, the yardstick for it."""

    network: Network
    progress: Progress
    run: Run
    n_rows: int
    constant_loss: float


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
    start = network.theta.copy() if warm else None  # with weight averaging theta goes back to the weights being trained
    callbacks = [] if partial else _watchers(settings, table, loss, constant_loss, start)
    callbacks += [Verbose()] if settings.verbose else []
    if bridge is not None:
        bridge.watchers = callbacks
        callbacks = [*callbacks, bridge]
    callbacks = callbacks if stop is None else [stop, *callbacks]
    network.prepare_training()
    objective = Objective(network, loss, l2=settings.alpha / table.rows.total_weight)
    n_batch = len(table.rows) if settings.solver == "lbfgs" else _batch_size(settings, len(table.rows))
    largest_product = _largest_product(network, n_batch) if alone else 0
    with blas_threads(largest_product), np.errstate(over="ignore", invalid="ignore"):
        try:
            if settings.solver == "lbfgs":
                scale = min(1.0, constant_loss) if settings.tol_is_relative and constant_loss else 1.0
                run = _lbfgs(settings, table.rows, objective, callbacks, scale)
            else:
                run = _minibatch(settings, table.rows, objective, progress, n_batch, partial, callbacks)
        except FloatingPointError as error:
            raise ValueError(
                f"The training diverged: {error}. Try a smaller learning_rate_init (now "
                f"{settings.learning_rate_init!r}) or max_grad_norm=1, and scale X and y, for example with "
                f"StandardScaler.{_about_l2(settings, table)}"
            ) from None
    network.finish_training()
    return Trained(network, progress, run, len(table.rows), constant_loss)


def _about_l2(settings, table):
    """What a message says of an L2 penalty that can be the cause of divergence."""
    if settings.alpha <= table.rows.total_weight:
        return ""
    return (
        f" The penalty, alpha={settings.alpha!r} divided by the total weight {table.rows.total_weight:g}, is enormous."
    )


def _lbfgs(settings, rows, objective, callbacks, scale):
    _build.warn_ignored(settings)
    return fit_lbfgs(
        objective, rows, max_iter=settings.max_iter, max_fun=settings.max_fun, tol=settings.tol, scale=scale,
        callbacks=callbacks,
    )  # fmt: skip


def _minibatch(settings, rows, objective, progress, n_batch, partial, callbacks):
    state = progress.stepper
    if state is not None and not partial and settings.learning_rate in _build.FINITE_SCHEDULES:
        state = state | {"t": 0}  # a warm start runs the schedule again, from its beginning
    stepper = _stepper(settings, objective.network, len(rows), n_batch, state)
    run = fit_minibatch(
        objective, stepper, rows, batch_size=n_batch, max_epochs=1 if partial else settings.max_iter, rng=progress.rng,
        shuffle=settings.shuffle, callbacks=callbacks,
    )  # fmt: skip
    progress.stepper = stepper.get_state()
    return run


def _stepper(settings, network, n_rows, n_batch, state):
    """A `Stepper` that goes on from a state, if it is not None."""
    decay = settings.weight_averaging
    seen = {} if state is None else {"t": state["t"], "n_seen": state["n_rows"]}
    stepper = Stepper(
        _build.optimizer(settings, network), _build.schedule(settings, n_rows, n_batch, **seen),
        max_grad_norm=settings.max_grad_norm, fade=_build.fade(settings, n_rows, n_batch),
        average=None if decay is None else WeightAverage(decay, network.theta),
    )  # fmt: skip
    if state is not None:
        stepper.set_state(state, network)
    return stepper


def _watchers(settings, table, loss, constant_loss, start):
    """The callbacks that end the training, in the order in which they must see an epoch."""
    tol = settings.tol * (constant_loss if settings.tol_is_relative else 1)
    on_plateau = LowerRate if settings.learning_rate == "adaptive" else Patience
    watchers = []
    if table.watched is not None:
        validation = table.watched.validation(loss)
        tol = tol if table.watched.score is None else settings.tol
        watchers += [validation, BestWeights(validation, start)]
        watchers += [on_plateau(settings.n_iter_no_change, tol, "validation_score", True, settings.patience_growth)]
    elif settings.solver != "lbfgs":
        watchers += [on_plateau(settings.n_iter_no_change, tol, growth=settings.patience_growth)]
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


def _trouble(settings, trained):
    """What to warn of after a training: a message, None if all is well, and its category."""
    run, constant_loss = trained.run, trained.constant_loss
    if run.interrupted:
        return f"Training interrupted in epoch {run.epoch + 1}: the model so far is kept.", UserWarning
    if run.epoch and constant_loss > 0 and min(run.history["loss"]) > 0.99 * constant_loss and not settings.from_recipe:
        return (
            f"After {run.epoch} epochs the training loss {min(run.history['loss']):.4g} is no better than that of "
            f"a constant prediction, {constant_loss:.4g}. Scale X and y, for example with StandardScaler and "
            f"TransformedTargetRegressor, or try another learning_rate_init (now {settings.learning_rate_init!r}) or a "
            "smaller alpha."
        ), ConvergenceWarning
    if run.stopped_by is None and (settings.solver == "lbfgs" or not _build.plans_end(settings.learning_rate)):
        limit = "max_iter or max_fun" if settings.solver == "lbfgs" else "max_iter"
        return (
            f"The training ended after {run.epoch} epochs, before it converged, with max_iter={settings.max_iter}. "
            f"Increase {limit}, or tol to end earlier."
        ), ConvergenceWarning
    return None, None
