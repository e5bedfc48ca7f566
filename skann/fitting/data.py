"""The rows that a network learns from and those that watch it."""

import math
from contextlib import suppress
from dataclasses import dataclass
from numbers import Real

import numpy as np
from sklearn.utils import _safe_indexing

from .._compat import takes_sample_weight
from .._weights import _scaled, check_total
from ..engine.callbacks import Validation
from ..engine.evaluation import mean_loss, raw_outputs


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


class Table:
    """The rows to train on and those to watch.

    Parameters
    ----------
    X, y, weight : arrays with n rows; X may be CSR, weight None
    train, held_out : ndarray of int or None
        Indices of the rows to train on (None: all) and of the held-out ones (None: none).
    watched : Watched or None
        The rows that early stopping watches, if they are not the held-out ones.
    """

    def __init__(self, X, y, weight, train, held_out, watched=None):
        self.X, self.y, self.train, self.held_out = X, y, train, held_out
        self.n_train = len(y) if train is None else len(train)
        self.total_weight = self.n_train
        self.weight = weight
        if weight is not None:  # the engine wants mean 1 over the training rows
            chosen = weight if train is None else weight[train]
            check_total(chosen, "sample_weight of the training rows")
            self.total_weight = float(np.sum(chosen))
            self.weight = _scaled(weight, self.n_train, self.total_weight, X.dtype)
        self.watched = watched
        if held_out is not None:
            if weight is not None:  # of their own mean: beside the others they may weigh next to nothing
                weight = _scaled(weight, len(held_out), np.sum(weight[held_out]), X.dtype)
            self.watched = Watched(X, y, weight, held_out)

    def constant_loss(self, loss):
        """The loss of the best constant prediction on the training rows: what learning must beat."""
        raw = loss.constant(*Watched(self.X, self.y, self.weight, self.train).targets())
        return mean_loss(loss, np.reshape(raw, (1, -1)).astype(np.float64), self.y, self.weight, self.train)
