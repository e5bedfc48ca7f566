"""One training: settings, rows and a start go in, a trained network comes out."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._threads import blas_threads
from ..engine.averaging import WeightAverage
from ..engine.callbacks import BestWeights, LowerRate, Patience, Validation
from ..engine.evaluation import mean_loss, pooled_targets, raw_outputs, targets_for_mean
from ..engine.network import Network
from ..engine.objective import Objective
from ..engine.run import Run
from ..engine.stepping import Stepper
from ..engine.training import fit_lbfgs, fit_minibatch
from . import build
from .data import N_JUDGED, TrainingData
from .local_steps import LocalTraining
from .progress import NetworkProgress
from .rounds import OverAllParts, fit_rounds
from .sharded_rows import ShardedRows
from .summed import SummedValidation, can_be_summed


class TrainingState:
    """The state of a training other than the weights: a warm start or the next `partial_fit` continues from it.

    Attributes
    ----------
    rng : Generator
    holdout_seed : int
        So that a warm start holds out the same rows.
    stepper : dict or None
        The state of the last `Stepper`; None before the first step, and where it has come to its end.
    """

    def __init__(self, rng):
        self.rng = rng
        self.holdout_seed = int(rng.integers(2**31))
        self.stepper = None


@dataclass(frozen=True)
class Training:
    """What `fit_network` needs; all of it may be pickled.

    Attributes
    ----------
    settings : Settings
    data : TrainingData
    loss : Loss
    network : Network
        Trained in place.
    state : TrainingState
        Goes on.
    is_warm : bool
        Whether the network is a trained one, whose weights compete for the best.
    is_only_one : bool
        Several networks are trained with one BLAS thread each: ``n_jobs`` uses more cores better, and the last bits of
        a large product in float32 depend on the number of threads.
    number : int
        Of the network, from 0.
    progress : ProgressTable or None
        Is told of the training; it stays in its process.
    """

    settings: Any
    data: TrainingData
    loss: Any
    network: Network
    state: TrainingState
    is_warm: bool = False
    is_only_one: bool = True
    number: int = 0
    progress: Any = None

    @property
    def batch_size(self):
        """Rows in a batch."""
        return build.batch_size(self.settings, self.data.rows)

    @property
    def is_sharded(self):
        """Whether the rows stay with the workers that hold them."""
        return isinstance(self.data.rows, ShardedRows)

    @property
    def largest_product(self):
        """Multiplications in the largest matrix product of a step, 0 where several networks are trained."""
        return self.batch_size * self.network.largest_weight if self.is_only_one else 0

    def listeners(self):
        """The engine callbacks that tell the `ProgressTable`, none if there is no table."""
        return [] if self.progress is None else [NetworkProgress(self.progress, self.number, self.settings.n_epochs)]

    def objective(self):
        """The objective, after the network got its gradient vector."""
        self.network.prepare_training()
        return Objective(self.network, self.loss, l2=self.settings.alpha / self.data.rows.total_weight)


@dataclass
class Trained:
    """The trained network, its training state and its history, and two losses on the training rows: that of the best
    constant prediction and that of the network, NaN if it was not judged.
    """

    network: Network
    state: TrainingState
    run: Run
    n_rows: int
    constant_loss: float
    loss: float = math.nan


def fit_network(training, time_limit=None, task=None, signal=None):
    """Train a network in place.

    Parameters
    ----------
    training : Training
    time_limit : TimeLimit, default=None
    task : callable(state, callbacks) -> Callback, default=None
        Makes the last of the engine's callbacks, which reports to those of the user and may restore ``state`` and the
        other callbacks from a checkpoint. Its attribute ``needs_weights`` says whether it has to do with the weights in
        training, which are then trained in this process.
    signal : StopSignal, default=None
        What other threads may end this training with.

    Returns
    -------
    trained : Trained

    Raises
    ------
    ValueError
        If the training diverges.
    """
    settings, data, network = training.settings, training.data, training.network
    constant, constant_loss = _constant(data, training.loss)
    start = network.theta.copy() if training.is_warm else None  # with averaging, theta is about to be replaced
    callbacks = [] if settings.is_partial else _watchers(training, constant, constant_loss, start, time_limit)
    callbacks += training.listeners()
    if task is not None:
        callbacks = [*callbacks, task(training.state, callbacks)]
    if signal is not None:
        callbacks = [signal, *callbacks]
    objective = training.objective()
    with blas_threads(training.largest_product), np.errstate(over="ignore", invalid="ignore"):
        try:
            if settings.solver == "lbfgs":
                scale = min(1.0, constant_loss) if settings.tol_is_relative and constant_loss else 1.0
                run = fit_lbfgs(
                    objective, data.rows, max_iter=settings.max_iter, max_fun=settings.max_fun, tol=settings.tol,
                    scale=scale, callbacks=callbacks,
                    over_all_rows=OverAllParts(objective, data.rows) if training.is_sharded else None,
                )  # fmt: skip
            else:
                run = _fit_minibatch(training, objective, callbacks)
            loss = math.nan
            if not (settings.is_partial or run.interrupted):
                with run.until_interrupted():
                    loss, constant_loss = _final_losses(training, run, constant, constant_loss)
        except FloatingPointError as error:
            raise _divergence(settings, data, error) from None
        network.finish_training()
        is_calibrated = data.watched is not None and settings.calibration is not None
        if settings.from_recipe and loss >= constant_loss and not (is_calibrated and math.isfinite(loss)):
            network.become_constant(constant)
        if not (settings.is_partial or _is_out_of_time(run)):
            _balance(network, training.loss, data)
    return Trained(network, training.state, run, len(data.rows), constant_loss, loss)


def _constant(data, loss):
    """The raw outputs of the best constant prediction for the training rows, and its loss."""
    with np.errstate(over="ignore", invalid="ignore"):
        constant, constant_loss = data.constant(loss)
    if not math.isfinite(constant_loss):
        raise ValueError(
            f"y holds values too large: the loss of the best constant prediction is {constant_loss:g}. Scale y, for "
            "example with target_scaling=True or TransformedTargetRegressor."
        )
    return constant, constant_loss


def _final_losses(training, run, constant, constant_loss):
    """The losses on the training rows of the network, as it predicts after the last step, and of the constant.

    Of many rows a part must do, and a smaller one when the time is over.
    """
    rows = training.data.rows.in_memory()
    n_rows = 1000 if _is_out_of_time(run) else N_JUDGED
    if len(rows) >= 2 * n_rows:
        rows = rows.part(n_rows)
        constant_loss = mean_loss(training.loss, constant.reshape(1, -1).astype(np.float64), *targets_for_mean(rows))
    raw = raw_outputs(training.network, rows)
    if not np.isfinite(training.loss.predict(raw)).all():
        raise FloatingPointError(f"the predictions for the training rows are not finite after epoch {run.epoch}")
    loss = mean_loss(training.loss, raw, *targets_for_mean(rows))
    return math.inf if math.isnan(loss) else loss, constant_loss


def _is_out_of_time(run):
    """Whether there is no time to pass all rows through the network once more."""
    return run.time_limit is not None and run.time_limit.is_over(run, 0)


def _balance(network, loss, data):
    """Shift the last biases so that the total of the predictions is that of the targets, held-out rows included.

    The best epoch is the one that suits the held-out rows: where these have few events or lack a large value, that may
    be one of far too small predictions. The shift is one number for each output.
    """
    if getattr(loss, "balance", None) is None:
        return
    rows = data.rows.in_memory()
    parts = [rows] if data.held_out is None else [rows, data.watched]
    y, weight = pooled_targets(parts)
    y = y.astype(np.float64)
    is_balanced = loss.is_balanced(y, weight)
    if np.any(is_balanced):
        raw = np.concatenate([raw_outputs(network, rows) for rows in parts]).astype(np.float64)
        with np.errstate(divide="ignore"):
            shift = loss.balance(raw, y, weight)
        network.layers[-1].b[...] += np.where(is_balanced & np.isfinite(shift), shift, 0)


def _divergence(settings, data, error):
    """The error for a training that led out of the range of floats."""
    about_l2 = ""
    if settings.alpha > data.rows.total_weight:
        about_l2 = (
            f" The penalty, alpha={settings.alpha!r} divided by the total weight {data.rows.total_weight:g}, is "
            "enormous."
        )
    return ValueError(
        f"The training diverged: {error}. Try a smaller learning_rate_init (now {settings.learning_rate_init!r}) or "
        f"max_grad_norm=1, and scale X and y, for example with StandardScaler.{about_l2}"
    )


def _fit_minibatch(training, objective, callbacks):
    settings, state = training.settings, training.state
    before = state.stepper
    if before is not None and build.begins_anew(settings):
        before = before | {"t": 0}
    stepper = _stepper(training, before)
    if training.is_sharded:
        rows, seed = training.data.rows, int(state.rng.integers(2**63))
        local = LocalTraining.of(settings, objective, stepper, rows, seed)
        run = fit_rounds(local, stepper, rows, training.network, max_epochs=settings.n_epochs, callbacks=callbacks)
    else:
        run = fit_minibatch(
            objective, stepper, training.data.rows, batch_size=training.batch_size, max_epochs=settings.n_epochs,
            rng=state.rng, shuffle=settings.shuffle, callbacks=callbacks,
        )  # fmt: skip
    state.stepper = stepper.get_state() if build.keeps_state(settings) else None  # three times as large as the network
    run.stepper = None  # its buffers are twice as large
    return run


def _stepper(training, before):
    """A `Stepper` that goes on from the state ``before``, if it is not None."""
    settings, network, n_rows = training.settings, training.network, len(training.data.rows)
    seen = {} if before is None else {"t": before["t"], "n_seen": before["n_rows"]}
    decay = settings.weight_averaging
    stepper = Stepper(
        build.optimizer(settings, network), build.schedule(settings, n_rows, training.batch_size, **seen),
        max_grad_norm=settings.max_grad_norm, fade=build.fade(settings, n_rows, training.batch_size),
        average=None if decay is None else WeightAverage(decay, network.theta),
    )  # fmt: skip
    if before is not None:
        stepper.set_state(before, network)
    return stepper


def _watchers(training, constant, constant_loss, start, time_limit):
    """The callbacks that end the training, in the order in which they must see an epoch."""
    settings, data = training.settings, training.data
    tol = settings.tol * (constant_loss if settings.tol_is_relative else 1)
    on_plateau = LowerRate if build.falls_on_plateau(settings) else Patience
    watchers: list = []
    if data.watched is not None:
        if training.is_sharded and data.held_out is not None and can_be_summed(data.score):
            validation: Any = SummedValidation(training.loss, data.rows, data.score is not None)
        else:
            validation = Validation(training.loss, data.watched, data.score)
        tol = tol if data.score is None else settings.tol
        best = BestWeights(validation, start, constant if settings.from_recipe else None)
        watchers += [validation, best]
        watchers += [on_plateau(settings.n_iter_no_change, tol, "validation_score", True, settings.patience_growth)]
    elif settings.solver != "lbfgs":
        watchers += [on_plateau(settings.n_iter_no_change, tol, growth=settings.patience_growth)]
    return watchers if time_limit is None else [*watchers, time_limit]
