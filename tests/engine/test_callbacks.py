"""Callbacks, one epoch after the other, on histories made by hand."""

import math

import numpy as np
import pytest
from sklearn.neural_network._stochastic_optimizers import SGDOptimizer

from skann.engine import callbacks as module
from skann.engine.callbacks import BestWeights, Callback, LowerRate, Patience, TimeLimit, Validation
from skann.engine.rows import ArrayRows
from skann.engine.run import Run
from tests.engine.runs import make_stepper
from tests.helpers import make_loss, make_network, make_targets, make_weight


def play(callback, series, name="loss", rate=0.1):
    """Feed a callback one value per epoch; the run, and the number of epochs until it says stop."""
    network = make_network()
    run = Run(network, make_stepper(network))
    callback.on_fit_begin(run)
    for value in series:
        run.epoch += 1
        run.record(**{name: value}, learning_rate=rate * run.stepper.rate_factor)
        if callback.on_epoch_end(run):
            break
    callback.on_fit_end(run)
    return run, run.epoch


@pytest.mark.parametrize("n_epochs", [1, 2, 10])
def test_patience_counts(n_epochs):
    """An epoch that sets the mark, then n_epochs without improvement."""
    run, epochs = play(Patience(n_epochs, tol=0.0), [1.0] * 50)
    assert epochs == 1 + n_epochs
    assert f"{n_epochs} epochs" in run.stopped_by


def test_patience_starts_anew_after_an_improvement():
    _, epochs = play(Patience(3, tol=0.0), [5, 5, 5, 4, 4, 4, 3, 3, 3, 3, 3])
    assert epochs == 10


def test_patience_counts_from_the_best():
    """Up and down without a new best is no improvement."""
    _, epochs = play(Patience(4, tol=0.0), [1.0, 9, 8, 7, 6, 5, 4])
    assert epochs == 5


def test_slow_steady_gains_add_up():
    """Half of tol in each epoch is tol in two: the training goes on, although no single epoch improves by tol."""
    run, epochs = play(Patience(3, tol=0.1), 10 - 0.06 * np.arange(100))
    assert epochs == 100
    assert run.stopped_by is None
    assert play(Patience(3, tol=0.1), 10 - 0.02 * np.arange(100))[1] == 4


def test_improvement_must_exceed_tol():
    assert play(Patience(1, tol=0.25), [1.0, 0.75])[1] == 2
    assert play(Patience(1, tol=0.25), [1.0, 0.74, 0.7])[1] == 3
    assert play(Patience(5, tol=0.25), [1.0, 0.75] * 10)[0].stopped_by


def test_scores_are_better_when_greater():
    def patience(n):
        return Patience(n, 0.0, "validation_score", greater_is_better=True)

    assert play(patience(2), [0.1, 0.2, 0.3, 0.2, 0.2], "validation_score")[1] == 5
    assert play(patience(2), [0.3, 0.2, 0.1, 0.05], "validation_score")[1] == 3
    assert "validation score" in play(patience(1), [0.3] * 3, "validation_score")[0].stopped_by


def test_patience_grows_with_what_was_achieved():
    """By half of the number of the epoch with the last improvement."""
    falls_until_10 = [*range(20, 10, -1), *[11] * 50]
    assert play(Patience(3, tol=0.0, growth=0.5), falls_until_10)[1] == 10 + 3 + 5
    assert play(Patience(3, tol=0.0), falls_until_10)[1] == 10 + 3


def test_infinite_patience():
    run, epochs = play(Patience(math.inf, tol=0.0), [1.0] * 1000)
    assert epochs == 1000
    assert run.stopped_by is None


def test_patience_begins_anew_with_each_fit():
    patience = Patience(3, tol=0.0)
    play(patience, [1.0] * 3)
    assert play(patience, [2.0] * 10)[1] == 4


