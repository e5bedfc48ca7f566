"""Importances of columns: beside permutation importances, with sum 1, for every kind of model, of few rows."""

import copy
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.stats import spearmanr
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine, make_friedman1
from sklearn.decomposition import PCA
from sklearn.feature_selection import RFE, SelectFromModel
from sklearn.inspection import permutation_importance

from skann import ANNClassifier, ANNRegressor
from skann.fitting import importance
from tests.fitting.kinds import MixedClassifier, TrunkRegressor

X, Y = make_friedman1(200, n_features=8, noise=0.1, random_state=0)
SMALL = {"hidden_layer_sizes": (16,), "max_iter": 15, "n_estimators": 2, "random_state": 0}
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


class OwnLoss:
    """Squared error without a derivative of its prediction."""

    out_activation = "twice"

    def value_and_delta(self, raw, y, weight, delta):
        np.subtract(raw, y, out=delta)
        loss = float((delta**2).sum()) / len(y)
        delta *= 2 / len(y)
        return loss

    def predict(self, raw):
        return 2 * raw

    def constant(self, y, weight):
        return y.mean(axis=0)


@pytest.mark.parametrize(
    "Estimator, load", [(ANNClassifier, load_wine), (ANNClassifier, load_breast_cancer), (ANNRegressor, load_diabetes)]
)
def test_beside_permutation_importance(Estimator, load):
    """The order of the columns is about that of what permuting a column costs, of log-likelihood or R2.

    On the rows of a small test set permutation importance itself is a matter of luck, hence on all.
    """
    X, y = load(return_X_y=True)
    model = Estimator(n_estimators=4, random_state=2).fit(X, y)
    scoring = "r2" if Estimator is ANNRegressor else "neg_log_loss"
    permuted = permutation_importance(model, X, y, scoring=scoring, n_repeats=3, random_state=0)
    assert spearmanr(permuted.importances_mean, model.feature_importances_).statistic >= 0.6


MODELS = {
    "plain": ANNRegressor((20,), encoder=None, learning_rate_init=0.01, random_state=0),
    "lbfgs": ANNRegressor((10,), encoder=None, solver="lbfgs", max_iter=50, random_state=0),
    "linear": ANNRegressor((), encoder=None, learning_rate_init=0.1, random_state=0),
    "one": ANNRegressor(**SMALL | {"n_estimators": 1}),
    "several": ANNRegressor(**SMALL),
    "quantiles": ANNRegressor(**SMALL, loss="quantile", quantile=[0.1, 0.5, 0.9]),
    "poisson": ANNRegressor(**SMALL, loss="poisson"),
    "own loss": ANNRegressor(**SMALL, loss=OwnLoss()),
    "no early stopping": ANNRegressor(**SMALL, early_stopping=False),
    "piecewise linear": ANNRegressor(**SMALL, numeric_embedding="piecewise_linear"),
    "heads": TrunkRegressor(**SMALL),
}


@pytest.mark.parametrize("name", MODELS)
def test_every_model_finds_the_columns(name):
    """Of Friedman's function the first five columns matter, the other three do not."""
    model = MODELS[name].fit(X, Y)
    found = model.feature_importances_
    assert found.shape == (8,)
    assert found.sum() == pytest.approx(1)
    assert found[:5].sum() > 0.8


def test_outputs_and_labels():
    """Several targets, labels and classes: the columns that any of them needs."""
    several = ANNRegressor(**SMALL).fit(X, np.column_stack([1e6 * X[:, 0], X[:, 6]]))
    labels = ANNClassifier(**SMALL).fit(X, np.column_stack([X[:, 0] > 0.5, X[:, 6] > 0.5]).astype(int))
    classes = MixedClassifier(**SMALL | {"n_estimators": 3, "hidden_layer_sizes": (8,)})
    classes.fit(X, 2 * (X[:, 0] > 0.5) + (X[:, 6] > 0.5))
    for model in (several, labels, classes):
        found = model.feature_importances_
        assert min(found[[0, 6]]) > 2 * np.delete(found, [0, 6]).max()


