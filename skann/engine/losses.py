"""Loss functions of section 4, each beside its gradient.

A loss speaks of *raw* outputs, those of the last layer before softmax, logistic or exp: so value and gradient stay
exact and finite where a probability would round to 0.

Contract
--------
``value_and_delta(raw, y, weight, delta)`` returns the mean over the rows of weight x loss, and writes its derivative
with respect to ``raw`` into ``delta`` (n_rows, n_out). Losses are summed over the outputs. ``weight`` is None or
(n_rows,), of mean 1 over the training set, so that batches of unequal weight count as they should. ``predict(raw)``
gives probabilities or values; ``constant(y, weight)`` the raw outputs (n_out,) of the best constant prediction: where
the biases of the last layer start, and the yardstick for having learnt something. ``out_activation`` names the
function from raw outputs to predictions; ``domain`` says in words which targets are allowed, ``in_domain(y)`` whether
these are. A loss may have ``balance(raw, y, weight)``, what makes the weighted total of the predictions that of the
targets when it is added (n_out,) to the raw outputs, and ``is_balanced(y, weight)``, to which outputs (n_out,) it is.

Targets are class indices (n_rows,) for `CrossEntropy` and floats (n_rows, n_out) for all others.

Facts about a loss stand on its class, and are False where it says nothing: ``is_classification``, its predictions are
probabilities; ``is_location``, a shift and a positive scale of y are those of its predictions, so that y may be
standardised before the training; ``positive_only``, no target is below 0. A loss with a name is made of those
hyper-parameters that its constructor names, or its classmethod ``from_parameters`` if there is one; beside them there
are ``n_classes``, ``n_targets`` and ``spread`` (n_targets,), the standard deviations of the targets. If there is not
one output for each target, ``n_outputs`` says how many. To add a loss, write a class and name it in `LOSSES`.
"""

import math
from numbers import Real

import numpy as np
from scipy.special import expit, log_expit, log_softmax, logsumexp, xlogy


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
        return _mean_over_rows(loss.sum(axis=1), weight, delta)

    def predict(self, raw):
        p = expit(raw)
        return np.clip(p, np.finfo(p.dtype).tiny, 1 - np.finfo(p.dtype).epsneg, out=p)  # a model is never certain

    def log_predict(self, raw):
        """log logistic(raw), computed without rounding through the probability."""
        return np.maximum(log_expit(raw), math.log(np.finfo(raw.dtype).tiny))

    def constant(self, y, weight):
        p = (1 - self.label_smoothing) * np.average(y, axis=0, weights=weight) + self.label_smoothing / 2
        p = np.clip(p, 1e-6, 1 - 1e-6)
        return np.log(p) - np.log1p(-p)


class IdentityLink:
    """What losses share whose raw outputs are the predictions."""

    is_location = True
    out_activation = "identity"
    domain = "finite numbers"

    def in_domain(self, y):
        return True

    def predict(self, raw):
        return raw


class SquaredError(IdentityLink):
    """(raw - y)^2 / 2, half of equation (3);  d/d raw = raw - y."""

    def value_and_delta(self, raw, y, weight, delta):
        np.subtract(raw, y, out=delta)
        loss = np.einsum("ij,ij->i", delta, delta)
        loss *= 0.5
        return _mean_over_rows(loss, weight, delta)

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
        return _mean_over_rows(loss, weight, delta)

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
        return _mean_over_rows(np.einsum("ij,ij->i", delta, residual), weight, delta)

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
        return _mean_over_rows(-np.einsum("ij,ij->i", delta, residual), weight, delta)

    def predict(self, raw):
        if self.levels.ndim == 0:
            return raw
        return np.sort(raw, axis=1)[:, self.levels.argsort().argsort()]

    def constant(self, y, weight):
        return np.concatenate([_quantile(y, level, weight) for level in np.atleast_1d(self.levels)])


