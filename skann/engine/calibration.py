"""Calibration: probabilities that are as often right as they say, by one number fitted on rows not trained on."""

import math

import numpy as np
from scipy.optimize import minimize_scalar

from .evaluation import mean_loss, targets_for_mean

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
    temperature, value = _minimise(loss, raw, y, weight, tolerance=1e-4)
    return temperature if value < mean_loss(loss, raw, y, weight) else 1.0


def temperatures(center=1.0, ratio=1.1, n=61):
    """Temperatures with a common ratio, about a center: without arguments, the range of all that there may be."""
    return center * ratio ** np.arange(-(n // 2), n // 2 + 1)


def fit_temperature_to(losses_at):
    """As `fit_temperature`, by grids of temperatures, each finer than the last one: where a loss is dear to ask for.

    Parameters
    ----------
    losses_at : callable(ndarray of temperatures) -> ndarray
        The mean loss at each of them.
    """
    best = 1.0
    for ratio, n in ((1.1, 61), (1.01, 21), (1.001, 21), (1.0001, 21)):
        grid = temperatures(best, ratio, n)
        losses = losses_at(np.append(grid, 1.0))
        best = float(grid[losses[:-1].argmin()])
    return best if losses[:-1].min() < losses[-1] else 1.0


class CalibratedLoss:
    """A score of epochs: minus the loss of raw / T, with T the best temperature for these rows, to within 5 %.

    What a temperature mends at the end should not decide when to stop: the ranking of the classes may become better
    long after the network has become too sure of itself. Berta et al. 2025, https://arxiv.org/abs/2501.19195.

    Parameters
    ----------
    loss : Loss
    rows : Rows
        Those to score on.
    """

    def __init__(self, loss, rows):
        self.loss = loss
        self.y, self.weight = targets_for_mean(rows)

    def __call__(self, network, raw):
        return -_minimise(self.loss, raw, self.y, self.weight, tolerance=0.05)[1]


def _minimise(loss, raw, y, weight, tolerance):
    """The best temperature and its loss; ``tolerance`` is relative."""

    def value(log_temperature):
        return mean_loss(loss, raw * math.exp(-log_temperature), y, weight)

    bound = math.log(LARGEST)
    best = minimize_scalar(value, bounds=(-bound, bound), method="bounded", options={"xatol": tolerance})
    return math.exp(best.x), float(best.fun)
