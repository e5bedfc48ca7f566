"""What early stopping watches: the parameter ``scoring``."""

import copy
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_backend
from scipy import sparse
from sklearn.base import clone
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    check_scoring,
    f1_score,
    get_scorer,
    make_scorer,
    r2_score,
)
from sklearn.model_selection import GridSearchCV

import skann
from skann.engine.losses import CrossEntropy
from tests.fitting.tables import LABELS, RECIPE, SCORE, SMALL, TARGETS, TRAIN, VAL, X, table, targets
from tests.helpers import bits
from tests.plain import BOTH, ANNClassifier, ANNRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SOLVERS = pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])


class Recorder:
    """A scorer that keeps what it is given."""

    def __init__(self, scoring=None):
        self.scoring = scoring
        self.models, self.data, self.predictions = [], [], []

    def __call__(self, estimator, X, y):
        self.models.append(estimator)
        self.data.append((X, y))
        self.predictions.append(estimator.predict(X))
        return check_scoring(estimator, scoring=self.scoring)(estimator, X, y)


def fit(Estimator, scoring, weight=None, **params):
    """Trained on the first 80 rows, stopped on the others."""
    y = targets(Estimator)
    model = Estimator(**SMALL | params, scoring=scoring)
    return model.fit(X[TRAIN], y[TRAIN], X_val=X[VAL], y_val=y[VAL], sample_weight_val=weight)


def metric(Estimator):
    return accuracy_score if Estimator is ANNClassifier else r2_score


def names(Estimator):
    """Of the scores that come straight from raw outputs."""
    return [None, "accuracy" if Estimator is ANNClassifier else "r2"]


# ------------------------------------------------------------------------------------------------ accuracy and R2


@BOTH
@SOLVERS
def test_raw_scores_are_those_of_the_models(Estimator, solver):
    """Epoch by epoch, against scikit-learn's metric of what the model of that epoch predicts."""
    recorder = Recorder()
    by_scorer = fit(Estimator, recorder, solver=solver)
    expected = [metric(Estimator)(targets(Estimator)[VAL], prediction) for prediction in recorder.predictions]
    for scoring in names(Estimator):
        model = fit(Estimator, scoring, solver=solver)
        np.testing.assert_allclose(model.validation_scores_, expected, rtol=1e-6)
        assert bits(*model.coefs_) == bits(*by_scorer.coefs_)
        assert model.score(X[VAL], targets(Estimator)[VAL]) == pytest.approx(model.best_validation_score_, rel=1e-6)
    np.testing.assert_allclose(by_scorer.validation_scores_, expected, rtol=1e-12)


@BOTH
@pytest.mark.parametrize("name", [0, 1])
def test_raw_scores_are_weighted(Estimator, name):
    weight = np.random.default_rng(1).uniform(size=40) * (np.arange(40) % 4 > 0)
    model = fit(Estimator, names(Estimator)[name], weight)
    expected = model.score(X[VAL], targets(Estimator)[VAL], weight)
    assert model.best_validation_score_ == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("target_scaling", [False, True])
def test_r2_of_several_targets(target_scaling):
    """One of them constant in X_val, where scikit-learn says 0."""
    Y = np.column_stack([SCORE, 1000 * SCORE**2 + 7, np.where(np.arange(120) < 80, SCORE, 0.25)])
    model = ANNRegressor(**SMALL, scoring="r2", target_scaling=target_scaling)
    model.fit(X[TRAIN], Y[TRAIN], X_val=X[VAL], y_val=Y[VAL])
    assert model.best_validation_score_ == pytest.approx(r2_score(Y[VAL], model.predict(X[VAL])), rel=1e-5)


def test_accuracy_of_several_labels():
    """All labels of a row must be right."""
    Y = np.column_stack([SCORE > 0, SCORE > 1]).astype(int)
    for make in (np.asarray, sparse.csr_matrix):
        for scoring in ("accuracy", None, make_scorer(accuracy_score)):
            model = ANNClassifier(**SMALL, scoring=scoring)
            model.fit(X[TRAIN], make(Y[TRAIN]), X_val=X[VAL], y_val=make(Y[VAL]))
            assert model.best_validation_score_ == accuracy_score(make(Y[VAL]), model.predict(X[VAL]))