class LogLink:
    """What losses share whose predictions are m = exp(raw)."""

    positive_only = True
    out_activation = "exp"

    def predict(self, raw):
        return _exp(raw)

    def constant(self, y, weight):
        return np.log(np.maximum(np.average(y, axis=0, weights=weight), np.finfo(y.dtype).tiny))

    def balance(self, raw, y, weight):
        share = np.full(len(raw), 1 / len(raw)) if weight is None else weight / weight.sum()
        return np.log(share @ y) - logsumexp(raw, axis=0, b=share[:, None])

    def is_balanced(self, y, weight):
        """Where there is a total."""
        return np.average(y > 0, axis=0, weights=weight) > 0


class Poisson(LogLink):
    """Half the Poisson deviance, m - y + y log(y / m) with m = exp(raw);  d/d raw = m - y.

    Written as e^raw - y raw + (y log y - y); McCullagh and Nelder 1989, Generalized linear models, section 2.3.
    """

    domain = "numbers >= 0, not all 0"

    def in_domain(self, y):
        return bool((y >= 0).all() and (y.sum(axis=0) > 0).all())

    def value_and_delta(self, raw, y, weight, delta):
        _exp(raw, out=delta)
        loss = delta - y * raw
        loss += xlogy(y, y) - y
        delta -= y
        return _mean_over_rows(loss.sum(axis=1), weight, delta)


class Gamma(LogLink):
    """Half the Gamma deviance, y / m - 1 - log(y / m) with m = exp(raw);  d/d raw = 1 - y / m."""

    domain = "numbers > 0"

    def in_domain(self, y):
        return bool((y > 0).all())

    def value_and_delta(self, raw, y, weight, delta):
        log_ratio = np.log(y) - raw
        _exp(log_ratio, out=delta)  # y / m
        loss = delta - log_ratio
        loss -= 1
        np.subtract(1, delta, out=delta)
        return _mean_over_rows(loss.sum(axis=1), weight, delta)


class Tweedie(LogLink):
    """Half the Tweedie deviance, m^(2-p) / (2-p) + y m^(1-p) / (p-1) - y^(2-p) / ((p-1) (2-p)) with m = exp(raw).

    d/d raw = m^(2-p) - y m^(1-p). The variance of y is proportional to m^p, as that of a sum of gamma values whose
    number is Poisson; Jorgensen 1987, Exponential dispersion models.

    Parameters
    ----------
    power : float
        p, between 1 (Poisson) and 2 (gamma).
    """

    domain = "numbers >= 0, not all 0"

    def __init__(self, power=1.5):
        self.power = float(power)

    def in_domain(self, y):
        return bool((y >= 0).all() and (y.sum(axis=0) > 0).all())

    def value_and_delta(self, raw, y, weight, delta):
        p = self.power
        of_m = _exp((2 - p) * raw - math.log(2 - p))  # m^(2-p) / (2-p)
        of_y = _exp(np.log(np.where(y > 0, y, 1)) + (1 - p) * raw - math.log(p - 1))
        of_y *= y > 0  # y m^(1-p) / (p-1)
        loss = of_m + of_y
        loss -= y ** (2 - p) / ((p - 1) * (2 - p))
        np.multiply(of_m, 2 - p, out=delta)
        of_y *= p - 1
        delta -= of_y
        return _mean_over_rows(loss.sum(axis=1), weight, delta)


def _mean_over_rows(loss, weight, delta):
    """Mean of weight x loss over the rows; turns ``delta``, the derivative row by row, into that of the mean."""
    n_rows = len(loss)
    delta *= 1 / n_rows
    if weight is None:
        return float(loss.sum()) / n_rows
    delta *= weight[:, None]
    return float(loss @ weight) / n_rows


def _exp(raw, out=None):
    """exp(raw), positive and finite for every finite raw."""
    limit = float(np.log(np.finfo(raw.dtype).max)) - 1
    out = np.clip(raw, -limit, limit, out=out)
    return np.exp(out, out=out)


def _quantile(y, level, weight):
    return np.quantile(y, level, axis=0, method="inverted_cdf", weights=weight)


LOSSES = {
    "log_loss": CrossEntropy,
    "binary_log_loss": BinaryCrossEntropy,
    "squared_error": SquaredError,
    "absolute_error": AbsoluteError,
    "huber": Huber,
    "quantile": Quantile,
    "poisson": Poisson,
    "gamma": Gamma,
    "tweedie": Tweedie,
}
