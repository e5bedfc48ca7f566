"""Other packages' pipelines and ensembles: imbalanced-learn, mlxtend, skrub."""

import numpy as np
import pandas as pd
import pytest
from imblearn.ensemble import BalancedBaggingClassifier
from imblearn.over_sampling import SMOTE, SMOTENC, RandomOverSampler
from imblearn.pipeline import make_pipeline as make_imblearn_pipeline
from mlxtend.classifier import EnsembleVoteClassifier, StackingClassifier, StackingCVClassifier
from mlxtend.feature_selection import SequentialFeatureSelector
from mlxtend.regressor import StackingCVRegressor
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skrub import TableVectorizer, tabular_pipeline
from tables import SINGLE, as_polars, make_classes, make_table, make_values

from skann import ANNClassifier, ANNRegressor

# ------------------------------------------------------------------------------------------------- imbalanced-learn


@pytest.fixture(scope="module")
def rare():
    """Two clouds that overlap, one of them with a twentieth of the rows."""
    rng = np.random.default_rng(0)
    y = (rng.random(1000) < 0.05).astype(int)
    return rng.normal(size=(1000, 3)) + 1.5 * y[:, None], y


def test_smote_in_a_pipeline(rare):
    """The same as by hand; new rows are made while it learns, none while it predicts, and the rare class is found."""
    X, y = rare
    model = ANNClassifier(**SINGLE)
    pipe = make_imblearn_pipeline(StandardScaler(), SMOTE(random_state=0), model).fit(X[:500], y[:500])
    scaler = StandardScaler().fit(X[:500])
    by_hand = clone(model).fit(*SMOTE(random_state=0).fit_resample(scaler.transform(X[:500]), y[:500]))
    proba = pipe.predict_proba(X[500:])
    np.testing.assert_array_equal(proba, by_hand.predict_proba(scaler.transform(X[500:])))
    plain = balanced_accuracy_score(y[500:], clone(model).fit(X[:500], y[:500]).predict(X[500:]))
    assert balanced_accuracy_score(y[500:], pipe.predict(X[500:])) > plain + 0.05


def test_search_over_a_pipeline_with_smote(rare):
    """Parameters of sampler and network; resampled in the training folds only."""
    pipe = make_imblearn_pipeline(SMOTE(random_state=0), ANNClassifier(**SINGLE))
    grid = {"smote__k_neighbors": [3, 5], "annclassifier__alpha": [1e-4, 1e-2]}
    search = GridSearchCV(pipe, grid, cv=3, scoring="balanced_accuracy", error_score="raise").fit(*rare)
    X, y = rare
    scores = []
    for train, test in StratifiedKFold(3).split(X, y):
        model = ANNClassifier(**SINGLE, alpha=1e-2).fit(*SMOTE(random_state=0).fit_resample(X[train], y[train]))
        scores.append(balanced_accuracy_score(y[test], model.predict(X[test])))
    expected = {"smote__k_neighbors": 5, "annclassifier__alpha": 1e-2}
    where = search.cv_results_["params"].index(expected)
    assert search.cv_results_["mean_test_score"][where] == pytest.approx(np.mean(scores))


@pytest.mark.parametrize("sampler", [RandomOverSampler, SMOTENC])
def test_samplers_on_a_raw_table(sampler):
    """Strings, and missing values in random copies, stay what they are on their way to the encoder of the network."""
    frame, y = make_classes(400)
    options = {}
    if sampler is SMOTENC:  # it computes distances
        options = {"categorical_features": ["city"]}
        frame, y = frame.dropna(), y[frame.notna().all(axis=1)]
    keep = (y == "poor") | (np.arange(len(y)) % 5 == 0)
    pipe = make_imblearn_pipeline(sampler(**options, random_state=0), ANNClassifier(**SINGLE))
    pipe.fit(frame[keep], y[keep])
    by_hand = ANNClassifier(**SINGLE).fit(*sampler(**options, random_state=0).fit_resample(frame[keep], y[keep]))
    np.testing.assert_array_equal(pipe.predict_proba(frame), by_hand.predict_proba(frame))
    assert balanced_accuracy_score(y, pipe.predict(frame)) > 0.75


def test_balanced_bagging(rare):
    X, y = rare
    model = BalancedBaggingClassifier(ANNClassifier(**SINGLE), n_estimators=3, random_state=0).fit(X[:500], y[:500])
    expected = np.mean([each.predict_proba(X[500:]) for each in model.estimators_], axis=0)
    np.testing.assert_allclose(model.predict_proba(X[500:]), expected, rtol=1e-6)
    assert balanced_accuracy_score(y[500:], model.predict(X[500:])) > 0.8


# ---------------------------------------------------------------------------------------------------------- mlxtend


@pytest.fixture(scope="module")
def numbers():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 4))
    return X, X[:, 0] * X[:, 1] + 0.5 * X[:, 2]


def test_stacking(numbers):
    """What the second level sees are the probabilities of the first."""
    X, z = numbers
    y = (z > 0).astype(int)
    networks = [ANNClassifier(**SINGLE), ANNClassifier(**SINGLE, activation="tanh")]
    stack = StackingClassifier(networks, LogisticRegression(), use_probas=True).fit(X, y)
    level = np.hstack([clone(network).fit(X, y).predict_proba(X) for network in networks])
    expected = LogisticRegression().fit(level, y).predict_proba(level)
    np.testing.assert_allclose(stack.predict_proba(X), expected, rtol=1e-5)


