"""partial_fit from the first row on, with the default encoder: what comes late is learnt."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.preprocessing import StandardScaler

from skann import ANNClassifier, ANNRegressor
from skann._first_rows import N_ROWS
from skann.encoding import TabularEncoder
from skann.encoding.inputs import Inputs
from skann.encoding.stream import N_SLOTS
from skann.engine.losses import BinaryCrossEntropy, CrossEntropy, Poisson
from skann.engine.rows import ArrayRows
from skann.fitting.stream import constant_to_start_from, rows_to_start_from

BOTH = pytest.mark.parametrize("Estimator", [ANNClassifier, ANNRegressor])


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def made(n=3000, seed=0):
    X = np.random.default_rng(seed).normal(size=(n, 4))
    return X, X[:, 0] + X[:, 1]


def streamed(model, X, y, first=1, size=20):
    """The model after a first batch and others of ``size`` rows."""
    model.partial_fit(X[:first], y[:first], **({"classes": np.unique(y)} if hasattr(model, "predict_proba") else {}))
    for i in range(first, len(y), size):
        model.partial_fit(X[i : i + size], y[i : i + size])
    return model


@pytest.mark.parametrize(("size", "n"), [pytest.param(1, 500, marks=pytest.mark.slow), (20, 2000), (200, 5000)])
def test_one_row_first(size, n):
    """As accurate as the plain network, whose columns have the scale that it wants."""
    X, signal = made(n + 500)
    y = (signal > 0).astype(int)
    scores = [
        streamed(ANNClassifier(random_state=0, **params), X[:n], y[:n], 1, size).score(X[n:], y[n:])
        for params in ({}, {"encoder": None, "learning_rate_init": 0.01})
    ]
    assert scores[0] >= 0.98 * scores[1]


@pytest.mark.parametrize("unit", [1e-5, 1.0, 1e6])
def test_one_row_first_in_regression(unit):
    """Whatever the units of columns and target, of which a single row tells nothing."""
    X, signal = made()
    X = X * [1, 1e6, 1e-5, 1] + [0, 1e9, 0, 3]
    model = streamed(ANNRegressor(random_state=0), X[:2500], unit * (signal[:2500] + 10))
    assert model.score(X[2500:], unit * (signal[2500:] + 10)) > 0.95
    np.testing.assert_allclose(model.target_mean_, unit * (signal[: N_ROWS + 1].mean() + 10), rtol=1e-2)
    np.testing.assert_allclose(model.target_scale_, unit * signal[: N_ROWS + 1].std(), rtol=0.05)


@BOTH
@pytest.mark.parametrize("late", [200, 1010])
def test_a_column_that_is_constant_at_first_and_then_decides(Estimator, late):
    X, _ = made(4000)
    X[:late, 1] = 5.0
    signal = X[:, 0] + 2 * X[:, 1]
    y = (signal > 0).astype(int) if Estimator is ANNClassifier else signal
    model = streamed(Estimator(random_state=0), X[:3500], y[:3500], first=200)
    assert model.score(X[3500:], y[3500:]) > 0.95


@BOTH
def test_levels_that_come_late(Estimator):
    rng = np.random.default_rng(0)
    levels = rng.choice(list("cd"), 3000)
    levels[:200] = rng.choice(list("ab"), 200)
    y = np.isin(levels, ["a", "c"]).astype(float)
    X = pd.DataFrame({"s": levels})
    model = streamed(Estimator(random_state=0), X, y, first=200)
    assert model.score(X[-500:], y[-500:]) > 0.99


def test_missing_values_that_come_late_and_tell():
    X, _ = made(4000)
    y = (X[:, 0] > 0).astype(int)
    X[300:, 1][y[300:] == 1] = np.nan
    X[:, 0] = 0
    model = streamed(ANNClassifier(random_state=0), X[:3500], y[:3500], first=100)
    assert model.score(X[3500:], y[3500:]) > 0.99


def test_a_full_table_of_levels_is_a_warning_of_the_call():
    X = pd.DataFrame({"city": [f"{i:03}" for i in range(N_SLOTS + 1)]})
    model = ANNRegressor(random_state=0).partial_fit(X[:1], [0.0])
    before = model.predict(X)
    with pytest.raises(UserWarning, match="Column 'city' has more levels than the 100 that the first call"):
        model.partial_fit(X, np.arange(len(X)))
    np.testing.assert_array_equal(model.predict(X), before)  # an error leaves it as it was
    assert model.encoder_.levels_[0].tolist() == ["000"]
    with pytest.warns(UserWarning, match="city") as found:
        model.partial_fit(X, np.arange(len(X)))
    assert found[0].filename == __file__
    model.partial_fit(X, np.arange(len(X)))


@BOTH
def test_storage_between_the_calls(Estimator):
    """The encoder and the scale of the target go on learning after a pickle."""
    X, y = made(60)
    y = (y > 0).astype(int) if Estimator is ANNClassifier else y
    kwargs = {"classes": [0, 1]} if Estimator is ANNClassifier else {}
    model = Estimator(random_state=0)
    for i in range(0, 60, 20):
        model = pickle.loads(pickle.dumps(model.partial_fit(X[i : i + 20], y[i : i + 20], **kwargs)))
    np.testing.assert_array_equal(model.encoder_.center_, TabularEncoder().fit(X).center_)
    if Estimator is ANNRegressor:
        np.testing.assert_allclose(model.target_mean_, y.mean(), rtol=1e-12)


def test_a_call_that_fails_leaves_the_scale_of_the_target_as_it_was():
    X, y = made(60)
    model = ANNRegressor(random_state=0).partial_fit(X[:20], y[:20])
    before = model.target_mean_.copy(), model.target_scale_.copy(), model.encoder_.center_.copy()
    with pytest.raises(ValueError, match="infinite"):
        model.partial_fit(np.full((40, 4), np.inf), 1e6 + y[20:])
    after = model.target_mean_, model.target_scale_, model.encoder_.center_
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)


def test_target_scale_of_a_stream():
    """Of the first rows with their weights; then it stands fast, but for a target that was constant."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(2 * N_ROWS, 1)), rng.normal([3, 0], 1, (2 * N_ROWS, 2))
    y[: N_ROWS + 5, 1] = 2.0
    weight = rng.uniform(0.5, 2, N_ROWS)
    model = ANNRegressor(random_state=0).partial_fit(X[:1], y[:1], sample_weight=weight[:1])
    model.partial_fit(X[1:N_ROWS], y[1:N_ROWS], sample_weight=weight[1:])
    mean = np.average(y[:N_ROWS], axis=0, weights=weight)
    np.testing.assert_allclose(model.target_mean_, mean)
    model.partial_fit(X[N_ROWS:], y[N_ROWS:])
    assert model.target_mean_[0] == pytest.approx(mean[0])
    assert model.target_scale_[1] == pytest.approx(y[N_ROWS - 1 :, 1].std(), rel=1e-3)


