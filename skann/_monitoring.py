"""What early stopping watches: which rows, held out or a table of the user's, and by which score."""

import math
import re
import warnings
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from numbers import Real

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin, is_classifier
from sklearn.metrics import check_scoring
from sklearn.utils import _safe_indexing, check_consistent_length

from . import _inputs
from ._compat import check_weight, takes_sample_weight
from ._holdout import nonzero_rows
from .engine.calibration import CalibratedLoss
from .engine.callbacks import Validation
from .engine.objective import raw_outputs


@dataclass
class Rows:
    """Rows with their targets and weights, None if there are none."""

    X: object
    y: np.ndarray
    weight: np.ndarray | None

    def take(self, rows):
        """Those with the indices ``rows``; None means all."""
        if rows is None:
            return self
        return Rows(_safe_indexing(self.X, rows), self.y[rows], None if self.weight is None else self.weight[rows])


@dataclass(eq=False)
class Watched:
    """The rows that early stopping watches, as the network takes them, and how it judges them.

    Attributes
    ----------
    X, y, weight : arrays with n rows; X may be CSR, weight None
    rows : ndarray of int or None
        Which of them; None means all.
    score : callable(raw, y, weight) -> float, Judge or None
        None means minus the loss.
    """

    X: object
    y: np.ndarray
    weight: np.ndarray | None
    rows: np.ndarray | None
    score: object = None

    def targets(self):
        """Targets and weights."""
        chosen = slice(None) if self.rows is None else self.rows
        return self.y[chosen], None if self.weight is None else self.weight[chosen]

    def raw_outputs(self, network):
        return raw_outputs(network, self.X, self.rows)

    def validation(self, loss):
        """The engine's callback that watches them."""
        if isinstance(self.score, Judge):
            return JudgedValidation(self.score, loss, self.X, self.y, self.weight, self.rows)
        return Validation(loss, self.X, self.y, self.weight, self.rows, self.score)


# ------------------------------------------------------------------------------------------------- own rows


class Own(Watched):
    """Rows of the user's, on their way from the arguments of fit to the network.

    Parameters
    ----------
    X, y, weight
        Checked; y encoded.
    as_given : Rows
        X as it came; y encoded.
    """

    def __init__(self, X, y, weight, as_given):
        super().__init__(X, y, weight, nonzero_rows(weight))
        self.as_given = as_given

    def scale(self, estimator, settings):
        self.y = estimator._scale_target(settings, self.y, None, None, first=False)

    def encode(self, estimator, loss, dtype):
        """Bring all into the form that the network takes."""
        with speaking_of_val("y_val"):
            estimator._check_domain(loss, self.y)
        with speaking_of_val("X_val"):
            self.X = _inputs.encode(estimator, self.X, dtype)
        self.y = self.y.astype(dtype, copy=False) if self.y.dtype.kind == "f" else self.y
        self.weight = None if self.weight is None else (self.weight / self.weight.mean()).astype(dtype)


def check_own(estimator, X_val=None, y_val=None, sample_weight_val=None):
    """The rows that the user wants watched, or None.

    They are checked like those for training, whose features and classes the estimator knows by now; y is encoded.
    """
    if X_val is None and y_val is None:
        if sample_weight_val is not None:
            raise ValueError("sample_weight_val is given without X_val and y_val.")
        return None
    for name, value, other in (("X_val", X_val, "y_val"), ("y_val", y_val, "X_val")):
        if value is None:
            raise ValueError(f"{other} is given, but {name} is not: early stopping needs both.")
    if not estimator.early_stopping:
        raise ValueError(
            "X_val and y_val are given to fit, but early_stopping=False: set it to True or 'auto', or leave them out."
        )
    with speaking_of_val("X_val and y_val"):
        check_consistent_length(X_val, y_val)
    with speaking_of_val("X_val"):
        X, y = _inputs.check_training(estimator, X_val, y_val, reset=False)
    with speaking_of_val("y_val"):
        y = estimator._encode_target(y, False)
    with speaking_of_val("sample_weight_val"):
        weight = check_weight(sample_weight_val, X, np.float64)
    return Own(X, y, weight, Rows(_inputs.as_it_came(X_val, X), y, weight))


@contextmanager
def speaking_of_val(what):
    """Inside, messages of a ValueError or TypeError name X_val, y_val, sample_weight_val, or begin with ``what``."""
    try:
        yield
    except (ValueError, TypeError) as error:
        # once, and not where it may be a column or a class of that name
        name = r"(?<!- )(?<!['\"])\b(X|y|sample_weight)\b(?!['\"])"
        message, n_named = re.subn(name, r"\1_val", str(error), count=1)
        kind = TypeError if isinstance(error, TypeError) and not isinstance(error, ValueError) else ValueError
        raise kind(message if n_named else f"{what}: {message}") from error


