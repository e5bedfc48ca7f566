"""Losses of classification, whose predictions are probabilities: equation (4) of section 4."""

import math

import numpy as np
from scipy.special import expit, log_expit, log_softmax

from .mean import mean_over_rows, one_each


class CrossEntropy:
    """-log p_y with p = softmax(raw): equation (4);  d/d raw = p - onehot(y).

    With label smoothing s, the target is (1 - s) onehot(y) + s / n_classes (Szegedy et al. 2016,
    https://arxiv.org/abs/1512.00567).

    Without smoothing and weights, and without care for overflow and speed, it is:

    >>> def plain(raw, y):
    ...     p = np.exp(raw) / np.exp(raw).sum(axis=1, keepdims=True)
    ...     onehot = np.eye(raw.shape[1])[y]
    ...     loss = -np.log((p * onehot).sum(axis=1))
    ...     return loss.mean(), (p - onehot) / len(y)
    >>> raw, y, delta = np.array([[0.5, -1.0, 2.0], [3.0, 0.0, 1.0]]), np.array([0, 2]), np.empty((2, 3))
    >>> value = CrossEntropy(n_classes=3).value_and_delta(raw, y, None, delta)
    >>> all(np.allclose(fast, slow) for fast, slow in zip((value, delta), plain(raw, y)))
    True
    """

    is_classification = True
    out_activation = "softmax"
    domain = "class indices"

    def __init__(self, n_classes, label_smoothing=0.0):
        self.n_classes = n_classes
        self.label_smoothing = label_smoothing

    def in_domain(self, y):
        return True

    def value_and_delta(self, raw, y, weight, delta):
        n_rows, n_classes = raw.shape
        smoothing = self.label_smoothing
        index_of_truth = np.arange(0, n_rows * n_classes, n_classes)  # where raw.ravel() holds the true class
        index_of_truth += y
        shifted = raw.T.copy()  # a row per class: NumPy reduces over the long axis several times faster
        highest = np.maximum.reduce(shifted, axis=0)
        shifted -= highest
        raw_of_truth = raw.take(index_of_truth)
        if smoothing:
            raw_of_truth = (1 - smoothing) * raw_of_truth + smoothing * raw.mean(axis=1)
        raw_of_truth -= highest
        exp = np.exp(shifted, out=shifted)
        total = np.add.reduce(exp, axis=0)  # p = exp / total
        loss = np.log(total)
        loss -= raw_of_truth
        share = 1 / n_rows if weight is None else weight / n_rows  # of each row in the mean
        share_per_total = np.divide(share, total, out=total)
        np.multiply(exp.T, share_per_total[:, None], out=delta)
        if smoothing:
            delta -= np.multiply(share, smoothing / n_classes, dtype=raw.dtype).reshape(-1, 1)
        delta.reshape(-1)[index_of_truth] -= (1 - smoothing) * share
        return float(np.add.reduce(loss)) / n_rows if weight is None else float(loss @ share)

    def predict(self, raw):
        p = raw - raw.max(axis=1, keepdims=True)
        np.exp(p, out=p)
        p /= p.sum(axis=1, keepdims=True)
        return np.maximum(p, np.finfo(p.dtype).tiny, out=p)  # a model is never certain, and logarithms stay finite

    def derivative(self, raw):
        p = self.predict(raw)
        d = -p.T[:, :, None] * p
        i = np.arange(p.shape[1])
        d[i, :, i] += p.T
        return d

    def log_predict(self, raw):
        """log softmax(raw), computed without rounding through the probability."""
        return np.maximum(log_softmax(raw, axis=1), math.log(np.finfo(raw.dtype).tiny))

    def constant(self, y, weight):
        share = np.bincount(y, weight, minlength=self.n_classes) / (len(y) if weight is None else weight.sum())
        share = (1 - self.label_smoothing) * share + self.label_smoothing / self.n_classes
        return np.log(np.maximum(share, 1e-6))


class BinaryCrossEntropy:
    """-y log p - (1 - y) log(1 - p) with p = logistic(raw), summed over outputs: equation (4);  d/d raw = p - y.

    With label smoothing s, the target is (1 - s) y + s / 2.
    """

    is_classification = True
    out_activation = "logistic"
    domain = "0 or 1"

    def __init__(self, label_smoothing=0.0):
        self.label_smoothing = label_smoothing

    def in_domain(self, y):
        return bool(np.isin(y, (0, 1)).all())

    def value_and_delta(self, raw, y, weight, delta):
        if self.label_smoothing:
            y = (1 - self.label_smoothing) * y + self.label_smoothing / 2
        loss = np.logaddexp(0, raw)
        loss -= y * raw
        expit(raw, out=delta)
        delta -= y
        return mean_over_rows(loss.sum(axis=1), weight, delta)

    def predict(self, raw):
        p = expit(raw)
        return np.clip(p, np.finfo(p.dtype).tiny, 1 - np.finfo(p.dtype).epsneg, out=p)  # a model is never certain

    def derivative(self, raw):
        p = expit(raw)
        return one_each(p * expit(-raw))

    def log_predict(self, raw):
        """log logistic(raw), computed without rounding through the probability."""
        return np.maximum(log_expit(raw), math.log(np.finfo(raw.dtype).tiny))

    def constant(self, y, weight):
        p = (1 - self.label_smoothing) * np.average(y, axis=0, weights=weight) + self.label_smoothing / 2
        p = np.clip(p, 1e-6, 1 - 1e-6)
        return np.log(p) - np.log1p(-p)
