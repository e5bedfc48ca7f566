"""Several networks in one estimator: their mean, their held-out folds, and what lasts from call to call."""

import pickle
import time
import warnings

import numpy as np
import pytest
from joblib import parallel_backend
from scipy import sparse
from scipy.special import expit, softmax
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris

from skann import ANNClassifier, ANNRegressor
from skann.engine.losses import CrossEntropy, SquaredError
from skann.estimators.fitted import OF_NETWORK

BOTH = pytest.mark.parametrize("Estimator", [ANNClassifier, ANNRegressor])
RNG = np.random.default_rng(0)
X = RNG.normal(size=(160, 3))
SIGNAL = X[:, 0] + X[:, 1] ** 2 + 0.3 * RNG.normal(size=160)
LABELS = {
    "two classes": (SIGNAL > 1).astype(int),
    "three classes": np.digitize(SIGNAL, [0.5, 1.5]),
    "multilabel": np.column_stack([SIGNAL > 1, X[:, 1] > 0]).astype(int),
}
KINDS = pytest.mark.parametrize("y", LABELS.values(), ids=LABELS)
SMALL = {"hidden_layer_sizes": (8,), "max_iter": 4, "n_estimators": 5, "dtype": "float64", "random_state": 0}


def target(Estimator):
    return LABELS["three classes"] if Estimator is ANNClassifier else SIGNAL


def fitted(Estimator, **params):
    return Estimator(**SMALL | params).fit(X, target(Estimator))


def thetas(model):
    return [member.network_.theta for member in model.estimators_]


def assert_same(model, other):
    """The same networks, to the bit."""
    for theta, its in zip(thetas(model), thetas(other), strict=True):
        np.testing.assert_array_equal(theta, its)


def public(model):
    return {name for name in vars(model) if name.endswith("_") and not name.startswith("_")}


# --------------------------------------------------------------------------------------------------- predictions


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
    assert not hasattr(model._loss, "log_predict")
    np.testing.assert_allclose(model.predict_log_proba(X), fitted(ANNClassifier).predict_log_proba(X), rtol=1e-8)


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber", "poisson", "gamma"])
@pytest.mark.parametrize("n_targets", [1, 2])
def test_values_are_the_mean_of_the_members(loss, n_targets):
    """In the units of y; those of counts are positive."""
    y = 1e3 * np.exp(X[:, 0] / 2) if n_targets == 1 else 1e3 * np.exp(X[:, :2] / 2)
    model = ANNRegressor(**SMALL | {"max_iter": 16}, loss=loss).fit(X, y)
    members = [member.predict(X) for member in model.estimators_]
    np.testing.assert_allclose(model.predict(X), np.mean(members, axis=0), rtol=1e-12)
    assert model.predict(X).shape == y.shape
    assert loss not in ("poisson", "gamma") or (model.predict(X) > 0).all()
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


# -------------------------------------------------------------------------------------------------- held-out folds


def members_behind(model, X):
    """For each row the only member whose prediction is the one out of fold; -1 where that is NaN."""
    predict = "predict_proba" if isinstance(model, ANNClassifier) else "predict"
    members = np.array([getattr(member, predict)(X).reshape(len(X), -1) for member in model.estimators_])
    is_it = np.isclose(members, model.oof_prediction_.reshape(len(X), -1), rtol=1e-9, atol=1e-12).all(axis=2)
    assert is_it.sum(axis=0).max() == 1
    assert (is_it.any(axis=0) == ~np.isnan(model.oof_prediction_).reshape(len(X), -1).any(axis=1)).all()
    return np.where(is_it.any(axis=0), is_it.argmax(axis=0), -1)


@BOTH
@pytest.mark.parametrize("n_estimators, n_covered", [(2, 64), (5, 160), (8, 160)])
def test_out_of_fold_predictions(Estimator, n_estimators, n_covered):
    """Each row is predicted by one member, and each member has its fold; two members have two fifths of the rows."""
    which = members_behind(fitted(Estimator, n_estimators=n_estimators), X)
    assert (which >= 0).sum() == n_covered
    sizes = np.bincount(which[which >= 0], minlength=n_estimators)
    assert sizes.max() - sizes.min() <= 2