def test_a_score_of_its_own_is_used():
    """None stands for the method score, also where a subclass has another one."""

    class Own(skann.ANNClassifier):
        def score(self, X, y, sample_weight=None):
            return 7.0

    model = Own(**SMALL, encoder=None, scoring=None, early_stopping=True).fit(X, LABELS)
    assert set(model.validation_scores_) == {7.0}


def test_r2_needs_rows_and_matching_outputs():
    y = targets(ANNRegressor)
    with pytest.raises(ValueError, match="R2 needs at least two validation rows"):
        ANNRegressor(**SMALL, scoring="r2").fit(X, y, X_val=X[:1], y_val=y[:1])
    with pytest.raises(ValueError, match="R2 needs one prediction for each target, but there are 2 for 1"):
        ANNRegressor(**SMALL, scoring="r2", loss="quantile", quantile=[0.1, 0.9]).fit(X, y, X_val=X, y_val=y)


# --------------------------------------------------------------------------------------------- any other scorer


@BOTH
@pytest.mark.parametrize("early_stopping", [True, "own"])
def test_best_weights_are_those_of_the_best_score(Estimator, early_stopping):
    """The scorer says when it was best: in epoch 5; and patience counts from there."""
    scores = iter([0.0, 1.0, 2.0, 2.5, 9.0, *np.zeros(50)])
    models = []

    def scorer(estimator, X, y):
        models.append(estimator)
        return next(scores)

    params = {"max_iter": 40, "n_iter_no_change": 6}
    if early_stopping is True:
        model = Estimator(**SMALL | params, early_stopping=True, scoring=scorer).fit(X, targets(Estimator))
    else:
        model = fit(Estimator, scorer, **params)
    assert model.n_iter_ == 11
    assert model.best_validation_score_ == 9.0
    assert model.validation_scores_ == model.history_["validation_score"] == [0, 1, 2, 2.5, 9, *np.zeros(6)]
    assert bits(*model.coefs_) == bits(*models[4].coefs_)


@BOTH
@SOLVERS
def test_loss_is_recorded_in_any_case(Estimator, solver):
    """And the same epochs, as long as none of the two stops."""
    params = {"solver": solver, "n_iter_no_change": 100}
    by_loss, by_score = fit(Estimator, "loss", **params), fit(Estimator, None, **params)
    assert by_score.history_["validation_loss"] == by_loss.history_["validation_loss"]
    assert by_loss.history_["validation_loss"] == [-score for score in by_loss.validation_scores_]


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("Estimator", [skann.ANNClassifier, skann.ANNRegressor])
def test_snapshots_are_fitted_models(Estimator, solver):
    """Each stays as it was in its epoch, predicts, and can be copied; a single network without calibration.

    By the recipe a constant prediction is scored before the first epoch.
    """
    recorder = Recorder()
    y = TARGETS[Estimator]
    model = Estimator(**RECIPE | {"n_estimators": 2, "early_stopping": True}, solver=solver, scoring=recorder)
    model.fit(X, y)
    n_constant = 0 if solver == "lbfgs" else 1
    assert len(recorder.models) == sum(n_constant + len(member.validation_scores_) for member in model.estimators_)
    for snapshot, (rows, _), prediction in zip(recorder.models, recorder.data, recorder.predictions, strict=True):
        assert bits(snapshot.predict(rows)) == bits(prediction)
        for other in (copy.deepcopy(snapshot), pickle.loads(pickle.dumps(snapshot.set_params(scoring=None)))):
            assert bits(other.predict(rows)) == bits(prediction)
        assert snapshot.n_estimators == 1
        assert snapshot.n_features_in_ == 4
        assert snapshot.encoder_ is model.encoder_
        if Estimator is skann.ANNClassifier:
            assert snapshot.temperature_ == 1
            assert snapshot.classes_.tolist() == ["low", "mid", "top"]
            assert snapshot.predict_proba(rows).shape == (len(rows), 3)
    assert len({bits(*snapshot.coefs_) for snapshot in recorder.models}) == len(recorder.models)


