"""Scores of raw outputs that need no scikit-learn: accuracy and R2; greater is better."""

import numpy as np


class Accuracy:
    """`sklearn.metrics.accuracy_score` of the predictions, from raw outputs.

    Parameters
    ----------
    loss : Loss
    rows : Rows
        Those to score on.
    """

    def __init__(self, loss, rows):
        self.loss = loss
        self.y, weight = rows.targets()
        self.is_weighted = weight is not None
        self.share = _shares(self.y, weight)

    def __call__(self, network, raw):
        predicted = self.loss.predict(raw)
        is_right = predicted.argmax(axis=1) == self.y if self.y.ndim == 1 else ((predicted > 0.5) == self.y).all(axis=1)
        return float(self.share @ is_right) if self.is_weighted else np.count_nonzero(is_right) / len(is_right)


class R2:
    """`sklearn.metrics.r2_score` of the predictions, from raw outputs: the units of each target cancel.

    Parameters
    ----------
    loss : Loss
    rows : Rows
        Those to score on, at least two.
    """

    def __init__(self, loss, rows):
        y, weight = rows.targets()
        if len(y) < 2:
            raise ValueError("R2 needs at least two validation rows: give more, or choose another scoring.")
        self.unit = np.abs(y).max(axis=0).astype(np.float64)  # squares of huge values would overflow
        self.unit[self.unit == 0] = 1
        self.loss, self.y = loss, y / self.unit
        self.share = _shares(y, weight)
        self.spread = self.share @ (self.y - self.share @ self.y) ** 2
        self.spread[y.min(axis=0) == y.max(axis=0)] = 0.0  # without rounding

    def __call__(self, network, raw):
        residual = self.loss.predict(raw)
        if residual.shape != self.y.shape:
            raise ValueError(
                f"R2 needs one prediction for each target, but there are {residual.shape[1]} for {self.y.shape[1]}: "
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
