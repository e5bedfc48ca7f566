"""Several networks in one estimator: their mean, their attributes, and what lasts from call to call."""

import pickle
import warnings

import numpy as np
import pytest
from scipy import sparse
from scipy.special import expit, softmax
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris

from skann import ANNClassifier, ANNRegressor
from skann.engine.losses import CrossEntropy
from tests.data import BOTH
from tests.estimators.ensembles import (
    KINDS,
    LABELS,
    SIGNAL,
    SMALL,
    X,
    assert_same,
    fitted,
    members_behind,
    public,
    target,
    thetas,
)

# --------------------------------------------------------------------------------------------------------- predictions


@KINDS
def test_probabilities_are_the_mean_of_the_members(y):
    model = ANNClassifier(**SMALL).fit(X, y)
    members = [member.predict_proba(X) for member in model.estimators_]
    assert len({proba.tobytes() for proba in members}) == 5
    np.testing.assert_allclose(model.predict_proba(X), np.mean(members, axis=0), rtol=1e-12)


@KINDS
@pytest.mark.parametrize("n_estimators", [1, 3])
def test_all_kinds_of_predictions_agree(y, n_estimators):
    """Logarithms, decision_function and labels follow from the probabilities."""
    model = ANNClassifier(**SMALL | {"n_estimators": n_estimators, "max_iter": 20}).fit(X, y)
    proba, decision = model.predict_proba(X), model.decision_function(X)
    np.testing.assert_allclose(model.predict_log_proba(X), np.log(proba), rtol=1e-8, atol=1e-12)
    if y.ndim == 2:
        np.testing.assert_allclose(expit(decision), proba, rtol=1e-8)
        np.testing.assert_array_equal(model.predict(X), proba > 0.5)
    else:
        if y.max() == 1:
            np.testing.assert_allclose(expit(decision), proba[:, 1], rtol=1e-8)
        else:
            np.testing.assert_allclose(softmax(decision, axis=1), proba, rtol=1e-8)
        np.testing.assert_allclose(proba.sum(axis=1), 1)
        np.testing.assert_array_equal(model.predict(X), proba.argmax(axis=1))


@KINDS
@pytest.mark.filterwarnings("error", "ignore::sklearn.exceptions.ConvergenceWarning")
def test_predictions_of_extremes_are_finite(y):
    """Where probabilities round to 0 or 1, neither their logarithms nor decision_function is infinite."""
    model = ANNClassifier(**SMALL | {"encoder": None, "n_estimators": 3}).fit(X, y)
    assert np.isfinite(model.predict_log_proba(1e6 * X)).all()
    assert np.isfinite(model.decision_function(1e6 * X)).all()


class NoLogarithm(CrossEntropy):
    """A loss of the user's with no more than the contract asks for."""

    @property
    def log_predict(self):
        raise AttributeError


def test_loss_without_log_predict():
    model = ANNClassifier(**SMALL, loss=NoLogarithm(3)).fit(X, LABELS["three classes"])
    assert not hasattr(model.networks_.loss, "log_predict")
    np.testing.assert_allclose(model.predict_log_proba(X), fitted(ANNClassifier).predict_log_proba(X), rtol=1e-8)


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber", "poisson", "gamma", "tweedie"])
@pytest.mark.parametrize("n_targets", [1, 2])
def test_values_are_the_mean_of_the_members(loss, n_targets):
    """In the units of y; those of counts are positive."""
    y = 1e3 * np.exp(X[:, 0] / 2) if n_targets == 1 else 1e3 * np.exp(X[:, :2] / 2)
    model = ANNRegressor(**SMALL | {"max_iter": 16}, loss=loss).fit(X, y)
    members = [member.predict(X) for member in model.estimators_]
    np.testing.assert_allclose(model.predict(X), np.mean(members, axis=0), rtol=1e-12)
    assert model.predict(X).shape == y.shape
    assert loss not in ("poisson", "gamma", "tweedie") or (model.predict(X) > 0).all()
    assert np.mean((model.predict(X) - y) ** 2) < 0.5 * y.var(), "the units are wrong"


