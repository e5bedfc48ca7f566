"""Losses of regression whose predictions are the exponentials of the raw outputs, for targets that are not negative."""

import math

import numpy as np
from scipy.special import logsumexp, xlogy

from .mean import mean_over_rows, one_each


class LogLink:
    """What losses share whose predictions are m = exp(raw)."""

    positive_only = True
    out_activation = "exp"

    def predict(self, raw):
        return _exp(raw)

    def derivative(self, raw):
        return one_each(_exp(raw))

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
        return mean_over_rows(loss.sum(axis=1), weight, delta)


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
        return mean_over_rows(loss.sum(axis=1), weight, delta)


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
        return mean_over_rows(loss.sum(axis=1), weight, delta)


def _exp(raw, out=None):
    """exp(raw), positive and finite for every finite raw."""
    limit = float(np.log(np.finfo(raw.dtype).max)) - 1
    out = np.clip(raw, -limit, limit, out=out)
    return np.exp(out, out=out)