@pytest.mark.parametrize("n_estimators", [1, 2])
def test_scorer_gets_the_rows_as_they_came(n_estimators):
    """The DataFrame, missing values and strings included, with its names, and the labels."""
    frame, y = table()
    for own in (False, True):
        recorder = Recorder("f1_macro")
        model = skann.ANNClassifier(**RECIPE | {"n_estimators": n_estimators}, scoring=recorder)
        if own:
            model.fit(frame[:100], y[:100], X_val=frame[100:], y_val=pd.Series(y[100:]))
        else:
            model.fit(frame, y)
        for rows, labels in recorder.data:
            pd.testing.assert_frame_equal(rows, frame.loc[rows.index])
            assert labels.tolist() == y[rows.index].tolist()
        n_folds = 1 if own else n_estimators
        assert len({tuple(rows.index) for rows, _ in recorder.data}) == n_folds
        best = model.estimators_[0] if n_estimators > 1 else model
        rows, labels = recorder.data[0]
        assert best.best_validation_score_ == pytest.approx(f1_score(labels, best.predict(rows), average="macro"))


def test_regressor_is_judged_in_units_of_y():
    for scaling in (False, True):
        model = fit(ANNRegressor, "neg_mean_absolute_error", target_scaling=scaling)
        error = np.abs(model.predict(X[VAL]) - targets(ANNRegressor)[VAL]).mean()
        assert model.best_validation_score_ == pytest.approx(-error, rel=1e-9)


@pytest.mark.parametrize("scoring", ["balanced_accuracy", make_scorer(balanced_accuracy_score), "neg_log_loss"])
def test_scorers_are_weighted(scoring):
    weight = np.random.default_rng(1).uniform(size=40) * (np.arange(40) % 4 > 0)
    model = fit(ANNClassifier, scoring, weight)
    expected = check_scoring(model, scoring=scoring)(model, X[VAL], LABELS[VAL], sample_weight=weight)
    assert model.best_validation_score_ == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("scoring", ["neg_max_error", get_scorer("neg_max_error"), Recorder("neg_max_error")])
def test_scorers_without_weights(scoring):
    """They see the rows that have a weight, and do without the weights."""
    weight = (np.arange(40) % 4).astype(float)
    model = fit(ANNRegressor, scoring, weight)
    error = np.abs(model.predict(X[VAL]) - targets(ANNRegressor)[VAL])[weight > 0].max()
    assert model.best_validation_score_ == pytest.approx(-error, rel=1e-9)


def test_class_weight_is_part_of_held_out_weights():
    """As in HistGradientBoosting: with held-out rows, not with X_val."""
    seen = []

    def scorer(estimator, X, y, sample_weight=None):
        seen.append(None if sample_weight is None else dict(zip(y, sample_weight, strict=True)))
        return 0.0

    by_class = {"low": 3.0, "mid": 1.0, "top": 2.0}
    ANNClassifier(**SMALL, class_weight=by_class, early_stopping=True, scoring=scorer).fit(X, LABELS)
    assert seen[0] == by_class
    fit(ANNClassifier, scorer, class_weight=by_class)
    assert seen[-1] is None


def test_warm_start_competes_by_score():
    """The model before the call scores best: it stays."""
    model = fit(ANNRegressor, "neg_mean_absolute_error", warm_start=True, max_iter=30)
    before = bits(*model.coefs_)
    y = targets(ANNRegressor)
    model.set_params(learning_rate_init=5.0, max_iter=2).fit(X[TRAIN], y[TRAIN], X_val=X[VAL], y_val=y[VAL])
    assert bits(*model.coefs_) == before


def test_tol_is_in_units_of_the_score():
    """Regression losses have a tol relative to y, scores have not."""
    scores = [0.0, 0.09, 0.18, 0.27, 0.28, 0.29, 0.29, 0.29, 0.29]
    for tol, n_epochs in [(0.1, 5), (0.015, 8), (1.0, 3)]:  # the last to count: 0.18; 0.29; 0.0
        given = iter(scores)
        model = fit(ANNRegressor, lambda *args, given=given: next(given), tol=tol, n_iter_no_change=2, max_iter=9)
        assert model.n_iter_ == n_epochs, tol


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_ensembles(n_jobs):
    """Each network is judged by its own fold, whatever the number of threads."""
    models = [
        skann.ANNClassifier(**RECIPE, scoring=scoring, n_jobs=n_jobs).fit(X, LABELS)
        for scoring in ("accuracy", make_scorer(accuracy_score))
    ]
    assert bits(models[0].predict_proba(X)) == bits(models[1].predict_proba(X))
    for quick, slow in zip(models[0].estimators_, models[1].estimators_, strict=True):
        np.testing.assert_allclose(quick.validation_scores_, slow.validation_scores_, rtol=1e-6)