def test_the_mean_of_quantiles_does_not_cross():
    """One column per level, in the order of the levels, sorted by them; out of fold, too."""
    model = ANNRegressor(**SMALL, loss="quantile", quantile=[0.9, 0.1, 0.5]).fit(X, SIGNAL)
    for values in (model.predict(10 * X), model.oof_prediction_):
        assert values.shape == (160, 3)
        assert (np.diff(values[:, [1, 2, 0]], axis=1) >= 0).all()
    np.testing.assert_allclose(model.predict(X), np.mean([m.predict(X) for m in model.estimators_], axis=0), rtol=1e-12)


def test_units_of_the_target_do_not_matter():
    """What is averaged are values in the units of y."""
    model, other = (ANNRegressor(**SMALL).fit(X, y) for y in (SIGNAL, 1e-3 * SIGNAL + 1e3))
    np.testing.assert_allclose((other.predict(X) - 1e3) / 1e-3, model.predict(X), atol=1e-6)
    np.testing.assert_allclose((other.oof_prediction_ - 1e3) / 1e-3, model.oof_prediction_, atol=1e-6)


@BOTH
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_predictions_have_the_dtype_of_their_input(Estimator, dtype):
    model = fitted(Estimator)
    predict = model.predict_proba if Estimator is ANNClassifier else model.predict
    assert predict(X.astype(dtype)).dtype == dtype
    np.testing.assert_allclose(predict(X.astype(dtype)), predict(X), rtol=1e-3, atol=1e-4)


# ----------------------------------------------------------------------------------------------------- one and several

OF_NETWORK = (
    "network_", "coefs_", "intercepts_", "n_layers_", "n_iter_", "t_", "history_", "loss_curve_", "loss_", "best_loss_",
    "validation_scores_", "best_validation_score_",
)  # fmt: skip


@BOTH
def test_one_network_has_its_attributes(Estimator):
    model = fitted(Estimator, n_estimators=1)
    assert all(hasattr(model, name) for name in OF_NETWORK)
    assert not hasattr(model, "estimators_")
    assert not hasattr(model, "oof_prediction_")
    assert model.hidden_activations(X).shape == (160, 8)


@BOTH
def test_an_ensemble_leaves_them_to_its_members(Estimator, capsys):
    """And says so."""
    model = fitted(Estimator)
    assert len(model.estimators_) == 5
    for name in set(OF_NETWORK) - {"n_iter_"}:
        assert all(hasattr(member, name) for member in model.estimators_), name
        with pytest.raises(AttributeError, match=f"no {name}.*estimators_"):
            getattr(model, name)
    with pytest.raises(ValueError, match="estimators_"):
        model.hidden_activations(X)
    assert model.n_iter_ == max(member.n_iter_ for member in model.estimators_)
    assert model.n_outputs_ == model.estimators_[0].n_outputs_ == (3 if Estimator is ANNClassifier else 1)
    assert "5 networks" in str(model.summary())


def test_other_missing_attributes_are_missing():
    for model in (ANNRegressor(), fitted(ANNRegressor), fitted(ANNRegressor, n_estimators=1)):
        with pytest.raises(AttributeError, match="'ANNRegressor' object has no attribute 'nothing_'"):
            _ = model.nothing_
    with pytest.raises(AttributeError, match="'ANNRegressor' object has no attribute"):
        _ = ANNRegressor().network_


@BOTH
def test_refits_leave_nothing_behind(Estimator):
    """From one to several networks and back: the attributes are those of a fresh fit."""
    one, several = (fitted(Estimator, n_estimators=n) for n in (1, 5))
    names = public(one), public(several)
    refitted = clone(one).fit(X, target(Estimator)).set_params(n_estimators=5).fit(X, target(Estimator))
    assert public(refitted) == names[1]
    assert public(refitted.estimators_[0]) == public(several.estimators_[0]) == names[0]
    assert_same(refitted, several)
    refitted.set_params(n_estimators=1).fit(X, target(Estimator))
    assert public(refitted) == names[0]
    np.testing.assert_array_equal(refitted.network_.theta, one.network_.theta)


