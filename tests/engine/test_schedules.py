"""Schedules at the points where their value is known."""

import dataclasses
import math
import pickle

import numpy as np
import pytest

from skann.engine.schedules import (
    SCHEDULES,
    Constant,
    Cosine,
    CosLog4,
    Exponential,
    FlatCosine,
    InverseScaling,
    Linear,
    OneCycle,
)

N = 1000
ARGUMENTS = {"rate": 0.3, "n_steps": N, "power_t": 0.5, "steps_per_epoch": 10, "rows_per_epoch": 97}
NAMES = pytest.mark.parametrize("name", sorted(SCHEDULES))


def make(name):
    fields = dataclasses.fields(SCHEDULES[name])
    return SCHEDULES[name](**{field.name: ARGUMENTS[field.name] for field in fields if field.name in ARGUMENTS})


@NAMES
def test_between_zero_and_the_rate(name):
    schedule = make(name)
    values = [schedule(t) for t in range(3 * N)]
    assert all(isinstance(value, float) for value in values)
    assert 0 <= min(values) <= max(values) <= 0.3 * (1 + 1e-15)
    assert max(values) == pytest.approx(0.3, rel=1e-4)


@NAMES
def test_proportional_to_the_rate(name):
    schedule = make(name)
    double = dataclasses.replace(schedule, rate=0.6)
    for t in range(0, 2 * N, 37):
        assert double(t) == pytest.approx(2 * schedule(t))


@NAMES
def test_values_like_any_other(name):
    """Immutable, comparable, printable, picklable."""
    schedule = make(name)
    assert pickle.loads(pickle.dumps(schedule)) == schedule == make(name)
    assert "rate=0.3" in repr(schedule)
    with pytest.raises(dataclasses.FrozenInstanceError):
        schedule.rate = 1


@pytest.mark.parametrize("Schedule", [Linear, Cosine, OneCycle, CosLog4, FlatCosine])
def test_stays_at_its_last_value(Schedule):
    schedule = Schedule(0.3, N)
    assert schedule(N) == schedule(N + 1) == schedule(10 * N)
    assert schedule(N) < 0.3e-5


@pytest.mark.parametrize("Schedule", [Linear, Cosine, OneCycle, CosLog4, FlatCosine])
def test_continuous(Schedule):
    """No jumps: steps shrink in proportion when the run gets longer."""
    largest = [max(abs(np.diff([Schedule(1.0, n)(t) for t in range(n + 2)]))) for n in (N, 10 * N)]
    assert largest[1] < 0.2 * largest[0] < 0.2 * 0.07


def test_constant():
    assert {Constant(0.3)(t) for t in (0, 1, 10**9)} == {0.3}


def test_invscaling():
    """The rate changes from epoch to epoch, with the number of rows seen: here 97 in each of 10 steps."""
    schedule = InverseScaling(0.3, power_t=0.5, steps_per_epoch=10, rows_per_epoch=97)
    assert [schedule(t) for t in (0, 9)] == [0.3, 0.3]
    assert schedule(10) == schedule(19) == pytest.approx(0.3 / math.sqrt(98))
    assert schedule(20) == pytest.approx(0.3 / math.sqrt(195))
    assert InverseScaling(0.3, 0, 10, 97)(500) == 0.3
    later = InverseScaling(0.3, power_t=0.5, steps_per_epoch=4, rows_per_epoch=10, t_0=20, rows_0=2 * 97)
    assert later(20) == later(23) == pytest.approx(0.3 / math.sqrt(195))
    assert later(24) == pytest.approx(0.3 / math.sqrt(205))


def test_linear():
    assert [Linear(1.0, 4)(t) for t in range(6)] == [1, 0.75, 0.5, 0.25, 0, 0]


def test_cosine():
    schedule = Cosine(1.0, 6)
    np.testing.assert_allclose([schedule(t) for t in range(7)], np.cos(np.pi / 12 * np.arange(7)) ** 2, atol=1e-15)


def test_one_cycle():
    """From rate / 25 to the rate at 30 % to rate / 250 000, half way at half time: the defaults of PyTorch."""
    schedule = OneCycle(1.0, N)
    assert schedule(0) == pytest.approx(1 / 25)
    assert schedule(150) == pytest.approx((1 + 1 / 25) / 2)
    assert schedule(300) == pytest.approx(1)
    assert schedule(650) == pytest.approx((1 + 4e-6) / 2)
    assert schedule(N) == pytest.approx(4e-6)
    values = np.array([schedule(t) for t in range(N + 1)])
    assert (np.diff(values[:301]) > 0).all()
    assert (np.diff(values[300:]) < 0).all()


def test_coslog4():
    """Four cycles, each twice as long as the one before: they end where 1 + 15 t / n is 2, 4, 8, 16."""
    schedule = CosLog4(1.0, 15)
    np.testing.assert_allclose([schedule(t) for t in (0, 1, 3, 7, 15)], 0, atol=1e-14)
    np.testing.assert_allclose([schedule(2 ** (k + 0.5) - 1) for k in range(4)], 1)
    values = np.array([CosLog4(1.0, 1500)(t) for t in range(1501)])
    peaks = np.flatnonzero((values[1:-1] > values[:-2]) & (values[1:-1] > values[2:]))
    assert len(peaks) == 4


def test_flat_cosine():
    """Constant in the first half, then the cosine over half as many steps."""
    schedule, cosine = FlatCosine(1.0, 12), Cosine(1.0, 6)
    assert [schedule(t) for t in range(7)] == [1.0] * 7
    np.testing.assert_allclose([schedule(6 + t) for t in range(7)], [cosine(t) for t in range(7)], atol=1e-15)
    assert [FlatCosine(2.0, 4)(t) for t in (3, 4)] == [1.0, 0.0]


def test_ramp_is_geometric():
    ramp = Exponential(1e-6, 10.0, 50)
    np.testing.assert_allclose([ramp(t) for t in range(50)], np.geomspace(1e-6, 10, 50), rtol=1e-12)
