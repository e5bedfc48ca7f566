"""Conformal prediction, MAPIE and crepes: the promised share of unseen rows is covered, and the sets say something."""

import numpy as np
import pytest
from crepes import WrapClassifier, WrapRegressor
from mapie.classification import CrossConformalClassifier, SplitConformalClassifier
from mapie.regression import ConformalizedQuantileRegressor, CrossConformalRegressor, SplitConformalRegressor
from sklearn.pipeline import make_pipeline
from tables import SINGLE, make_classes, make_values

from skann import ANNClassifier, ANNRegressor, TabularEncoder

LEVEL = 0.8
TRAIN, CALIBRATE, TEST = slice(400), slice(400, 1000), slice(1000, None)
# standard errors: 0.016 from 600 rows to calibrate with, 0.009 from 2000 to test on; this is three times both
SLACK = 0.06


@pytest.fixture(scope="module")
def classes():
    X, y = make_classes(3000)
    return X, (y == "rich").astype(int), y


@pytest.fixture(scope="module")
def values():
    return make_values(3000)


def behind_an_encoder(network):
    """A pipeline of the encoder and the bare network.

    MAPIE tries a fitted estimator out on a row of zeros, for which a network that reads strings itself says that it got
    numbers; of a pipeline it tries the last step, which sees nothing but numbers.
    """
    return make_pipeline(TabularEncoder(), network.set_params(encoder=None, hidden_layer_sizes=(16,), max_iter=60))


def assert_covered(covered):
    assert abs(np.mean(covered) - LEVEL) < SLACK


def assert_sets(model, conformal, X, y, exact=True):
    """Right coverage, or at least that, by sets that are small; the point is the model's own prediction."""
    point, sets = conformal.predict_set(X)
    np.testing.assert_array_equal(point, model.predict(X))
    covered = sets[np.arange(len(y)), np.searchsorted(model.classes_, y), 0]
    assert_covered(covered if exact or covered.mean() < LEVEL else LEVEL)
    assert sets.sum(axis=1).mean() <= (1.3 if exact else 2)


@pytest.mark.parametrize("labels", ["numbers", "strings"])
def test_mapie_split_classifier(classes, labels):
    X, y = classes[0], classes[1 if labels == "numbers" else 2]
    model = behind_an_encoder(ANNClassifier(**SINGLE)).fit(X[TRAIN], y[TRAIN])
    conformal = SplitConformalClassifier(model, LEVEL).conformalize(X[CALIBRATE], y[CALIBRATE])
    assert_sets(model, conformal, X[TEST], y[TEST])


@pytest.mark.parametrize("score", ["lac", "aps"])
def test_mapie_sets_of_three_classes(values, score):
    """LAC sets cover what they promise, APS sets, which hold the label that crosses the threshold too, no less."""
    X, y = values[0], np.array(["low", "middle", "top"])[np.digitize(values[1], [-1, 1])]
    model = behind_an_encoder(ANNClassifier(**SINGLE)).fit(X[TRAIN], y[TRAIN])
    conformal = SplitConformalClassifier(model, LEVEL, conformity_score=score, random_state=0)
    assert_sets(model, conformal.conformalize(X[CALIBRATE], y[CALIBRATE]), X[TEST], y[TEST], exact=score == "lac")


@pytest.mark.xfail(raises=UserWarning, strict=True, reason="MAPIE predicts for a row of zeros: see behind_an_encoder")
def test_mapie_split_classifier_with_strings(classes):
    X, _, y = classes
    model = ANNClassifier(**SINGLE).fit(X[TRAIN], y[TRAIN])
    SplitConformalClassifier(model, LEVEL).conformalize(X[CALIBRATE], y[CALIBRATE])


def test_mapie_cross_classifier(classes):
    """It clones and fits the estimator for each fold, and takes a raw table."""
    X, _, y = classes
    conformal = CrossConformalClassifier(ANNClassifier(**SINGLE), LEVEL, cv=4, random_state=0)
    _, sets = conformal.fit_conformalize(X[:600], y[:600]).predict_set(X[TEST])
    assert_covered(sets[np.arange(2000), (y[TEST] == "rich").astype(int), 0])
    assert sets.sum(axis=1).mean() < 1.3


def assert_intervals(intervals, y):
    """Right coverage, at less than 0.8 of the width that intervals without any knowledge of X need."""
    low, high = intervals.reshape(len(y), 2).T
    assert_covered((low <= y) & (y <= high))
    assert np.mean(high - low) < 0.8 * np.subtract(*np.quantile(y, [0.9, 0.1]))


@pytest.mark.parametrize("prefit", [False, True])
def test_mapie_split_regressor(values, prefit):
    """A table of numbers, missing ones among them, needs no pipeline."""
    X, y = values
    X = X.assign(city=X["city"].map({"Basel": 0.0, "Bern": 1.0, "Genf": 2.0}))
    model = ANNRegressor(**SINGLE)
    if prefit:
        model.fit(X[TRAIN], y[TRAIN])
    conformal = SplitConformalRegressor(model, LEVEL, prefit=prefit)
    if not prefit:
        conformal.fit(X[TRAIN], y[TRAIN])
    _, intervals = conformal.conformalize(X[CALIBRATE], y[CALIBRATE]).predict_interval(X[TEST])
    assert_intervals(intervals, y[TEST])


def test_mapie_cross_regressor(values):
    X, y = values
    conformal = CrossConformalRegressor(ANNRegressor(**SINGLE), LEVEL, cv=4, random_state=0)
    _, intervals = conformal.fit_conformalize(X[:600], y[:600]).predict_interval(X[TEST])
    assert_intervals(intervals, y[TEST])


def test_mapie_conformalized_quantiles(values):
    """Three networks, one for each quantile, as MAPIE wants them: it has no use for one network of several outputs."""
    X, y = values
    networks = [ANNRegressor(**SINGLE, loss="quantile", quantile=level) for level in (0.1, 0.9, 0.5)]
    models = [behind_an_encoder(network).fit(X[TRAIN], y[TRAIN]) for network in networks]
    conformal = ConformalizedQuantileRegressor(models, LEVEL, prefit=True).conformalize(X[CALIBRATE], y[CALIBRATE])
    _, intervals = conformal.predict_interval(X[TEST])
    assert_intervals(intervals, y[TEST])


def test_crepes_classifier(classes):
    X, _, y = classes
    wrapped = WrapClassifier(ANNClassifier(**SINGLE))
    wrapped.fit(X[TRAIN], y[TRAIN])
    wrapped.calibrate(X[CALIBRATE], y[CALIBRATE], seed=0)
    sets = wrapped.predict_set(X[TEST], labels=False, confidence=LEVEL, seed=0)
    assert_covered(sets[np.arange(2000), (y[TEST] == "rich").astype(int)])
    assert sets.sum(axis=1).mean() < 1.3


def test_crepes_regressor(values):
    X, y = values
    wrapped = WrapRegressor(ANNRegressor(**SINGLE))
    wrapped.fit(X[TRAIN], y[TRAIN])
    wrapped.calibrate(X[CALIBRATE], y[CALIBRATE], seed=0)
    assert_intervals(wrapped.predict_int(X[TEST], confidence=LEVEL, seed=0), y[TEST])
