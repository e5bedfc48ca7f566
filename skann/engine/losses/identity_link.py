"""Losses of regression whose raw outputs are the predictions: squared error, equation (3), and its kin."""

from numbers import Real

import numpy as np

from .mean import mean_over_rows, one_each


class IdentityLink:
    """What losses share whose raw outputs are the predictions."""

    is_location = True
    out_activation = "identity"
    domain = "finite numbers"

    def in_domain(self, y):
        return True

    def predict(self, raw):
        return raw

    def derivative(self, raw):
        return one_each(np.ones_like(raw))


class SquaredError(IdentityLink):
    """(raw - y)^2 / 2, half of equation (3);  d/d raw = raw - y."""

    def value_and_delta(self, raw, y, weight, delta):
        np.subtract(raw, y, out=delta)
        loss = np.einsum("ij,ij->i", delta, delta)
        loss *= 0.5
        return mean_over_rows(loss, weight, delta)

    def constant(self, y, weight):
        return np.average(y, axis=0, weights=weight)

    def balance(self, raw, y, weight):
        return np.average(y - raw, axis=0, weights=weight)

    def is_balanced(self, y, weight):
        """Where most targets have the least value: rare events."""
        return np.average(y > y.min(axis=0), axis=0, weights=weight) < 0.5


class AbsoluteError(IdentityLink):
    """|raw - y|;  d/d raw = sign(raw - y)."""

    def value_and_delta(self, raw, y, weight, delta):
        np.subtract(raw, y, out=delta)
        loss = np.abs(delta).sum(axis=1)
        np.sign(delta, out=delta)
        return mean_over_rows(loss, weight, delta)

    def constant(self, y, weight):
        return _quantile(y, 0.5, weight)


class Huber(IdentityLink):
    """r^2 / 2 where |r| <= d, else d (|r| - d / 2), with r = raw - y;  d/d raw = r clipped to [-d, d].

    Huber 1964, Robust estimation of a location parameter.

    Parameters
    ----------
    threshold : float or ndarray of shape (n_out,)
        d, in the units of y.
    """

    def __init__(self, threshold=1.35):
        self.threshold = threshold

    @classmethod
    def from_parameters(cls, huber_delta, spread):
        """The threshold is ``huber_delta`` standard deviations of the targets."""
        info = np.finfo(np.float64)
        with np.errstate(over="ignore"):
            return cls(np.clip(huber_delta * spread, info.tiny, info.max))

    def value_and_delta(self, raw, y, weight, delta):
        residual = raw - y
        threshold = np.asarray(self.threshold, raw.dtype)
        np.clip(residual, -threshold, threshold, out=delta)
        residual -= 0.5 * delta
        return mean_over_rows(np.einsum("ij,ij->i", delta, residual), weight, delta)

    def constant(self, y, weight):
        """By iteratively reweighted means: a residual r beyond the threshold d counts d / |r|."""
        constant = _quantile(y, 0.5, weight)
        for _ in range(50):
            residual = np.maximum(np.abs(y - constant), self.threshold)
            by_row = self.threshold / residual * (1 if weight is None else weight[:, None])
            constant = np.sum(y * by_row, axis=0) / np.sum(by_row, axis=0)
        return constant


class Quantile:
    """The pinball loss max(q r, (q - 1) r) with r = y - raw;  d/d raw = 1[raw > y] - q where raw is not y.

    With several levels q there is one output for each. Predictions are sorted, so that quantiles never cross: that
    cannot increase the loss (Chernozhukov et al. 2010, https://doi.org/10.3982/ECTA7880).

    Parameters
    ----------
    levels : float or sequence of float
        One level for every output, or one each for the single target.
    """

    is_location = True
    out_activation = "identity"
    domain = "finite numbers"

    def __init__(self, levels):
        self.levels = np.asarray(levels)

    @classmethod
    def from_parameters(cls, quantile, n_targets):
        """ValueError if these are no levels for so many targets."""
        levels = np.atleast_1d(quantile).tolist()
        if not levels or not all(isinstance(level, Real) and 0 < level < 1 for level in levels):
            raise ValueError(f"quantile must hold numbers strictly between 0 and 1, got {quantile!r}.")
        if np.ndim(quantile) and n_targets > 1:
            raise ValueError(f"A list of quantiles needs a single target, but y has {n_targets} columns.")
        return cls(levels if np.ndim(quantile) else quantile)

    @property
    def n_outputs(self):
        return len(self.levels) if self.levels.ndim else None

    def in_domain(self, y):
        return True

    def value_and_delta(self, raw, y, weight, delta):
        levels = self.levels.astype(raw.dtype)
        residual = y - raw
        np.less(residual, 0, out=delta)
        delta -= levels
        delta *= residual != 0
        return mean_over_rows(-np.einsum("ij,ij->i", delta, residual), weight, delta)

    def predict(self, raw):
        if self.levels.ndim == 0:
            return raw
        return np.sort(raw, axis=1)[:, self.levels.argsort().argsort()]

    def derivative(self, raw):
        if self.levels.ndim == 0:
            return one_each(np.ones_like(raw))
        source = raw.argsort(axis=1)[:, self.levels.argsort().argsort()]  # the raw output that each prediction is
        return np.equal(source.T[:, :, None], np.arange(raw.shape[1])).astype(raw.dtype)

    def constant(self, y, weight):
        return np.concatenate([_quantile(y, level, weight) for level in np.atleast_1d(self.levels)])


def _quantile(y, level, weight):
    return np.quantile(y, level, axis=0, method="inverted_cdf", weights=weight)
