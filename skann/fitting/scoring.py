"""Scores by scikit-learn's scorers."""

import warnings

from sklearn.base import ClassifierMixin, RegressorMixin, is_classifier
from sklearn.metrics import check_scoring

from ..engine.calibration import CalibratedLoss
from ..engine.scores import R2, Accuracy
from .data import Judge, Rows


def check_scorer(estimator):
    """The scorer that ``scoring`` stands for, None for the loss."""
    return None if _is_loss(estimator.scoring) else check_scoring(estimator, scoring=estimator.scoring)


def set_scores(estimator, settings, scorer, loss, tables, rows):
    """Tell the watched rows of the tables how they are judged.

    Parameters
    ----------
    scorer : callable or None
        From `check_scorer`.
    tables : list of Table
    rows : Rows
        All rows of the table in which the watched ones are: X as it came, y encoded but not scaled.
    """
    all_watched = list({id(table.watched): table.watched for table in tables if table.watched is not None}.values())
    if scorer is None:
        if is_classifier(estimator) and settings.calibration == "temperature":
            for watched in all_watched:
                watched.score = CalibratedLoss(loss, watched.rows)
        return
    if not all_watched:
        message = f"scoring={estimator.scoring!r} has no effect without held-out rows or X_val."
        warnings.warn(message, stacklevel=5)
        return
    if _is_quick(estimator):
        for watched in all_watched:
            watched.score = (Accuracy if is_classifier(estimator) else R2)(loss, watched.rows)
        return
    model = estimator._without_network(loss)
    rows = Rows(rows.X, estimator._decode_target(rows.y), rows.weight)
    for watched in all_watched:
        watched.score = Judge(estimator.scoring, scorer, model, rows.take(watched.rows.which))


def _is_loss(scoring):
    return isinstance(scoring, str) and scoring == "loss"


def _is_quick(estimator):
    """Whether the score needs raw outputs only."""
    mixin, name = (ClassifierMixin, "accuracy") if is_classifier(estimator) else (RegressorMixin, "r2")
    if estimator.scoring is None:
        return type(estimator).score is mixin.score
    return isinstance(estimator.scoring, str) and estimator.scoring == name
