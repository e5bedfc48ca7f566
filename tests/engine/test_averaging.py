"""The average of the weights along the way: its closed form, and what a training makes of it."""

import copy

import numpy as np
import pytest

from skann.engine.averaging import WeightAverage
from skann.engine.callbacks import BestWeights, Validation
from skann.engine.losses import SquaredError
from skann.engine.optimizers import OPTIMIZERS
from skann.engine.rows import ArrayRows
from tests.engine.runs import At, X, Y, make_stepper, sgd, train
from tests.helpers import bits, make_network

N_STEPS = 4  # per epoch of `train`


def closed_form(thetas, decay):
    """sum_t w_t theta_t with w_t = (1 - d_t) d_{t+1} ... d_T, and d_1 ... d_T of the start."""
    d = np.array([1.0, *(min(decay, t / (t + 9)) for t in range(1, len(thetas)))])  # d[0] is not used
    later = np.append(np.cumprod(d[:0:-1])[::-1], 1.0)  # d_{t+1} ... d_T
    share = np.append(1.0, 1 - d[1:]) * later
    assert share.sum() == pytest.approx(1)
    return share @ np.array(thetas)


class Recorder:
    """An optimizer that notes theta before the first step and after each."""

    def __init__(self, optimizer):
        self.optimizer, self.thetas = optimizer, []

    def step(self, theta, *args):
        if not self.thetas:
            self.thetas.append(theta.copy())
        self.optimizer.step(theta, *args)
        self.thetas.append(theta.copy())


@pytest.mark.parametrize("decay", [0.0, 0.3, 0.99])
def test_closed_form(decay):
    rng = np.random.default_rng(0)
    thetas = rng.normal(size=(900, 5))  # with the decay of 0.99, its unit begins anew once
    average = WeightAverage(decay, thetas[0])
    for theta in thetas[1:]:
        average.update(theta)
    np.testing.assert_allclose(average.average, closed_form(thetas, decay), rtol=1e-12)


def test_no_decay_is_no_average():
    average = WeightAverage(0.0, np.zeros(3))
    average.update(np.array([1.0, 2.0, 3.0]))
    np.testing.assert_array_equal(average.average, [1, 2, 3])


def test_the_start_is_a_copy():
    theta = np.zeros(2)
    average = WeightAverage(0.9, theta)
    theta += 1
    assert not average.average.any()


def test_training_sees_and_returns_the_average():
    """At the end of each epoch and of the run, the network is the closed form; the steps are those of a run without."""
    plain, averaged = make_network((4, 6, 1)), make_network((4, 6, 1))
    recorder, average, seen = Recorder(sgd(averaged)), WeightAverage(0.8, averaged.theta), []
    run = train(
        averaged, optimizer=recorder, average=average, callbacks=[At(lambda run: seen.append(run.network.theta.copy()))]
    )
    train(plain)
    assert len(recorder.thetas) == 5 * N_STEPS + 1
    for epoch, theta in enumerate(seen, 1):
        np.testing.assert_allclose(theta, closed_form(recorder.thetas[: epoch * N_STEPS + 1], 0.8), rtol=1e-12)
    np.testing.assert_array_equal(averaged.theta, seen[-1])
    np.testing.assert_array_equal(average.average, seen[-1])
    np.testing.assert_array_equal(run.stepper.weights, plain.theta)
    assert not np.array_equal(averaged.theta, plain.theta)


def test_layers_see_the_average():
    """theta is written in place: the weights of the layers are still views of it."""
    network = make_network((4, 6, 1))
    train(network, average=WeightAverage(0.9, network.theta))
    assert all(np.shares_memory(layer.W, network.theta) for layer in network.layers)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_two_halves_are_the_whole(name):
    """Going on from the state of the stepper with the same generator: the same bits as one run."""
    networks = [make_network((4, 6, 1), dropout=0.2) for _ in range(2)]

    def stepper(network):
        optimizer = OPTIMIZERS[name](network.theta.size, network.theta.dtype)
        return make_stepper(network, optimizer, average=WeightAverage(0.7, network.theta))

    once, twice = networks
    whole, first, second = stepper(once), stepper(twice), stepper(twice)
    train(once, stepper=whole, rng=5, max_epochs=4)
    rng = np.random.default_rng(5)
    train(twice, stepper=first, rng=rng, max_epochs=2)
    second.set_state(first.get_state(), twice)
    train(twice, stepper=second, rng=rng, max_epochs=2)
    assert bits(once.theta, whole.weights) == bits(twice.theta, second.weights)


def test_the_best_average_is_restored():
    """Validation judges the average, and the best of them is what the network is in the end."""
    network, seen = make_network((4, 6, 1)), []
    validation = Validation(SquaredError(), ArrayRows(X, Y, None, np.arange(40, 50)))
    callbacks = [validation, BestWeights(validation), At(lambda run: seen.append(run.network.theta.copy()))]
    run = train(
        network, rows=np.arange(40), optimizer=sgd(network), schedule=lambda t: 0.1 if t < 15 else -0.05,
        average=WeightAverage(0.9, network.theta), callbacks=callbacks, max_epochs=12,
    )  # fmt: skip
    best = int(np.argmax(run.history["validation_score"]))
    assert best < 11, "it was meant to get worse"
    np.testing.assert_array_equal(network.theta, seen[best])


def test_interrupted_training_returns_the_average():
    """Ctrl-C in the middle of an epoch, at the third step of the second."""
    network = make_network((4, 6, 1))
    recorder, average = Recorder(sgd(network)), WeightAverage(0.8, network.theta)

    def schedule(t):
        if t == N_STEPS + 2:
            raise KeyboardInterrupt
        return 0.05

    run = train(network, optimizer=recorder, schedule=schedule, average=average)
    assert run.interrupted
    assert len(recorder.thetas) == N_STEPS + 3
    np.testing.assert_allclose(network.theta, closed_form(recorder.thetas, 0.8), rtol=1e-12)


def test_an_error_in_a_callback_gives_the_weights_back():
    """At the end of an epoch the weights being trained come back whatever happens inside."""
    network = make_network((4, 6, 1))
    plain = copy.deepcopy(network)
    plain.prepare_training()
    average = WeightAverage(0.8, network.theta)
    with pytest.raises(ZeroDivisionError):
        train(network, average=average, callbacks=[At(lambda run: 1 / 0)])
    train(plain, max_epochs=1)
    np.testing.assert_array_equal(network.theta, plain.theta)


def test_a_kept_state_goes_on():
    """With the count of steps, on which the weight of the next one depends."""
    thetas = np.random.default_rng(0).normal(size=(6, 4))
    one, other = WeightAverage(0.99, thetas[0]), WeightAverage(0.99, thetas[0])
    for theta in thetas[1:4]:
        one.update(theta)
    other.set_state(one.get_state())
    for theta in thetas[4:]:
        one.update(theta)
        other.update(theta)
    np.testing.assert_array_equal(one.average, other.average)
