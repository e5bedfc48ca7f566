"""Training on batches: against scikit-learn's MLP, and what must hold for every run."""

import copy
import math
import tracemalloc
from itertools import chain

import numpy as np
import pytest
from scipy import sparse
from sklearn.neural_network import MLPClassifier, MLPRegressor

from skann.engine.activations import ACTIVATIONS
from skann.engine.averaging import WeightAverage
from skann.engine.callbacks import BestWeights, Callback, LowerRate, Patience, Validation
from skann.engine.losses import LOSSES, SquaredError
from skann.engine.objective import Objective
from skann.engine.optimizers import OPTIMIZERS
from skann.engine.rows import ArrayRows
from skann.engine.schedules import Constant, InverseScaling, Linear
from skann.engine.stepping import Stepper
from skann.engine.training import fit_minibatch
from tests.engine.runs import LABELS, RNG, X, Y, lbfgs, linear, make_stepper, sgd, train
from tests.helpers import Peak, make_network, make_targets, make_weight

# ------------------------------------------------------------------------------------------------ parity


@pytest.mark.parametrize("task", ["regression", "three classes"])
@pytest.mark.parametrize("momentum, nesterov", [(0.0, False), (0.9, False), (0.9, True)])
@pytest.mark.parametrize("activation", ["tanh", "relu", "logistic"])
@pytest.mark.parametrize("learning_rate", ["constant", "invscaling"])
@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_weights_equal_the_peers(task, momentum, nesterov, activation, learning_rate):
    """SGD from the same start on the same batches: after 12 epochs the same weights, biases and losses."""
    Peer, y = (MLPRegressor, Y[:, 0]) if task == "regression" else (MLPClassifier, LABELS)
    params = {
        "hidden_layer_sizes": (7, 5), "activation": activation, "solver": "sgd", "alpha": 0.0, "batch_size": 16,
        "shuffle": False, "momentum": momentum, "nesterovs_momentum": nesterov, "learning_rate": learning_rate,
        "power_t": 0.3, "n_iter_no_change": 1000, "random_state": 0,
    }  # fmt: skip
    start = Peer(**params, learning_rate_init=1e-300, max_iter=1).fit(X, y)
    peer = Peer(**params, learning_rate_init=0.05, max_iter=12).fit(X, y)

    network = make_network((4, 7, 5, len(start.intercepts_[-1])), activation)
    for layer, W, b in zip(network.layers, start.coefs_, start.intercepts_, strict=True):
        layer.W[...], layer.b[...] = W, b
    run = train(
        network, y=Y if task == "regression" else LABELS, loss="squared_error" if task == "regression" else "log_loss",
        optimizer=sgd(network, momentum=momentum, nesterovs_momentum=nesterov), max_epochs=12, shuffle=False,
        schedule=Constant(0.05) if learning_rate == "constant" else InverseScaling(0.05, 0.3, 4, 50),
    )  # fmt: skip
    for layer, start_W, W, b in zip(network.layers, start.coefs_, peer.coefs_, peer.intercepts_, strict=True):
        np.testing.assert_allclose(layer.W, W, rtol=0, atol=1e-10)
        np.testing.assert_allclose(layer.b, b, rtol=0, atol=1e-10)
        assert np.abs(W - start_W).max() > 1e-4  # it went somewhere
    np.testing.assert_allclose(run.history["loss"], peer.loss_curve_, rtol=1e-10)


# ------------------------------------------------------------------------------------------------ mini-batches


class Recorder(Objective):
    """An objective that remembers the targets and weights of every batch."""

    def __call__(self, X, y, weight, workspace, rng=None):
        self.batches = [*getattr(self, "batches", []), y[:, 0].tolist()]
        return super().__call__(X, y, weight, workspace, rng)


def batches(shuffle=True, rows=None, seed=0, max_epochs=2):
    network, numbers = linear(), np.arange(50.0).reshape(-1, 1)
    objective = Recorder(network, SquaredError())
    fit_minibatch(
        objective, make_stepper(network, schedule=Constant(0.0)), ArrayRows(X, numbers, None, rows),
        batch_size=16, max_epochs=max_epochs, rng=np.random.default_rng(seed), shuffle=shuffle,
    )  # fmt: skip
    return objective.batches


