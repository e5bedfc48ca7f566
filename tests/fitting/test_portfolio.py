"""A portfolio: the race, the shares, and that it is an estimator like any other."""

import pickle

import numpy as np
import pytest
import skops.io
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, train_test_split

from skann import ANNClassifier, ANNRegressor
from skann.engine.losses import CrossEntropy, SquaredError
from skann.fitting.portfolio import best_shares
from tests.promises.test_storage import documented_types

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
VALUES = X[:, 3] * 2.5
SMALL = {"hidden_layer_sizes": (8,), "max_iter": 3, "n_estimators": 5, "random_state": 0}
CANDIDATES = [{}, {"numeric_embedding": None}, {"weight_decay": 1e6}]  # the last one makes all weights 0
BOTH = pytest.mark.parametrize("Estimator", [ANNClassifier, ANNRegressor])


def fitted(Estimator, **params):
    return Estimator(**SMALL | {"portfolio": CANDIDATES} | params).fit(X, target(Estimator))


def target(Estimator):
    return Y if Estimator is ANNClassifier else VALUES


def predictions(model, rows=X):
    return model.predict_proba(rows) if isinstance(model, ANNClassifier) else model.predict(rows)


# -------------------------------------------------------------------------------------------------------------- shares


def test_shares_of_squared_errors_are_those_of_the_closed_form():
    """Of a p + (1 - a) q the squared error is least for a = <y - q, p - q> / |p - q|^2."""
    rng = np.random.default_rng(0)
    y = rng.standard_normal((20_000, 1))
    p, q = y + rng.standard_normal(y.shape), y + 1.5 * rng.standard_normal(y.shape)
    best = np.sum((y - q) * (p - q)) / np.sum((p - q) ** 2)
    assert best_shares(SquaredError(), np.array([p, q]), y) == pytest.approx([best, 1 - best], abs=2e-3)


def test_shares_of_probabilities_are_those_of_expectation_maximisation():
    rng = np.random.default_rng(0)
    y, n = rng.integers(3, size=20_000), 20_000
    weight = rng.uniform(0.5, 2, n)
    p = np.array([rng.dirichlet([2, 2, 2], n) + share * np.eye(3)[y] for share in (0.3, 0.5, 0.0)])
    p /= p.sum(axis=2, keepdims=True)
    shares = np.full(3, 1 / 3)
    for _ in range(500):
        of_truth = shares[:, None] * p[:, np.arange(n), y]
        shares = (of_truth / of_truth.sum(axis=0) * weight).sum(axis=1) / weight.sum()
    assert best_shares(CrossEntropy(3), p, y, weight) == pytest.approx(shares, abs=5e-3)


def test_one_row_does_not_decide_everything():
    one = np.array([[[0.9, 0.1]], [[0.8, 0.2]]])
    assert best_shares(CrossEntropy(2), one, np.array([0])) == pytest.approx([0.5, 0.5], abs=0.2)


# ------------------------------------------------------------------------------------------------------------ the race


@BOTH
def test_one_candidate_is_the_ensemble_to_the_bit(Estimator):
    with pytest.warns(UserWarning, match="one candidate only"):
        alone = fitted(Estimator, portfolio=[{"hidden_layer_sizes": (6,)}])
    plain = Estimator(**SMALL | {"hidden_layer_sizes": (6,)}).fit(X, target(Estimator))
    assert np.array_equal(predictions(alone), predictions(plain))
    assert np.array_equal(alone.oof_prediction_, plain.oof_prediction_)


@BOTH
def test_the_best_scores_go_on_and_have_the_weights(Estimator):
    model = fitted(Estimator)
    table = model.portfolio_
    assert [each["params"] for each in table] == CANDIDATES
    assert [each["n_networks"] for each in table] == [5, 5, 0]
    assert table[2]["weight"] == 0
    assert sum(each["weight"] for each in table) == pytest.approx(1)
    best = [each.best_validation_score_ for each in model.estimators_]
    assert table[0]["score"] == pytest.approx(np.mean([best[0], best[2]]))
    assert table[1]["score"] == pytest.approx(np.mean([best[1], best[3]]))
    assert table[2]["score"] < min(table[0]["score"], table[1]["score"])


@BOTH
def test_predictions_are_the_weighted_mean(Estimator):
    model = fitted(Estimator)
    weights = [each["weight"] / 5 for each in model.portfolio_[:2]] * 5
    temperature = getattr(model, "temperature_", 1.0)
    of_each = []
    for each in model.estimators_:
        assert getattr(each, "temperature_", 1.0) == temperature
        of_each.append(predictions(each))
    np.testing.assert_allclose(predictions(model), np.tensordot(weights, of_each, 1), rtol=1e-6)


def test_the_out_of_fold_prediction_is_that_of_the_networks_that_held_a_row_out():
    splits = [(np.flatnonzero(np.arange(150) % 5 != i), np.flatnonzero(np.arange(150) % 5 == i)) for i in range(5)]
    model = fitted(ANNRegressor, cv=splits, n_estimators="auto")
    shares = [each["weight"] for each in model.portfolio_[:2]]
    for fold, (_, held_out) in enumerate(splits):
        pair = [each.predict(X[held_out]) for each in model.estimators_[2 * fold : 2 * fold + 2]]
        np.testing.assert_allclose(model.oof_prediction_[held_out], np.tensordot(shares, pair, 1), rtol=1e-5)