@pytest.mark.slow
def test_in_processes():
    """What the scorer needs can be sent there."""
    model = skann.ANNRegressor(**RECIPE, scoring="neg_mean_absolute_error", n_jobs=2)
    y = TARGETS[skann.ANNRegressor]
    here = clone(model).fit(X[TRAIN], y[TRAIN], X_val=X[VAL], y_val=y[VAL])
    with parallel_backend("loky"):
        there = model.fit(X[TRAIN], y[TRAIN], X_val=X[VAL], y_val=y[VAL])
    for one, other in zip(here.estimators_, there.estimators_, strict=True):
        np.testing.assert_allclose(one.validation_scores_, other.validation_scores_, rtol=1e-5)


# ------------------------------------------------------------------------------------------------ parameter, errors


@pytest.mark.parametrize("scoring", ["accuracy!", 3, ["accuracy"], "explained"])
def test_parameter_is_validated(scoring):
    for Estimator in (ANNClassifier, ANNRegressor):
        with pytest.raises(ValueError, match=r"The 'scoring' parameter of ANN.* must be"):
            Estimator(scoring=scoring).fit(X, targets(Estimator))


def test_metrics_are_not_scorers():
    with pytest.raises(ValueError, match="metric function rather than a scorer"):
        ANNClassifier(**SMALL, scoring=accuracy_score).fit(X, LABELS)


def _raises(kind):
    def scorer(estimator, X, y):
        raise kind("so it goes")

    return scorer


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("kind", [KeyError, StopIteration, FloatingPointError, TypeError])
def test_errors_of_the_scorer_surface(kind, solver):
    """Also those that end loops, or are divergence elsewhere; the estimator is as it was."""
    model = ANNClassifier(**SMALL).fit(X, LABELS)
    before = dict(vars(model)) | {"scoring": None}
    model.set_params(scoring=_raises(kind), solver=solver, early_stopping=True)
    with pytest.raises(ValueError, match=f"scoring=<function .* failed on the validation rows: {kind.__name__}"):
        model.fit(X, LABELS)
    after = dict(vars(model)) | {"scoring": None, "solver": "adam", "early_stopping": before["early_stopping"]}
    assert after == before


@pytest.mark.parametrize("value", [np.nan, None, "1", {"a": 1.0}, [1.0, 2.0]])
def test_a_score_is_a_number(value):
    with pytest.raises(ValueError, match="must give a number on the validation rows, got"):
        fit(ANNClassifier, lambda *args: value)


def test_numbers_of_numpy():
    for value in (np.float32(2), np.array(2.0), np.int64(2), 2, True):
        assert fit(ANNClassifier, lambda *args, value=value: value).best_validation_score_ == float(value)


def test_unusable_scorer():
    """No probabilities for a regressor."""
    with pytest.raises(ValueError, match="scoring='neg_log_loss' failed on the validation rows"):
        fit(ANNRegressor, "neg_log_loss")


def test_scoring_of_nothing_warns():
    """Nothing is held out: the training loss is watched."""
    for params in ({}, {"early_stopping": False}):
        with pytest.warns(UserWarning, match="scoring='accuracy' has no effect") as record:
            ANNClassifier(**SMALL, scoring="accuracy", **params).fit(X, LABELS)
        assert record[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ANNClassifier(**SMALL, scoring="accuracy").partial_fit(X, LABELS, classes=np.unique(LABELS))


@BOTH
def test_clone_and_search(Estimator):
    scorer = make_scorer(metric(Estimator))
    model = Estimator(**SMALL, scoring=scorer, early_stopping=True, validation_fraction=0.2)
    assert model.get_params()["scoring"] is scorer
    assert clone(model).scoring is not None
    search = GridSearchCV(model, {"scoring": ["loss", None, scorer]}, cv=2).fit(X, targets(Estimator))
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_custom_loss_object():
    """Its own predictions count."""

    class Doubled(CrossEntropy):
        def value_and_delta(self, raw, y, weight, delta):
            value = super().value_and_delta(raw, y, weight, delta)
            delta *= 2
            return 2 * value

    model = fit(ANNClassifier, "accuracy", loss=Doubled(3))
    assert model.best_validation_score_ == pytest.approx(model.score(X[VAL], LABELS[VAL]))