@pytest.mark.parametrize("rate", [0.001, 0.1, 1e-6, 1e-7])
def test_lower_rates_before_the_end(rate):
    """Out of patience divides the rate, as often as scikit-learn does, and only then ends the training."""
    peer, expected = SGDOptimizer([], rate, "adaptive"), []
    while not peer.trigger_stopping("", verbose=False):
        expected.append(peer.learning_rate)
    run, epochs = play(LowerRate(2, tol=0.0), [1.0] * 200, rate=rate)
    assert epochs == 1 + 2 * (len(expected) + 1)
    np.testing.assert_allclose(run.history["learning_rate"], [rate, *np.repeat([rate, *expected], 2)])
    assert run.stepper.rate_factor == pytest.approx(5.0 ** -len(expected))
    assert run.stopped_by


def network_with(theta):
    network = make_network()
    network.theta.fill(theta)
    return network


class FakeValidation:
    def evaluate(self, network):
        return 0.0, float(network.theta[0])


def play_best_weights(scores, thetas, **kwargs):
    run = Run(network_with(0.5))
    best = BestWeights(FakeValidation(), **kwargs)
    best.on_fit_begin(run)
    for score, theta in zip(scores, thetas, strict=True):
        run.network.theta.fill(theta)
        run.record(validation_score=score)
        assert not best.on_epoch_end(run)
    best.on_fit_end(run)
    return set(run.network.theta.tolist())


def test_best_weights_are_restored():
    assert play_best_weights([0.1, 0.7, 0.3], [1, 2, 3]) == {2}
    assert play_best_weights([0.1, 0.2, 0.3], [1, 2, 3]) == {3}
    assert play_best_weights([0.7, 0.7, 0.7], [1, 2, 3]) == {1}  # the first of equals
    assert play_best_weights([-5.0, -2.0, -3.0], [1, 2, 3]) == {2}


def test_the_start_may_compete():
    """With a warm start there is a model already: here of score 0.55, while the training goes on from other weights."""
    assert play_best_weights([0.1, 0.4], [1, 2]) == {2}
    start = network_with(0.55).theta
    assert play_best_weights([0.1, 0.51], [1, 2], start=start) == {0.55}
    assert play_best_weights([0.1, 0.6], [1, 2], start=start) == {2}


def test_the_training_does_not_go_on_from_the_start_that_competes():
    run = Run(network_with(0.5))
    BestWeights(FakeValidation(), network_with(9.0).theta).on_fit_begin(run)
    assert set(run.network.theta.tolist()) == {0.5}


def test_without_a_score_the_weights_stay():
    assert play_best_weights([], []) == {0.5}
    assert play_best_weights([math.nan], [3]) == {3}


def test_best_weights_keeps_views():
    """Restoring writes into theta: the layers' arrays are still its views."""
    run = Run(network_with(1))
    best = BestWeights(FakeValidation())
    best.on_fit_begin(run)
    run.record(validation_score=1.0)
    best.on_epoch_end(run)
    run.network.theta.fill(7)
    best.on_fit_end(run)
    assert (run.network.layers[0].W == 1).all()


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("rows", [None, np.array([1, 4, 5, 9])])
def test_validation(weighted, rows):
    """The weighted mean loss of the held-out rows; the score gets the raw outputs of these only, in the same order."""
    loss, network, X = make_loss("log_loss"), make_network(dropout=0.5), np.random.default_rng(0).normal(size=(12, 4))
    y, weight = make_targets("log_loss", 12), 5 * make_weight(12) if weighted else None
    chosen = np.arange(12) if rows is None else rows
    raw = network.forward(X[chosen], network.workspace(len(chosen)))
    each = [loss.value_and_delta(raw[i : i + 1], y[j : j + 1], None, np.empty((1, 3))) for i, j in enumerate(chosen)]
    expected = np.average(each, weights=None if weight is None else weight[chosen])
    seen = []

    def score(network, raw):
        seen.append((network, raw.copy()))
        return 0.25

    run, of_rows = Run(network), ArrayRows(X, y, weight, rows)
    assert not Validation(loss, of_rows, score).on_epoch_end(run)
    assert run.history["validation_loss"] == pytest.approx([expected])
    assert run.history["validation_score"] == [0.25]
    assert seen[0][0] is network
    np.testing.assert_allclose(seen[0][1], raw)
    np.testing.assert_array_equal(of_rows.targets()[0], y[chosen])
    if weighted:
        of_rows = of_rows.targets()[1]
        np.testing.assert_allclose(of_rows / of_rows.sum(), weight[chosen] / weight[chosen].sum())
    assert Validation(loss, ArrayRows(X, y, weight, rows)).evaluate(network) == pytest.approx((expected, -expected))


