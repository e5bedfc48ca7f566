"""Rows that the networks hold out at the user's wish: ``cv`` and ``groups``."""

import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    LeaveOneGroupOut,
    PredefinedSplit,
    ShuffleSplit,
    StratifiedKFold,
    TimeSeriesSplit,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skann
from skann import find_learning_rate
from tests.fitting.tables import LABELS, RNG, TRAIN, VAL, X, targets
from tests.helpers import bits
from tests.plain import BOTH, ANNClassifier, ANNRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = {"hidden_layer_sizes": (6,), "learning_rate_init": 0.02, "max_iter": 4, "random_state": 0}
GROUPS = np.arange(120) // 5 % 7
WITH_ENCODER = pytest.mark.parametrize("Estimator", [skann.ANNClassifier, skann.ANNRegressor])


def fitted(Estimator, cv, sample_weight=None, groups=None, **params):
    return Estimator(**SMALL | params, cv=cv).fit(X, targets(Estimator), sample_weight, groups=groups)


def predicted(model, X=X):
    return model.predict_proba(X) if hasattr(model, "predict_proba") else model.predict(X)


def by_scikit_learn(cv, y, groups=None):
    return list(cv.split(X, y, groups))


# ----------------------------------------------------------------------------------------------------- which rows


@WITH_ENCODER
@pytest.mark.parametrize(
    "cv", [GroupKFold(3), LeaveOneGroupOut(), KFold(4), TimeSeriesSplit(3), ShuffleSplit(3, random_state=1)]
)
def test_each_network_holds_out_its_split(Estimator, cv):
    """Beside each row held out stand predictions of the networks whose splits scikit-learn makes so; else NaN."""
    y = targets(Estimator)
    groups = GROUPS if cv.__class__.__name__ in ("GroupKFold", "LeaveOneGroupOut") else None
    model = fitted(Estimator, cv, groups=groups)
    splits = by_scikit_learn(cv, y, groups)
    assert len(model.estimators_) == len(splits)
    expected = np.full((len(splits), *predicted(model).shape), np.nan)
    for i, (train, held_out) in enumerate(splits):
        assert model.estimators_[i].t_ == len(train) * model.estimators_[i].n_iter_
        expected[i, held_out] = predicted(model.estimators_[i])[held_out]
    seen = np.isin(np.arange(120), np.concatenate([held_out for _, held_out in splits]))
    oof = model.oof_prediction_
    if Estimator is skann.ANNRegressor:
        np.testing.assert_allclose(oof[seen], np.nanmean(expected[:, seen], axis=0), rtol=1e-4)
    assert np.isnan(oof[~seen]).all()
    assert not np.isnan(oof[seen]).any()


def test_what_networks_share_is_learnt_from_all_rows():
    """Encoder and scale of the targets: rows of all splits and of none, if they have a weight."""
    y, weight = targets(skann.ANNRegressor), np.where(np.arange(120) < 100, 1.0, 0.0)
    cv = list(TimeSeriesSplit(3).split(X[:90]))
    model = fitted(skann.ANNRegressor, cv, weight)
    np.testing.assert_array_equal(model.encoder_.center_, skann.TabularEncoder().fit(X[:100]).center_)
    assert model._target.mean == pytest.approx(y[:100].mean())
    alone = fitted(skann.ANNRegressor, cv, weight, n_estimators=1)
    np.testing.assert_array_equal(alone.encoder_.center_, skann.TabularEncoder().fit(X[cv[0][0]]).center_)
    assert alone._target.mean == pytest.approx(y[cv[0][0]].mean())


@BOTH
def test_groups_are_never_apart(Estimator):
    """A network learns from no group of which it holds a row out: what it was given proves it."""
    model = fitted(Estimator, GroupKFold(3), groups=GROUPS)
    for _, held_out in by_scikit_learn(GroupKFold(3), targets(Estimator), GROUPS):
        assert set(GROUPS[held_out]).isdisjoint(np.delete(GROUPS, held_out))
    by_hand = fitted(Estimator, by_scikit_learn(GroupKFold(3), targets(Estimator), GROUPS))
    assert bits(predicted(model)) == bits(predicted(by_hand))