# ------------------------------------------------------------------------------------------------- scores


class Accuracy:
    """`sklearn.metrics.accuracy_score` of the predictions, from raw outputs.

    Parameters
    ----------
    loss : Loss
    y, weight
        Of the watched rows; weight may be None.
    """

    def __init__(self, loss, y, weight):
        self.loss, self.y = loss, y
        self.share = _shares(y, weight)

    def __call__(self, raw, y, weight):
        predicted = self.loss.predict(raw)
        is_right = predicted.argmax(axis=1) == self.y if y.ndim == 1 else ((predicted > 0.5) == self.y).all(axis=1)
        return float(self.share @ is_right) if weight is not None else np.count_nonzero(is_right) / len(is_right)


class R2:
    """`sklearn.metrics.r2_score` of the predictions, from raw outputs: the units of each target cancel.

    Parameters
    ----------
    loss : Loss
    y, weight
        Of the watched rows, at least two; weight may be None.
    """

    def __init__(self, loss, y, weight):
        if len(y) < 2:
            raise ValueError("R2 needs at least two validation rows: give more, or choose another scoring.")
        self.unit = np.abs(y).max(axis=0).astype(np.float64)  # squares of huge values would overflow
        self.unit[self.unit == 0] = 1
        self.loss, self.y = loss, y / self.unit
        self.share = _shares(y, weight)
        self.spread = self.share @ (self.y - self.share @ self.y) ** 2
        self.spread[y.min(axis=0) == y.max(axis=0)] = 0.0  # without rounding

    def __call__(self, raw, y, weight):
        residual = self.loss.predict(raw)
        if residual.shape != self.y.shape:
            raise ValueError(
                f"R2 needs one prediction for each target, but there are {residual.shape[1]} for {y.shape[1]}: "
                "choose another scoring, such as 'loss'."
            )
        residual = self.y - residual / self.unit
        residual *= residual
        pairs = zip((self.share @ residual).tolist(), self.spread.tolist(), strict=True)
        scores = [1 - unexplained / spread if spread else float(not unexplained) for unexplained, spread in pairs]
        return sum(scores) / len(scores)


def _shares(y, weight):
    """Weights that add up to 1."""
    return np.full(len(y), 1 / len(y)) if weight is None else weight / weight.sum(dtype=np.float64)


@dataclass
class Judge:
    """Any scikit-learn scorer, which gets a model with the network as it is, rows and labels as the user has them.

    Parameters
    ----------
    scoring, scorer
        As the user gave it, and what scikit-learn makes of it.
    model : estimator
        One that lacks nothing but a network.
    rows : Rows
    """

    scoring: object
    scorer: object
    model: object
    rows: Rows

    def __call__(self, network):
        """The score of a network, of which the model gets a copy: the scorer may keep it."""
        rows = self.rows
        weighted = rows.weight is not None and takes_sample_weight(self.scorer)
        kwargs = {"sample_weight": rows.weight} if weighted else {}
        try:
            score = self.scorer(self.model._with_network(network), rows.X, rows.y, **kwargs)
        except Exception as error:  # also those that mean something else to the training
            message = f"scoring={self.scoring!r} failed on the validation rows: {type(error).__name__}: {error}"
            raise ValueError(message) from error
        with suppress(AttributeError, ValueError):
            score = score.item()
        if not isinstance(score, Real) or math.isnan(score):
            raise ValueError(f"scoring={self.scoring!r} must give a number on the validation rows, got {score!r}.")
        return float(score)


class JudgedValidation(Validation):
    """Validation by a `Judge`."""

    def __init__(self, judge, *args):
        super().__init__(*args)
        self.judge = judge

    def evaluate(self, network):
        return super().evaluate(network)[0], self.judge(network)


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
                watched.score = CalibratedLoss(loss)
        return
    if not all_watched:
        message = f"scoring={estimator.scoring!r} has no effect without held-out rows or X_val."
        warnings.warn(message, stacklevel=5)
        return
    if _is_quick(estimator):
        for watched in all_watched:
            watched.score = (Accuracy if is_classifier(estimator) else R2)(loss, *watched.targets())
        return
    model = estimator._without_network(loss)
    rows = Rows(rows.X, estimator._decode_target(rows.y), rows.weight)
    for watched in all_watched:
        watched.score = Judge(estimator.scoring, scorer, model, rows.take(watched.rows))


def _is_loss(scoring):
    return isinstance(scoring, str) and scoring == "loss"


def _is_quick(estimator):
    """Whether the score needs raw outputs only."""
    mixin, name = (ClassifierMixin, "accuracy") if is_classifier(estimator) else (RegressorMixin, "r2")
    if estimator.scoring is None:
        return type(estimator).score is mixin.score
    return isinstance(estimator.scoring, str) and estimator.scoring == name
