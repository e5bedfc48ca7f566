"""Learning-rate schedules: functions of the number t of optimizer steps taken so far.

A schedule is a frozen dataclass, so it pickles, prints and compares; ``schedule(t)`` returns the rate eta of equation
(6). Those with ``n_steps`` plan for the end of the run, and stay at their last value after it.

Contract
--------
``schedule(t)`` is a number of at least 0. A schedule with a name is made of those of these values that its constructor
names: ``rate``; ``n_steps``, the length of the run; ``steps_per_epoch`` and ``rows_per_epoch``; ``t_0`` and ``rows_0``,
what earlier runs have taken and seen; and any hyper-parameter by its name, such as ``power_t``. The fact
``falls_on_plateau``, False unless a class says otherwise, asks for `skann.engine.callbacks.LowerRate`. To add a
schedule, write a class and name it in `SCHEDULES`.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Constant:
    """lr(t) = rate.

    >>> Constant(0.1)(7)
    0.1
    """

    rate: float

    def __call__(self, t: float) -> float:
        return self.rate


@dataclass(frozen=True)
class Adaptive:
    """lr(t) = rate, which `skann.engine.callbacks.LowerRate` divides by 5 when the loss stops falling.

    >>> Adaptive(0.1)(7)
    0.1
    """

    falls_on_plateau = True

    rate: float

    def __call__(self, t: float) -> float:
        return self.rate


@dataclass(frozen=True)
class InverseScaling:
    """lr(t) = rate / (1 + rows seen before this epoch)^power_t, for a run that starts at t_0 with rows_0 rows seen.

    >>> InverseScaling(rate=0.1, power_t=0.5, steps_per_epoch=10, rows_per_epoch=3)(10)
    0.05
    """

    rate: float
    power_t: float
    steps_per_epoch: int
    rows_per_epoch: int
    t_0: int = 0
    rows_0: int = 0

    def __call__(self, t: float) -> float:
        rows = self.rows_0 + self.rows_per_epoch * ((t - self.t_0) // self.steps_per_epoch)
        return self.rate * float(1 + rows) ** -self.power_t


@dataclass(frozen=True)
class Linear:
    """lr(t) = rate (1 - t / n_steps).

    >>> Linear(rate=1.0, n_steps=4)(1)
    0.75
    """

    rate: float
    n_steps: int

    def __call__(self, t: float) -> float:
        return self.rate * (1 - _progress(t, self.n_steps))


@dataclass(frozen=True)
class Cosine:
    """lr(t) = rate (1 + cos(pi t / n_steps)) / 2. Loshchilov and Hutter 2017, https://arxiv.org/abs/1608.03983.

    >>> Cosine(rate=1.0, n_steps=4)(2)
    0.5
    """

    rate: float
    n_steps: int

    def __call__(self, t: float) -> float:
        return self.rate * (1 + math.cos(math.pi * _progress(t, self.n_steps))) / 2


@dataclass(frozen=True)
class OneCycle:
    """Up from rate / 25 to the rate in the first 30 % of the run, then down to rate / 250 000, both along a cosine.

    Smith and Topin 2018, https://arxiv.org/abs/1708.07120.

    >>> round(OneCycle(rate=1.0, n_steps=100)(30), 6)
    1.0
    """

    rate: float
    n_steps: int
    warm_up: float = 0.3
    start: float = 1 / 25
    end: float = 1 / 250_000

    def __call__(self, t: float) -> float:
        progress = _progress(t, self.n_steps)
        if progress < self.warm_up:
            low, phase = self.start, progress / self.warm_up
        else:
            low, phase = self.end, (1 - progress) / (1 - self.warm_up)
        return self.rate * (low + (1 - low) * (1 - math.cos(math.pi * phase)) / 2)


@dataclass(frozen=True)
class CosLog4:
    """lr(t) = rate (1 - cos(2 pi log2(1 + 15 t / n_steps))) / 2: four cycles, each twice as long as the one before.

    Holzmueller et al. 2024, https://arxiv.org/abs/2407.04491.

    >>> CosLog4(rate=1.0, n_steps=15)(1)
    0.0
    """

    rate: float
    n_steps: int

    def __call__(self, t: float) -> float:
        return self.rate * (1 - math.cos(2 * math.pi * math.log2(1 + 15 * _progress(t, self.n_steps)))) / 2


@dataclass(frozen=True)
class FlatCosine:
    """lr(t) = rate in the first half of the run, then down to 0 along a cosine.

    With rate 1 it is how dropout and weight decay fade in RealMLP (Holzmueller et al. 2024,
    https://arxiv.org/abs/2407.04491).

    >>> FlatCosine(rate=1.0, n_steps=4)(3)
    0.5
    """

    rate: float
    n_steps: int

    def __call__(self, t: float) -> float:
        return self.rate * (1 + math.cos(math.pi * max(0.0, 2 * _progress(t, self.n_steps) - 1))) / 2


@dataclass(frozen=True)
class Exponential:
    """lr(t) = start (end / start)^(t / (n_steps - 1)): for `skann.engine.sweep`, and without a name.

    >>> Exponential(start=0.01, end=1.0, n_steps=3)(1)
    0.1
    """

    start: float
    end: float
    n_steps: int

    def __call__(self, t):
        return self.start * (self.end / self.start) ** (t / (self.n_steps - 1))


def _progress(t, n_steps):
    return min(t / n_steps, 1.0)


SCHEDULES = {
    "constant": Constant,
    "invscaling": InverseScaling,
    "adaptive": Adaptive,
    "linear": Linear,
    "cosine": Cosine,
    "one_cycle": OneCycle,
    "coslog4": CosLog4,
    "flat_cosine": FlatCosine,
}
