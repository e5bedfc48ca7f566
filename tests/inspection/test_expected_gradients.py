"""Attributions: they add up, are Shapley values of additive models, and speak of the table as it came."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestRegressor
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skann import ANNClassifier, ANNRegressor
from skann.inspection import attributions
from tests.fitting.kinds import MixedClassifier, TrunkRegressor
from tests.fitting.test_importance import OwnLoss

RNG = np.random.default_rng(0)
N = 200
FRAME = pd.DataFrame(
    {
        "size": np.where(RNG.random(N) < 0.2, np.nan, RNG.normal(size=N)),
        "town": RNG.integers(15, size=N).astype(str),
        "garden": RNG.choice(["yes", "no", "maybe"], N),
        "same": 1.0,
        "noise": RNG.normal(size=N),
    }
)
Y = FRAME["size"].fillna(2) + FRAME["town"].astype(int) / 5 + 2 * (FRAME["garden"] == "yes")
NUMBERS = FRAME[["size", "noise"]].fillna(0).assign(town=FRAME["town"].astype(float)).to_numpy()
SMALL = {"hidden_layer_sizes": (16,), "max_iter": 10, "n_estimators": 2, "random_state": 0}
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def assert_complete(found, predicted, background, tolerance=1e-2):
    """The parts of a row add up to its prediction minus the mean of the background, to a share of the spread."""
    predicted, base = np.atleast_2d(predicted.T).T, np.atleast_2d(background.T).T.mean(axis=0)
    values = np.atleast_3d(found.values)
    allowed = tolerance * np.concatenate([predicted, np.atleast_2d(background.T).T]).std(axis=0)
    assert (np.abs(values.sum(axis=1) - (predicted - base)) <= allowed + 1e-12).all()
    np.testing.assert_allclose(np.reshape(found.base_values, predicted.shape), np.tile(base, (len(values), 1)), 1e-5)
    np.testing.assert_allclose(np.reshape(found.predictions, predicted.shape), predicted, rtol=1e-5)


@pytest.mark.parametrize(
    "Estimator, load", [(ANNClassifier, load_wine), (ANNClassifier, load_breast_cancer), (ANNRegressor, load_diabetes)]
)
def test_complete_with_default_steps(Estimator, load):
    """Models as they are by default but for their number of networks, on real tables: to 1e-2 of the spread."""
    X, y = load(return_X_y=True)
    model = Estimator(n_estimators=2, random_state=0).fit(X, y)
    found = attributions(model, X[::15], X[::6])
    predict = model.predict if Estimator is ANNRegressor else model.predict_proba
    predicted, background = predict(X[::15]), predict(X[::6])
    if found.values.ndim == 2 and predicted.ndim == 2:
        predicted, background = predicted[:, 1], background[:, 1]
    assert_complete(found, predicted, background)


@pytest.mark.parametrize("options", [{}, {"encoder": None, "activation": "relu", "learning_rate_init": 0.01}])
def test_more_steps_are_better(options):
    X, y = load_wine(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    model = ANNClassifier(**SMALL | {"max_iter": 40}, **options).fit(X, y)
    errors = []
    for n_steps in (1, 4, 16, 64):
        found = attributions(model, X[::9], n_steps=n_steps)
        errors.append(np.abs(found.values.sum(axis=1) + found.base_values - found.predictions).max())
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.03 * errors[0]
    found = attributions(model, X[::9])
    assert np.abs(found.values.sum(axis=1) + found.base_values - found.predictions).max() < 0.005


@pytest.mark.parametrize(
    "model, y",
    [
        (ANNRegressor(**SMALL), 1000 * Y),
        (ANNRegressor(**SMALL), np.column_stack([Y, -Y])),
        (ANNRegressor(**SMALL, numeric_embedding="piecewise_linear"), Y),
        (ANNRegressor(**SMALL, loss="poisson"), np.exp(Y / 3)),
        (ANNRegressor(**SMALL, loss="quantile", quantile=[0.9, 0.1]), Y),
        (TrunkRegressor(**SMALL), Y),
        (ANNClassifier(**SMALL), pd.cut(Y, 3, labels=["low", "middle", "high"]).astype(str)),
        (ANNClassifier(**SMALL), np.column_stack([Y > 1, Y > 2, Y > 3]).astype(int)),
        (MixedClassifier(**SMALL), np.digitize(Y, [1, 3])),
    ],
    ids=["values", "targets", "bins", "poisson", "quantiles", "heads", "classes", "labels", "mixed"],
)
def test_complete_for_every_kind(model, y):
    """With missing values, categories with vectors and without, a constant column: one number for each column."""
    model.fit(FRAME, y)
    predict = getattr(model, "predict_proba", model.predict)
    found = attributions(model, FRAME[:20], FRAME[50:90])
    assert found.values.shape[:2] == (20, 5)
    assert not found.values[:, 3].any()
    assert_complete(found, predict(FRAME[:20]), predict(FRAME[50:90]))


def test_two_classes_are_the_second():
    model = ANNClassifier(**SMALL).fit(FRAME, np.where(Y > 2, "yes", "no"))
    found = attributions(model, FRAME[:20], FRAME[50:90])
    assert found.values.shape == (20, 5)
    assert_complete(found, model.predict_proba(FRAME[:20])[:, 1], model.predict_proba(FRAME[50:90])[:, 1])
    assert repr(found) == "<Attributions of probability of yes, 20 rows, 5 columns>"


def test_raw_outputs():
    """Log-odds of one network are those of decision_function; a log link has the logarithms of the predictions."""
    two = ANNClassifier(**SMALL | {"n_estimators": 1}).fit(FRAME, Y > 2)
    found = attributions(two, FRAME[:20], FRAME[50:90], space="raw")
    assert_complete(found, two.decision_function(FRAME[:20]), two.decision_function(FRAME[50:90]))
    poisson = ANNRegressor(**SMALL | {"n_estimators": 1}, loss="poisson").fit(FRAME, np.exp(Y / 3))
    found = attributions(poisson, FRAME[:20], FRAME[50:90], space="raw")
    assert_complete(found, np.log(poisson.predict(FRAME[:20])), np.log(poisson.predict(FRAME[50:90])))


def test_losses_of_ones_own_have_raw_outputs_only():
    model = ANNRegressor(**SMALL, loss=OwnLoss(), encoder=None).fit(NUMBERS, Y)
    with pytest.raises(ValueError, match="space='raw'"):
        attributions(model, NUMBERS)
    found = attributions(model, NUMBERS[:9], space="raw")
    np.testing.assert_allclose(found.predictions, model.predict(NUMBERS[:9]) / 2, rtol=1e-6)


def test_an_additive_model_has_its_shapley_values():
    """Hidden units that see one column each, in the order of any permutation: what a column changes by itself."""
    model = ANNRegressor((12,), encoder=None, activation="tanh", max_iter=30, learning_rate_init=0.05, random_state=0)
    model.fit(NUMBERS, Y)
    model.network_.layers[0].W[...] *= np.arange(12) % 3 == np.arange(3)[:, None]
    X, background = NUMBERS[:6], NUMBERS[100:120]
    found = attributions(model, X, background, n_steps=64)
    for j in range(3):
        mixed = np.repeat(background[None], 6, axis=0)
        mixed[:, :, j] = X[:, None, j]
        change = model.predict(mixed.reshape(-1, 3)).reshape(6, 20) - model.predict(background)
        np.testing.assert_allclose(found.values[:, j], change.mean(axis=1), atol=1e-3 * Y.std())


def test_the_background_is_100_rows_of_X():
    model = ANNRegressor(**SMALL).fit(FRAME, Y)
    rows = np.linspace(0, N - 1, 100).round().astype(int)
    found, same = attributions(model, FRAME), attributions(model, FRAME, FRAME.iloc[rows])
    np.testing.assert_array_equal(found.values, same.values)
    assert found.base_values[0] == pytest.approx(model.predict(FRAME.iloc[rows]).mean())


def test_one_row_against_itself():
    model = ANNRegressor(**SMALL).fit(FRAME, Y)
    found = attributions(model, FRAME[:1])
    assert not found.values.any()


@pytest.mark.parametrize("make", [lambda X: X.to_numpy(object), lambda X: pl.DataFrame(X.to_dict("list"))])
def test_tables_of_other_kinds(make):
    options = SMALL | {"categorical_features": [1, 2]}
    expected = attributions(ANNRegressor(**options).fit(FRAME, Y), FRAME[:9])
    X = make(FRAME)
    found = attributions(ANNRegressor(**options).fit(X, Y), X[:9])
    np.testing.assert_allclose(found.values, expected.values, rtol=1e-4, atol=1e-5)
    assert found.feature_names == (list(FRAME) if hasattr(X, "columns") else [f"x{i}" for i in range(5)])


@pytest.mark.parametrize("encoder", ["auto", None])
def test_sparse_rows(encoder):
    X = sparse.random(150, 30, 0.2, format="csr", random_state=0)
    y = X @ np.arange(30.0)
    model = ANNRegressor(**SMALL, encoder=encoder).fit(X, y)
    found = attributions(model, X[:10], X[20:])
    assert_complete(found, model.predict(X[:10]), model.predict(X[20:]))
    np.testing.assert_array_equal(found.data, X[:10].toarray())
    if encoder is None:
        dense = attributions(model, X[:10].toarray(), X[20:].toarray())
        np.testing.assert_allclose(found.values, dense.values, rtol=1e-4, atol=1e-5)


def test_transformers_of_the_user():
    """As encoder, to the columns before it; in a pipeline, to those after it."""
    transformer = make_column_transformer(
        (OneHotEncoder(sparse_output=False), ["garden", "town"]), ("passthrough", ["noise"])
    )
    model = ANNRegressor(**SMALL, encoder=transformer).fit(FRAME, Y)
    found = attributions(model, FRAME[:9])
    assert found.feature_names == list(FRAME)
    assert not found.values[:, [0, 3]].any()
    assert_complete(found, model.predict(FRAME[:9]), model.predict(FRAME[:9]))
    piped = make_pipeline(transformer, ANNRegressor(**SMALL)).fit(FRAME, Y)
    found = attributions(piped, FRAME[:9])
    assert found.feature_names == transformer.fit(FRAME).get_feature_names_out().tolist()
    assert_complete(found, piped.predict(FRAME[:9]), piped.predict(FRAME[:9]))
    mixed = ANNRegressor(**SMALL, encoder=PCA(2)).fit(NUMBERS, Y)
    with pytest.raises(ValueError, match="in a Pipeline"):
        attributions(mixed, NUMBERS)
    piped = make_pipeline(StandardScaler(), ANNRegressor(**SMALL)).fit(NUMBERS, Y)
    assert attributions(piped, NUMBERS[:9], NUMBERS[:5]).values.shape == (9, 3)


def test_the_same_in_chunks_and_threads(monkeypatch):
    model = ANNRegressor(**SMALL, dtype="float64").fit(FRAME, Y)
    whole = attributions(model, FRAME[:20], FRAME[:7]).values
    monkeypatch.setattr("skann.inspection.expected_gradients.N_CHUNK", 6)
    for n_jobs in (1, 2):
        found = attributions(model.set_params(n_jobs=n_jobs), FRAME[:20], FRAME[:7])
        np.testing.assert_allclose(found.values, whole, atol=1e-10)


def test_what_is_refused():
    with pytest.raises(TypeError, match="ANNClassifier or ANNRegressor, got RandomForestRegressor"):
        attributions(RandomForestRegressor(2).fit(NUMBERS, Y), NUMBERS)
    model = ANNRegressor(**SMALL)
    with pytest.raises(NotFittedError):
        attributions(model, NUMBERS)
    model.fit(NUMBERS, Y)
    for n_steps in (0, 1.5, "many", 1000):
        with pytest.raises(ValueError, match="n_steps must be 'auto' or an integer from 1 to 128"):
            attributions(model, NUMBERS, n_steps=n_steps)
    with pytest.raises(ValueError, match="space must be"):
        attributions(model, NUMBERS, space="predict_proba")
    with pytest.raises(ValueError, match="features"):
        attributions(model, NUMBERS, NUMBERS[:, :2])