@pytest.mark.parametrize("rows", [None, np.arange(5, 45), np.array([7, 3, 30])])
@pytest.mark.parametrize("shuffle", [True, False])
def test_each_row_once_per_epoch(rows, shuffle):
    numbers = np.arange(50) if rows is None else rows
    per_epoch = -(-len(numbers) // 16)
    seen = batches(shuffle, rows)
    assert [len(batch) for batch in seen] == 2 * ([16] * (len(numbers) // 16) + [len(numbers) % 16])
    orders = [list(chain(*seen[:per_epoch])), list(chain(*seen[per_epoch:]))]
    for order in orders:
        assert sorted(order) == sorted(numbers)
        if not shuffle:
            assert order == numbers.tolist()
    assert not shuffle or len(numbers) == 3 or orders[0] != orders[1]


def test_the_order_follows_the_generator():
    assert batches(seed=1) == batches(seed=1) != batches(seed=2)


def test_rows_are_a_view_of_the_data():
    """Training on rows is training on X[rows]; also for sparse X, with weights and dropout."""
    rows, weight = np.random.default_rng(1).permutation(50)[:37], make_weight(50)
    networks = [make_network((4, 6, 1), dropout=0.3) for _ in range(3)]
    train(networks[0], X[rows], Y[rows], weight[rows], shuffle=False)
    train(networks[1], weight=weight, rows=rows, shuffle=False)
    train(networks[2], sparse.csr_matrix(X), weight=weight, rows=rows, shuffle=False)
    np.testing.assert_allclose(networks[1].theta, networks[0].theta, rtol=1e-12)
    np.testing.assert_allclose(networks[2].theta, networks[0].theta, rtol=1e-10)


def test_weights_mean_repetition_on_full_batches():
    """Exactly so: weights (of mean 1) on the one hand, repeated rows on the other."""
    count = np.random.default_rng(1).integers(0, 4, 50)
    repeated = np.repeat(np.arange(50), count)
    networks = [make_network((4, 6, 1)) for _ in range(2)]
    kept = count > 0
    train(networks[0], X[kept], Y[kept], count[kept] / count[kept].mean(), batch_size=50, shuffle=False)
    train(networks[1], X[repeated], Y[repeated], batch_size=len(repeated), shuffle=False)
    np.testing.assert_allclose(networks[0].theta, networks[1].theta, rtol=1e-10)


def test_same_seed_same_weights():
    thetas = []
    for rng in (0, 0, 1):
        network = make_network((4, 6, 1), dropout=0.3)
        train(network, rng=rng)
        thetas.append(network.theta)
    np.testing.assert_array_equal(thetas[0], thetas[1])
    assert not np.array_equal(thetas[0], thetas[2])


def test_the_loss_falls_and_the_record_is_complete():
    network = make_network((4, 6, 1))
    run = train(network, max_epochs=30)
    loss = run.history["loss"]
    assert loss[-1] < 0.3 * loss[0]
    assert {name: len(values) for name, values in run.history.items()} == dict.fromkeys(run.history, 30)
    assert run.history["learning_rate"] == [0.05] * 30
    assert (np.diff(run.history["seconds"]) > 0).all()
    assert (run.epoch, run.network, run.stopped_by, run.interrupted) == (30, network, None, False)
    assert (run.stepper.t, run.stepper.n_rows) == (120, 1500)


def test_the_loss_of_an_epoch_is_the_mean_over_rows():
    """Also when the last batch is short: with a rate of 0, the loss of the whole."""
    network = make_network((4, 6, 1))
    objective = Objective(network, SquaredError(), l2=0.2)
    expected = objective(X, Y, None, network.workspace(50))
    assert train(network, schedule=Constant(0.0), l2=0.2).history["loss"] == pytest.approx([expected] * 5)


def test_the_schedule_counts_steps_across_runs():
    seen = []

    def schedule(t):
        seen.append(t)
        return 0.0

    network = linear()
    stepper = make_stepper(network, schedule=schedule)
    train(network, stepper=stepper, max_epochs=2)
    train(network, stepper=stepper, max_epochs=1)
    assert seen == list(range(12))


def test_the_rate_factor_multiplies_the_schedule():
    networks = [linear(), linear()]
    train(networks[0], schedule=Constant(0.01))
    stepper = make_stepper(networks[1], schedule=Constant(0.02))
    stepper.rate_factor = 0.5
    run = train(networks[1], stepper=stepper)
    np.testing.assert_allclose(networks[1].theta, networks[0].theta, rtol=1e-14)
    assert run.history["learning_rate"] == [0.01] * 5


def test_adaptive_rates_reach_the_optimizer():
    """A callback divides the rate when the loss rises, and the next epochs are trained with the new one."""
    network = linear()
    run = train(network, callbacks=[LowerRate(1, tol=math.inf)], max_epochs=4)
    assert run.history["learning_rate"] == pytest.approx([0.05, 0.01, 0.002, 0.0004])


def test_callbacks_are_all_called_in_order():
    """Each at the beginning, at every epoch's end, also after one that says stop, and at the end."""
    calls = []

    class Spy(Callback):
        def __init__(self, name):
            self.name = name

        def on_fit_begin(self, run):
            calls.append(self.name + " begin")

        def on_epoch_end(self, run):
            calls.append(self.name)
            return run.epoch == 2

        def on_fit_end(self, run):
            calls.append(self.name + " end")

    expected = ["a begin", "b begin", "a", "b", "a", "b", "a end", "b end"]
    assert train(linear(), callbacks=[Spy("a"), Spy("b")]).epoch == 2
    assert calls == expected
    calls.clear()
    assert lbfgs(make_network((4, 6, 1)), callbacks=[Spy("a"), Spy("b")]).epoch == 2
    assert calls == expected


@pytest.mark.parametrize("solve", [train, lbfgs])
def test_early_stopping_restores_the_best_weights(solve):
    """The network at the end has the best of the scores on record."""
    network = make_network((4, 30, 1))
    rng = np.random.default_rng(1)
    noisy, held_out = Y + rng.normal(0, 1, Y.shape), np.arange(35, 50)
    validation = Validation(SquaredError(), ArrayRows(X, noisy, None, held_out))
    callbacks = [validation, BestWeights(validation), Patience(5, 0.0, "validation_score", greater_is_better=True)]
    kwargs = {"max_epochs": 300, "schedule": Constant(0.2)} if solve is train else {}
    run = solve(network, y=noisy, rows=np.arange(35), callbacks=callbacks, **kwargs)
    scores = run.history["validation_score"]
    assert run.stopped_by
    assert len(scores) - 1 - int(np.argmax(scores)) == 5
    assert validation.evaluate(network)[1] == pytest.approx(max(scores), rel=1e-12)


# ------------------------------------------------------------------------------------------------ clipping


def test_max_grad_norm_bounds_the_steps():
    """With plain SGD at a rate of 1 no step is longer; and a bound that is never met changes nothing."""
    points = []

    def schedule(t):
        points.append(network.theta.copy())
        return 1.0

    network = make_network((4, 6, 1))
    train(network, schedule=schedule, max_grad_norm=0.05)
    lengths = np.linalg.norm(np.diff(points, axis=0), axis=1)
    assert lengths.max() <= 0.05 * (1 + 1e-12)
    assert np.median(lengths) == pytest.approx(0.05)
    networks = [make_network((4, 6, 1)) for _ in range(2)]
    train(networks[0])
    train(networks[1], max_grad_norm=1e6)
    np.testing.assert_array_equal(networks[0].theta, networks[1].theta)


# ------------------------------------------------------------------------------------------------ memory and dtype


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@pytest.mark.parametrize("dropout", [0.0, 0.2])
def test_steps_hold_no_growing_memory(activation, dropout):
    """In the batch loop at most a few temporaries of one batch by one layer are held, and none of them for long."""
    n_batch, width, n_steps = 256, 64, 40
    network = make_network((16, width, width, 3), activation, dropout=dropout, dtype=np.float32)
    X, y = RNG.normal(size=(n_batch * n_steps, 16)).astype(np.float32), RNG.integers(3, size=n_batch * n_steps)
    held, peak = {}, Peak()

    def schedule(t):  # called once in each step
        if t == 2:
            peak.__enter__()
        elif t > 2:
            held[t] = tracemalloc.get_traced_memory()[0]
        if t == n_steps - 1:
            peak.__exit__()
        return 0.001

    optimizer = OPTIMIZERS["adam"](network.theta.size, network.theta.dtype)
    train(network, X, y, loss="log_loss", optimizer=optimizer, schedule=schedule, batch_size=n_batch, max_epochs=1)
    assert len(held) == n_steps - 3
    assert peak.bytes <= 4 * n_batch * width * 4 + 20_000
    assert held[n_steps - 1] - held[3] < n_batch * width  # a quarter of one temporary, over all steps


@pytest.mark.parametrize("optimizer", sorted(OPTIMIZERS))
@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_float32_throughout(loss, optimizer, monkeypatch):
    """theta, grad, the optimizer's state and all buffers, from the first step to the last."""
    network, workspaces = make_network((4, 6, 3), dropout=0.2, dtype=np.float32), []
    make = network.workspace
    monkeypatch.setattr(network, "workspace", lambda n_rows: workspaces.append(make(n_rows)) or workspaces[-1])
    optimizer = OPTIMIZERS[optimizer](network.theta.size, network.theta.dtype, weight_decay=0.01)
    y, weight = make_targets(loss, 50, dtype=np.float32), make_weight(50, np.float32)
    theta = network.theta
    train(
        network, X.astype(np.float32), y, weight, loss=loss, optimizer=optimizer, l2=0.01, max_grad_norm=1.0,
        schedule=Constant(0.01),
    )  # fmt: skip
    assert network.theta is theta
    assert {network.theta.dtype, network.grad.dtype, optimizer.state.dtype} == {np.dtype(np.float32)}
    assert {array.dtype for buf in workspaces[0].buffers for array in buf.values()} == {np.dtype(np.float32)}
    assert np.isfinite(theta).all()


def test_float32_is_float64_to_its_precision():
    networks = [make_network((4, 6, 1), dtype=dtype) for dtype in (np.float64, np.float32)]
    train(networks[0])
    train(networks[1], X.astype(np.float32), Y.astype(np.float32))
    np.testing.assert_allclose(networks[1].theta, networks[0].theta, atol=1e-5)


# ------------------------------------------------------------------------------------------------ fading


class StrengthRecorder(Objective):
    """An objective that notes the strength of dropout in every step."""

    def __call__(self, *args):
        self.strengths = [*getattr(self, "strengths", []), self.network.layers[1].share]
        return super().__call__(*args)


class DecayRecorder:
    """An optimizer that notes how it is told to weaken the decay, and does nothing."""

    def __init__(self):
        self.strengths = []

    def step(self, theta, grad, lr, decay_strength):
        self.strengths.append(decay_strength)


def test_fade_lowers_dropout_and_decay_step_by_step():
    """Both have the value of the schedule at the step; afterwards dropout is as strong as ever."""
    network, optimizer, fade = make_network((4, 6, 1), dropout=0.5), DecayRecorder(), Linear(1.0, 12)
    objective, stepper = StrengthRecorder(network, SquaredError()), Stepper(optimizer, Constant(0.1), fade=fade)
    stepper.t = 2
    fit_minibatch(
        objective, stepper, ArrayRows(X, Y), batch_size=16, max_epochs=3, rng=np.random.default_rng(0)
    )  # fmt: skip
    assert objective.strengths == optimizer.strengths == [fade(t) for t in range(2, 14)]
    assert stepper.t == 14
    assert network.layers[1].share == 1.0


def test_fade_is_restored_after_ctrl_c():
    def schedule(t):
        if t == 5:
            raise KeyboardInterrupt
        return 0.01

    network = make_network((4, 6, 1), dropout=0.5)
    assert train(network, schedule=schedule, fade=Constant(0.25)).interrupted
    assert network.layers[1].share == 1.0


def test_faded_dropout_and_decay_are_weaker_ones():
    """A constant fade of 1/2 is half the rate and half the decay, to the bit; of 0 it is neither."""
    for strength in (0.5, 0.0):
        faded, weaker = make_network((4, 6, 1), dropout=0.4), make_network((4, 6, 1), dropout=0.4 * strength)
        train(faded, optimizer=sgd(faded, weight_decay=0.2), fade=Constant(strength))
        train(weaker, optimizer=sgd(weaker, weight_decay=0.2 * strength))
        np.testing.assert_array_equal(faded.theta, weaker.theta)


# ------------------------------------------------------------------------------------------------ kept states


class Keep(Callback):
    """Keeps the state of everything after an epoch, and gives it to another training at its beginning."""

    def __init__(self, rng, epoch=None, state=None):
        self.rng, self.epoch, self.state, self.begun = rng, epoch, state, []

    def on_fit_begin(self, run):
        if self.state is not None:
            run_state, theta, stepper_state, rng_state = self.state
            run.set_state(run_state)
            run.network.theta[...] = theta
            run.stepper.set_state(stepper_state, run.network)
            self.rng.bit_generator.state = rng_state

    def on_epoch_begin(self, run):
        self.begun.append(run.epoch)

    def on_epoch_end(self, run):
        if run.epoch == self.epoch:
            state = run.get_state(), run.network.theta, run.stepper.get_state(), self.rng.bit_generator.state
            self.state = copy.deepcopy(state)
        return False


def run_with(keep=None, epoch=None, averaged=False, max_epochs=8, stop=None):
    """A training with dropout on batches, and its `Keep`."""
    network = make_network((4, 7, 1), dropout=0.3)
    optimizer, rng = OPTIMIZERS["nadam"](network.theta.size, np.float64), np.random.default_rng(5)
    average = WeightAverage(0.9, network.theta) if averaged else None
    keep = Keep(rng, epoch, None if keep is None else keep.state)
    stopping = [] if stop is None else [stop]
    run = train(
        network, optimizer=optimizer, schedule=Linear(0.01, 8 * 4), average=average, max_epochs=max_epochs, rng=rng,
        callbacks=[*stopping, keep],
    )  # fmt: skip
    return run, keep


@pytest.mark.parametrize("averaged", [False, True])
@pytest.mark.parametrize("epoch", [1, 5, 8])
def test_a_training_goes_on_from_its_state(epoch, averaged):
    """To the bit, the record too; the last epoch has none to follow."""
    whole, _ = run_with(averaged=averaged)
    _, keep = run_with(epoch=epoch, averaged=averaged, max_epochs=epoch)
    run, resumed = run_with(keep, averaged=averaged)
    np.testing.assert_array_equal(run.network.theta, whole.network.theta)
    assert run.history["loss"] == whole.history["loss"]
    assert run.history["learning_rate"] == whole.history["learning_rate"]
    assert (run.epoch, run.stepper.t) == (whole.epoch, whole.stepper.t)
    assert run.stepper.n_rows == whole.stepper.n_rows
    assert resumed.begun == list(range(epoch, 8))


def test_a_training_that_was_at_its_end_does_not_go_on():
    """Because a callback had ended it."""
    whole, keep = run_with(epoch=4, stop=Patience(3, tol=1e9))
    run, resumed = run_with(keep)
    assert (run.epoch, run.stopped_by) == (4, whole.stopped_by)
    assert resumed.begun == []
    np.testing.assert_array_equal(run.network.theta, whole.network.theta)


def test_dropout_is_active_in_training_only():
    """The same seed with dropout and without leads to other weights; the loss of held-out rows is that without."""
    thetas = []
    for rate in (0.0, 0.5):
        network = make_network((4, 6, 1), dropout=0.5)
        network.layers[1].rate = rate
        validation = Validation(SquaredError(), ArrayRows(X, Y))
        train(network, callbacks=[validation])
        assert validation.evaluate(network) == validation.evaluate(network)
        thetas.append(network.theta.copy())
    assert not np.allclose(*thetas)