@BOTH
def test_after_fit_the_statistics_stay(Estimator):
    X, y = made(100)
    y = (y > 0).astype(int) if Estimator is ANNClassifier else y
    model = Estimator(random_state=0, max_iter=20, n_estimators=1).fit(X[:50], y[:50])
    before, mean = pickle.dumps(model.encoder_), getattr(model, "target_mean_", None)
    model.partial_fit(100 + 10 * X, y)
    assert pickle.dumps(model.encoder_) == before
    assert getattr(model, "target_mean_", None) == mean


@pytest.mark.parametrize("kind", [TabularEncoder, StandardScaler])
def test_a_fitted_encoder_keeps_its_statistics(kind):
    X, y = made(1000)
    X = 1e3 + 50 * X
    encoder = kind().fit(X)
    expected = encoder.transform(X)
    model = streamed(ANNRegressor(random_state=0, encoder=encoder), X[:800], y[:800])
    np.testing.assert_array_equal(model.encoder_.transform(X), expected)
    assert model.score(X[800:], y[800:]) > 0.8
    encoder.fit(X[:1])  # the model has one of its own
    np.testing.assert_array_equal(model.encoder_.transform(X), expected)


def test_an_encoder_with_options_learns_as_the_default_does():
    X = pd.DataFrame({"s": ["a", "b", "c", "d"], "x": [1.0, 2.0, 3.0, 4.0]})
    encoder = TabularEncoder(high_cardinality="infrequent", max_one_hot_levels=3)
    model = ANNRegressor(encoder=encoder, random_state=0).partial_fit(X[:1], [0.0]).partial_fit(X, np.arange(4.0))
    assert model.encoder_.levels_[0].tolist() == ["a", "b"]
    assert model.encoder_.center_ == [2.0]
    assert not hasattr(encoder, "levels_")