def test_tables_and_sparse_rows():
    """One number for each column as it came, in its order."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"noise": rng.normal(size=200), "town": rng.integers(15, size=200).astype(str), "same": 1})
    frame["size"] = np.where(rng.random(200) < 0.3, np.nan, rng.normal(size=200))
    y = frame["town"].astype(int) / 4 + frame["size"].fillna(3)
    found = ANNRegressor(**SMALL | {"max_iter": 40}).fit(frame, y).feature_importances_
    assert found[2] == 0
    assert min(found[1], found[3]) > 2 * found[0]
    few = sparse.random(300, 40, 0.1, format="csr", random_state=0)
    model = ANNRegressor(**SMALL | {"max_iter": 40}).fit(few, few[:, [7]].toarray().ravel())
    assert model.feature_importances_.argmax() == 7


def test_rows_of_weight_zero_do_not_exist():
    weight = np.repeat([1.0, 0.0], 100)
    model = ANNRegressor((5,), encoder=None, solver="lbfgs", max_iter=20, random_state=0)
    alone = model.fit(X[:100], Y[:100]).feature_importances_
    np.testing.assert_allclose(model.fit(X, Y, weight).feature_importances_, alone, rtol=1e-5)


def test_which_rows(monkeypatch):
    """Held out or of X_val, else of the training; at most 500 of all networks."""
    explained = []

    def recorded(networks, said, rows, background, *args):
        explained.append(rows)
        return np.ones((1, len(rows), rows.shape[1]))

    monkeypatch.setattr(importance, "parts", recorded)
    monkeypatch.setattr(importance, "SHARE", 1e6)
    many = np.random.default_rng(0).normal(size=(1400, 2))
    plain = {"encoder": None, "hidden_layer_sizes": (2,), "max_iter": 1, "random_state": 0, "dtype": "float64"}
    for n_estimators in (1, 4):
        explained.clear()
        model = ANNRegressor(n_estimators=n_estimators, early_stopping=True, validation_fraction=0.4, **plain)
        model.fit(many, many[:, 0])
        rows = np.concatenate(explained)
        assert 200 < len(rows) <= 500
        assert len(np.unique(rows, axis=0)) == len(rows)  # each held out once
    explained.clear()
    ANNRegressor(n_estimators=1, early_stopping=True, **plain).fit(
        many, many[:, 0], X_val=many[:30] + 9, y_val=many[:30, 0]
    )
    np.testing.assert_array_equal(explained[0], many[:30] + 9)
    explained.clear()
    ANNRegressor(n_estimators=1, early_stopping=False, **plain).fit(many, many[:, 0])
    assert len(explained[0]) == 467  # every third


def test_a_constant_model_has_none_that_matter():
    model = ANNClassifier(**SMALL).fit(X, np.zeros(200, int))
    assert not model.feature_importances_.any()


def test_partial_fit_has_none():
    model = ANNRegressor(**SMALL | {"n_estimators": 1}).fit(X, Y)
    assert hasattr(model, "feature_importances_")
    model.partial_fit(X, Y)
    with pytest.raises(AttributeError, match="partial_fit does not"):
        model.feature_importances_  # noqa: B018
    assert hasattr(model.fit(X, Y), "feature_importances_")


def test_an_encoder_that_mixes_columns_has_none():
    model = ANNRegressor((4,), encoder=PCA(3), max_iter=2, random_state=0).fit(X, Y)
    with pytest.raises(AttributeError, match="one column of several"):
        model.feature_importances_  # noqa: B018


def test_copies_and_members_have_them():
    model = ANNRegressor(**SMALL).fit(X, Y)
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(other.feature_importances_, model.feature_importances_)
    members = [each.feature_importances_ for each in model.estimators_]
    assert all(each.sum() == pytest.approx(1) for each in members)
    assert not np.allclose(*members)


def test_selection_of_columns():
    estimator = ANNRegressor((20,), encoder=None, learning_rate_init=0.01, random_state=0)
    assert SelectFromModel(estimator, max_features=4, threshold=-np.inf).fit(X, Y).get_support()[:5].sum() == 4
    assert RFE(estimator, n_features_to_select=4, step=2).fit(X, Y).support_[:5].sum() == 4


def test_the_time_limit_leaves_at_least_one():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = ANNRegressor((64, 64), n_estimators=3, max_time=0.05, random_state=0).fit(X, Y)
    assert model.feature_importances_.shape == (8,)
