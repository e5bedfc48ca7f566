"""Data-parallel training on the parts of a table against the same training in one place."""

import time
from typing import ClassVar

import numpy as np
import pytest

from skann import ANNClassifier, ANNRegressor
from skann.engine.calibration import fit_temperature, fit_temperature_to
from skann.engine.evaluation import mean_loss
from skann.engine.layers import Dense
from skann.engine.network import Network
from skann.engine.optimizers import Adam
from skann.engine.schedules import Constant
from skann.fitting import rounds
from skann.fitting.local_steps import Local, LocalTraining, part_of_epoch, state_of
from skann.fitting.rounds import take_average
from skann.fitting.sharded_rows import EncodedPart
from skann.fitting.shards import LocalShards
from skann.fitting.summed import SummedValidation
from tests.blocks.tables import COLUMNS, mixed
from tests.fitting.parts import PickledShards, in_parts
from tests.helpers import make_loss

RNG = np.random.default_rng(0)
X = RNG.normal(size=(400, 3))
Y = np.sin(2 * X[:, 0]) + X[:, 1]
LABELS = (Y > 0.5) + (Y > -0.5).astype(int)
WEIGHT = RNG.integers(0, 4, 400) * np.where(np.arange(400) < 100, 0.1, 1.0)
PLAIN = {"encoder": None, "hidden_layer_sizes": 5, "random_state": 0, "dtype": "float64", "activation": "tanh"}
FULL_BATCH = PLAIN | {
    "solver": "sgd", "momentum": 0, "batch_size": 400, "learning_rate_init": 0.1, "max_iter": 6, "alpha": 0.5,
    "n_iter_no_change": 6,
}  # fmt: skip
CUTS = {"one": [], "unequal": [10, 150, 160], "empty": [0, 200, 200]}
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def assert_same_network(model, other, **tolerance):
    for own, of_other in zip(model.coefs_ + model.intercepts_, other.coefs_ + other.intercepts_, strict=True):
        np.testing.assert_allclose(own, of_other, **tolerance)


