"""The rows that a network learns from and those that watch it."""

import math
from contextlib import suppress
from dataclasses import dataclass
from numbers import Real

import numpy as np
from sklearn.utils import _safe_indexing

from .._compat import takes_sample_weight
from .._weights import check_total, with_mean_1
from ..engine.callbacks import Validation
from ..engine.evaluation import mean_loss, raw_outputs
from ..engine.rows import ArrayRows


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

    def __call__(self, network, raw):
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


@dataclass(eq=False)
class Watched:
    """The rows that early stopping watches, as the network takes them, and how it scores on them.

    Attributes
    ----------
    rows : engine's Rows
    score : callable(network, raw) -> float, or None
        None means minus the loss.
    """

    rows: ArrayRows | None
    score: object = None

    def raw_outputs(self, network):
        return raw_outputs(network, self.rows)

    def validation(self, loss):
        """The engine's callback that watches them."""
        return Validation(loss, self.rows, self.score)


class Table:
    """The rows to train on and those to watch.

    Parameters
    ----------
    X, y, weight : arrays with n rows; X may be CSR, weight None
    train, held_out : ndarray of int or None
        Indices of the rows to train on (None: all) and of the held-out ones (None: none).
    watched : Watched or None
        The rows that early stopping watches, if they are not the held-out ones.

    Attributes
    ----------
    rows : engine's Rows
        Those to train on.
    """

    def __init__(self, X, y, weight, train, held_out, watched=None):
        if weight is not None:
            check_total(weight if train is None else weight[train], "sample_weight of the training rows")
        self.rows, self.held_out = _rows(X, y, weight, train), held_out
        self.watched = watched if held_out is None else Watched(_rows(X, y, weight, held_out))

    def constant_loss(self, loss):
        """The loss of the best constant prediction on the training rows: what learning must beat."""
        targets = self.rows.targets()
        return mean_loss(loss, np.reshape(loss.constant(*targets), (1, -1)).astype(np.float64), *targets)


def _rows(X, y, weight, which):
    """Some of the rows as the engine takes them, with weights of mean 1 over them."""
    if weight is None:
        return ArrayRows(X, y, None, which)
    weight, total = with_mean_1(weight, which, X.dtype)
    return ArrayRows(X, y, weight, which, total)
