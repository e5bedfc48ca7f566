"""Calibration: probabilities that are as often right as they say, by one number fitted on rows not trained on."""

import math

import numpy as np
from scipy.optimize import minimize_scalar

from .objective import mean_loss

LARGEST = 20.0  # temperatures are between 1 / LARGEST and LARGEST


def fit_temperature(loss, raw, y, weight=None):
    """The temperature T for which the mean loss of raw / T is least.

    T > 1 makes probabilities more cautious, T < 1 bolder; the most probable class stays the same. Guo et al. 2017,
    https://arxiv.org/abs/1706.04599. The cross-entropies are convex in 1 / T, so the minimum is the only one.

    Parameters
    ----------
    loss : Loss
    raw : ndarray of shape (n_rows, n_out)
        Raw outputs of rows that were not trained on.
    y : ndarray
        Their targets, as the loss wants them.
    weight : ndarray of shape (n_rows,), default=None

    Returns
    -------
    temperature : float
        1 if no other temperature is better.
    """
    raw = np.asarray(raw, np.float64)

    def value(log_temperature):
        return mean_loss(loss, raw / math.exp(log_temperature), y, weight)

    bound = math.log(LARGEST)
    best = minimize_scalar(value, bounds=(-bound, bound), method="bounded", options={"xatol": 1e-4})
    return math.exp(best.x) if best.fun < value(0.0) else 1.0