@BOTH
def test_an_int_is_what_it_is_in_scikit_learn(Estimator):
    """`StratifiedKFold` for classes, `KFold` for values; neither shuffled."""
    kind = StratifiedKFold if Estimator is ANNClassifier else KFold
    assert bits(predicted(fitted(Estimator, 4))) == bits(predicted(fitted(Estimator, kind(4))))


@BOTH
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_one_network_holds_out_the_first_split(Estimator, solver):
    """Trained on the training part alone; the loss watched is that of the held-out part."""
    model = fitted(Estimator, [(TRAIN, VAL), (VAL, TRAIN)], n_estimators=1, solver=solver)
    assert model.t_ == 80 * model.n_iter_
    y = targets(Estimator)[VAL]
    if Estimator is ANNClassifier:
        loss = -model.predict_log_proba(X[VAL])[np.arange(40), np.searchsorted(model.classes_, y)].mean()
    else:
        loss = 0.5 * np.mean((model.predict(X[VAL]) - y) ** 2)
    assert loss <= -max(model.validation_scores_) * (1 + 1e-6)


@BOTH
@pytest.mark.parametrize("n_estimators, n_networks", [("auto", 3), (2, 2), (5, 5)])
def test_more_networks_than_splits_begin_again(Estimator, n_estimators, n_networks):
    """Network 3 of five holds out split 0 again: the rows that each has learnt from say so."""
    splits = [(np.arange(20 + 10 * i), np.arange(100, 120)) for i in range(3)]
    model = fitted(Estimator, splits, n_estimators=n_estimators)
    n_rows = [member.t_ / member.n_iter_ for member in model.estimators_]
    assert n_rows == [20, 30, 40, 20, 30][:n_networks]


def test_fewer_rows_than_are_drawn_otherwise():
    """One held-out row is enough, and rows in neither part are not learnt from."""
    model = fitted(ANNRegressor, [(np.arange(10), [11]), (np.arange(10), [12])])
    assert np.flatnonzero(~np.isnan(model.oof_prediction_)).tolist() == [11, 12]
    assert [member.t_ for member in model.estimators_] == [10 * member.n_iter_ for member in model.estimators_]


@BOTH
def test_rows_of_weight_zero(Estimator):
    """They are dealt, then left out; what stands in them does not matter."""
    weight = RNG.uniform(1, 2, 120)
    weight[::4] = 0
    splits = [(train[weight[train] > 0], test[weight[test] > 0]) for train, test in KFold(4).split(X)]
    model = fitted(Estimator, KFold(4), weight)
    assert bits(predicted(model)) == bits(predicted(fitted(Estimator, splits, weight)))
    assert np.isnan(model.oof_prediction_[::4]).all()


def test_class_weight_zero_counts_as_weight():
    low, mid, top = (np.flatnonzero(label == LABELS) for label in ("low", "mid", "top"))
    cv = [(low, top), (top, mid)]
    with pytest.raises(ValueError, match="Split 1 of cv has no held-out rows of a weight above zero"):
        fitted(ANNClassifier, cv, class_weight={"mid": 0.0})


def test_a_splitter_sees_the_rows_as_they_were_given():
    """A DataFrame with its columns, and y in its own labels."""

    class ByTime:
        def get_n_splits(self, X=None, y=None, groups=None):
            return 1

        def split(self, X, y=None, groups=None):
            assert set(y) == {"low", "mid", "top"}
            late = X["time"].to_numpy() > 90
            yield np.flatnonzero(~late), np.flatnonzero(late)

    frame = pd.DataFrame(X, columns=list("abcd")).assign(time=np.arange(120))
    model = skann.ANNClassifier(**SMALL, cv=ByTime()).fit(frame, LABELS)
    assert model.t_ == 91 * model.n_iter_


