"""Score and loss of the rows that networks held out, against scikit-learn's metrics of the out-of-fold predictions."""

import copy
import pickle

import numpy as np
import pytest
import skops.io
from sklearn.metrics import accuracy_score, log_loss, mean_pinball_loss, r2_score

from skann import ANNClassifier, ANNRegressor
from tests.data import BOTH
from tests.estimators.ensembles import KINDS, LABELS, SIGNAL, SMALL, X, fitted, target

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
WEIGHT = np.random.default_rng(1).uniform(0.5, 3.0, 160)
WEIGHT[::7] = 0.0
WEIGHTS = pytest.mark.parametrize("weight", [None, WEIGHT], ids=["equal", "weighted"])


def held_out(model):
    """Which rows have out-of-fold predictions."""
    return ~np.isnan(model.oof_prediction_.reshape(len(X), -1)).any(axis=1)


def of_rows(weight, rows):
    return None if weight is None else weight[rows]


@WEIGHTS
@KINDS
@pytest.mark.parametrize("n_estimators", [3, 5, 12])
def test_accuracy(y, weight, n_estimators):
    """Also where not all rows, or some twice, are held out, and with class weights, which have no part in it."""
    params = SMALL | {"n_estimators": n_estimators, "class_weight": "balanced"}
    model = ANNClassifier(**params).fit(X, y, sample_weight=weight)
    rows, proba = held_out(model), model.oof_prediction_
    predicted = proba.argmax(axis=1) if y.ndim == 1 else (proba > 0.5).astype(int)
    expected = accuracy_score(y[rows], predicted[rows], sample_weight=of_rows(weight, rows))
    assert model.oof_score_ == pytest.approx(expected, rel=1e-12)


@WEIGHTS
@pytest.mark.parametrize("y", [SIGNAL, np.column_stack([SIGNAL, -5 * SIGNAL**2])], ids=["one", "two"])
def test_r2(y, weight):
    """In the units of y; the mean over targets."""
    model = ANNRegressor(**SMALL).fit(X, y, sample_weight=weight)
    rows = held_out(model)
    expected = r2_score(y[rows], model.oof_prediction_[rows], sample_weight=of_rows(weight, rows))
    assert model.oof_score_ == pytest.approx(expected, rel=1e-10)


@WEIGHTS
def test_log_loss(weight):
    """Each row is held out once, so that the pooled loss is that of the pooled probabilities, at the temperature."""
    y = LABELS["three classes"]
    model = ANNClassifier(**SMALL).fit(X, y, sample_weight=weight)
    rows = held_out(model)
    assert model.temperature_ != 1
    expected = log_loss(y[rows], model.oof_prediction_[rows], sample_weight=of_rows(weight, rows))
    assert model.oof_loss_ == pytest.approx(expected, rel=1e-9)


@WEIGHTS
def test_squared_error(weight):
    """Half the squared residual in the units of the training, as in the history."""
    model = ANNRegressor(**SMALL).fit(X, SIGNAL, sample_weight=weight)
    rows = held_out(model)
    residual = (SIGNAL - model.oof_prediction_)[rows] / model.target_scale_
    expected = np.average(0.5 * residual**2, weights=of_rows(weight, rows))
    assert model.oof_loss_ == pytest.approx(expected, rel=1e-9)


@WEIGHTS
def test_several_quantiles(weight):
    """Minus the mean pinball loss, in the units of y."""
    levels = [0.1, 0.5, 0.9]
    model = ANNRegressor(**SMALL, loss="quantile", quantile=levels).fit(X, 100 * SIGNAL, sample_weight=weight)
    rows = held_out(model)
    losses = [
        mean_pinball_loss(100 * SIGNAL[rows], column[rows], alpha=level, sample_weight=of_rows(weight, rows))
        for level, column in zip(levels, model.oof_prediction_.T, strict=True)
    ]
    assert model.oof_score_ == pytest.approx(-np.mean(losses), rel=1e-9)


@BOTH
def test_one_network(Estimator):
    """The rows that it held out: those whose score and loss is in the history."""
    model = fitted(Estimator, n_estimators=1, scoring=None, calibration=None) if Estimator is ANNClassifier else None
    model = model or fitted(Estimator, n_estimators=1, scoring=None)
    assert model.oof_score_ == pytest.approx(model.best_validation_score_, rel=1e-9)
    best = int(np.argmax(model.validation_scores_))
    assert model.oof_loss_ == pytest.approx(model.history_["validation_loss"][best], rel=1e-9)


@BOTH
def test_members(Estimator):
    """Each has the score of its own fold; folds are of one size, so the accuracy of all is the mean."""
    model = fitted(Estimator)
    members = model.estimators_
    assert len({member.oof_score_ for member in members}) > 1
    assert len({member.oof_loss_ for member in members}) == 5
    assert model.oof_loss_ == pytest.approx(np.mean([member.oof_loss_ for member in members]), rel=1e-2)
    if Estimator is ANNClassifier:
        assert model.oof_score_ == pytest.approx(np.mean([member.oof_score_ for member in members]), rel=1e-9)


def test_another_scoring():
    """The mean of the members' best scores, weighted by the rows that they held out."""
    y = LABELS["two classes"]
    cv = [(np.arange(40, 160), np.arange(40)), (np.arange(100), np.arange(100, 160))]
    model = ANNClassifier(**SMALL | {"n_estimators": 2}, cv=cv, scoring="roc_auc").fit(X, y)
    best = [member.best_validation_score_ for member in model.estimators_]
    assert best[0] != best[1]
    assert model.oof_score_ == pytest.approx((40 * best[0] + 60 * best[1]) / 100, rel=1e-12)


def test_an_own_score_is_another_scoring():
    class Own(ANNRegressor):
        def score(self, X, y, sample_weight=None):
            return -1.5

    assert Own(**SMALL, scoring=None).fit(X, SIGNAL).oof_score_ == -1.5


@BOTH
def test_none_held_out(Estimator):
    """None, as `oof_prediction_` is, also after rows were held out in an earlier fit."""
    y = target(Estimator)
    model = fitted(Estimator, n_estimators=1)
    assert model.oof_score_ is not None
    model.set_params(early_stopping=False).fit(X, y)
    assert model.oof_score_ is None
    assert model.oof_loss_ is None
    model.set_params(early_stopping=True).fit(X, y, X_val=X[:50], y_val=y[:50])
    assert model.oof_score_ is None
    model.fit(X, y).partial_fit(X, y)
    assert model.oof_score_ is None


@BOTH
def test_before_fit(Estimator):
    for name in ("oof_score_", "oof_loss_"):
        with pytest.raises(AttributeError, match=name):
            getattr(Estimator(), name)


@BOTH
@pytest.mark.parametrize("n_estimators", [1, 5])
def test_stored(Estimator, n_estimators):
    model = fitted(Estimator, n_estimators=n_estimators)
    stored = skops.io.dumps(model)
    others = [
        pickle.loads(pickle.dumps(model)),
        copy.deepcopy(model),
        skops.io.loads(stored, trusted=skops.io.get_untrusted_types(data=stored)),
    ]
    for other in others:
        assert type(other.oof_score_) is type(other.oof_loss_) is float
        assert (other.oof_score_, other.oof_loss_) == (model.oof_score_, model.oof_loss_)


def test_honest_on_noise():
    """Targets that are noise can't be predicted, whatever the training rows say."""
    y = np.random.default_rng(0).normal(size=160)
    model = ANNRegressor(**SMALL | {"max_iter": 60}).fit(X, y)
    assert model.oof_score_ < 0.05