def test_a_member_has_not_seen_its_fold():
    """Shuffle the targets of one fold, and all members train differently but the one that held it out."""
    params = {"early_stopping": True, "n_iter_no_change": np.inf}
    model = fitted(ANNRegressor, **params)
    fold, y = np.flatnonzero(members_behind(model, X) == 3), SIGNAL.copy()
    y[fold] = np.random.default_rng(0).permutation(y[fold])  # the mean of all stays
    other = ANNRegressor(**SMALL, **params).fit(X, y)
    same = [
        np.allclose(member.loss_curve_, its.loss_curve_, rtol=1e-6)
        for member, its in zip(model.estimators_, other.estimators_, strict=True)
    ]
    assert same == [False, False, False, True, False]


@BOTH
def test_more_members_than_folds(Estimator):
    """Twelve members, ten folds, and two of the second round: rows held out twice have the mean of two members."""
    model = fitted(Estimator, n_estimators=12)
    predict = "predict_proba" if Estimator is ANNClassifier else "predict"
    members = np.array([getattr(member, predict)(X).reshape(160, -1) for member in model.estimators_])
    oof = model.oof_prediction_.reshape(160, -1)
    once = np.isclose(members, oof, rtol=1e-9).all(axis=2).any(axis=0)
    means = (members[:10, None] + members[None, 10:]) / 2
    twice = np.isclose(means, oof, rtol=1e-9).all(axis=3).any(axis=(0, 1))
    assert (once | twice).all()
    assert abs((twice & ~once).sum() - 32) <= 2


@BOTH
def test_rows_without_weight_are_in_no_fold(Estimator):
    """Their predictions out of fold are NaN, those of all others are not."""
    weight = np.where(np.arange(160) % 4 == 1, 0.0, 2.0)
    model = Estimator(**SMALL).fit(X, target(Estimator), sample_weight=weight)
    np.testing.assert_array_equal(members_behind(model, X) == -1, weight == 0)


def test_no_folds_without_early_stopping():
    """All members have all rows then, and differ by their random numbers."""
    model = fitted(ANNRegressor, early_stopping=False)
    assert model.oof_prediction_ is None
    assert model.estimators_[0].validation_scores_ is None
    assert model.estimators_[0].t_ == 4 * 160
    assert len({theta.tobytes() for theta in thetas(model)}) == 5


