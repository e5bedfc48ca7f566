"""The rows that one training learns from and those that watch it."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from .._compat import safe_indexing
from ..engine.evaluation import mean_loss

N_JUDGED = 2**15  # rows at least, of a large table, by which losses on the training rows are judged


class GivenRows(NamedTuple):
    """Rows as `fit` got them, for scorers: X as it came, y encoded and not scaled, weights or None."""

    X: Any
    y: np.ndarray
    weight: np.ndarray | None

    def take(self, rows):
        """Those with the indices ``rows``; None means all."""
        if rows is None:
            return self
        return GivenRows(safe_indexing(self.X, rows), self.y[rows], None if self.weight is None else self.weight[rows])


@dataclass(frozen=True)
class TrainingData:
    """What one training learns from and is watched by.

    Attributes
    ----------
    rows : Rows
        To learn from.
    watched : Rows or None
        What early stopping watches.
    held_out : ndarray of int or None
        Which of the rows given to `fit` the watched ones are; None if they are none of them.
    n_given : int
        Number of rows given to `fit`.
    score : callable(network, raw) -> float or None
        How the watched rows are judged, greater is better; None means by minus the loss.
    """

    rows: Any
    watched: Any
    held_out: np.ndarray | None
    n_given: int
    score: Any = None

    def constant(self, loss):
        """Raw outputs of the best constant prediction for the training rows, and its loss, which learning must beat."""
        targets = self.rows.in_memory().targets()
        raw = np.asarray(loss.constant(*targets))
        return raw, mean_loss(loss, raw.reshape(1, -1).astype(np.float64), *targets)
