"""One step: clipping and what a stepper remembers."""

import numpy as np
import pytest

from skann.engine.averaging import WeightAverage
from skann.engine.optimizers import OPTIMIZERS
from skann.engine.schedules import Constant
from skann.engine.stepping import Stepper, clip_norm
from tests.engine.runs import X, Y, make_stepper, train
from tests.helpers import make_network


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_clip_norm(dtype):
    """Long gradients keep their direction and get the length; short ones stay."""
    grad = np.array([3.0, -4.0, 12.0], dtype)
    short = grad.copy()
    clip_norm(short, 13.1)
    np.testing.assert_array_equal(short, grad)
    clip_norm(grad, 1.0)
    np.testing.assert_allclose(grad, np.array([3, -4, 12]) / 13, rtol=4 * np.finfo(dtype).eps)
    zero = np.zeros(3, dtype)
    clip_norm(zero, 1.0)
    assert not zero.any()
    assert grad.dtype == dtype


def test_clip_norm_of_huge_gradients():
    grad = np.array([3e20, -4e20], np.float32)
    clip_norm(grad, 1.0)
    np.testing.assert_allclose(grad, [0.6, -0.8], rtol=1e-6)


def test_before_any_step():
    stepper = make_stepper(make_network())
    assert (stepper.t, stepper.n_rows, stepper.rate_factor) == (0, 0, 1.0)
    assert np.isnan(stepper.lr)


def test_a_step_is_that_of_the_optimizer():
    """At the rate of the schedule times the factor; the counts and the rate are on record."""
    network, twin = make_network(), make_network()
    for each in (network, twin):
        each.grad[...] = np.linspace(-1, 1, each.grad.size)
    optimizer = OPTIMIZERS["adam"](network.theta.size, np.float64)
    stepper = Stepper(optimizer, lambda t: 0.1 * (t + 1))
    stepper.rate_factor = 0.5
    other = OPTIMIZERS["adam"](network.theta.size, np.float64)
    for t in range(3):
        stepper.step(network)
        other.step(twin.theta, twin.grad, 0.05 * (t + 1))
        assert stepper.lr == pytest.approx(0.05 * (t + 1))
    assert stepper.t == 3
    np.testing.assert_allclose(network.theta, twin.theta, rtol=1e-14)


def averaged_after(n_steps):
    network = make_network()
    stepper = make_stepper(network, average=WeightAverage(0.8, network.theta))
    for _ in range(n_steps):
        network.grad[...] = 1.0
        stepper.step(network)
    return network, stepper


def test_the_average_is_the_average_at_all_times():
    """Inside the block the network has it, and gets its own weights back; at the end it has it for good."""
    network, stepper = averaged_after(3)
    W, own, average = network.layers[0].W, network.theta.copy(), stepper.average.average.copy()
    assert not np.array_equal(own, average)
    with stepper.averaged(network):
        np.testing.assert_array_equal(network.theta, average)
        np.testing.assert_array_equal(stepper.average.average, average)
        np.testing.assert_array_equal(stepper.weights, own)
    np.testing.assert_array_equal(network.theta, own)
    stepper.step(network)
    own, average = network.theta.copy(), stepper.average.average.copy()
    stepper.finish(network)
    np.testing.assert_array_equal(network.theta, average)
    np.testing.assert_array_equal(stepper.average.average, average)
    np.testing.assert_array_equal(stepper.weights, own)
    assert network.layers[0].W is W
    assert np.shares_memory(W, network.theta)  # written in place


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_an_error_gives_the_weights_back(error):
    network, stepper = averaged_after(3)
    own = network.theta.copy()
    with pytest.raises(error), stepper.averaged(network):
        raise error
    np.testing.assert_array_equal(network.theta, own)


def test_without_averaging_the_network_keeps_its_weights():
    network = make_network()
    stepper, own = make_stepper(network), network.theta.copy()
    with stepper.averaged(network):
        np.testing.assert_array_equal(network.theta, own)
    stepper.finish(network)
    np.testing.assert_array_equal(network.theta, own)
    assert stepper.weights is None


@pytest.mark.parametrize("changed", ["nothing", "the rule", "no average", "an average"])
def test_a_state_goes_on_as_far_as_it_fits(changed):
    """Moments and average are taken over by the same rule and by an average, the counts by all."""
    network = make_network((4, 6, 1))
    before = make_stepper(
        network, OPTIMIZERS["adam"](network.theta.size, np.float64),
        average=None if changed == "an average" else WeightAverage(0.8, network.theta),
    )  # fmt: skip
    before.rate_factor = 0.2
    train(network, stepper=before)
    at_the_end, state = network.theta.copy(), before.get_state()
    optimizer = OPTIMIZERS["rmsprop" if changed == "the rule" else "adam"](network.theta.size, np.float64)
    average = None if changed == "no average" else WeightAverage(0.9, network.theta)
    after = Stepper(optimizer, Constant(0.1), average=average)
    after.set_state(state, network)
    assert (after.t, after.n_rows, after.rate_factor) == (20, 250, 0.2)
    assert optimizer.t == (0 if changed == "the rule" else 20)
    assert optimizer.state.any() == (changed != "the rule")
    goes_on = changed in ("nothing", "the rule")
    np.testing.assert_array_equal(network.theta, before.weights if goes_on else at_the_end)
    if average is not None:
        np.testing.assert_array_equal(average.average, at_the_end)
        assert (average.t, average.decay) == (20 if goes_on else 0, 0.9)


def test_the_moments_of_the_state_are_copied():
    """The training that goes on leaves the state as it is."""
    network = make_network((4, 6, 1))
    before = make_stepper(network, OPTIMIZERS["adam"](network.theta.size, np.float64))
    train(network, stepper=before)
    after = make_stepper(network, OPTIMIZERS["adam"](network.theta.size, np.float64))
    after.set_state(before.get_state(), network)
    moments = before.optimizer.state.copy()
    train(network, X, Y, stepper=after)
    np.testing.assert_array_equal(before.optimizer.state, moments)
    assert not np.array_equal(after.optimizer.state, moments)
