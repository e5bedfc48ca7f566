"""The limit of time for the whole fit, by a clock that moves a second with each batch."""

import time
import warnings

import numpy as np
import pytest

from skann import ANNClassifier, ANNRegressor
from skann.engine.losses import SquaredError
from tests.helpers import networks_of

N_ROWS, BATCH = 200, 20  # ten batches in an epoch of a network that holds nothing out
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(N_ROWS, 3)), RNG.normal(size=N_ROWS)
PARAMS = {
    "hidden_layer_sizes": (4,),
    "batch_size": BATCH,
    "max_iter": 50,
    "n_iter_no_change": np.inf,
    "random_state": 0,
}
WHOLE = {"n_estimators": 1, "early_stopping": False}


class Clock:
    """Counts the batches of training; each takes a second."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class Slow(SquaredError):
    """Squared error of which a batch of 20 rows takes a second; other rows, those that are watched, take ``watch``."""

    clock: Clock
    watch = 0.0

    def value_and_delta(self, raw, y, weight, delta):
        self.clock.now += 1 if len(raw) == BATCH else self.watch
        return super().value_and_delta(raw, y, weight, delta)


@pytest.fixture
def clock(monkeypatch):
    clock = Slow.clock = Clock()
    monkeypatch.setattr(time, "perf_counter", clock)
    yield clock
    del Slow.clock


def timed(clock, max_time, **params):
    """A fitted model, the seconds that its training took, and its warnings."""
    start = clock.now
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = ANNRegressor(**PARAMS | params, loss=Slow(), max_time=max_time).fit(X, Y)
    return model, clock.now - start, [str(each.message) for each in caught]


@pytest.mark.parametrize("max_time, n_epochs", [(3, 1), (10, 1), (14, 1), (20, 2), (39.5, 4)])
def test_in_the_middle_of_an_epoch(clock, max_time, n_epochs):
    """It ends with the batch that is under way; what came of an unfinished epoch stays, but only the first counts."""
    model, seconds, messages = timed(clock, max_time, **WHOLE)
    assert max_time <= seconds < max_time + 1
    assert (model.n_iter_, len(model.loss_curve_)) == (n_epochs, n_epochs)
    assert any("1 of 1 network was trained, 1 of them for less than an epoch" in each for each in messages) == (
        max_time < 10
    )
    assert np.isfinite(model.predict(X)).all()


def test_one_step_at_least(clock):
    model, seconds, _ = timed(clock, 1e-9, **WHOLE)
    assert (seconds, model.n_iter_) == (1, 1)


@pytest.mark.parametrize("encoder", ["auto", None])
@pytest.mark.parametrize("max_time, n_networks", [(5, 1), (15, 1), (25, 2), (400, 4)])
def test_networks_that_have_not_begun_are_left_out(clock, encoder, max_time, n_networks):
    """Four networks, of which each may take an epoch of ten seconds before the next one begins."""
    model, seconds, messages = timed(clock, max_time, n_estimators=4, early_stopping=False, encoder=encoder)
    assert max_time <= seconds < max_time + 1
    assert len(networks_of(model)) == len(model.estimators_) == n_networks
    epochs = [each.n_iter_ for each in model.estimators_]
    assert epochs == ([10] * 4 if n_networks == 4 else [1] * n_networks)
    about_time = [each for each in messages if "max_time" in each]
    is_cut = ", 1 of them for less than an epoch" if max_time == 5 else ""
    expected = f"max_time={max_time} seconds have passed: {n_networks} of 4 networks were trained{is_cut}. Increase"
    assert [each[: len(expected)] for each in about_time] == [expected] * (n_networks < 4)
    np.testing.assert_allclose(model.predict(X), np.mean([each.predict(X) for each in model.estimators_], axis=0))


def test_watched_rows(clock):
    """The time to evaluate held-out rows is kept free, and what was left unfinished is not the network."""
    model, seconds, _ = timed(clock, 60, n_estimators=1, validation_fraction=0.2)
    assert 40 < seconds < 61
    assert model.n_iter_ == len(model.validation_scores_) > 3
    assert np.isfinite(model.validation_scores_).all()


def test_out_of_fold_predictions_of_the_networks_that_there_are(clock):
    """Rows that only networks hold out which have not begun have none."""
    model, _, _ = timed(clock, 20, n_estimators=5)
    n_networks = len(model.estimators_)
    assert 1 <= n_networks < 5
    missing = np.isnan(model.oof_prediction_)
    assert missing.sum() == N_ROWS - n_networks * N_ROWS // 5


def test_a_warm_start_keeps_the_networks_that_it_has_no_time_for(clock):
    model, _, _ = timed(clock, None, n_estimators=3, early_stopping=False, max_iter=1, warm_start=True)
    before = [network.theta.copy() for network in networks_of(model)]
    with pytest.warns(UserWarning, match="1 of 3 networks were trained"):
        model.set_params(max_time=4).fit(X, Y)
    changed = [not np.array_equal(old, new.theta) for old, new in zip(before, networks_of(model), strict=True)]
    assert changed == [True, False, False]


@pytest.mark.parametrize("params", [{"n_estimators": 3}, {"n_estimators": 1}, {"solver": "lbfgs"}], ids=str)
@pytest.mark.parametrize("encoder", ["auto", None])
def test_by_the_real_clock(encoder, params):
    """Trainings that would take minutes are over in about the time that they have, and have learnt something."""
    X = np.random.default_rng(0).normal(size=(3000, 10))
    labels = X[:, 0] > 0
    params = {"encoder": encoder, "max_iter": 10**6, "max_fun": 10**9, "tol": 0, "n_iter_no_change": np.inf} | params
    params |= {"learning_rate": "constant"} if params.get("solver") != "lbfgs" else {}
    model = ANNClassifier((50,), max_time=0.5, random_state=0, **params)
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, labels)
    seconds = time.perf_counter() - start
    assert seconds < 5  # other processes may be at work, too
    assert seconds > 0.4 or params.get("solver") == "lbfgs"  # which may converge
    assert model.score(X, labels) > 0.7


def test_partial_fit_has_its_one_epoch(clock):
    model = ANNRegressor(**PARAMS, loss=Slow(), max_time=2, n_estimators=3).partial_fit(X, Y)
    assert [each.t_ for each in model.estimators_] == [N_ROWS] * 3