@pytest.mark.parametrize("cuts", CUTS.values(), ids=CUTS)
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["plain", "weighted"])
def test_one_plain_step_in_a_round_is_the_step_along_the_gradient_of_all_rows(cuts, weight):
    expected = ANNRegressor(**FULL_BATCH).fit(X, Y, sample_weight=weight)
    model = ANNRegressor(**FULL_BATCH).fit(in_parts(cuts, X, Y, weight))
    assert_same_network(model, expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(model.loss_curve_, expected.loss_curve_, rtol=1e-9)
    assert (model.n_iter_, model.t_) == (expected.n_iter_, expected.t_)


def test_momentum_that_is_averaged_is_that_of_all_rows():
    params = FULL_BATCH | {"momentum": 0.9, "learning_rate": "invscaling", "weight_averaging": 0.5}
    expected = ANNRegressor(**params).fit(X, Y)
    assert_same_network(ANNRegressor(**params).fit(in_parts([10, 150], X, Y)), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("balanced", [None, "balanced"])
def test_lbfgs_sums_losses_and_gradients(balanced):
    params = PLAIN | {"solver": "lbfgs", "max_iter": 30, "class_weight": balanced}
    expected = ANNClassifier(**params).fit(X, LABELS, sample_weight=WEIGHT)
    order = np.argsort(LABELS, kind="stable")  # parts have one class
    cuts = np.cumsum(np.bincount(LABELS))[:-1].tolist()
    model = ANNClassifier(**params).fit(in_parts(cuts, X[order], LABELS[order], WEIGHT[order]))
    assert_same_network(model, expected, atol=1e-5)
    assert model.n_iter_ == expected.n_iter_


def test_each_row_is_in_one_step_of_an_epoch_and_epochs_differ():
    part = EncodedPart(0, X, Y, None, np.full(400, -1))
    training = LocalTraining(None, 0.0, -1, None, None, None, None, None, n_steps=7, n_rounds=3, seed=5, shuffle=True)
    orders = []
    for epoch in (0, 1):
        order = part_of_epoch(part, training, epoch).rows.which
        batches = [training.batches(order, i) for i in range(3)]
        assert [len(each) for each in batches] == [2, 2, 3]
        sizes = [len(batch) for each in batches for batch in each]
        assert max(sizes) - min(sizes) <= 1
        orders.append(np.concatenate([batch for each in batches for batch in each]))
        np.testing.assert_array_equal(np.sort(orders[-1]), np.arange(400))
    assert (orders[0] != orders[1]).any()
    assert [len(batch) for i in range(3) for batch in training.batches(np.arange(3), i)] == [1] * 7


@pytest.mark.parametrize("solver, n_parts, factor", [("adam", 4, 2.0), ("adam", 16, 8**0.5), ("sgd", 4, 1.0)])
def test_adaptive_steps_on_shares_of_a_batch_have_larger_rates(solver, n_parts, factor):
    params = PLAIN | {"solver": solver, "max_iter": 1, "learning_rate": "constant", "learning_rate_init": 0.001}
    model = ANNRegressor(**params).fit(in_parts([25 * i for i in range(1, n_parts)], X, Y))
    assert model.history_["learning_rate"] == [pytest.approx(0.001 * factor)]


def test_rows_held_out_are_not_learnt_from():
    fold = np.arange(400) % 4 - 1
    part = EncodedPart(0, X, Y, WEIGHT, fold)
    np.testing.assert_array_equal(part.training_rows(1).which, np.flatnonzero(fold != 1))
    np.testing.assert_array_equal(part.held_out(1).which, np.flatnonzero(fold == 1))
    assert part.held_out(7) is None
    assert part.training_rows(1).targets()[1].mean() == pytest.approx(1)


def test_a_temperature_by_grids_is_the_best_one():
    loss, raw = make_loss("log_loss", 3), 8 * RNG.normal(size=(400, 3))
    y = (raw + 6 * RNG.gumbel(size=raw.shape)).argmax(axis=1)
    found = fit_temperature_to(lambda grid: np.array([mean_loss(loss, raw / each, y) for each in grid]))
    assert found == pytest.approx(fit_temperature(loss, raw, y), rel=1e-3)
    assert found > 3


def test_averages_are_weighted_and_moments_are_averaged_as_what_they_mean():
    network = Network([Dense(2, 1)], np.float64)
    training = LocalTraining(None, 0.0, -1, Adam, Constant(0.1), None, None, 0.9, 1, 1, 0, True)
    found = []
    for k in (1, 2):
        stepper = training.stepper(network)
        stepper.optimizer.state[...], stepper.optimizer.units = k, [0.5 * k, 1.0]
        stepper.average.average[...] = 10 * k
        stepper.t = stepper.optimizer.t = 4
        found.append(Local(weight=float(k), n_rows=1, loss=0.0, theta=np.full(3, float(k)), state=state_of(stepper)))
    stepper = training.stepper(network)
    take_average(network, stepper, found)
    np.testing.assert_allclose(network.theta, 5 / 3)
    np.testing.assert_allclose(stepper.optimizer.state.T * stepper.optimizer.units, [[1.5, 5 / 3]] * 3)
    np.testing.assert_allclose(stepper.average.average, 50 / 3)
    assert stepper.t == stepper.optimizer.t == 4


def test_a_mixed_table_on_other_processes_of_which_some_are_lost_is_trained_to_the_same_bit():
    table = mixed(600).sort_values("class").reset_index(drop=True)  # a part with one class
    order, y = [50, 50, 500], table["class"].to_numpy()
    params = {"n_estimators": 2, "max_iter": 2, "hidden_layer_sizes": 16, "random_state": 0}
    model, other = (
        ANNClassifier(**params).fit(in_parts(order, table[COLUMNS], y, None, shards))
        for shards in (LocalShards, PickledShards)
    )
    assert len(model.estimators_) == 2
    np.testing.assert_array_equal(model.predict_proba(table[COLUMNS]), other.predict_proba(table[COLUMNS]))
    for own, of_other in zip(model.estimators_, other.estimators_, strict=True):
        assert own.history_["validation_loss"] == of_other.history_["validation_loss"]


def test_losses_and_temperature_from_sums_are_those_of_the_rows_held_out(monkeypatch):
    params = {"n_estimators": 2, "max_iter": 3, "hidden_layer_sizes": 16, "random_state": 0}
    y, cuts = LABELS.astype(str), [5, 5, 300]
    summed = ANNClassifier(**params).fit(in_parts(cuts, X, y, WEIGHT))
    monkeypatch.setattr("skann.fitting.train.can_be_summed", lambda score: False)
    monkeypatch.setattr("skann.fitting.evaluate.ShardedRows", type(None))
    held_here = ANNClassifier(**params).fit(in_parts(cuts, X, y, WEIGHT))
    for own, expected in zip(summed.estimators_, held_here.estimators_, strict=True):
        own, expected = own.history_, expected.history_
        np.testing.assert_allclose(own["validation_loss"], expected["validation_loss"], rtol=1e-5)
        np.testing.assert_allclose(own["validation_score"], expected["validation_score"], rtol=1e-3)
    np.testing.assert_allclose(summed.networks_.temperature, held_here.networks_.temperature, rtol=1e-3)
    assert summed.networks_.temperature != 1


def test_a_score_that_is_no_sum_is_that_of_the_rows_held_here(monkeypatch):
    monkeypatch.delattr(SummedValidation, "evaluate")  # it would fail
    params = {"n_estimators": 1, "max_iter": 2, "hidden_layer_sizes": 8, "random_state": 0}
    model = ANNRegressor(scoring="neg_median_absolute_error", **params).fit(in_parts([100], X, Y))
    assert max(model.validation_scores_) == pytest.approx(model.oof_score_)


class InterruptedShards(LocalShards):
    """Ctrl-C in the fourth round."""

    left: ClassVar[list] = []

    def run(self, function, *arguments):
        if function is rounds.local_steps:
            if not self.left:
                raise KeyboardInterrupt
            self.left.pop()
        return super().run(function, *arguments)

    def hold(self, function, *arguments):
        return InterruptedShards(self.run(function, *arguments))

    def numbered(self):
        return InterruptedShards(list(enumerate(self.parts)))


def test_ctrl_c_between_rounds_leaves_a_model():
    InterruptedShards.left[:] = [1] * 3
    params = {"n_estimators": 1, "hidden_layer_sizes": 8, "random_state": 0, "batch_size": 160, "early_stopping": False}
    model = ANNRegressor(max_iter=10, **params).fit(in_parts([100], X, Y, None, InterruptedShards))
    assert model.n_iter_ == 1  # three rounds each
    shorter = ANNRegressor(max_iter=10, **params | {"batch_size": 400}).fit(in_parts([100], X, Y))
    assert model.predict(X).shape == shorter.predict(X).shape == (400,)


class SlowShards(LocalShards):
    """A round takes a tenth of a second at least, and is counted."""

    rounds: ClassVar[list] = []

    def run(self, function, *arguments):
        if function is rounds.local_steps:
            self.rounds.append(time.sleep(0.1))
        return super().run(function, *arguments)

    def hold(self, function, *arguments):
        return SlowShards(self.run(function, *arguments))

    def numbered(self):
        return SlowShards(list(enumerate(self.parts)))


def test_max_time_ends_the_training_between_rounds():
    params = PLAIN | {"solver": "adam", "batch_size": 20, "max_iter": 100, "max_time": 0.3}
    model = ANNRegressor(**params).fit(in_parts([100], X, Y, None, SlowShards))
    assert model.n_iter_ == 1
    assert 1 <= len(SlowShards.rounds) <= 4  # an epoch has 16
    assert np.isfinite(model.predict(X)).all()


def test_rows_given_to_watch_are_watched_here():
    params, watched = FULL_BATCH | {"early_stopping": True}, {"X_val": X[:60] + 0.1, "y_val": Y[:60]}
    expected = ANNRegressor(**params).fit(X, Y, **watched)
    model = ANNRegressor(**params).fit(in_parts([10, 150], X, Y), **watched)
    np.testing.assert_allclose(model.validation_scores_, expected.validation_scores_, rtol=1e-9)


@pytest.mark.parametrize("given, batch_size", [("auto", 160), (40, 40)])
def test_parts_take_enough_rows_in_a_step_unless_told_otherwise(given, batch_size):
    model = ANNRegressor(n_estimators=1, hidden_layer_sizes=4, max_iter=1, batch_size=given, random_state=0)
    model.fit(in_parts([50, 100, 200, 300], X, Y))
    assert model.resolved_params_.get("batch_size", given) == batch_size


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_parts_of_weight_zero_take_no_part(loss):
    weight, y = np.where(np.arange(400) < 150, 0.0, 1.0), np.abs(Y)
    params = FULL_BATCH | {"loss": loss, "batch_size": 30, "max_iter": 2}
    model = ANNRegressor(**params).fit(in_parts([100, 200], X, y, weight))
    other = ANNRegressor(**params).fit(in_parts([0, 50], X[150:], y[150:]))
    assert_same_network(model, other, rtol=1e-9, atol=1e-12)


@pytest.mark.slow
def test_parts_are_about_as_good_as_one_place():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(24_000, 8))
    y = (np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2] + 0.5 * rng.normal(size=len(X)) > 0).astype(int)
    params = {"n_estimators": 1, "hidden_layer_sizes": 64, "max_iter": 10, "random_state": 0}
    train, test = slice(0, 20_000), slice(20_000, None)
    expected = ANNClassifier(**params).fit(X[train], y[train]).score(X[test], y[test])
    for cuts in ([9000], [100, 6000, 11_000]):
        score = ANNClassifier(**params).fit(in_parts(cuts, X[train], y[train])).score(X[test], y[test])
        assert score > expected - 0.01