def test_predefined_split():
    """Rows marked -1 are never held out."""
    fold = np.repeat([-1, 0, 1], 40)
    model = fitted(ANNRegressor, PredefinedSplit(fold))
    np.testing.assert_array_equal(np.isnan(model.oof_prediction_), fold == -1)


@pytest.mark.parametrize("early_stopping", ["auto", True])
def test_temperature_is_learnt_from_these_rows(early_stopping):
    model = fitted(skann.ANNClassifier, KFold(3), early_stopping=early_stopping)
    assert model.temperature_ != 1


# -------------------------------------------------------------------------------------------- again and again


@BOTH
@pytest.mark.parametrize("cv", [3, KFold(3), list(KFold(3).split(X)), tuple(KFold(3).split(X))], ids=repr)
def test_clones_pickles_and_second_fits(Estimator, cv):
    """All give the model of the first fit, and `cv` stays what was given."""
    model = fitted(Estimator, cv)
    first = bits(predicted(model))
    for other in (clone(model), pickle.loads(pickle.dumps(clone(model))), model):
        assert bits(predicted(other.fit(X, targets(Estimator)))) == first
    assert model.cv is cv


def test_a_generator_is_used_up():
    """As in scikit-learn, which makes a list of it in each fit: the second fit has nothing left, and says so."""
    model = ANNRegressor(**SMALL, cv=KFold(3).split(X))
    y = targets(ANNRegressor)
    assert bits(predicted(model.fit(X, y))) == bits(predicted(fitted(ANNRegressor, KFold(3))))
    with pytest.raises(ValueError, match=r"cv holds no split\. A generator is used up"):
        model.fit(X, y)


def test_warm_start_holds_out_the_same_rows():
    model = ANNRegressor(**SMALL, cv=GroupKFold(3), warm_start=True)
    for _ in range(2):
        model.fit(X, targets(ANNRegressor), groups=GROUPS)
    assert not np.isnan(model.oof_prediction_).any()
    assert len(model.estimators_) == 3


def test_partial_fit_holds_out_nothing():
    """As documented; and it goes on from a fit that did."""
    y = targets(ANNRegressor)
    model = fitted(ANNRegressor, GroupKFold(3), groups=GROUPS).partial_fit(X, y)
    assert model.oof_prediction_ is None
    alone, without = (ANNRegressor(**SMALL, cv=cv).partial_fit(X, y) for cv in (3, None))
    assert bits(alone.predict(X)) == bits(without.predict(X))


def test_find_learning_rate_has_no_use_for_it():
    y = targets(ANNRegressor)
    sweeps = [find_learning_rate(ANNRegressor(**SMALL, cv=cv), X, y) for cv in (None, GroupKFold(3))]
    np.testing.assert_array_equal(sweeps[0].losses, sweeps[1].losses)


# ---------------------------------------------------------------------------------------------------- metadata routing


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


@BOTH
def test_groups_in_a_pipeline(Estimator, routing):
    """They reach the network: the same model as without the pipeline."""
    y = targets(Estimator)
    model = Estimator(**SMALL, cv=GroupKFold(3)).set_fit_request(groups=True)
    pipeline = make_pipeline(StandardScaler(), model).fit(X, y, groups=GROUPS)
    alone = clone(model).fit(StandardScaler().fit_transform(X), y, groups=GROUPS)
    assert bits(pipeline[-1].oof_prediction_) == bits(alone.oof_prediction_)


@BOTH
def test_groups_in_a_cross_validation(Estimator, routing):
    """Outside and inside: each fit gets the groups of its rows."""
    y = targets(Estimator)
    model = Estimator(**SMALL, cv=GroupKFold(3)).set_fit_request(groups=True)
    scores = cross_val_score(model, X, y, cv=GroupKFold(4), params={"groups": GROUPS}, error_score="raise")
    by_hand = [
        clone(model).fit(X[a], y[a], groups=GROUPS[a]).score(X[b], y[b]) for a, b in GroupKFold(4).split(X, y, GROUPS)
    ]
    assert scores.tolist() == by_hand


