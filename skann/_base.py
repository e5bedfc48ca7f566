"""The staircase between the two floors: hyper-parameters go down as engine objects, a trained network comes up."""

import copy
import math
import warnings
from abc import ABCMeta, abstractmethod
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from . import _build, _inputs
from ._compat import check_parameters, check_weight
from ._fitting import Progress, Table, fit_network
from ._holdout import hold_out
from ._validation import training_dtype
from .engine.layers import Dense, ParametricActivation
from .engine.network import Network
from .engine.objective import raw_outputs

SMALL = 500  # rows up to which dtype="auto" is float64: there it costs nothing


class BaseANN(BaseEstimator, metaclass=ABCMeta):
    """What classifier and regressor share: everything but targets and losses."""

    _tol_is_relative = False  # to the loss of the best constant prediction

    @abstractmethod
    def _encode_target(self, y, first, **kwargs):
        """Targets as the loss wants them; keeps what predictions need when ``first``."""

    @abstractmethod
    def _make_loss(self, y, weight, first):
        """The loss object for encoded targets; ValueError if they are outside its domain."""

    def _scale_target(self, y, weight, rows, first):
        """The targets in the units of the training."""
        return y

    def _training_weight(self, y, weight):
        """Weights of the rows, class weights included, or None."""
        return weight

    def _stratify_by(self, y):
        """Labels to stratify held-out rows by, or None."""
        return

    def fit(self, X, y, sample_weight=None):
        """Train the network.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            Numbers, finite; with an encoder whatever it takes.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, not negative, at least one above zero. Rows of weight zero do not exist; an integer weight stands
            for as many copies, exactly so on full batches and in expectation on smaller ones.

        Returns
        -------
        self : estimator

        Raises
        ------
        ValueError, TypeError
            If a parameter or the data are not as described, or if the training diverges. The estimator is then as it
            was before.

        Warns
        -----
        ConvergenceWarning
            If ``max_iter`` ends the training, or if it learnt no more than a constant.
        """
        with _unchanged_on_failure(self):
            check_parameters(self)
            goes_on = self.warm_start and hasattr(self, "network_")
            return self._train(X, y, sample_weight, goes_on=goes_on, max_epochs=self.max_iter)

    def _partial_fit(self, X, y, sample_weight, **target_kwargs):
        with _unchanged_on_failure(self):
            check_parameters(self)
            return self._train(
                X, y, sample_weight, goes_on=hasattr(self, "network_"), max_epochs=1, partial=True, **target_kwargs
            )

    def _train(self, X, y, sample_weight, goes_on, max_epochs, partial=False, **target_kwargs):
        if goes_on:
            _build.check_structure(self, self._structure)
        X, y, weight, dtype = self._validate(X, y, sample_weight, goes_on, **target_kwargs)
        settings = SimpleNamespace(**self.get_params(deep=False), tol_is_relative=self._tol_is_relative)
        progress = self._start_progress(goes_on)
        rows, held_out = self._split(y, weight, progress, partial)
        y = self._scale_target(y, weight, rows, first=not goes_on)
        y = y.astype(dtype, copy=False) if y.dtype.kind == "f" else y
        loss = self._make_loss(y, weight, first=not goes_on)
        # here may be the one copy of X
        X = _inputs.encode(self, X, dtype) if goes_on else _inputs.fit_encoder(self, X, weight, rows, dtype)
        network = copy.deepcopy(self.network_) if goes_on else self._new_network(X, y, weight, rows, loss, progress)
        table = Table(X, y, weight, rows, held_out)
        trained = fit_network(
            settings, table, loss, network, progress, max_epochs=max_epochs, partial=partial, warm=goes_on
        )
        self._progress = progress
        self._keep(trained, loss, goes_on)
        if not partial:
            self._warn(trained)
        return self

    def _validate(self, X, y, sample_weight, goes_on, **target_kwargs):
        """X as it is, y encoded, weight or None, and the dtype of the training; all checked."""
        X, y = _inputs.check_training(self, X, y, reset=not goes_on)
        y = self._encode_target(y, not goes_on, **target_kwargs)
        wanted = self.network_.theta.dtype if goes_on else self.dtype
        numbers = (("y", y),) if self.encoder is not None else (("X", X), ("y", y))
        dtype = training_dtype(numbers, wanted, small=X.shape[0] <= SMALL or self.solver == "lbfgs")
        weight = self._training_weight(y, check_weight(sample_weight, X, np.float64))
        if weight is not None and not weight.any():
            raise ValueError("sample_weight times class_weight is zero for every row.")
        return X, y, weight, dtype

    def _start_progress(self, goes_on):
        """What to go on from: the last call's, copied so that a failure spares it, or a new one."""
        if goes_on and hasattr(self, "_progress"):  # a pickle holds none
            return copy.deepcopy(self._progress)
        seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max, size=4)
        return Progress(np.random.default_rng(seed))

    def _new_network(self, X, y, weight, rows, loss, progress):
        constant = np.asarray(loss.constant(y, weight))
        layers = _build.layers(self, _inputs.inputs(self, X), len(constant), X, weight, rows)
        network = Network(layers, X.dtype)
        _build.initialize(self, network, X, rows, progress.rng)
        network.layers[-1].b[...] = constant
        return network

    def _split(self, y, weight, progress, partial):
        """Indices of the rows to train on (None for all) and of the held-out ones (None for none)."""
        rows = None if weight is None or weight.all() else np.flatnonzero(weight)
        if not self.early_stopping or partial:
            return rows, None
        candidates = np.arange(len(y)) if rows is None else rows
        train, held_out = hold_out(candidates, self._stratify_by(y), self.validation_fraction, progress.holdout_seed)
        return (rows, None) if held_out is None else (train, held_out)

    def _keep(self, trained, loss, goes_on):
        """Set the fitted attributes."""
        network, run = trained.network, trained.run
        before = self.history_ if goes_on else {}
        names = before.keys() | run.history.keys()
        n_before = len(before.get("loss", ()))
        self.history_ = {
            name: list(before.get(name, [math.nan] * n_before)) + run.history.get(name, [math.nan] * run.epoch)
            for name in sorted(names)
        }
        self.network_ = network
        self._structure = _build.structure(self)
        self._loss = loss
        self.n_layers_ = len(self.coefs_) + 1
        self.n_outputs_ = network.layers[-1].n_out
        self.out_activation_ = loss.out_activation
        self.n_iter_ = run.epoch
        self.t_ = (self.t_ if goes_on else 0) + trained.n_rows * run.epoch
        self.loss_curve_ = self.history_["loss"] if self.history_ else []
        self.loss_ = self.loss_curve_[-1] if self.loss_curve_ else math.nan
        self.best_loss_ = min(self.loss_curve_, default=math.nan)
        self.validation_scores_ = self.history_.get("validation_score")
        self.best_validation_score_ = np.nanmax(self.validation_scores_) if self.validation_scores_ else None

    def _warn(self, trained):
        run, constant_loss = trained.run, trained.constant_loss
        if run.interrupted:
            warnings.warn(f"Training interrupted in epoch {run.epoch + 1}: the model so far is kept.", stacklevel=4)
        elif run.epoch and constant_loss > 0 and min(run.history["loss"]) > 0.99 * constant_loss:
            warnings.warn(
                f"After {run.epoch} epochs the training loss {min(run.history['loss']):.4g} is no better than that of "
                f"a constant prediction, {constant_loss:.4g}. Scale X and y, for example with StandardScaler and "
                f"TransformedTargetRegressor, or try another learning_rate_init (now {self.learning_rate_init!r}) or a "
                "smaller alpha.",
                ConvergenceWarning, stacklevel=4,
            )  # fmt: skip
        elif run.stopped_by is None and (self.solver == "lbfgs" or self.learning_rate not in _build.FINITE_SCHEDULES):
            limit = "max_iter or max_fun" if self.solver == "lbfgs" else "max_iter"
            warnings.warn(
                f"The training ended after {run.epoch} epochs, before it converged, with max_iter={self.max_iter}. "
                f"Increase {limit}, or tol to end earlier.",
                ConvergenceWarning, stacklevel=4,
            )  # fmt: skip

    @property
    def coefs_(self):
        """Weights of each layer, ndarrays of shape (n_in, n_out): views of ``network_.theta``."""
        return [layer.W for layer in self.network_.layers if isinstance(layer, Dense)]

    @property
    def intercepts_(self):
        """Biases of each layer, ndarrays of shape (n_out,): views of ``network_.theta``."""
        return [layer.b for layer in self.network_.layers if isinstance(layer, Dense)]

    def _raw_outputs(self, X, network=None):
        if not hasattr(self, "network_"):  # check_is_fitted itself takes as long as a small network
            check_is_fitted(self)
        X = _inputs.encode(self, _inputs.check_rows(self, X))
        return raw_outputs(network or self.network_, X).astype(X.dtype, copy=False)

    def hidden_activations(self, X, layer=-1):
        """Activations of a hidden layer: the features that the network has learnt.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
        layer : int, default=-1
            Which hidden layer, counted from 0; negative numbers count from the last.

        Returns
        -------
        activations : ndarray of shape (n_samples, n_units)

        Raises
        ------
        ValueError
            If there is no such layer.
        """
        check_is_fitted(self)
        layers = self.network_.layers
        hidden = [i for i, part in enumerate(layers) if isinstance(part, Dense)][:-1]
        hidden = [i + isinstance(layers[i + 1], ParametricActivation) for i in hidden]
        if not -len(hidden) <= layer < len(hidden):
            raise ValueError(
                f"layer must be from {-len(hidden)} to {len(hidden) - 1}, one of the hidden layers, got {layer!r}."
            )
        return self._raw_outputs(X, self.network_.head(hidden[layer] + 1))

    def summary(self):
        """Print the layers of the fitted network, their output shapes and their numbers of parameters."""
        check_is_fitted(self)
        rows = [("layer", "output shape", "parameters"), ("Input", f"(n, {self.n_features_in_})", "0")]
        for layer in self.network_.layers:
            n_parameters = sum(math.prod(shape) for shape in layer.shapes.values())
            rows.append((str(layer), f"(n, {layer.n_out})", f"{n_parameters:,}"))
        rows.append(("total", "", f"{self.network_.theta.size:,}"))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for name, shape, n_parameters in rows:
            print(f"{name:<{widths[0]}}  {shape:<{widths[1]}}  {n_parameters:>{widths[2]}}")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        _inputs.set_input_tags(self, tags.input_tags)
        return tags

    def __getstate__(self):
        state = dict(super().__getstate__())
        state.pop("_progress", None)
        return state


def has_partial_fit(estimator):
    """Condition for the method partial_fit to exist."""
    if estimator.solver == "lbfgs":
        raise AttributeError("solver='lbfgs' has no partial_fit: it needs all rows at once.")
    if getattr(estimator, "class_weight", None) == "balanced":
        raise AttributeError("class_weight='balanced' has no partial_fit: it needs all rows at once.")
    return True


@contextmanager
def _unchanged_on_failure(estimator):
    """Give the estimator the attributes back that it had, if the block raises."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise
