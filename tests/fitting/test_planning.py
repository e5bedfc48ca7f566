"""The later networks of an ensemble are trained for as long as the first ones needed, whatever trains them."""

from types import SimpleNamespace

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.datasets import make_classification

from skann import ANNClassifier, ANNRegressor
from skann.engine.rows import ArrayRows
from skann.fitting.data import TrainingData
from skann.fitting.planning import planned, plans_by_the_first
from skann.fitting.recipe import Settings
from skann.fitting.train import Training
from tests.helpers import networks_of, settings_of

X, Y = make_classification(300, 5, n_informative=3, random_state=0)
SMALL = {"hidden_layer_sizes": (8,), "random_state": 0}
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
BOTH = pytest.mark.parametrize("Estimator", [ANNClassifier, ANNRegressor])


def best_epochs(models):
    return [int(np.argmax(model.history_["validation_score"])) + 1 for model in models]


@BOTH
def test_the_later_ones_plan(Estimator):
    """An epoch more than a fifth longer than the mean best epoch of the first two is never begun; patience follows."""
    noise = np.random.default_rng(1).normal(size=len(Y))
    model = Estimator(**SMALL, n_estimators=8).fit(X, Y if Estimator is ANNClassifier else Y + noise)
    most = settings_of(model, X).max_iter
    expected = min(most, max(8, round(1.2 * np.mean(best_epochs(model.estimators_[:2])))))
    epochs = [each.n_iter_ for each in model.estimators_]
    assert expected < most
    assert max(epochs[2:]) == expected
    for n_epochs, best in zip(epochs[2:], best_epochs(model.estimators_[2:]), strict=True):
        assert n_epochs in (expected, best + max(1, expected // 8) + best)


def test_the_schedule_is_that_of_the_plan():
    """The learning rates of a later network are those of a network with that many epochs."""
    model = ANNClassifier(**SMALL, n_estimators=4).fit(X, Y)
    last = model.estimators_[3].history_["learning_rate"]
    first = best_epochs(model.estimators_[:2])
    n_epochs = min(64, max(8, round(1.2 * np.mean(first))))
    alone = ANNClassifier(**SMALL, n_estimators=4, max_iter=n_epochs, n_iter_no_change=np.inf).fit(X, Y)
    rates = alone.estimators_[3].history_["learning_rate"]
    np.testing.assert_allclose(last, rates[: len(last)], rtol=1e-6)


@pytest.mark.parametrize(
    "params",
    [
        {"n_estimators": 3},
        {"n_estimators": 4, "max_iter": 40},
        {"n_estimators": 4, "early_stopping": False},
        {"n_estimators": 4, "encoder": None, "early_stopping": True, "max_iter": 12},
    ],
    ids=str,
)
@BOTH
def test_who_does_not_plan(Estimator, params):
    """Fewer than four networks, a number of epochs that was asked for, and networks that nothing is watched by."""
    model = Estimator(**SMALL | {"n_iter_no_change": np.inf} | params).fit(X, Y)
    assert len({each.n_iter_ for each in model.estimators_}) == 1
    assert model.estimators_[0].n_iter_ == settings_of(model, X).max_iter


def test_a_warm_start_does_not_plan():
    """It goes on with the recipe's number of epochs for all."""
    model = ANNClassifier(**SMALL, n_estimators=4, warm_start=True, n_iter_no_change=np.inf).fit(X, Y)
    model.fit(X, Y)
    assert {each.n_iter_ for each in model.estimators_} == {settings_of(model, X).max_iter}


@pytest.mark.parametrize("n_jobs", [2, *(pytest.param(n, marks=pytest.mark.slow) for n in (3, 4))])
def test_jobs_change_nothing(n_jobs):
    expected = ANNClassifier(**SMALL, n_estimators=8).fit(X, Y)
    model = ANNClassifier(**SMALL, n_estimators=8, n_jobs=n_jobs)
    with parallel_config(backend="threading"):
        model.fit(X, Y)
    for one, other in zip(networks_of(model), networks_of(expected), strict=True):
        np.testing.assert_array_equal(one.theta, other.theta)


def training(is_warm=False, watched=True, **settings):
    settings = {"max_iter": 64, "patience_growth": 1.0, "n_iter_no_change": 8, "plans_by_the_first": True} | settings
    data = TrainingData(None, ArrayRows(X) if watched else None, None, len(X))
    return Training(Settings(**settings), data, None, None, None, is_warm)


def first(*best):
    """Trained networks with the best of 64 epochs there."""
    runs = [SimpleNamespace(history={"validation_score": -np.abs(np.arange(1, 65) - epoch)}) for epoch in best]
    return [SimpleNamespace(run=run) for run in runs]


@pytest.mark.parametrize("best, n_epochs", [((10, 30), 24), ((1, 2), 8), ((60, 64), 64), ((41, 40), 49)])
def test_the_plan(best, n_epochs):
    """1.2 times the mean of the best epochs, at least 8 and at most as many as before; patience is an eighth of it."""
    settings = planned(training(), first(*best)).settings
    assert (settings.max_iter, settings.n_epochs) == (n_epochs, n_epochs)
    assert settings.n_iter_no_change == n_epochs // 8
    assert planned(training(patience_growth=0.0), first(*best)).settings.n_iter_no_change == 8


def test_whether_to_plan():
    assert plans_by_the_first([training()] * 4)
    for other in ([training()] * 3, [training(is_warm=True)] * 4, [training(watched=False)] * 4):
        assert not plans_by_the_first(other)
    assert not plans_by_the_first([training(plans_by_the_first=False)] * 4)


@BOTH
def test_which_settings_plan(Estimator):
    """Those that leave the number of epochs to the recipe and hold rows out."""
    assert settings_of(Estimator(), X).plans_by_the_first
    for params in ({"max_iter": 64}, {"early_stopping": False}, {"encoder": None, "early_stopping": True}):
        assert not settings_of(Estimator(**params), X).plans_by_the_first
