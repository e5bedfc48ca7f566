"""Figures of the rows that are held out, where these stay with workers: sums over the parts."""

import numpy as np

from ..engine.calibration import CalibratedLoss, fit_temperature_to, temperatures
from ..engine.callbacks import Watching
from ..engine.evaluation import mean_loss, raw_outputs, targets_for_mean


class SummedValidation(Watching):
    """Watches the rows that a `ShardedRows` holds out, by their loss or by that at the best of some temperatures.

    Parameters
    ----------
    loss : Loss
    rows : ShardedRows
    is_calibrated : bool
        Whether the score is the loss at the best temperature, to within 5 %.
    """

    def __init__(self, loss, rows, is_calibrated):
        self.loss, self.rows = loss, rows
        self.temperatures = np.append(1.0, temperatures() if is_calibrated else [])

    def evaluate(self, network):
        total, summed = held_out_sums(self.loss, self.rows, network, self.temperatures)
        losses = summed / total
        return float(losses[0]), -float(losses.min())


def can_be_summed(score):
    """Whether a score of watched rows (see `TrainingData`) is a loss, which is a sum over rows."""
    return score is None or isinstance(score, CalibratedLoss)


def summed_temperature(networks, data):
    """The temperature for the rows that each of these networks held out; weights of all rows are in one unit."""
    loss = networks.training_loss()

    def losses_at(grid):
        found = [
            held_out_sums(loss, each.rows, member.network, grid)
            for member, each in zip(networks.members, data, strict=False)
        ]
        return sum(summed for _, summed in found) / sum(total for total, _ in found)

    return fit_temperature_to(losses_at)


def held_out_sums(loss, rows, network, grid):
    """The weight of the rows held out, and the sums of weight times loss of raw outputs over each temperature."""
    found = rows.parts.run(_sums_of_part, rows.fold, loss, network, grid)
    return sum(total for total, _ in found), sum(summed for _, summed in found)


def _sums_of_part(part, fold, loss, network, grid):
    rows = part.held_out(fold)
    if rows is None:
        return 0.0, np.zeros(len(grid))
    raw, (y, weight) = raw_outputs(network, rows).astype(np.float64), targets_for_mean(rows)
    return rows.total_weight, rows.total_weight * np.array([mean_loss(loss, raw / each, y, weight) for each in grid])
