"""Data-parallel training: local steps on each part of a table, and averages of what they lead to.

In a round every part takes the same number of steps from the same parameters, each on its own rows, and the parameters
that they arrive at are averaged, weighted by the weights of the parts' rows (McMahan et al. 2017,
https://arxiv.org/abs/1602.05629; Stich 2019, https://arxiv.org/abs/1805.09767). So parts and client exchange parameters
once in a round, not once in a step. The moments of the optimizer and the averaged weights are averaged in the same way,
and every part begins the next round with the averages.
"""

import copy

import numpy as np

from ..engine.objective import Objective
from ..engine.run import Run
from ..engine.training import OverAllRows, train_epochs
from .local_steps import local_steps, part_of_epoch, set_state, state_of

MOST_PARTS = 8  # up to which the learning rate grows with them


def rate_factor(optimizer, n_parts):
    """What multiplies the learning rate of the steps of a part.

    The steps of an adaptive rule have one length, and in a part's share of a batch more of it is noise: where noise
    dominates, they go 1 / sqrt(n_parts) as far along the mean gradient as those on the whole batch do. The square root
    makes up for that (Malladi et al. 2022, https://arxiv.org/abs/2205.10287, section 5), and the average over the parts
    takes the noise back. It ends at a number of parts: then rates are large enough to diverge between two averages.
    """
    return min(n_parts, MOST_PARTS) ** 0.5 if optimizer.is_adaptive else 1.0


def take_average(network, stepper, found):
    """Give network and stepper the averages of what the parts have arrived at, a list of `Local`.

    Counts and rates are the same for all; what a rule keeps in a unit is averaged as what it means.
    """
    total = sum(each.weight for each in found)
    shares = [each.weight / total for each in found]
    state = found[0].state
    moments = [each.state["optimizer"] for each in found]
    means = [
        _mean(shares, [of_part["state"][k] * of_part["units"][k] for of_part in moments])
        for k in range(len(state["optimizer"]["units"]))
    ]
    state["optimizer"] |= {"units": [1.0] * len(means)} | ({"state": np.stack(means)} if means else {})
    if stepper.average is not None:
        state["average"]["average"] = _mean(shares, [each.state["average"]["average"] for each in found])
    theta = _mean(shares, [each.theta for each in found])
    network.theta[...] = theta
    set_state(stepper, state)


def _mean(shares, arrays):
    total = np.zeros(arrays[0].shape)
    for share, array in zip(shares, arrays, strict=True):
        total += share * array
    return total.astype(arrays[0].dtype)


def fit_rounds(training, stepper, rows, network, *, max_epochs, callbacks=()):
    """Minimise the objective by rounds of local steps: `skann.engine.training.fit_minibatch` for rows on workers.

    Parameters
    ----------
    training : LocalTraining
    stepper : Stepper
    rows : ShardedRows
    network : Network
    max_epochs : int
    callbacks : sequence of Callback

    Returns
    -------
    run : Run

    Raises
    ------
    FloatingPointError
        If the loss or a parameter is no longer finite at the end of an epoch.
    """
    run = Run(network, stepper)
    stepper.rate_factor *= rate_factor(stepper.optimizer, len(rows.parts))

    def one_epoch(epoch):
        parts = rows.parts.hold(part_of_epoch, training, epoch)
        total, n_seen, n_done = 0.0, 0, 0
        for i in range(training.n_rounds):
            found = parts.run(local_steps, training, network, state_of(stepper), epoch, i)
            found = [each for each in found if each is not None]
            take_average(network, stepper, found)
            n = sum(each.n_rows for each in found)
            total += sum(each.weight * each.loss for each in found) / sum(each.weight for each in found)
            n_seen, n_done = n_seen + n, n_done + 1
            if run.is_over(n // len(found)):  # what a process passes through the network in this time
                break
        return total / n_done, n_seen, n_done == training.n_rounds

    return train_epochs(one_epoch, run, stepper, rows, max_epochs=max_epochs, callbacks=callbacks)


class OverAllParts:
    """The objective over all rows of a `ShardedRows` and its gradient, at the parameters that the network has: sums
    over the parts.
    """

    def __init__(self, objective, rows):
        self.objective, self.rows = objective, rows

    def __call__(self):
        objective = self.objective
        found = self.rows.parts.run(_of_part, self.rows.fold, objective.network, objective.loss, objective.l2)
        found = [each for each in found if each is not None]
        total = sum(weight for weight, _, _ in found)
        value = sum(weight / total * value for weight, value, _ in found)
        return value, sum(weight / total * grad for weight, _, grad in found)


def _of_part(part, fold, network, loss, l2):
    """Weight of the rows of a part, the objective over them and its gradient; None if there are none."""
    rows = part.training_rows(fold)
    if rows is None:
        return None
    network = copy.deepcopy(network)
    network.prepare_training()
    with np.errstate(over="ignore", invalid="ignore"):
        return rows.total_weight, *OverAllRows(Objective(network, loss, l2), rows)()