def test_too_few_rows_for_folds():
    """Told only if early stopping was asked for."""
    X, y = np.arange(98.0).reshape(49, 2), np.arange(49.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ANNRegressor(**SMALL).fit(X, y).oof_prediction_ is None
    with pytest.warns(UserWarning, match="early_stopping"):
        ANNRegressor(**SMALL, early_stopping=True).fit(X, y)


# ------------------------------------------------------------------------------------------------------- threads


@BOTH
def test_threads_and_processes_train_the_same(Estimator):
    """n_jobs and joblib's backends make no difference."""
    expected = fitted(Estimator, n_jobs=1)
    assert_same(fitted(Estimator, n_jobs=2), expected)
    for backend in ("threading", "loky"):
        with parallel_backend(backend, n_jobs=2):
            model = fitted(Estimator)
        assert_same(model, expected)
        np.testing.assert_array_equal(model.oof_prediction_, expected.oof_prediction_)
        assert_same(model.partial_fit(X, target(Estimator)), fitted(Estimator).partial_fit(X, target(Estimator)))


def test_warnings_do_not_multiply():
    """One for all members."""
    with pytest.warns(UserWarning, match="max_iter=4") as caught:
        fitted(ANNRegressor, encoder=None, learning_rate="constant")
    assert len(caught) == 1


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_max_time_is_shared(n_jobs):
    """Five members that never end by themselves have 0.8 s together, not each."""
    params = {"max_iter": 10**6, "learning_rate": "constant", "n_iter_no_change": np.inf, "max_time": 0.8}
    start = time.perf_counter()
    model = fitted(ANNRegressor, **params, n_jobs=n_jobs)
    assert 0.5 < time.perf_counter() - start < 1.9
    assert min(member.n_iter_ for member in model.estimators_) > 1


# ---------------------------------------------------------------------------------------------- one and several


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
    model.summary()
    assert "5 networks" in capsys.readouterr().out


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
    """It predicts, explains itself, is cloned, and goes on learning without the others."""
    model = fitted(Estimator)
    before = [theta.copy() for theta in thetas(model)]
    member = model.estimators_[1]
    assert member.score(X, target(Estimator)) <= 1
    assert member.hidden_activations(X).shape == (160, 8)
    assert clone(member).n_estimators == 1
    member.partial_fit(X, target(Estimator))
    assert [np.array_equal(*pair) for pair in zip(thetas(model), before, strict=True)] == [True, False] + 3 * [True]


# ---------------------------------------------------------------------------------------------------- going on


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
        assert rates[:4] == rates[4:]
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
    assert len(other.fit(X, target(Estimator)).estimators_[0].loss_curve_) == 8
    assert not np.array_equal(thetas(other)[0], thetas(model)[0])


def test_size_of_a_pickle():
    """Not much more than the parameters, whatever the number of members."""
    model = fitted(ANNRegressor, hidden_layer_sizes=(100, 100))
    assert len(pickle.dumps(model)) < 1.1 * sum(theta.nbytes for theta in thetas(model)) + 20_000


class Interrupts(SquaredError):
    """Squared error during whose n-th evaluation the user presses Ctrl-C."""

    n = 10**9

    def value_and_delta(self, raw, y, weight, delta):
        self.n -= 1
        if self.n == 0:
            raise KeyboardInterrupt
        return super().value_and_delta(raw, y, weight, delta)


def n_evaluations():
    """Of the loss in the training of one member of the five."""
    loss = Interrupts()
    fitted(ANNRegressor, loss=loss)
    return (10**9 - loss.n) // 5


@pytest.mark.parametrize("n_finished", [0, 2])
def test_ctrl_c_keeps_what_was_trained(n_finished):
    """The members that were ready and the one at work: the model predicts and goes on."""
    loss, per_member = Interrupts(), n_evaluations()
    loss.n = n_finished * per_member + per_member // 2
    model = ANNRegressor(**SMALL, loss=loss, warm_start=True)
    with pytest.warns(UserWarning, match="interrupted"):
        model.fit(X, SIGNAL)
    complete = fitted(ANNRegressor, loss=Interrupts())
    assert len(model.estimators_) == n_finished + 1
    for theta, expected in zip(thetas(model)[:n_finished], thetas(complete), strict=False):
        np.testing.assert_array_equal(theta, expected)
    assert 0 < model.estimators_[-1].n_iter_ < 4
    assert np.isfinite(model.predict(X)).all()
    assert np.isnan(model.oof_prediction_).any()
    assert len(model.fit(X, SIGNAL).estimators_) == n_finished + 1


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_ctrl_c_while_going_on(method):
    """Members that it did not come to are as they were, and all go on afterwards."""
    loss = Interrupts()
    model = fitted(ANNRegressor, loss=loss, warm_start=True)
    before = [theta.copy() for theta in thetas(model)]
    loss.n = n_evaluations() + 8 if method == "fit" else 5
    with warnings.catch_warnings(action="ignore"):
        getattr(model, method)(X, SIGNAL)
    unchanged = [np.array_equal(*pair) for pair in zip(thetas(model), before, strict=True)]
    assert not unchanged[0]
    assert unchanged[2:] == 3 * [True]
    loss.n = 10**9
    model.fit(X, SIGNAL)
    assert not any(np.array_equal(*pair) for pair in zip(thetas(model), before, strict=True))


def test_a_failed_fit_changes_nothing():
    model = fitted(ANNRegressor)
    names, before = set(vars(model)), model.predict(X)
    with pytest.raises(ValueError, match="diverged"):
        model.set_params(learning_rate_init=1e300, learning_rate="constant").fit(X, SIGNAL)
    assert set(vars(model)) == names
    np.testing.assert_array_equal(model.predict(X), before)


# ------------------------------------------------------------------------------------------------- odd data


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
    model = Estimator(n_estimators=n_estimators, max_iter=8, random_state=0).fit(X[:n_rows], y)
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


# ------------------------------------------------------------------------------------------- real data, defaults


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "Estimator, load, goal",
    [
        (ANNClassifier, load_iris, 0.94),
        (ANNClassifier, load_breast_cancer, 0.96),
        (ANNRegressor, load_diabetes, 0.42),
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
