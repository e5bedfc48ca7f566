"""The total of the predictions is that of the targets, though few rows have events."""

import numpy as np
import pytest
from sklearn.base import clone

from skann import ANNRegressor
from skann.engine.losses import Gamma, LogLink, Poisson, SquaredError, Tweedie
from tests.helpers import bits

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:.*batch_size.*:UserWarning"),
]
SMALL = {"hidden_layer_sizes": (8,), "max_iter": 8}
VARIANTS = [
    {}, {"n_estimators": 1}, {"n_estimators": 1, "solver": "lbfgs"}, {"encoder": None}, {"cv": 3},
    {"encoder": None, "early_stopping": True}, {"encoder": None, "solver": "sgd", "early_stopping": True},
]  # fmt: skip
KINDS = pytest.mark.parametrize("params", VARIANTS, ids=str)


def events(n_events, seed=0, n_rows=1000):
    rng = np.random.default_rng(seed)
    y = np.zeros(n_rows)
    y[rng.permutation(n_rows)[:n_events]] = 1
    return rng.normal(size=(n_rows, 3)), y


def total(model, X, y, weight=None):
    """The total of the predictions relative to that of the targets, for each column."""
    return np.average(model.predict(X), axis=0, weights=weight) / np.average(y, axis=0, weights=weight)


