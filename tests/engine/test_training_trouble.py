"""Training that diverges or is interrupted."""

import math

import numpy as np
import pytest

from skann.engine.activations import ACTIVATIONS
from skann.engine.callbacks import BestWeights, Callback, Validation
from skann.engine.losses import LOSSES, SquaredError
from skann.engine.rows import ArrayRows
from skann.engine.run import Run
from skann.engine.schedules import Constant
from tests.engine.runs import At, X, Y, lbfgs, linear, train
from tests.helpers import make_network


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_diverging_raises(activation, dtype):
    network = make_network((4, 6, 1), activation, dtype=dtype)
    with pytest.raises(FloatingPointError, match=r"loss is (nan|inf) in epoch \d"):
        train(network, X.astype(dtype), Y.astype(dtype), schedule=Constant(1e30), max_epochs=100)


NEGATIVE_NAN = {np.float64: np.int64(-(2**51)).view(np.float64), np.float32: np.int32(-(2**22)).view(np.float32)}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@pytest.mark.parametrize("solve", [train, lbfgs])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_nan_with_the_sign_bit_set_raises(dtype, activation, solve):
    """x86 makes such NaNs, and a trick with the sign bit takes them for negative numbers, which ReLU turns to 0."""
    nan = NEGATIVE_NAN[dtype]
    assert np.isnan(nan)
    assert np.signbit(nan)
    network = make_network((4, 6, 1), activation, dtype=dtype)
    for i in (0, network.n_weights - 1, network.n_weights, -1):  # first and last weight, first and last bias
        theta = network.theta.copy()
        network.theta[i] = nan
        with pytest.raises(FloatingPointError):
            solve(network, X.astype(dtype), Y.astype(dtype))
        network.theta[...] = theta


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "selu"])
@pytest.mark.parametrize("solve", [train, lbfgs])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_nan_born_in_the_forward_pass_raises(activation, solve):
    """inf - inf, from finite data and finite weights: on x86 its sign bit is set."""
    network, far = make_network((4, 2, 6, 1), activation), np.full_like(X, 1e300)
    network.layers[0].W[...] = 1e10
    network.layers[1].W[...] = [[1.0], [-1.0]]
    a = network.forward(far, network.workspace(50))
    assert np.isnan(a).all()
    with pytest.raises(FloatingPointError):
        solve(network, far)


@pytest.mark.parametrize("solve", [train, lbfgs])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_nan_of_the_loss_raises(solve, monkeypatch):
    class NaNLoss(SquaredError):
        def value_and_delta(self, raw, y, weight, delta):
            super().value_and_delta(raw, y, weight, delta)
            return float(NEGATIVE_NAN[np.float64])

    monkeypatch.setitem(LOSSES, "squared_error", NaNLoss)
    with pytest.raises(FloatingPointError):
        solve(linear())


@pytest.mark.parametrize("rate", [math.nan, math.inf])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_last_step_into_nowhere_raises(rate):
    """The loss of the epoch was still finite when it was computed."""
    with pytest.raises(FloatingPointError):
        train(linear(), schedule=lambda t: rate if t == 19 else 0.05)


def test_ctrl_c_keeps_the_run():
    """After three epochs and one step: the record of three epochs, and theta as far as it came."""
    network, twin, steps, ended = linear(), linear(), [], []

    def schedule(t):
        steps.append(t)
        if t == 13:
            raise KeyboardInterrupt
        return 0.05

    class End(Callback):
        def on_fit_end(self, run):
            ended.append(run.epoch)

    run = train(network, schedule=schedule, max_epochs=10, callbacks=[End()])
    assert run.interrupted
    assert (run.epoch, run.stepper.t, len(run.history["loss"]), ended) == (3, 13, 3, [3])
    assert run.stepper.n_rows == 150
    train(twin, max_epochs=4, schedule=lambda t: 0.05 * (t < 13))
    np.testing.assert_array_equal(network.theta, twin.theta)


def test_another_thread_may_end_the_training_before_the_next_step():
    runs = []

    def schedule(t):
        runs[0].interrupted = t == 6  # as if set while this step is taken
        return 0.05

    class Begin(Callback):
        def on_fit_begin(self, run):
            runs.append(run)

    run = train(linear(), schedule=schedule, max_epochs=10, callbacks=[Begin()])
    assert run.interrupted
    assert (run.epoch, run.stepper.t) == (1, 7)


def test_ctrl_c_still_restores_the_best_weights():
    network, held_out = make_network((4, 6, 1)), np.arange(40, 50)
    validation = Validation(SquaredError(), ArrayRows(X, Y, None, held_out))

    def interrupt(run):
        if run.epoch == 6:
            raise KeyboardInterrupt

    run = train(
        network, rows=np.arange(40), schedule=Constant(1.3), max_epochs=20,
        callbacks=[validation, BestWeights(validation), At(interrupt)],
    )  # fmt: skip
    assert run.interrupted
    assert validation.evaluate(network)[1] == pytest.approx(max(run.history["validation_score"]))


def test_what_counts_as_diverged():
    """A loss, or a single parameter, that is not finite."""
    network = make_network()
    run = Run(network)
    run.check_finite(1.0)
    for loss in (math.nan, math.inf, -math.inf):
        with pytest.raises(FloatingPointError, match="the loss is"):
            run.check_finite(loss)
    network.theta[3] = math.nan
    with pytest.raises(FloatingPointError, match="a parameter"):
        run.check_finite(1.0)
