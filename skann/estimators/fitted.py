"""What a fit leaves in the estimator: the attributes of one network, or an ensemble of models with one network each."""

import copy
import math
from typing import Any

import numpy as np
from sklearn.base import is_classifier

from .._threads import blas_threads
from .._typing import Array, Floats
from ..engine.layers import Dense
from ..engine.network import Network
from .parameters import structure

# attributes of one network, which an ensemble has in its estimators_
OF_NETWORK = (
    "network_", "coefs_", "intercepts_", "n_layers_", "n_iter_", "t_", "history_", "loss_curve_", "loss_", "best_loss_",
    "validation_scores_", "best_validation_score_",
)  # fmt: skip


COMMON = ("n_outputs_", "out_activation_", "temperature_")


OF_ENSEMBLE = ("estimators_", "oof_prediction_")


OF_CALLBACKS = ("_skl_callbacks", "_parent_callback_ctx")  # scikit-learn's: those of the ensemble, not of its members


class FittedNetworks:
    """The fitted attributes, and the networks behind them."""

    n_features_in_: int
    feature_names_in_: Array
    n_outputs_: int
    out_activation_: str
    encoder_: Any
    network_: Network
    estimators_: list[Any]
    oof_prediction_: Floats | None
    n_layers_: int
    n_iter_: int
    t_: int
    history_: dict[str, list[float]]
    loss_curve_: list[float]
    loss_: float
    best_loss_: float
    validation_scores_: list[float] | None
    best_validation_score_: float | None

    @property
    def _is_ensemble(self):
        return "estimators_" in vars(self)

    @property
    def _networks(self):
        """The networks whose predictions are averaged."""
        return [member.network_ for member in self.estimators_] if self._is_ensemble else [self.network_]

    def __getattr__(self, name):
        if name in OF_NETWORK and "estimators_" in vars(self):
            raise AttributeError(
                f"An ensemble has no {name}: each of its estimators_ has one. With n_estimators=1 it is here."
            )
        if name == "oof_prediction_" and "estimators_" in vars(self):
            raise AttributeError("oof_prediction_ is not stored with a model: store it beside, or fit again.")
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @property
    def coefs_(self) -> list[Floats]:
        """Weights of each layer, ndarrays of shape (n_in, n_out): views of ``network_.theta``."""
        return [layer.W for layer in self.network_.layers if isinstance(layer, Dense)]

    @property
    def intercepts_(self) -> list[Floats]:
        """Biases of each layer, ndarrays of shape (n_out,): views of ``network_.theta``."""
        return [layer.b for layer in self.network_.layers if isinstance(layer, Dense)]

    def _keep_all(self, settings, trained, tables, loss, goes_on):
        """Set the fitted attributes, those of each network in a model of its own if there are several."""
        self._loss = loss
        self._structure = structure(self)
        if len(tables) == 1 and not (goes_on and self._is_ensemble):
            _forget(self, OF_ENSEMBLE)
            self._keep(trained[0], goes_on)
        else:
            old = self.estimators_ if goes_on else [self._member()] * len(trained)
            members = [copy.copy(member) for member in old]
            for member, each in zip(members, trained, strict=False):  # after Ctrl-C not all have been trained
                member._keep(each, goes_on)
            _forget(self, OF_NETWORK)
            self.estimators_ = members
            self.n_iter_ = max(member.n_iter_ for member in members)
        self.n_outputs_ = self._networks[0].layers[-1].n_out
        self.out_activation_ = loss.out_activation
        # after Ctrl-C there are fewer networks than tables
        pairs = list(zip(self._networks, tables, strict=False))
        watches = tables[0].watched is not None
        with blas_threads(0):  # the same temperature with any number of threads
            raw = [table.watched.raw_outputs(network) for network, table in pairs] if watches else None
        self._calibrate(settings, raw, tables)
        if self._is_ensemble:
            has_folds = tables[0].held_out is not None
            self.oof_prediction_ = self._shaped(self._out_of_fold(raw, tables)) if has_folds else None
            common = {name: value for name, value in vars(self).items() if name in COMMON}
            for member in self.estimators_:
                vars(member).update(common)

    def _out_of_fold(self, raw, tables):
        """Predictions for held-out rows by the networks that have not seen them; NaN for rows never held out."""
        predictions = [self._combine([each.astype(np.float64)]) for each in raw]  # float32 may not hold large targets
        total = np.zeros((len(tables[0].rows.y), predictions[0].shape[1]))
        count = np.zeros((len(total), 1))
        for prediction, table in zip(predictions, tables, strict=False):
            total[table.held_out] += prediction
            count[table.held_out] += 1
        return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)

    def _member(self):
        """A model with this one's parameters and what it learnt of the data, for one network of an ensemble."""
        member = copy.copy(self)
        _forget(member, (*OF_ENSEMBLE, *OF_CALLBACKS))
        member.n_estimators = 1
        member._structure = self._structure | {"n_estimators": 1}
        return member

    def _without_network(self, loss):
        """A model of one network that lacks nothing but this network: see `_with_network`."""
        model = copy.copy(self)
        _forget(model, OF_NETWORK + OF_ENSEMBLE + OF_CALLBACKS)
        model.n_estimators = 1
        model._structure = structure(model)
        model._loss = loss
        model.out_activation_ = loss.out_activation
        if is_classifier(model):
            model.temperature_ = 1.0
        return model

    def _with_network(self, network):
        """A model that predicts with a copy of ``network``, while its training goes on."""
        model = copy.copy(self)
        model.network_ = copy.deepcopy(network)
        model.n_layers_ = len(model.coefs_) + 1
        model.n_outputs_ = network.layers[-1].n_out
        return model

    def _shaped(self, prediction):
        """Predictions (n, n_outputs) in the shape that predict gives them."""
        return prediction

    def _keep(self, trained, goes_on):
        """Set the fitted attributes of one network."""
        network, run = trained.network, trained.run
        before = self.history_ if goes_on else {}
        names = before.keys() | run.history.keys()
        n_before = len(before.get("loss", ()))
        self.history_ = {
            name: list(before.get(name, [math.nan] * n_before)) + run.history.get(name, [math.nan] * run.epoch)
            for name in sorted(names)
        }
        self.network_ = network
        self.n_layers_ = len(self.coefs_) + 1
        self.n_iter_ = run.epoch
        self.t_ = (self.t_ if goes_on else 0) + trained.n_rows * run.epoch
        self.loss_curve_ = self.history_["loss"] if self.history_ else []
        self.loss_ = self.loss_curve_[-1] if self.loss_curve_ else math.nan
        self.best_loss_ = min(self.loss_curve_, default=math.nan)
        self.validation_scores_ = self.history_.get("validation_score")
        self.best_validation_score_ = np.nanmax(self.validation_scores_) if self.validation_scores_ else None


def _forget(estimator, names):
    """Delete attributes, as far as there are."""
    for name in names:
        vars(estimator).pop(name, None)
