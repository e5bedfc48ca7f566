"""Optimizers against PyTorch, and what must hold for each."""

import inspect
import json

import numpy as np
import pytest

from skann.engine import optimizers
from skann.engine.optimizers import BLOCK, OPTIMIZERS, SGD
from tests.engine.make_torch_trajectories import CASES, FILE, N_STEPS, START, gradient
from tests.helpers import Peak, only_float32

TRAJECTORIES = json.loads(FILE.read_text())
VARIANTS = {name: (OPTIMIZERS[name], {}) for name in OPTIMIZERS} | {
    "sgd, momentum 0": (SGD, {"momentum": 0.0}),
    "sgd, not Nesterov": (SGD, {"nesterovs_momentum": False}),
    "rmsprop, not corrected": (OPTIMIZERS["rmsprop"], {"bias_correction": False}),
}
ALL = pytest.mark.parametrize("Optimizer, kwargs", VARIANTS.values(), ids=VARIANTS)
DTYPES = pytest.mark.parametrize("dtype", [np.float64, np.float32])


def descend(optimizer, theta, n_steps, f_grad=gradient, lr=0.01):
    """The points after each step."""
    points = []
    for _ in range(n_steps):
        optimizer.step(theta, f_grad(theta).astype(theta.dtype), lr)
        points.append(theta.copy())
    return np.array(points)


@pytest.mark.parametrize("name", CASES)
def test_equals_pytorch(name):
    """Along the whole way, in float64."""
    _, torch_kwargs, optimizer_class, kwargs = CASES[name]
    optimizer = getattr(optimizers, optimizer_class)(4, np.float64, **kwargs)
    points = descend(optimizer, np.array(START), N_STEPS, lr=torch_kwargs["lr"])
    np.testing.assert_allclose(points, TRAJECTORIES[name], rtol=1e-12, atol=1e-13)


def test_trajectories_tell_the_rules_apart():
    """No two of the stored ones are alike, and none stands still: equality to them means something."""
    ends = np.array([TRAJECTORIES[name][-1] for name in CASES])
    distances = np.abs(ends[:, None] - ends).max(axis=2) + np.eye(len(CASES))
    assert distances.min() > 1e-6
    assert np.abs(ends - START).max(axis=1).min() > 0.1


@ALL
def test_float32_stays_float32(Optimizer, kwargs):
    """The state, and every operation on the way; the result is that of float64 to float32's precision."""
    wide = descend(Optimizer(4, np.float64, weight_decay=0.1, **kwargs), np.array(START), 20)
    optimizer = Optimizer(4, np.float32, weight_decay=0.1, **kwargs)
    optimizer.state = only_float32(optimizer.state)
    theta = only_float32(START)
    for _ in range(20):
        g = only_float32(gradient(np.asarray(theta, np.float64)))
        optimizer.step(theta, g, 0.01)
    assert theta.dtype == optimizer.state.dtype == np.float32
    np.testing.assert_allclose(np.asarray(theta), wide[-1], rtol=1e-4, atol=1e-5)


@ALL
@DTYPES
def test_blocks_do_not_show(Optimizer, kwargs, dtype):
    """A theta of several blocks moves as its elements would by themselves; so does one short of a block.

    Up to rounding: at the end of a vector, some kernels of BLAS round a product before they add it, elsewhere not.
    """
    rng = np.random.default_rng(0)
    n = 2 * BLOCK + 5
    theta, grads = rng.normal(size=n).astype(dtype), rng.normal(size=(3, n)).astype(dtype)
    some = np.r_[0:3, BLOCK - 2 : BLOCK + 2, n - 7 : n]
    few = theta[some]
    large, small = (Optimizer(size, dtype, weight_decay=0.1, **kwargs) for size in (n, len(some)))
    for grad in grads:
        large.step(theta, grad, 0.01)
        small.step(few, grad[some], 0.01)
    np.testing.assert_allclose(theta[some], few, rtol=0, atol=8 * np.finfo(dtype).eps)