@KINDS
@pytest.mark.parametrize("loss", ["poisson", "tweedie", "squared_error"])
@pytest.mark.parametrize("n_events", [1, 5])
def test_total_of_rare_events(params, loss, n_events):
    X, y = events(n_events, n_rows=300)
    model = ANNRegressor(loss=loss, random_state=0, **SMALL | params).fit(X, y)
    assert total(model, X, y) == pytest.approx(1, rel=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("n_estimators", [1, "auto"])
@pytest.mark.parametrize("seed", range(2))
def test_total_of_the_default(n_estimators, seed):
    """As it comes, with 5 events in 1000 rows: it was 0.4 and less."""
    X, y = events(5, seed)
    model = ANNRegressor(loss="poisson", n_estimators=n_estimators, random_state=seed).fit(X, y)
    assert total(model, X, y) == pytest.approx(1, rel=1e-3)


@KINDS
def test_total_of_few_skewed_values(params):
    """Gamma, 30 rows; 90 of which some are held out."""
    for n_rows in (30, 90):
        rng = np.random.default_rng(n_rows)
        X = rng.normal(size=(n_rows, 3))
        y = rng.gamma(0.7, np.exp(X[:, 0])) + 1e-3
        model = ANNRegressor(loss="gamma", random_state=0, **SMALL | params).fit(X, y)
        assert total(model, X, y) == pytest.approx(1, rel=1e-3)


@pytest.mark.parametrize("params", VARIANTS[:2], ids=str)
def test_weights_and_several_targets(params):
    """Each column by itself; rows of weight zero have no part in it."""
    X, y = events(12)
    rng = np.random.default_rng(1)
    Y, weight = np.column_stack([y, rng.poisson(1 + X[:, 0] ** 2)]), rng.integers(0, 4, size=1000)
    model = ANNRegressor(loss="poisson", random_state=0, **SMALL | params).fit(X, Y, weight)
    np.testing.assert_allclose(total(model, X, Y, weight), 1, rtol=1e-3)


def test_rows_to_watch_have_no_part():
    """The total is that of the training rows, though events are frequent in X_val."""
    X, y = events(12)
    model = ANNRegressor(loss="poisson", random_state=0, n_estimators=2, **SMALL)
    model.fit(X, y, X_val=X[:100], y_val=np.ones(100))
    assert total(model, X, y) == pytest.approx(1, rel=1e-3)


def test_own_splits_balance_what_they_know():
    """Each network over its training and held-out rows: not over later ones, whose total it can't know."""
    X, y = events(300)
    early, late = np.arange(400), np.arange(400, 500)
    y[500:] = 50
    model = ANNRegressor(loss="poisson", random_state=0, cv=[(early, late)], **SMALL).fit(X, y)
    assert total(model, X[:500], y[:500]) == pytest.approx(1, rel=1e-3)
    weight = np.where(np.arange(1000) < 400, 1, 9)
    model.fit(X, y, weight)
    assert total(model, X[:500], y[:500], weight[:500]) == pytest.approx(1, rel=1e-3)


def test_a_part_without_events():
    """A split of the user's may know no event of a column: its level is not set, that of another one is."""
    X, y = events(5)
    Y = np.column_stack([y, np.random.default_rng(0).poisson(2, 1000)])
    quiet, loud = np.flatnonzero(y == 0), np.flatnonzero(y)
    model = ANNRegressor(loss="poisson", random_state=0, cv=[(quiet[:400], quiet[400:])], **SMALL).fit(X, Y)
    assert np.isfinite(model.predict(X[loud])).all()
    assert total(model, X[quiet], Y[quiet] + [1e-300, 0])[1] == pytest.approx(1, rel=1e-3)


def test_warm_start_and_partial_fit(monkeypatch):
    """A warm start sets it again; a call of partial_fit, whose batch is a part, does not."""
    X, y = events(12)
    model = ANNRegressor(loss="poisson", random_state=0, warm_start=True, n_estimators=2, **SMALL)
    for _ in range(2):
        assert total(model.fit(X, y), X, y) == pytest.approx(1, rel=1e-3)
    streams = [ANNRegressor(loss="poisson", random_state=0, **SMALL).partial_fit(X, y)]
    monkeypatch.setattr(LogLink, "balance", None)
    streams.append(clone(streams[0]).partial_fit(X, y))
    assert streams[0].predict(X).tobytes() == streams[1].predict(X).tobytes()


def test_it_shifts_nothing_but_the_last_biases(monkeypatch):
    """The same network otherwise, and the shift in closed form."""
    X, y = events(12)
    params = SMALL | {"loss": "poisson", "n_estimators": 1, "random_state": 0}
    model = ANNRegressor(**params).fit(X, y)
    monkeypatch.setattr(LogLink, "balance", None)
    other = ANNRegressor(**params).fit(X, y)
    model.network_.layers[-1].b[:], shifted = other.intercepts_[-1], model.intercepts_[-1].copy()
    assert bits(model.network_.theta) == bits(other.network_.theta)
    shift = np.log(y.sum() / other.predict(X).sum())
    assert shifted - other.intercepts_[-1] == pytest.approx([shift], rel=1e-3)


def test_squared_error_is_left_alone_where_most_values_differ(monkeypatch):
    """Only where most targets have the least value is there a total that a few rows make; the same to the bit."""
    X, _ = events(0)
    y = X[:, 0] + np.random.default_rng(0).normal(size=1000)
    params = SMALL | {"n_estimators": 2, "random_state": 0}
    model = ANNRegressor(**params).fit(X, y)
    monkeypatch.setattr(SquaredError, "balance", None)
    assert ANNRegressor(**params).fit(X, y).predict(X).tobytes() == model.predict(X).tobytes()


def test_out_of_fold_predictions_are_those_of_the_networks():
    """Of the networks as they are kept."""
    X, y = events(30)
    model = ANNRegressor(loss="poisson", random_state=0, cv=3, **SMALL).fit(X, y)
    folds = np.array_split(np.arange(1000), [334, 667])
    for estimator, fold in zip(model.estimators_, folds, strict=True):
        np.testing.assert_allclose(model.oof_prediction_[fold], estimator.predict(X)[fold], rtol=1e-4)


@pytest.mark.parametrize(
    "loss", [Poisson(), Gamma(), Tweedie(1.3), SquaredError()], ids=lambda loss: type(loss).__name__
)
@pytest.mark.parametrize("weighted", [False, True])
def test_balance_of_a_loss(loss, weighted):
    """After the shift the weighted totals are equal, also from raw outputs whose exp is out of range."""
    rng = np.random.default_rng(0)
    y, weight = rng.gamma(1, size=(50, 2)), rng.uniform(size=50) if weighted else None
    for raw in (rng.normal(size=(50, 2)), rng.normal(size=(50, 2)) - 900):
        values = loss.predict(raw + loss.balance(raw, y, weight))
        np.testing.assert_allclose(np.average(values, 0, weight), np.average(y, 0, weight), rtol=1e-10)
    assert loss.is_balanced(y, weight).tolist() == [not isinstance(loss, SquaredError)] * 2
    assert loss.is_balanced(y * (rng.random((50, 2)) < 0.2), weight).tolist() == [True, True]
