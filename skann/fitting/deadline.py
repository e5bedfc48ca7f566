"""What trainings may take of the time, where there is a time at which they have ended."""

import time
from typing import NamedTuple

from ..engine.callbacks import TimeLimit


def is_past(deadline):
    """Whether it is later than this time of `time.perf_counter`; None is never past."""
    return deadline is not None and time.perf_counter() >= deadline


class Allotted(NamedTuple):
    """What a training may take of the time.

    Attributes
    ----------
    deadline : float or None
        The time of `time.perf_counter` at which all trainings have ended.
    n_left : int
        Trainings one after the other until then, with this one.
    n_after : int
        Rows that are passed through networks after this training.
    is_first : bool
        It is not left out.
    """

    deadline: float | None
    n_left: int
    n_after: int
    is_first: bool

    def is_over(self):
        """Whether it is too late to begin."""
        return not self.is_first and is_past(self.deadline)

    def begin(self):
        """The `TimeLimit` of the training, which begins now; None if there is no deadline."""
        if self.deadline is None:
            return None
        seconds = max(0.0, self.deadline - time.perf_counter())
        return TimeLimit(seconds, seconds / self.n_left, self.n_after)


def allot(trainings, deadline, jobs=1):
    """The time until the deadline in even shares, for an epoch at least.

    Before the deadline the watched rows of all networks are to be passed through them, and those of the first epoch.
    """
    n_watched = [0 if each.data.watched is None else len(each.data.watched) for each in trainings]
    return [
        Allotted(deadline, -(-(len(trainings) - i) // jobs), n_watched[i] + sum(n_watched[: i + 1]), i == 0)
        for i in range(len(trainings))
    ]
