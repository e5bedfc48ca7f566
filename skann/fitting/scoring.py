"""The score that early stopping watches: the loss, accuracy or R2 of raw outputs, or any scikit-learn scorer."""

import copy
import math
from contextlib import suppress
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.metrics import check_scoring

from .._compat import takes_sample_weight
from ..engine.calibration import CalibratedLoss
from ..engine.scores import R2, Accuracy
from .data import GivenRows
from .member import Member


@dataclass(frozen=True)
class Scoring:
    """What the parameter ``scoring`` of an estimator stands for.

    Attributes
    ----------
    scoring : str, callable or None
        As the user gave it.
    scorer : callable or None
        scikit-learn's; None for the loss.
    quick : type or None
        `Accuracy` or `R2` where the score needs raw outputs only.
    model_of : callable(networks) -> estimator
        A copy of the estimator that predicts with these networks.
    """

    scoring: Any
    scorer: Any
    quick: type | None
    model_of: Any

    @classmethod
    def of(cls, estimator, model_of):
        """That of an estimator; what scikit-learn does not know as a scorer is its error."""
        scoring = estimator.scoring
        if isinstance(scoring, str) and scoring == "loss":
            return cls(scoring, None, None, model_of)
        return cls(scoring, check_scoring(estimator, scoring=scoring), _quick(estimator), model_of)

    @property
    def is_loss(self):
        """Whether the loss is watched."""
        return self.scorer is None

    def score(self, networks, watched, given, calibrated):
        """The score of a training: a callable(network, raw) -> float, None for minus the loss.

        Parameters
        ----------
        networks : Networks
            What the network in training is to be one of.
        watched : Rows
        given : GivenRows
            All rows that the watched ones are among, as the user gave them.
        calibrated : bool
            Whether a loss is meant at its best temperature.
        """
        if self.is_loss:
            return CalibratedLoss(networks.training_loss(), watched) if calibrated else None
        if self.quick is not None:
            return self.quick(networks.training_loss(), watched)
        return ModelScore(self.scoring, self.scorer, self.model_of, networks, given.take(watched.which))


@dataclass(frozen=True)
class ModelScore:
    """Scores the current network by a scikit-learn scorer, on the watched rows as they were given to `fit`."""

    scoring: Any
    scorer: Any
    model_of: Any
    networks: Any
    given: GivenRows

    def __call__(self, network, raw):
        """The score of a network, of which the model gets a copy: the scorer may keep it."""
        given = self.given
        weighted = given.weight is not None and takes_sample_weight(self.scorer)
        kwargs = {"sample_weight": given.weight} if weighted else {}
        try:
            model = self.model_of(self.networks.only(Member(copy.deepcopy(network))))
            score = self.scorer(model, given.X, given.y, **kwargs)
        except Exception as error:  # also those that mean something else to the training
            message = f"scoring={self.scoring!r} failed on the validation rows: {type(error).__name__}: {error}"
            raise ValueError(message) from error
        with suppress(AttributeError, ValueError):
            score = score.item()
        if not isinstance(score, Real) or math.isnan(score):
            raise ValueError(f"scoring={self.scoring!r} must give a number on the validation rows, got {score!r}.")
        return float(score)


def _quick(estimator):
    """The score that needs raw outputs only, or None."""
    name, score = ("accuracy", Accuracy) if is_classifier(estimator) else ("r2", R2)
    levels = estimator.quantile if estimator.loss == "quantile" else getattr(estimator.loss, "levels", 0)
    if estimator.scoring is None and np.size(levels) > 1:
        return None
    if estimator.scoring is None:
        return score if type(estimator).score is type(estimator)._default_score else None
    return score if isinstance(estimator.scoring, str) and estimator.scoring == name else None