@pytest.mark.parametrize("first", [1, 200])
def test_sparse_rows(first):
    """Columns that are 0 at first are learnt when they come."""
    X = sparse.random(8000, 20, 0.3, "csr", random_state=0)  # many to test on: 500 would be out by 1 %
    signal = X @ np.random.default_rng(0).normal(size=20)
    y = (signal > np.median(signal)).astype(int)
    score, plain = (
        streamed(ANNClassifier(random_state=0, **params), X[:2500], y[:2500], first).score(X[2500:], y[2500:])
        for params in ({}, {"encoder": None, "learning_rate_init": 0.01})
    )
    assert score >= 0.98 * plain


@pytest.mark.parametrize("embedding", ["piecewise_linear", None])
def test_other_embeddings(embedding):
    X, signal = made(2000)
    model = streamed(ANNRegressor(numeric_embedding=embedding, random_state=0), X[:1500], signal[:1500])
    assert model.score(X[1500:], signal[1500:]) > 0.95


def test_counts_that_begin_with_none():
    """A first call without events: no error, and no start near the logarithm of 0."""
    X, signal = made(4000)
    y = np.random.default_rng(1).poisson(np.exp(0.5 * signal - 1)).astype(float)
    y[:5] = 0
    model = streamed(ANNRegressor(loss="poisson", random_state=0), X, y)
    assert model.predict(X).sum() == pytest.approx(y.sum(), rel=0.2)


def test_rows_to_start_from():
    """Some of the first rows, and random ones: numbers with an interquartile range of 1, every code."""
    rng = np.random.default_rng(0)
    X = np.column_stack([np.full(60, 3.0), np.full(60, -9.0), rng.integers(0, 2, 60), np.full(60, 2), np.full(60, 1)])
    made = rows_to_start_from(ArrayRows(X), Inputs(5, 2, (7, 100)), rng).X
    np.testing.assert_array_equal(np.unique(made[:60], axis=0), np.unique(X, axis=0))
    assert len(made) > 260
    made = made[60:]
    np.testing.assert_allclose(np.subtract(*np.quantile(made[:, :2], [0.75, 0.25], axis=0)), 1, atol=0.3)
    assert set(made[:, 2]) == {0, 1}
    assert set(made[:, 3]) == set(range(1, 8))
    assert {1, 100} < set(made[:, 4]) <= set(range(1, 101))


def test_sparse_rows_to_start_from():
    """As many stored values in a row, anywhere."""
    first = sparse.csr_matrix([[0.0, 2.0, 3.0, 0.0, 0.0, 0.0]], dtype=np.float32)
    made = rows_to_start_from(ArrayRows(first), Inputs(6, 6), np.random.default_rng(0)).X
    assert made.dtype == np.float32
    assert set(made[1:].data) >= {2.0, 3.0}
    assert (made[1:].sum(axis=0) > 0).all()
    assert made[1:].nnz / (made.shape[0] - 1) == pytest.approx(2, abs=0.5)


def test_constant_to_start_from():
    """What the first rows lack is about as probable as one row more would make it."""
    constant = CrossEntropy(3).constant(np.array([1]), None)
    np.testing.assert_allclose(constant_to_start_from(CrossEntropy(3), constant, 1), np.log([0.5, 1, 0.5]), atol=1e-5)
    constant = BinaryCrossEntropy().constant(np.array([[0.0, 1.0]] * 9), None)
    np.testing.assert_allclose(constant_to_start_from(BinaryCrossEntropy(), constant, 9), np.log([0.1, 10]))
    constant = Poisson().constant(np.zeros((4, 1)), None)
    np.testing.assert_allclose(constant_to_start_from(Poisson(), constant, 4), -np.log(5))
    constant = Poisson().constant(np.full((4, 1), 1e-6), None)
    np.testing.assert_allclose(constant_to_start_from(Poisson(), constant, 4), np.log(1e-6))