@BOTH
def test_a_member_is_an_estimator(Estimator):
    """It predicts, explains itself, is cloned, and what it learns from then on is its own."""
    model = fitted(Estimator)
    before = [theta.copy() for theta in thetas(model)]
    member = model.estimators_[1]
    assert member.score(X, target(Estimator)) <= 1
    assert member.hidden_activations(X).shape == (160, 8)
    assert clone(member).n_estimators == 1
    member.partial_fit(X, target(Estimator))
    assert not np.array_equal(member.network_.theta, before[1])
    assert [np.array_equal(*pair) for pair in zip(thetas(model), before, strict=True)] == 5 * [True]


# ------------------------------------------------------------------------------------------------------------ going on


@BOTH
@pytest.mark.parametrize("weight_averaging", [None, 0.9])
def test_warm_start_goes_on(Estimator, weight_averaging):
    """Where the schedule plans no end, 10 epochs and 10 more are 20, bit for bit, in every member."""
    params = {"n_estimators": 3, "learning_rate": "constant", "early_stopping": False, "dropout": 0.2}
    params |= {"weight_averaging": weight_averaging, "tol": 0.0, "n_iter_no_change": np.inf}
    with warnings.catch_warnings(action="ignore"):  # not converged
        once = fitted(Estimator, **params, max_iter=20)
        twice = fitted(Estimator, **params, max_iter=10, warm_start=True).fit(X, target(Estimator))
    assert_same(twice, once)
    assert [member.loss_curve_ for member in twice.estimators_] == [member.loss_curve_ for member in once.estimators_]
    assert [member.t_ for member in twice.estimators_] == 3 * [20 * 160]
    assert twice.n_iter_ == 10


@BOTH
def test_warm_start_keeps_the_folds(Estimator):
    """So that held-out rows stay unseen; and the schedule, which plans an end, begins again."""
    model = fitted(Estimator, warm_start=True, n_iter_no_change=np.inf)
    folds, scores = members_behind(model, X), [member.best_validation_score_ for member in model.estimators_]
    model.fit(X, target(Estimator))
    np.testing.assert_array_equal(members_behind(model, X), folds)
    for member, before in zip(model.estimators_, scores, strict=True):
        rates = member.history_["learning_rate"]
        assert rates[:8] == rates[8:]
        assert member.best_validation_score_ >= before


@BOTH
def test_another_number_of_networks_is_refused(Estimator):
    model = fitted(Estimator, warm_start=True)
    with pytest.raises(ValueError, match="n_estimators"):
        model.set_params(n_estimators=6).fit(X, target(Estimator))


@BOTH
def test_partial_fit_updates_all_members(Estimator):
    kwargs = {"classes": [0, 1, 2]} if Estimator is ANNClassifier else {}
    model = Estimator(**SMALL | {"n_estimators": 3}).partial_fit(X, target(Estimator), **kwargs)
    before = [theta.copy() for theta in thetas(model)]
    assert len({theta.tobytes() for theta in before}) == 3
    model.partial_fit(X[:40], target(Estimator)[:40])
    assert not any(np.array_equal(*pair) for pair in zip(thetas(model), before, strict=True))
    assert [member.t_ for member in model.estimators_] == 3 * [200]
    assert model.oof_prediction_ is None


@BOTH
def test_pickle(Estimator):
    """Without the predictions out of fold, which are as long as the data; the rest is as before and goes on."""
    model = fitted(Estimator, warm_start=True)
    other = pickle.loads(pickle.dumps(model))
    assert public(model) - public(other) == {"oof_prediction_"}
    predict = "predict_proba" if Estimator is ANNClassifier else "predict"
    np.testing.assert_array_equal(getattr(other, predict)(X), getattr(model, predict)(X))
    assert len(other.fit(X, target(Estimator)).estimators_[0].loss_curve_) == 16
    assert not np.array_equal(thetas(other)[0], thetas(model)[0])


