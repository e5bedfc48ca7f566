"""Data-parallel training: local steps on each part of a table, and averages of what they lead to.

In a round every part takes the same number of steps from the same parameters, each on its own rows, and the parameters
that they arrive at are averaged, weighted by the weights of the parts' rows (McMahan et al. 2017,
https://arxiv.org/abs/1602.05629; Stich 2019, https://arxiv.org/abs/1805.09767). So parts and client exchange parameters
once in a round, not once in a step. The moments of the optimizer and the averaged weights are averaged in the same way,
and every part begins the next round with the averages.
"""

import copy
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from .._threads import blas_threads
from ..engine.averaging import WeightAverage
from ..engine.objective import Objective
from ..engine.rows import ArrayRows, Reader
from ..engine.stepping import Stepper
from ..engine.training import OverAllRows, Run, check_last_step
from . import build

ROUNDS = 16  # in an epoch, at least: docs/distributed.md has what was measured
MOST_LOCAL_STEPS = 500  # in a round
MOST_PARTS = 8  # up to which the learning rate grows with them


@dataclass(frozen=True)
class LocalTraining:
    """What a part must know of a training to take steps, beside the network and the state of the stepper.

    Attributes
    ----------
    loss : Loss
    l2 : float
    fold : int
        The fold that is held out, -1 for none.
    make_optimizer : callable(size, dtype, groups) -> Optimizer
    schedule, fade : callable(t) -> float
        See `Stepper`; ``fade`` may be None.
    max_grad_norm, decay : float or None
        See `Stepper`, and `WeightAverage`.
    n_steps, n_rounds : int
        Steps and rounds of an epoch.
    seed : int
    shuffle : bool
    """

    loss: Any
    l2: float
    fold: int
    make_optimizer: Any
    schedule: Any
    fade: Any
    max_grad_norm: float | None
    decay: float | None
    n_steps: int
    n_rounds: int
    seed: int
    shuffle: bool

    @classmethod
    def of(cls, settings, objective, stepper, rows, seed):
        """That of a training by these settings, whose stepper is at its first step."""
        n_steps = -(-len(rows) // build.batch_size(settings, rows))
        return cls(
            objective.loss, objective.l2, rows.fold, build.optimizer_maker(settings), stepper.schedule, stepper.fade,
            settings.max_grad_norm, settings.weight_averaging, n_steps, n_rounds(n_steps), seed, settings.shuffle,
        )  # fmt: skip

    def stepper(self, network):
        """A `Stepper` for the network, before the first step."""
        optimizer = self.make_optimizer(size=network.theta.size, dtype=network.theta.dtype, groups=network.groups)
        average = None if self.decay is None else WeightAverage(self.decay, network.theta)
        return Stepper(
            optimizer, self.schedule, max_grad_norm=self.max_grad_norm, fade=self.fade, average=average
        )  # fmt: skip

    def batches(self, order, i):
        """The indices of the rows in each step of round i; ``order`` are those of all rows of a part.

        A part with fewer rows than an epoch has steps takes its rows several times: its share in the averages is small.
        """
        steps = range(i * self.n_steps // self.n_rounds, (i + 1) * self.n_steps // self.n_rounds)
        starts = [step * len(order) // self.n_steps for step in steps]
        stops = [(step + 1) * len(order) // self.n_steps for step in steps]
        return [order[start : max(stop, start + 1)] for start, stop in zip(starts, stops, strict=True)]


class PartOfEpoch(NamedTuple):
    """The rows of a part in the order in which an epoch takes them; None if there are none."""

    number: int
    rows: ArrayRows | None


def part_of_epoch(part, training, epoch):
    """The `PartOfEpoch` of an `EncodedPart`."""
    rows = part.training_rows(training.fold)
    if rows is not None and training.shuffle:
        order = np.random.default_rng([training.seed, part.number, epoch]).permutation(rows.which)
        rows = ArrayRows(rows.X, rows.y, rows.weight, order, rows.total_weight)
    return PartOfEpoch(part.number, rows)


@dataclass(frozen=True)
class Local:
    """What a part has arrived at in a round.

    Attributes
    ----------
    weight : float
        Of its rows.
    n_rows : int
        Those of its steps.
    loss : float
        Their mean.
    theta : ndarray
    state : dict
        See `state_of`.
    """

    weight: float
    n_rows: int
    loss: float
    theta: np.ndarray
    state: dict


def n_rounds(n_steps):
    """The rounds of an epoch of so many steps.

    >>> n_rounds(5), n_rounds(1000), n_rounds(100_000)
    (5, 16, 200)
    """
    return min(n_steps, max(ROUNDS, -(-n_steps // MOST_LOCAL_STEPS)))


def rate_factor(optimizer, n_parts):
    """What multiplies the learning rate of the steps of a part.

    The steps of an adaptive rule have one length, and in a part's share of a batch more of it is noise: where noise
    dominates, they go 1 / sqrt(n_parts) as far along the mean gradient as those on the whole batch do. The square root
    makes up for that (Malladi et al. 2022, https://arxiv.org/abs/2205.10287, section 5), and the average over the parts
    takes the noise back. It ends at a number of parts: then rates are large enough to diverge between two averages.
    """
    return min(n_parts, MOST_PARTS) ** 0.5 if optimizer.is_adaptive else 1.0


def local_steps(part, training, network, state, epoch, i):
    """The steps of one part in round i of an epoch, as `Local`; None if the part has no rows.

    Parameters
    ----------
    part : PartOfEpoch
    training : LocalTraining
    network : Network
        With the parameters that all parts begin with. It stays as it is.
    state : dict
        Of the stepper: see `state_of`.
    epoch, i : int
    """
    rows = part.rows
    if rows is None:
        return None
    network = copy.deepcopy(network)
    network.prepare_training()
    stepper = training.stepper(network)
    set_state(stepper, state)
    objective = Objective(network, training.loss, training.l2)
    batches = training.batches(rows.which, i)
    largest = max(map(len, batches))
    readers, workspace = [Reader(each, largest) for each in (rows.X, rows.y, rows.weight)], network.workspace(largest)
    rng = np.random.default_rng([training.seed, part.number, epoch, i])
    total = n_rows = 0
    with blas_threads(largest * network.largest_weight), np.errstate(over="ignore", invalid="ignore"):
        for batch in batches:
            n = len(batch)
            stepper.before(network)
            total += n * objective(*(read(batch) for read in readers), workspace.rows(n), rng)
            stepper.step(network)
            n_rows += n
    return Local(rows.total_weight, n_rows, total / n_rows, network.theta, state_of(stepper))


def state_of(stepper):
    """What a stepper goes on from in the next round."""
    return {
        "t": stepper.t,
        "rate_factor": stepper.rate_factor,
        "lr": stepper.lr,
        "optimizer": stepper.optimizer.get_state(),
        "average": None if stepper.average is None else stepper.average.get_state(),
    }


def set_state(stepper, state):
    """Let a stepper go on from a state of another one."""
    stepper.t, stepper.rate_factor, stepper.lr = state["t"], state["rate_factor"], state["lr"]
    stepper.optimizer.set_state(state["optimizer"])
    if stepper.average is not None:
        stepper.average.set_state(state["average"])


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
    run.begin(callbacks)
    with run.until_interrupted():
        for epoch in run.epochs_left(max_epochs):
            with stepper.averaged(network):
                run.begin_epoch(callbacks)
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
            stepper.n_rows += n_seen
            if n_done < training.n_rounds:
                if run.epoch:
                    break
                run.was_cut = True  # the first epoch counts, however short
            with stepper.averaged(network):
                if run.end_epoch(total / n_done, stepper.lr, callbacks):
                    break
    stepper.finish(network)
    run.end(callbacks)
    check_last_step(run, rows)
    return run


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