def test_time_limit(monkeypatch):
    clock = iter([100.0, 100.9, 101.8, 101.9, 102.0])
    monkeypatch.setattr(module.time, "perf_counter", lambda: next(clock))
    run, limit = Run.__new__(Run), TimeLimit(2)  # a Run reads the clock, too
    limit.on_fit_begin(run)
    assert [limit.is_over(run, 1), limit.on_epoch_end(run), limit.is_over(run, 1)] == [False, False, True]
    assert "max_time" in run.stopped_by


def test_time_limit_counts_what_was_spent_before(monkeypatch):
    """A run that goes on from a state after 1.5 seconds has half a second left."""
    clock = iter([100.0, 101.5, 200.0, 200.25, 200.25, 200.5])
    monkeypatch.setattr(module.time, "perf_counter", lambda: next(clock))
    run, before, limit = Run.__new__(Run), TimeLimit(2), TimeLimit(2)
    before.on_fit_begin(run)
    state = before.get_state()
    limit.on_fit_begin(run)
    limit.set_state(state)
    assert [limit.on_epoch_end(run) for _ in range(2)] == [False, True]


def test_time_limit_knows_the_pace_of_before(monkeypatch):
    """After 4 of 10 seconds for 40 rows, 20 rows without a backward pass take one: nine seconds are left."""
    clock = iter([100.0, 104.0, 104.0, 200.0, 204.9, 205.0])
    monkeypatch.setattr(module.time, "perf_counter", lambda: next(clock))
    run, before, limit = Run.__new__(Run), TimeLimit(10, n_after=20), TimeLimit(10, n_after=20)
    before.on_fit_begin(run)
    assert not before.is_over(run, 40)
    state = before.get_state()
    limit.on_fit_begin(run)
    limit.set_state(state)
    assert [limit.is_over(run, 49), limit.is_over(run, 1)] == [False, True]


def test_time_limit_of_an_epoch(monkeypatch):
    """After its share no epoch begins, though the one that has begun may end."""
    clock = iter([100.0, 102.0, 102.5, 102.5])
    monkeypatch.setattr(module.time, "perf_counter", lambda: next(clock))
    run, limit = Run.__new__(Run), TimeLimit(10, share=2)
    limit.on_fit_begin(run)
    assert [limit.is_over(run, 1), limit.on_epoch_end(run)] == [False, True]


@pytest.mark.parametrize("n_after, second", [(0, 10), (8, 9), (16, 8), (10**9, 5)])
def test_time_limit_leaves_time(monkeypatch, n_after, second):
    """Steps of 4 rows a second: 8 rows without a backward pass take one, at most half of the time is kept for them."""
    seconds = iter(range(100, 120))
    monkeypatch.setattr(module.time, "perf_counter", lambda: next(seconds))
    run, limit = Run.__new__(Run), TimeLimit(10, n_after=n_after)
    limit.on_fit_begin(run)
    assert [limit.is_over(run, 4) for _ in range(10)].index(True) + 1 == second


def test_the_base_does_nothing():
    run = Run(make_network())
    before = run.network.theta.copy()
    callback = Callback()
    callback.on_fit_begin(run)
    assert callback.on_epoch_end(run) is False
    callback.on_fit_end(run)
    np.testing.assert_array_equal(run.network.theta, before)
    assert run.history == {}