def test_size_of_a_pickle():
    """Not much more than the parameters, whatever the number of members."""
    model = fitted(ANNRegressor, hidden_layer_sizes=(100, 100))
    assert len(pickle.dumps(model)) < 1.1 * sum(theta.nbytes for theta in thetas(model)) + 20_000


def test_a_failed_fit_changes_nothing():
    model = fitted(ANNRegressor)
    names, before = set(vars(model)), model.predict(X)
    with pytest.raises(ValueError, match="diverged"):
        model.set_params(learning_rate_init=1e300, learning_rate="constant").fit(X, SIGNAL)
    assert set(vars(model)) == names
    np.testing.assert_array_equal(model.predict(X), before)


# ------------------------------------------------------------------------------------------------------------ odd data


@pytest.mark.parametrize("n_estimators", ["auto", 1, 3])
def test_one_class(n_estimators):
    """A column of ones."""
    model = ANNClassifier(**SMALL | {"n_estimators": n_estimators}).fit(X, ["only"] * 160)
    np.testing.assert_array_equal(model.predict_proba(X), np.ones((160, 1)))
    np.testing.assert_array_equal(model.predict_log_proba(X), np.zeros((160, 1)))
    assert set(model.predict(X)) == {"only"}


@BOTH
@pytest.mark.parametrize("n_rows", [1, 2, 3, 5, 10, 20])
@pytest.mark.parametrize("n_estimators", ["auto", 1])
@pytest.mark.filterwarnings("error")
def test_few_rows(Estimator, n_rows, n_estimators):
    """No warning, as nobody asked for what can't be done; and predictions are finite."""
    y = np.arange(n_rows) % 3 if Estimator is ANNClassifier else SIGNAL[:n_rows]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "y holds a single class")  # one row has no other
        model = Estimator(n_estimators=n_estimators, max_iter=40, random_state=0).fit(X[:n_rows], y)
    assert np.isfinite(model.predict(X)).all()
    if Estimator is ANNClassifier:
        assert np.isfinite(model.predict_log_proba(X)).all()


@BOTH
@pytest.mark.parametrize("value", [0.0, np.nan])
def test_nothing_to_learn_from(Estimator, value):
    """Columns that are constant or missing are no columns: the prediction is the same for all."""
    model = Estimator(**SMALL).fit(np.full((160, 2), value), target(Estimator))
    assert len(np.unique(model.predict(np.full((5, 2), value)))) == 1


@BOTH
def test_sparse_data(Estimator):
    """Encoded without becoming dense: the members are those of the dense matrix without embedding and scale."""
    A = np.where(X > 0.5, X, 0.0)
    model = Estimator(**SMALL).fit(sparse.csr_array(A), target(Estimator))
    assert model.oof_prediction_.shape[0] == 160
    np.testing.assert_allclose(model.predict(sparse.csc_array(A)), model.predict(A), rtol=1e-9)


# ------------------------------------------------------------------------------------------------- real data, defaults


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "Estimator, load, goal",
    [
        (ANNClassifier, load_iris, 0.94),
        pytest.param(ANNClassifier, load_breast_cancer, 0.96, marks=pytest.mark.slow),
        pytest.param(ANNRegressor, load_diabetes, 0.42, marks=pytest.mark.slow),
    ],
    ids=["iris", "breast cancer", "diabetes"],
)
def test_defaults_on_real_tables(Estimator, load, goal):
    """Unscaled, without a warning; out of fold at least as good as a random forest (.95, .96, .42)."""
    A, y = load(return_X_y=True)
    model = Estimator(random_state=0).fit(A, y)
    oof = model.oof_prediction_
    if Estimator is ANNClassifier:
        assert (oof.argmax(axis=1) == y).mean() > goal
    else:
        assert 1 - np.mean((oof.ravel() - y) ** 2) / y.var() > goal
