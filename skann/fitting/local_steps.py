"""What a part of a table does in a round of data-parallel training: steps on its own rows.

See `skann.fitting.rounds` for what a round is.
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
from . import build

ROUNDS = 16  # in an epoch, at least: docs/distributed.md has what was measured
MOST_LOCAL_STEPS = 500  # in a round


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
