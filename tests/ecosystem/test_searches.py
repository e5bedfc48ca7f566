"""Searches, Optuna's and scikit-learn's: their scores are those of a loop written out, the best model is refitted."""

import re
from pathlib import Path

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna_integration import OptunaSearchCV
from scipy.stats import loguniform
from sklearn.base import clone
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    RandomizedSearchCV,
    StratifiedKFold,
)
from tables import SINGLE, make_classes

from skann import ANNClassifier

CV = StratifiedKFold(3)
SPACE = {"alpha": loguniform(1e-5, 1e-1), "activation": ["relu", "tanh"]}


@pytest.fixture(scope="module")
def data():
    return make_classes(300)


def mean_score(X, y, params):
    """The loop written out."""
    scores = []
    for train, test in CV.split(X, y):
        model = ANNClassifier(**SINGLE | params).fit(X.iloc[train], y[train])
        scores.append(model.score(X.iloc[test], y[test]))
    return np.mean(scores)


def assert_like_a_loop(search, X, y):
    for params, score in zip(search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True):
        assert score == pytest.approx(mean_score(X, y, params))
    again = ANNClassifier(**SINGLE | search.best_params_).fit(X, y)
    np.testing.assert_array_equal(search.predict_proba(X), again.predict_proba(X))


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_grid_search(data, n_jobs):
    grid = {"hidden_layer_sizes": [(4,), (8, 8)], "dropout": [0.0, 0.2]}
    search = GridSearchCV(ANNClassifier(**SINGLE), grid, cv=CV, n_jobs=n_jobs, error_score="raise").fit(*data)
    assert_like_a_loop(search, *data)


def test_randomized_search(data):
    model = ANNClassifier(**SINGLE)
    search = RandomizedSearchCV(model, SPACE, n_iter=4, cv=CV, random_state=0, error_score="raise").fit(*data)
    assert_like_a_loop(search, *data)


@pytest.mark.parametrize("Search", [HalvingGridSearchCV, HalvingRandomSearchCV])
@pytest.mark.parametrize("resource", ["n_samples", "max_iter"])
def test_halving_search(data, Search, resource):
    """Rows or epochs as the resource; the one that does not learn goes in the first round."""
    space = {"learning_rate_init": [1e-9, 0.01, 0.02]}
    few, many = (100, 300) if resource == "n_samples" else (7, 21)
    options = {"resource": resource, "min_resources": few, "max_resources": many, "factor": 3, "cv": CV}
    options |= {"n_candidates": 3} if Search is HalvingRandomSearchCV else {}
    search = Search(ANNClassifier(**SINGLE), space, **options, random_state=0, error_score="raise").fit(*data)
    assert search.n_resources_ == [few, many]
    assert search.best_params_["learning_rate_init"] > 1e-9
    assert search.score(*data) > 0.75


@pytest.fixture
def quiet():
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    yield
    optuna.logging.set_verbosity(before)


@pytest.mark.usefixtures("quiet")
@pytest.mark.filterwarnings("ignore:.*[Ee]xperimental")
@pytest.mark.parametrize("pruning", [False, True])
def test_optuna_search(data, pruning):
    """With ``enable_pruning`` it trains by partial_fit, an epoch at a time."""
    X, y = data
    space = {"alpha": FloatDistribution(1e-5, 1e-1, log=True), "activation": CategoricalDistribution(["relu", "tanh"])}
    model = ANNClassifier(**SINGLE, encoder=None) if pruning else ANNClassifier(**SINGLE)
    X = X[["age", "noise"]].assign(rich=y == "rich").astype(float) if pruning else X
    options = {"enable_pruning": pruning, "max_iter": 5, "error_score": "raise", "random_state": 0}
    search = OptunaSearchCV(model, space, cv=CV, n_trials=4, **options).fit(X, y)
    assert len(search.trials_) == 4
    if not pruning:
        for trial in search.trials_:
            assert trial.value == pytest.approx(mean_score(X, y, trial.params))
    again = clone(model).set_params(**search.best_params_).fit(X, y)
    np.testing.assert_array_equal(search.predict_proba(X), again.predict_proba(X))


@pytest.mark.usefixtures("quiet")
def test_optuna_study_that_prunes(data):
    """A study of one's own: partial_fit epoch by epoch, reported, pruned; the trial that cannot learn is pruned."""
    frame, y = data
    X = (frame[["age"]] / 50).assign(rich=y == "rich").astype(float)

    def objective(trial):
        rate = trial.suggest_categorical("learning_rate_init", [0.02, 1e-9])
        model = ANNClassifier((8,), encoder=None, learning_rate_init=rate, batch_size=32, random_state=0)
        for epoch in range(15):
            model.partial_fit(X, y, classes=["poor", "rich"])
            trial.report(model.score(X, y), epoch)
            if trial.should_prune():
                raise optuna.TrialPruned
        return model.score(X, y)

    sampler = optuna.samplers.GridSampler({"learning_rate_init": [0.02, 1e-9]}, seed=0)
    pruner = optuna.pruners.MedianPruner(n_startup_trials=1, n_warmup_steps=5)
    study = optuna.create_study(direction="maximize", sampler=sampler, pruner=pruner)
    study.enqueue_trial({"learning_rate_init": 0.02})
    study.optimize(objective, n_trials=3)
    assert study.best_params == {"learning_rate_init": 0.02}
    assert study.best_value > 0.95
    states = {t.state for t in study.trials if t.params["learning_rate_init"] == 1e-9}
    assert states == {optuna.trial.TrialState.PRUNED}


@pytest.mark.usefixtures("quiet")
@pytest.mark.filterwarnings("ignore:.*[Ee]xperimental")
def test_the_study_of_the_user_guide():
    """The block about Optuna in docs/parameters.md runs; the best trial is the one with the least loss."""
    page = (Path(__file__).parents[2] / "docs" / "parameters.md").read_text("utf-8")
    (block,) = [each for each in re.findall(r"^```py\n(.*?)^```", page, re.M | re.S) if "optuna" in each]
    namespace: dict = {}
    exec(block, namespace)
    study, model = namespace["study"], namespace["model"]
    assert study.best_value == min(trial.value for trial in study.trials)
    assert model.get_params()["dropout"] == study.best_params["dropout"]
    assert model.score(namespace["X"], namespace["y"]) > 0.95