def test_stacking_with_folds():
    """Against scikit-learn's cross_val_predict with the same folds, on a table with strings and missing values."""
    X, y = make_classes(300)
    y = (y == "rich").astype(int)
    networks = [ANNClassifier(**SINGLE), ANNClassifier(**SINGLE, activation="tanh")]
    stack = StackingCVClassifier(networks, LogisticRegression(), use_probas=True, cv=3, shuffle=False).fit(X, y)
    level = np.hstack([cross_val_predict(each, X, y, cv=3, method="predict_proba") for each in networks])
    now = np.hstack([clone(each).fit(X, y).predict_proba(X) for each in networks])
    expected = LogisticRegression().fit(level, y).predict_proba(now)
    np.testing.assert_allclose(stack.predict_proba(X), expected, rtol=1e-4, atol=1e-6)


def test_stacking_regressors(numbers):
    X, y = numbers
    stack = StackingCVRegressor([ANNRegressor(**SINGLE), Ridge()], Ridge(), cv=3, shuffle=False).fit(X, y)
    networks = [ANNRegressor(**SINGLE), Ridge()]
    level = np.column_stack([cross_val_predict(each, X, y, cv=3) for each in networks])
    now = np.column_stack([clone(each).fit(X, y).predict(X) for each in networks])
    np.testing.assert_allclose(stack.predict(X), Ridge().fit(level, y).predict(now), rtol=1e-4, atol=1e-5)


def test_voting_with_fitted_networks(numbers):
    """``fit_base_estimators=False`` takes networks as they are."""
    X, z = numbers
    y = (z > 0).astype(int)
    networks = [ANNClassifier(**SINGLE | {"random_state": seed}).fit(X, y) for seed in range(3)]
    vote = EnsembleVoteClassifier(networks, voting="soft", fit_base_estimators=False).fit(X, y)
    expected = np.mean([network.predict_proba(X) for network in networks], axis=0)
    np.testing.assert_allclose(vote.predict_proba(X), expected, rtol=1e-6)


def test_sequential_feature_selection(numbers):
    """Backward from four columns to three: the one without use goes."""
    X, y = numbers
    network = ANNRegressor(**SINGLE | {"max_iter": 60})
    chosen = SequentialFeatureSelector(network, k_features=3, forward=False, cv=3).fit(X, y)
    assert set(chosen.k_feature_idx_) == {0, 1, 2}


# ------------------------------------------------------------------------------------------------------------ skrub


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_table_vectorizer(library):
    """In front of the network it is the same as by hand, and the network's own encoder is not worse."""
    frame, y = make_classes(3000)  # many to test on: 400 would be out by 2 %
    X = as_polars(frame) if library == "polars" else frame
    train, test = slice(400), slice(400, None)
    pipe = make_pipeline(TableVectorizer(), ANNClassifier(**SINGLE)).fit(X[train], y[train])
    vectorizer = TableVectorizer().fit(X[train])
    by_hand = ANNClassifier(**SINGLE).fit(vectorizer.transform(X[train]), y[train])
    np.testing.assert_array_equal(pipe.predict(X[test]), by_hand.predict(vectorizer.transform(X[test])))
    alone = ANNClassifier(**SINGLE).fit(X[train], y[train])
    assert pipe.score(X[test], y[test]) > 0.75
    assert alone.score(X[test], y[test]) > pipe.score(X[test], y[test]) - 0.03


def test_tabular_pipeline_with_dates():
    """Its vectorizer turns a date, which skann refuses, into numbers."""
    frame, y = make_values(600)
    day = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(600) % 365, unit="D")
    frame, y = frame.assign(day=day), y + 2 * np.sin(2 * np.pi * (np.arange(600) % 365) / 365)
    model = tabular_pipeline(ANNRegressor(**SINGLE | {"max_iter": 60}))
    with pytest.raises(TypeError, match="Column 'day' holds dates"):
        ANNRegressor(**SINGLE).fit(frame, y)
    without = ANNRegressor(**SINGLE | {"max_iter": 60}).fit(frame[:400].drop(columns="day"), y[:400])
    assert model.fit(frame[:400], y[:400]).score(frame[400:], y[400:]) > 0.5
    assert model.score(frame[400:], y[400:]) > without.score(frame[400:].drop(columns="day"), y[400:]) + 0.1


def test_tabular_pipeline_leaves_missing_values_to_networks_that_take_them():
    """skrub asks the tags: skann's default reads missing values, so no imputer comes before it."""
    assert ANNClassifier().__sklearn_tags__().input_tags.allow_nan
    assert not any("impute" in name for name in tabular_pipeline(ANNClassifier()).named_steps)
    assert any("impute" in name for name in tabular_pipeline(ANNClassifier(encoder=None)).named_steps)


def test_frames_of_both_libraries_make_the_same_model():
    """pandas 3 and polars 2, of which .venv tests the dtypes."""
    frame, _ = make_table()
    _, y = make_values()
    network = ANNRegressor(**SINGLE)
    expected = clone(network).fit(frame, y).predict(frame)
    np.testing.assert_allclose(clone(network).fit(as_polars(frame), y).predict(as_polars(frame)), expected, rtol=1e-5)
