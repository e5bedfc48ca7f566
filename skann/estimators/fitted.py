"""The fitted attributes: what there is to know of the networks of a fitted estimator."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .._typing import Array, Floats
from ..engine.network import Network
from ..fitting.importance import importances


class FittedAttributes:
    """Attributes that are read from ``networks_``, where the networks are.

    Attributes of one network exist where there is one; an ensemble has them in its `estimators_`.
    """

    n_features_in_: int
    feature_names_in_: Array
    encoder_: Any
    networks_: Any
    _target: Any
    _with_networks: Callable[[Any], Any]

    @property
    def network_(self) -> Network:
        """The trained network."""
        return self._only_member("network_").network

    @property
    def coefs_(self) -> list[Floats]:
        """Weights of each layer, ndarrays of shape (n_in, n_out): views of ``network_.theta``."""
        return [layer.W for layer in self._only_member("coefs_").network.dense_layers()]

    @property
    def intercepts_(self) -> list[Floats]:
        """Biases of each layer, ndarrays of shape (n_out,): views of ``network_.theta``."""
        return [layer.b for layer in self._only_member("intercepts_").network.dense_layers()]

    @property
    def n_layers_(self) -> int:
        """Number of layers, input and output included."""
        return len(self._only_member("n_layers_").network.dense_layers()) + 1

    @property
    def t_(self) -> int:
        """Training rows seen in all epochs."""
        return self._only_member("t_").t

    @property
    def history_(self) -> dict[str, list[float]]:
        """One entry per epoch of all calls."""
        return self._only_member("history_").history

    @property
    def loss_curve_(self) -> list[float]:
        """Training loss of each epoch."""
        return self._only_member("loss_curve_").history.get("loss", [])

    @property
    def loss_(self) -> float:
        """The last of `loss_curve_`."""
        curve = self._only_member("loss_").history.get("loss")
        return curve[-1] if curve else math.nan

    @property
    def best_loss_(self) -> float:
        """The lowest of `loss_curve_`."""
        return min(self._only_member("best_loss_").history.get("loss", []), default=math.nan)

    @property
    def validation_scores_(self) -> list[float] | None:
        """Score on the watched rows after each epoch; None without such rows."""
        return self._only_member("validation_scores_").history.get("validation_score")

    @property
    def best_validation_score_(self) -> float | None:
        """The greatest of `validation_scores_`: that of the weights kept, unless a constant was better."""
        scores = self._only_member("best_validation_score_").history.get("validation_score")
        return np.nanmax(scores) if scores else None

    @property
    def feature_importances_(self) -> Floats:
        """Mean absolute part of each column in the predictions for held-out rows, with sum 1."""
        found = importances(self._fitted_networks("feature_importances_"))
        if found is None:
            raise AttributeError(
                f"{type(self).__name__!r} object has no attribute 'feature_importances_': fit computes it, partial_fit "
                "does not, nor is it known where an encoder makes one column of several, or where the derivative of "
                "the predictions overflows."
            )
        return found

    @property
    def n_iter_(self) -> int:
        """Epochs of the last call of `fit` or `partial_fit`, of an ensemble the most of a network."""
        return max(member.n_iter for member in self._fitted_networks("n_iter_").members)

    @property
    def n_outputs_(self) -> int:
        """Number of raw outputs of a prediction."""
        return self._fitted_networks("n_outputs_").n_outputs

    @property
    def out_activation_(self) -> str:
        """The function from the last layer to predictions."""
        return self._fitted_networks("out_activation_").loss.out_activation

    @property
    def estimators_(self) -> list[Any]:
        """A model with one network each."""
        networks = self._fitted_networks("estimators_")
        if not networks.is_ensemble:
            raise self._needs_ensemble("estimators_")
        return [self._with_networks(networks.only(member)) for member in networks.members]

    @property
    def oof_prediction_(self) -> Floats | None:
        """For each training row the mean prediction of those networks that held it out; None if no rows were."""
        networks = self._fitted_networks("oof_prediction_")
        if not networks.keeps_out_of_fold:
            raise self._needs_ensemble("oof_prediction_")
        if not hasattr(networks, "out_of_fold"):
            raise AttributeError("oof_prediction_ is not stored with a model: store it beside, or fit again.")
        return None if networks.out_of_fold is None else self._target.shaped(networks.out_of_fold)

    @property
    def oof_score_(self) -> float | None:
        """Score of the rows that the networks held out; None if no rows were."""
        return self._fitted_networks("oof_score_").oof_score

    @property
    def oof_loss_(self) -> float | None:
        """Loss of the rows that the networks held out; None if no rows were."""
        return self._fitted_networks("oof_loss_").oof_loss

    @property
    def portfolio_(self) -> list[dict[str, Any]]:
        """The candidates of a portfolio, a dict each: params, score, n_networks and weight in the predictions."""
        networks = self._fitted_networks("portfolio_")
        if not hasattr(networks, "standings"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute 'portfolio_': portfolio is False")
        return networks.standings()

    def _of_target(self, name, attribute):
        """What the target object has learnt; AttributeError about ``name`` before `fit`."""
        if "_target" not in vars(self):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(self._target, attribute)

    def _fitted_networks(self, name):
        """The networks; AttributeError about ``name`` before `fit`."""
        if "networks_" not in vars(self):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return self.networks_

    def _needs_ensemble(self, name):
        """The AttributeError about ``name``, which one network does not have."""
        return AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}: it has one network")

    def _only_member(self, name):
        """The one network with its record; AttributeError about ``name`` where there are several."""
        networks = self._fitted_networks(name)
        if networks.is_ensemble:
            raise AttributeError(
                f"An ensemble has no {name}: each of its estimators_ has one. With n_estimators=1 it is here."
            )
        return networks.members[0]
