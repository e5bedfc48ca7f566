"""The training of one network: what an estimator's parameters ask for, done with engine objects."""

import warnings
from dataclasses import dataclass

import numpy as np

from . import _build
from ._threads import blas_threads
from .engine.callbacks import BestWeights, Patience, TimeLimit, Validation, Verbose
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
    t : int
        Steps taken.
    rate_factor : float
        What "adaptive" has made of the learning rate.
    """

    def __init__(self, rng):
        self.rng = rng
        self.holdout_seed = int(rng.integers(2**31))
        self.optimizer = None
        self.t = 0
        self.rate_factor = 1.0


@dataclass
class Trained:
    """What `fit_network` returns: the network, the record of the run, and what they are judged by."""

    network: Network
    run: Run
    n_rows: int
    constant_loss: float


def fit_network(
    estimator, network, progress, loss, X, y, weight, rows, held_out, *, max_epochs, partial=False, warm=False
):  # fmt: skip
    """Train ``network`` in place on some rows, watching others, as the parameters of ``estimator`` say.

    Parameters
    ----------
    estimator : BaseANN
        Only its parameters are read.
    network, progress, loss
        Where the training starts, and what it minimises; ``progress`` is updated.
    X, y, weight : arrays with n rows; X may be CSR, weight None
    rows, held_out : ndarray of int or None
        Indices of the rows to train on (None: all) and of those to watch (None: none).
    max_epochs : int
    partial : bool
        One of many calls: nothing is watched.
    warm : bool
        Whether the network is a trained one, whose weights compete for the best.

    Raises
    ------
    ValueError
        If the training diverges.
    """
    n_rows = total_weight = len(y) if rows is None else len(rows)
    if weight is not None:
        total_weight = float(np.sum(weight if rows is None else weight[rows]))
        weight = (weight * (n_rows / total_weight)).astype(X.dtype)  # mean 1 over the training rows
    constant_loss = _constant_loss(loss, y, weight, rows)
    callbacks = [Verbose()] if estimator.verbose else []
    if not partial:
        validation = None if held_out is None else Validation(loss, X, y, weight, held_out)
        callbacks = _watchers(estimator, validation, constant_loss, warm) + callbacks
    network.prepare_training()
    objective = Objective(network, loss, l2=estimator.alpha / total_weight)
    n_batch = n_rows if estimator.solver == "lbfgs" else _batch_size(estimator, n_rows)
    with blas_threads(_largest_product(network, n_batch)), np.errstate(over="ignore", invalid="ignore"):
        try:
            run = _solve(estimator, objective, progress, X, y, weight, rows, n_batch, max_epochs, callbacks, partial)
        except FloatingPointError as error:
            raise ValueError(
                f"The training diverged: {error}. Try a smaller learning_rate_init (now "
                f"{estimator.learning_rate_init!r}) or max_grad_norm=1, and scale X and y, for example with "
                "StandardScaler."
            ) from None
    network.finish_training()
    return Trained(network, run, n_rows, constant_loss)


def _solve(estimator, objective, progress, X, y, weight, rows, n_batch, max_epochs, callbacks, partial):
    if estimator.solver == "lbfgs":
        _build.warn_ignored(estimator)
        return fit_lbfgs(
            objective, X, y, weight, rows=rows, max_iter=max_epochs, max_fun=estimator.max_fun, tol=estimator.tol,
            callbacks=callbacks,
        )  # fmt: skip
    optimizer = _build.optimizer(estimator, objective.network)
    if type(optimizer) is type(progress.optimizer):
        optimizer.go_on_from(progress.optimizer)
    if not partial and estimator.learning_rate in _build.FINITE_SCHEDULES:
        progress.t = 0  # a warm start runs the schedule again, from its beginning
    schedule = _build.schedule(estimator, len(y) if rows is None else len(rows), n_batch)
    run = fit_minibatch(
        objective, optimizer, schedule, X, y, weight,
        rows=rows, batch_size=n_batch, max_epochs=max_epochs, rng=progress.rng, shuffle=estimator.shuffle,
        max_grad_norm=estimator.max_grad_norm, run=Run(objective.network, progress.t, progress.rate_factor),
        callbacks=callbacks,
    )  # fmt: skip
    progress.optimizer, progress.t, progress.rate_factor = optimizer, run.t, run.rate_factor
    return run


def _watchers(estimator, validation, constant_loss, warm):
    """The callbacks that end the training, in the order in which they must see an epoch."""
    tol = estimator.tol * (constant_loss if estimator._tol_is_relative else 1)
    divide_rate_by = 5 if estimator.learning_rate == "adaptive" else None
    watchers = []
    if validation is not None:
        watchers += [validation, BestWeights(validation, count_start=warm)]
        watchers += [Patience(estimator.n_iter_no_change, tol, "validation_score", divide_rate_by)]
    elif estimator.solver != "lbfgs":
        watchers += [Patience(estimator.n_iter_no_change, tol, "loss", divide_rate_by)]
    if estimator.max_time is not None:
        watchers += [TimeLimit(estimator.max_time)]
    return watchers


def _batch_size(estimator, n_rows):
    if estimator.batch_size == "auto":
        return min(200, n_rows)
    if estimator.batch_size > n_rows:
        warnings.warn(
            f"batch_size={estimator.batch_size} is more than the {n_rows} training rows: they make one batch.",
            stacklevel=5,
        )
    return min(estimator.batch_size, n_rows)


def _constant_loss(loss, y, weight, rows):
    """The loss of the best constant prediction on the training rows: what learning must beat."""
    chosen = slice(None) if rows is None else rows
    raw = loss.constant(y[chosen], None if weight is None else weight[chosen])
    return mean_loss(loss, np.reshape(raw, (1, -1)).astype(np.float64), y, weight, rows)


def _largest_product(network, n_rows):
    return n_rows * max(layer.W.size for layer in network.layers if isinstance(layer, Dense))
