"""Several networks one after the other or side by side, and what Ctrl-C leaves of them."""

import time
import warnings

import numpy as np
import pytest
from joblib import parallel_backend

from skann import ANNRegressor
from skann.engine.losses import SquaredError
from tests.data import BOTH
from tests.estimators.ensembles import SIGNAL, SMALL, X, assert_same, fitted, target, thetas

# ------------------------------------------------------------------------------------------------------------- threads


@BOTH
@pytest.mark.parametrize("backend", ["threading", pytest.param("loky", marks=pytest.mark.slow)])
def test_threads_and_processes_train_the_same(Estimator, backend):
    """n_jobs and joblib's backends make no difference."""
    expected = fitted(Estimator, n_jobs=1)
    assert_same(fitted(Estimator, n_jobs=2), expected)
    with parallel_backend(backend, n_jobs=2):
        model = fitted(Estimator)
    assert_same(model, expected)
    np.testing.assert_array_equal(model.oof_prediction_, expected.oof_prediction_)
    assert_same(model.partial_fit(X, target(Estimator)), fitted(Estimator).partial_fit(X, target(Estimator)))


def test_warnings_do_not_multiply():
    """One for all members."""
    with pytest.warns(UserWarning, match="max_iter=8") as caught:
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


# ------------------------------------------------------------------------------------------------------------ going on


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
    assert 0 < model.estimators_[-1].n_iter_ < 8
    assert np.isfinite(model.predict(X)).all()
    assert np.isnan(model.oof_prediction_).any()
    assert len(model.fit(X, SIGNAL).estimators_) == n_finished + 1


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_ctrl_c_while_going_on(method):
    """Members that it did not come to are as they were, and all go on afterwards: those as if nothing had happened."""
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
    n_rows = [member.t for member in model.networks_.members]
    model.fit(X, SIGNAL)
    assert all(member.t > n for member, n in zip(model.networks_.members, n_rows, strict=True))
    undisturbed = fitted(ANNRegressor, loss=Interrupts(), warm_start=True).fit(X, SIGNAL)
    assert not any(np.array_equal(*pair) for pair in zip(thetas(model), before, strict=True))
    for member, expected in list(zip(model.estimators_, undisturbed.estimators_, strict=True))[2:]:
        assert member.loss_curve_ == expected.loss_curve_
        np.testing.assert_array_equal(member.network_.theta, expected.network_.theta)
