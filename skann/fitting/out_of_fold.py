"""How good a model is on the rows that its networks held out: a score and a loss."""

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..engine.evaluation import mean_loss, targets_for_mean
from ..engine.losses import Quantile
from ..engine.rows import ArrayRows
from ..engine.scores import R2, Accuracy


class AsItIs:
    """In place of a loss where what is scored are predictions already."""

    @staticmethod
    def predict(prediction):
        return prediction


@dataclass(frozen=True)
class Judge:
    """Scores predictions for training rows, in the units of y.

    Attributes
    ----------
    y : ndarray of shape (n_rows,) or (n_rows, n_targets)
        Encoded targets of all rows.
    weight : ndarray of shape (n_rows,) or None
        Of the user: class weights have no part in it.
    is_classification : bool
    levels : ndarray of shape (n_levels,) or None
        Those of several quantiles.
    """

    y: np.ndarray
    weight: np.ndarray | None
    is_classification: bool
    levels: Any = None

    @property
    def name(self):
        """What people call the score."""
        if self.levels is not None:
            return "score (minus pinball loss)"
        return "accuracy" if self.is_classification else "R2"

    def score(self, prediction, rows):
        """The accuracy, R2, or with several quantiles minus the mean pinball loss, of predictions for some rows.

        Parameters
        ----------
        prediction : ndarray of shape (n, n_outputs)
            Probabilities or values.
        rows : ndarray of int of shape (n,)
            Which rows these are.

        Returns
        -------
        score : float
            NaN where it has no meaning, as R2 of one row has none.
        """
        y, weight = self.y[rows], None if self.weight is None else self.weight[rows]
        if self.levels is not None:
            weight = None if weight is None else weight / weight.mean()
            return -mean_loss(Quantile(self.levels), prediction, y, weight) / len(self.levels)
        if not self.is_classification and (len(y) < 2 or prediction.shape != y.shape):
            return np.nan
        metric = Accuracy if self.is_classification else R2
        return float(metric(AsItIs, ArrayRows(prediction, y, weight))(None, prediction))


def judge_held_out(networks, raw, predictions, data, pooled, judge):
    """Set the score and the loss of the networks, and of each member, on the rows that the members held out.

    Parameters
    ----------
    networks : Networks
    raw : list of ndarray
        For each member its raw outputs for the rows that it held out.
    predictions : list of ndarray
        In the units of y, from these.
    data : list of TrainingData
        One for each member.
    pooled : ndarray of shape (n_rows, n_outputs)
        The mean prediction of those that held a row out, NaN where none did.
    judge : Judge or None
        None where the best score that was watched is meant.
    """
    shares = itertools.repeat(1.0) if networks.weights is None else iter(networks.weights)
    members, weight = networks.members[: len(raw)], []
    with np.errstate(over="ignore", invalid="ignore"):
        for member, own, prediction, of_member in zip(members, raw, predictions, data, strict=False):
            outputs = networks.outputs(own.astype(np.float64))
            weight.append(sum(itertools.islice(shares, len(outputs))) * of_member.watched.total_weight)
            member.oof_loss = _loss(networks, outputs, of_member.watched)
            if judge is None:
                member.oof_score = member.best_recent_score
            else:
                member.oof_score = judge.score(prediction, of_member.held_out)
        networks.oof_loss = float(np.average([member.oof_loss for member in members], weights=weight))
        if judge is None:
            scores = np.array([member.oof_score for member in members])
            is_there = ~np.isnan(scores)  # Ctrl-C may have come before the first score of the last network
            chosen = scores[is_there], np.array(weight)[is_there]
            networks.oof_score = float(np.average(chosen[0], weights=chosen[1])) if is_there.any() else math.nan
        else:
            rows = np.flatnonzero(~np.isnan(pooled).any(axis=1))
            networks.oof_score = judge.score(pooled[rows], rows)


def _loss(networks, outputs, watched):
    """The mean loss of the outputs of a member, at the temperature."""
    y, weight = targets_for_mean(watched)
    losses = [mean_loss(networks.loss, each, y, weight) for each in networks.calibrated(outputs)]
    return float(np.mean(losses))
