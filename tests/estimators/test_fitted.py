"""Out-of-fold predictions: each row is judged by the networks that have not seen it."""

import warnings

import numpy as np
import pytest

from skann import ANNClassifier, ANNRegressor
from tests.data import BOTH
from tests.estimators.ensembles import SIGNAL, SMALL, X, fitted, members_behind, target, thetas


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
    assert model.estimators_[0].t_ == 8 * 160
    assert len({theta.tobytes() for theta in thetas(model)}) == 5


def test_too_few_rows_for_folds():
    """Told only if early stopping was asked for."""
    X, y = np.arange(98.0).reshape(49, 2), np.arange(49.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ANNRegressor(**SMALL).fit(X, y).oof_prediction_ is None
    with pytest.warns(UserWarning, match="early_stopping"):
        ANNRegressor(**SMALL, early_stopping=True).fit(X, y)