@ALL
def test_grad_is_only_read(Optimizer, kwargs):
    """And neither it nor theta is kept: each step may bring other arrays."""
    theta, grad = np.array(START), gradient(np.array(START))
    before = grad.copy()
    optimizer = Optimizer(4, np.float64, **kwargs)
    optimizer.step(theta, grad, 0.01)
    np.testing.assert_array_equal(grad, before)
    grad.fill(np.nan)
    other = theta.copy()
    theta.fill(np.nan)
    optimizer.step(other, before, 0.01)
    assert np.isfinite(other).all()


@ALL
@DTYPES
def test_steps_allocate_nothing(Optimizer, kwargs, dtype):
    n = 3 * BLOCK
    theta, grad = np.ones(n, dtype), np.ones(n, dtype)
    optimizer = Optimizer(n, dtype, weight_decay=0.1, **kwargs)
    optimizer.step(theta, grad, 0.01)
    with Peak() as peak:
        for _ in range(3):
            optimizer.step(theta, grad, 0.01)
    assert peak.bytes < 5000  # theta has 393 kB or more


@ALL
@DTYPES
def test_going_on(Optimizer, kwargs, dtype):
    """5 steps and 7 more by a second optimizer are 12, to the bit; the first one is left as it was."""
    once = descend(Optimizer(4, dtype, **kwargs), np.array(START, dtype), 12)
    theta, first, second = np.array(START, dtype), Optimizer(4, dtype, **kwargs), Optimizer(4, dtype, **kwargs)
    descend(first, theta, 5)
    state = first.state.copy()
    second.set_state(first.get_state())
    np.testing.assert_array_equal(descend(second, theta, 7), once[5:])
    np.testing.assert_array_equal(first.state, state)
    assert (first.t, second.t) == (5, 12)


@ALL
@DTYPES
@pytest.mark.parametrize("decay", [0.0, 0.5, 0.999])
def test_units_do_not_show(Optimizer, kwargs, dtype, decay, monkeypatch):
    """States in units that last for many steps move theta as those do whose unit is 1 in each."""
    names = set(inspect.signature(Optimizer).parameters) & {"momentum", "beta_1", "beta_2"}
    kwargs = kwargs | dict.fromkeys(names - kwargs.keys(), decay)
    points = descend(Optimizer(4, dtype, **kwargs), np.array(START, dtype), 50)
    monkeypatch.setattr(optimizers, "LEAST_UNIT", 1.0)
    plain = descend(Optimizer(4, dtype, **kwargs), np.array(START, dtype), 50)
    np.testing.assert_allclose(points, plain, rtol=0, atol=1e4 * np.finfo(dtype).eps)


@ALL
def test_weight_decay(Optimizer, kwargs):
    """Without a gradient theta shrinks by (1 - lr decay) in each step, as far as its group says."""
    two_groups = [(slice(0, 3), 1.0, 1.0), (slice(3, 4), 1.0, 0.0)]
    for groups, shrinks in [(None, [1, 1, 1, 1]), (two_groups, [1, 1, 1, 0])]:
        theta = np.array(START)
        optimizer = Optimizer(4, np.float64, weight_decay=0.5, groups=groups, **kwargs)
        descend(optimizer, theta, 10, f_grad=np.zeros_like, lr=0.1)
        np.testing.assert_allclose(theta, START * np.where(shrinks, 0.95**10, 1), rtol=1e-13)


@ALL
def test_learning_rate_of_a_group(Optimizer, kwargs):
    """A factor on the learning rate of a group is the factor on the rate of an optimizer of its own."""
    together, apart = np.array(START), np.array(START)
    groups = [(slice(0, 3), 0.5, 1.0), (slice(3, 4), 2.0, 0.0)]
    descend(Optimizer(4, np.float64, groups=groups, **kwargs), together, 5, f_grad=np.cos, lr=0.1)
    descend(Optimizer(3, np.float64, **kwargs), apart[:3], 5, f_grad=np.cos, lr=0.05)
    descend(Optimizer(1, np.float64, **kwargs), apart[3:], 5, f_grad=np.cos, lr=0.2)
    np.testing.assert_allclose(together, apart, rtol=1e-13)


