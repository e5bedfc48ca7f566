"""Input gradients: against differences of what the model predicts, for all kinds of columns, outputs and losses."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import StandardScaler

from skann import ANNClassifier, ANNRegressor
from tests.fitting.kinds import MixedRegressor, TrunkClassifier
from tests.fitting.test_importance import OwnLoss

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 3)) * [1, 50, 0.01]
Y = np.sin(X[:, 0]) + X[:, 1] / 50
LABELS = np.digitize(Y, [-0.5, 0.5])
ROWS = X[:8] + np.array([0.013, 0.7, 1e-4])  # not at the edges of bins
SMALL = {"hidden_layer_sizes": (12,), "max_iter": 8, "n_estimators": 2, "random_state": 0, "dtype": "float64"}
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def numeric(f, rows):
    """Central differences (n_rows, n_columns, ...)."""
    found = []
    for j, scale in enumerate([1, 50, 0.01]):
        step = np.zeros(3)
        step[j] = 1e-5 * scale
        found.append((f(rows + step) - f(rows - step)) / (2 * step[j]))
    return np.stack(found, axis=1)


def check(model, f, **kwargs):
    found, expected = model.input_gradients(ROWS, **kwargs), numeric(f, ROWS)
    assert found.shape == expected.shape
    for j in range(3):  # whose units differ
        np.testing.assert_allclose(found[:, j], expected[:, j], atol=1e-5 * np.abs(expected[:, j]).max())


@pytest.mark.parametrize("embedding", ["periodic", "piecewise_linear", None])
@pytest.mark.parametrize("n_estimators", [1, 3])
def test_values(embedding, n_estimators):
    """In units of y per unit of the column."""
    model = ANNRegressor(**SMALL | {"n_estimators": n_estimators}, numeric_embedding=embedding).fit(X, 100 * Y + 7)
    check(model, model.predict)


@pytest.mark.parametrize("options", [{"loss": "poisson"}, {"loss": "quantile", "quantile": [0.9, 0.1]}])
def test_losses(options):
    model = ANNRegressor(**SMALL, **options).fit(X, np.exp(Y))
    check(model, model.predict)


def test_several_targets():
    model = ANNRegressor(**SMALL).fit(X, np.column_stack([Y, 1000 * X[:, 2]]))
    check(model, model.predict)


def test_classes_and_labels():
    """All of several classes at the temperature, the second of two, each label."""
    several = ANNClassifier(**SMALL).fit(X, LABELS)
    assert several.temperature_ != 1
    check(several, several.predict_proba)
    two = ANNClassifier(**SMALL).fit(X, LABELS > 0)
    check(two, lambda rows: two.predict_proba(rows)[:, 1])
    labels = ANNClassifier(**SMALL).fit(X, np.column_stack([LABELS > 0, LABELS > 1]).astype(int))
    check(labels, labels.predict_proba)


@pytest.mark.parametrize("model", [MixedRegressor(**SMALL | {"n_estimators": 3}), TrunkClassifier(**SMALL)])
def test_other_kinds_of_ensembles(model):
    model.fit(X, LABELS)
    check(model, getattr(model, "predict_proba", model.predict))


def test_raw_outputs():
    two = ANNClassifier(**SMALL | {"n_estimators": 1}).fit(X, LABELS > 0)
    check(two, two.decision_function, space="raw")
    poisson = ANNRegressor(**SMALL | {"n_estimators": 1}, loss="poisson").fit(X, np.exp(Y))
    check(poisson, lambda rows: np.log(poisson.predict(rows)), space="raw")


def test_without_encoder():
    model = ANNRegressor((9, 5), encoder=None, activation="tanh", max_iter=20, random_state=0).fit(X, Y)
    check(model, model.predict)


def test_columns_of_categories_and_missing_values_have_none():
    frame = pd.DataFrame(X, columns=["a", "b", "c"]).assign(town=LABELS.astype(str), same=1.0)
    frame.loc[:3, "a"] = np.nan
    model = ANNRegressor(**SMALL).fit(frame, Y)
    for table in (frame, pl.DataFrame(frame.to_dict("list"))):
        found = model.input_gradients(table[:8])
        assert np.isnan(found[:, 3]).all()
        assert np.isnan(found[:4, 0]).all()
        assert np.isfinite(found[4:, :3]).all()
        assert not found[:, 4].any()


def test_the_same_in_chunks_and_threads(monkeypatch):
    model = ANNClassifier(**SMALL).fit(X, LABELS)
    whole = model.input_gradients(X)
    monkeypatch.setattr("skann.estimators.gradients.chunk_rows", lambda n: 7)
    for n_jobs in (1, 2):
        np.testing.assert_allclose(model.set_params(n_jobs=n_jobs).input_gradients(X), whole, atol=1e-12)


def test_what_cannot_be_had():
    model = ANNRegressor((4,), encoder=None, max_iter=2, random_state=0)
    with pytest.raises(NotFittedError):
        model.input_gradients(X)
    with pytest.raises(ValueError, match="dense X"):
        model.fit(X, Y).input_gradients(sparse.csr_matrix(X))
    with pytest.raises(ValueError, match="space must be 'prediction' or 'raw', got 'proba'"):
        model.input_gradients(X, space="proba")
    with pytest.raises(ValueError, match="in a Pipeline"):
        model.set_params(encoder=StandardScaler()).fit(X, Y).input_gradients(X)
    model.set_params(encoder=None, loss=OwnLoss()).fit(X, Y)
    with pytest.raises(ValueError, match="space='raw'"):
        model.input_gradients(X)
    check(model, lambda rows: model.predict(rows) / 2, space="raw")