@BOTH
def test_the_candidates_of_the_recipe_leave_what_was_given(Estimator):
    params = {"portfolio": True, "max_iter": 1}
    changed = [each["params"] for each in fitted(Estimator, **params).portfolio_]
    if Estimator is ANNClassifier:
        assert changed == [{}, {"numeric_embedding": "piecewise_linear"}, {"numeric_embedding": None}]
    else:
        assert changed == [{}, {"sigma": 1.0}]
    with pytest.warns(UserWarning, match="one candidate only"):
        model = fitted(Estimator, **params, numeric_embedding="piecewise_linear")
    assert [each["params"] for each in model.portfolio_] == [{}]


@BOTH
def test_the_networks_after_the_first_plan_by_those_of_their_candidate(Estimator):
    """The same rule as without a portfolio: 1.2 times the mean of the best epochs, 8 at least."""
    rng = np.random.default_rng(0)
    noise = rng.integers(2, size=150) if Estimator is ANNClassifier else rng.standard_normal(150)
    model = Estimator(**SMALL | {"max_iter": "auto", "portfolio": [{}, {"dropout": 0.5}]}).fit(X, noise)
    best = [np.argmax(each.validation_scores_) + 1 for each in model.estimators_]
    for candidate in range(2):
        planned = max(8, round(1.2 * np.mean([best[candidate], best[2 + candidate]])))
        assert max(each.n_iter_ for each in model.estimators_[4 + candidate :: 2]) <= planned


# -------------------------------------------------------------------------------------------- an estimator like others


@BOTH
def test_the_same_bits_with_any_number_of_jobs(Estimator):
    one, two = fitted(Estimator), fitted(Estimator, n_jobs=2)
    assert np.array_equal(predictions(one), predictions(two))
    assert one.portfolio_ == two.portfolio_


@BOTH
def test_it_is_stored_with_its_table(Estimator):
    model = fitted(Estimator)
    stored = skops.io.dumps(model)
    types = skops.io.get_untrusted_types(data=stored)
    assert set(types) <= set(documented_types())
    for copy in (pickle.loads(pickle.dumps(model)), skops.io.loads(stored, trusted=types)):
        assert np.array_equal(predictions(copy), predictions(model))
        assert copy.portfolio_ == model.portfolio_


@BOTH
def test_onnx_has_the_weights(Estimator):
    onnxruntime = pytest.importorskip("onnxruntime")
    onnx = pytest.importorskip("skann.onnx")
    model, rows = fitted(Estimator), X.astype(np.float32)
    session = onnxruntime.InferenceSession(onnx.to_onnx(model, rows).SerializeToString())
    found = session.run(None, {session.get_inputs()[0].name: rows})[-1]
    np.testing.assert_allclose(np.squeeze(found), predictions(model, rows), rtol=1e-4, atol=1e-5)


@BOTH
def test_a_warm_start_goes_on_with_the_finalists(Estimator):
    model = fitted(Estimator, warm_start=True)
    folds = [member.fold for member in model.networks_.members]
    before = [each.t_ for each in model.estimators_]
    model.fit(X, target(Estimator))
    assert [member.fold for member in model.networks_.members] == folds == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert [each.t_ for each in model.estimators_] == [2 * t for t in before]


def test_rows_of_their_own_may_judge():
    X_train, X_val, y_train, y_val = train_test_split(X, Y, random_state=0)
    model = ANNClassifier(**SMALL | {"portfolio": CANDIDATES}).fit(X_train, y_train, X_val=X_val, y_val=y_val)
    assert [each["n_networks"] for each in model.portfolio_] == [5, 5, 0]
    assert model.oof_prediction_ is None


def test_time_is_shared_by_the_rounds():
    with pytest.warns(ConvergenceWarning, match="max_time=0.001 seconds have passed"):
        model = fitted(ANNClassifier, max_time=0.001)
    assert [each["weight"] for each in model.portfolio_] == [1, 0, 0]


def test_a_search_over_portfolios():
    grid = {"portfolio": [False, [{}, {"dropout": 0.3}]]}
    search = GridSearchCV(ANNClassifier(**SMALL | {"max_iter": 1}), grid, cv=2).fit(X, Y)
    assert clone(search.best_estimator_).get_params()["portfolio"] in grid["portfolio"]


def test_without_held_out_rows_the_first_is_trained():
    with pytest.warns(UserWarning, match="portfolio needs held-out rows"):
        model = fitted(ANNClassifier, early_stopping=False)
    assert [each["n_networks"] for each in model.portfolio_] == [5, 0, 0]


def test_without_a_portfolio_there_is_no_table():
    with pytest.raises(AttributeError, match="portfolio is False"):
        _ = fitted(ANNClassifier, portfolio=False).portfolio_
    with pytest.raises(AttributeError, match="partial_fit") as caught:
        _ = ANNClassifier(portfolio=True).partial_fit
    assert "held-out rows" in str(caught.value.__cause__)


@pytest.mark.parametrize(
    "portfolio, error, text",
    [
        ([], ValueError, "empty list"),
        ([{}, 3], TypeError, r"portfolio\[1\] must be a dict"),
        ([{"n_estimators": 3}], ValueError, r"portfolio\[0\] changes 'n_estimators', but candidates may change"),
        ([{"dropout": 2}], ValueError, r"portfolio\[0\] has a wrong value. The 'dropout' parameter"),
        ("best", ValueError, "'portfolio' parameter"),
    ],
)
def test_a_wrong_portfolio_is_refused_by_name(portfolio, error, text):
    with pytest.raises(error, match=text):
        fitted(ANNClassifier, portfolio=portfolio)