@ALL
def test_a_rate_of_zero(Optimizer, kwargs):
    """Where a schedule touches 0 theta rests, weight decay included, and what follows is as ever."""
    theta, optimizer = np.array(START), Optimizer(4, np.float64, weight_decay=0.5, **kwargs)
    optimizer.step(theta, np.cos(theta), 0.0)
    np.testing.assert_array_equal(theta, START)
    tiny, other = np.array(START), Optimizer(4, np.float64, weight_decay=0.5, **kwargs)
    other.step(tiny, np.cos(tiny), 1e-300)
    for each, rule in ((theta, optimizer), (tiny, other)):
        rule.step(each, np.cos(each), 0.1)
    np.testing.assert_allclose(theta, tiny, rtol=1e-13)
    assert not np.allclose(theta, START)


@ALL
def test_too_much_weight_decay_goes_to_zero_and_not_beyond(Optimizer, kwargs):
    theta = np.array(START)
    descend(Optimizer(4, np.float64, weight_decay=30.0, **kwargs), theta, 1, f_grad=np.zeros_like, lr=0.1)
    assert not theta.any()


@ALL
def test_weight_decay_is_decoupled(Optimizer, kwargs):
    """One step with decay is: shrink, then the step without decay for the same gradient."""
    grad = gradient(np.array(START))
    with_decay, by_hand = np.array(START), 0.95 * np.array(START)
    Optimizer(4, np.float64, weight_decay=0.5, **kwargs).step(with_decay, grad, 0.1)
    Optimizer(4, np.float64, **kwargs).step(by_hand, grad, 0.1)
    np.testing.assert_allclose(with_decay, by_hand, rtol=1e-14)


@ALL
@DTYPES
def test_reaches_the_minimum_of_a_parabola(Optimizer, kwargs, dtype):
    """Steep in one direction, flat in the other, with a rate that falls to zero."""
    curvature, minimum = np.array([4.0, 1.0, 0.5]), np.array([1.0, -2.0, 0.3])
    theta, optimizer = np.zeros(3, dtype), Optimizer(3, dtype, **kwargs)
    for t in range(1000):
        optimizer.step(theta, (curvature * (theta - minimum)).astype(dtype), 0.1 * (1 - t / 1000))
    np.testing.assert_allclose(theta, minimum, atol=1e-3)


@ALL
def test_lowers_the_rosenbrock_function(Optimizer, kwargs):
    """(1 - x)^2 + 100 (y - x^2)^2 from (-1.2, 1), where it is 24.2: the valley is curved and narrow."""

    def rosenbrock_gradient(theta):
        x, y = theta
        return np.array([-2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)])

    theta, lr = np.array([-1.2, 1.0]), 0.001 if Optimizer is SGD else 0.005
    descend(Optimizer(2, np.float64, **kwargs), theta, 3000, rosenbrock_gradient, lr)
    assert (1 - theta[0]) ** 2 + 100 * (theta[1] - theta[0] ** 2) ** 2 < 0.242


def test_rmsprop_starts_slowly_only_when_corrected():
    """The first step is lr / sqrt(1 - b) without the correction, lr with it."""
    for corrected, length in [(False, 0.01 / np.sqrt(0.001)), (True, 0.01)]:
        theta = np.zeros(1)
        OPTIMIZERS["rmsprop"](1, np.float64, beta_2=0.999, bias_correction=corrected).step(theta, np.ones(1), 0.01)
        assert theta[0] == pytest.approx(-length, rel=1e-6)


@ALL
def test_a_kept_state_goes_on(Optimizer, kwargs):
    """Six steps are four and two, by another optimizer that was given the state of the first, to the bit."""
    start = np.array(START)
    theta, (whole, first, second) = start.copy(), [Optimizer(start.size, np.float64, **kwargs) for _ in range(3)]
    points = descend(whole, start.copy(), 6)
    descend(first, theta, 4)
    second.set_state(first.get_state())
    np.testing.assert_array_equal(descend(second, theta, 2), points[4:])