def test_groups_in_a_pipeline_without_routing():
    y = targets(ANNRegressor)
    pipeline = make_pipeline(StandardScaler(), ANNRegressor(**SMALL, cv=GroupKFold(3)))
    pipeline.fit(X, y, annregressor__groups=GROUPS)
    assert len(pipeline[-1].estimators_) == 3


# ------------------------------------------------------------------------------------------------------------- errors


ALL = np.arange(120)


@BOTH
@pytest.mark.parametrize(
    "cv, message",
    [
        ([], "cv holds no split"),
        ([1, 2], r"cv must hold pairs \(rows to train on, rows to hold out\), but entry 0 is 1"),
        ([(TRAIN, VAL), (TRAIN,)], "pairs.*entry 1 is"),
        ([(TRAIN, VAL), (TRAIN, np.arange(60, 100))], "Split 1 of cv has row 60 both"),
        ([(TRAIN, [80, 120])], "Held-out rows of split 0 of cv must be numbers from 0 to 119.*got 120"),
        ([([-1, 0], VAL)], "Training rows of split 0 of cv must be numbers from 0 to 119.*got -1"),
        ([(TRAIN, [])], "Split 0 of cv has no held-out rows"),
        ([([], VAL)], "Split 0 of cv has no training rows"),
        ([(TRAIN, [80, 81, 80])], "hold row 80 more than once"),
        ([(TRAIN, VAL + 0.5)], "sequence of row numbers.*float64"),
        ([(ALL < 80, ALL >= 80)], "sequence of row numbers.*bool"),
        ([(TRAIN[:, None], VAL)], "sequence of row numbers"),
        (["ab"], "sequence of row numbers"),
        (1, "'cv' parameter"), (True, "'cv' parameter"), ("kfold", "'cv' parameter"), (2.5, "'cv' parameter"),
        (500, "cv=500 can't split the rows given to fit.*n_splits=500"),
        (GroupKFold(3), "cv=GroupKFold.*'groups' parameter should not be None"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_cv(Estimator, cv, message):
    """In a sentence of fewer than 300 characters; the estimator stays unfitted."""
    model = Estimator(**SMALL, cv=cv)
    with pytest.raises((ValueError, TypeError), match=message) as found:
        model.fit(X, targets(Estimator))
    assert len(str(found.value)) < 300
    assert not hasattr(model, "n_features_in_")


@BOTH
@pytest.mark.parametrize(
    "params, arguments, message",
    [
        ({"early_stopping": False, "cv": 3}, {}, "cv is set, but early_stopping=False"),
        ({"cv": 3}, {"X_val": X, "y_val": True}, "X_val and y_val are given to fit, but cv is set"),
        ({}, {"groups": GROUPS}, "groups is given to fit, but cv=None"),
        ({"cv": [(TRAIN, VAL)]}, {"groups": GROUPS}, "groups is given to fit, but cv holds pairs of indices"),
        ({"cv": GroupKFold(3)}, {"groups": GROUPS[1:]}, "groups must have one entry for each of the 120 rows.*119"),
        ({"cv": GroupKFold(9)}, {"groups": GROUPS}, "cv=GroupKFold.*n_splits=9"),
    ],
)
def test_what_does_not_go_together(Estimator, params, arguments, message):
    y = targets(Estimator)
    arguments = arguments | ({"y_val": y} if "X_val" in arguments else {})
    with pytest.raises(ValueError, match=message):
        Estimator(**SMALL | params).fit(X, y, **arguments)


def test_scikit_learn_warns_of_groups_without_use():
    with pytest.warns(UserWarning, match="groups parameter is ignored by KFold"):
        fitted(ANNRegressor, KFold(3), groups=GROUPS)
