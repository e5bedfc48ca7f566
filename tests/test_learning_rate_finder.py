"""The learning-rate finder: the theory of a quadratic, the recipe's rates, and nothing touched."""

import pickle
import warnings

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from skann import ANNClassifier, ANNRegressor, LearningRateFinderDisplay, find_learning_rate
from skann.engine.schedules import Exponential
from skann.learning_rate_finder import LearningRateSweep
from tests.data import IRIS as X
from tests.data import SPECIES as y

mpl.use("Agg")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def linear_problem():
    """Rows, targets, and the largest rate at which gradient descent on half the squared error is stable."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 5)) * [3, 2, 1, 1, 0.5]
    X1 = np.column_stack([X, np.ones(200)])
    return X, X @ rng.normal(size=5), 2 / np.linalg.eigvalsh(X1.T @ X1 / 200).max()


def linear_model(**params):
    defaults = {"solver": "sgd", "momentum": 0.0, "nesterovs_momentum": False, "batch_size": 200, "alpha": 0.0}
    return ANNRegressor((), encoder=None, dtype="float64", random_state=0, **defaults | params)


def test_losses_are_those_of_gradient_descent():
    """A second implementation: one step of gradient descent at each rate, then the loss."""
    X, y, _ = linear_problem()
    sweep = find_learning_rate(linear_model(), X, y, start=1e-3, end=0.1, n_steps=20, smoothing=0.5)
    np.testing.assert_allclose(sweep.learning_rates, np.geomspace(1e-3, 0.1, 20), rtol=1e-12)
    model = linear_model(learning_rate_init=1e-300, max_iter=1).fit(X, y)  # the random start
    w, b = model.coefs_[0][:, 0].copy(), float(model.intercepts_[0][0])
    losses = [0.5 * np.mean((X @ w + b - y) ** 2)]
    for rate in sweep.learning_rates:
        residual = X @ w + b - y
        w, b = w - rate * X.T @ residual / 200, b - rate * residual.mean()
        losses.append(0.5 * np.mean((X @ w + b - y) ** 2))
    np.testing.assert_allclose(sweep.losses, losses[1:], rtol=1e-9)
    weights = [0.5 ** np.arange(n)[::-1] for n in range(1, 22)]
    smoothed = [np.average(losses[:n], weights=weight) for n, weight in enumerate(weights, 1)]
    np.testing.assert_allclose(sweep.smoothed_losses, smoothed[1:], rtol=1e-9)


def test_suggestion_is_stable_and_near_the_bound():
    """Below 2 / (largest eigenvalue), within two decades of it; and the sweep ends after it, not at 10."""
    X, y, bound = linear_problem()
    sweep = find_learning_rate(linear_model(), X, y)
    assert bound / 100 < sweep.suggestion < bound
    assert bound < sweep.learning_rates[-1] < 10
    assert len(sweep.learning_rates) == len(sweep.losses) == len(sweep.smoothed_losses)


def test_suggestion_scales_with_the_problem():
    """Ten times larger inputs have a hundred times lower a bound, and suggestion."""
    X, y, _ = linear_problem()
    wide = {"start": 1e-10, "end": 10.0, "n_steps": 221}  # 20 steps per decade
    small = find_learning_rate(linear_model(), 10 * X, y, **wide).suggestion
    large = find_learning_rate(linear_model(), 100 * X, y, **wide).suggestion
    assert small / large == pytest.approx(100, rel=0.25)


@pytest.mark.parametrize("params", [{}, {"encoder": None}, {"solver": "sgd", "encoder": None}])
def test_suggestion_trains_well(params):
    """The fit with the suggested rate is better than with a hundredth of it, and with a hundred times it."""
    model = ANNClassifier((16,), n_estimators=1, early_stopping=False, max_iter=20, random_state=0, **params)
    rate = find_learning_rate(model, X, y).suggestion
    losses = []
    for factor in (0.01, 1, 100):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                losses.append(model.set_params(learning_rate_init=factor * rate).fit(X, y).loss_)
            except ValueError:  # diverged
                losses.append(np.inf)
    assert losses[1] < min(losses[0], losses[2])


def test_the_number_given_has_no_part():
    """As with a number for `learning_rate_init`: "auto" in the recipe or not, the sweep is the same."""
    auto = find_learning_rate(ANNClassifier((8,), random_state=0), X, y)
    number = find_learning_rate(ANNClassifier((8,), random_state=0, learning_rate_init=0.5), X, y)
    np.testing.assert_array_equal(auto.losses, number.losses)
    assert auto.suggestion == number.suggestion


def test_the_sweep_of_the_recipe_is_one_of_all_its_groups():
    """A fit along the same ramp, each group of parameters at its factor: one full batch and so one step an epoch."""
    model = ANNClassifier((8,), n_estimators=1, early_stopping=False, batch_size=150, random_state=0, dtype="float64")
    model.set_params(dropout=0.0, weight_decay=0.0, weight_averaging=None, calibration=None, n_iter_no_change=99)
    sweep = find_learning_rate(model, X, y, start=1e-3, end=0.5, n_steps=20)
    model.set_params(learning_rate=Exponential(1e-3, 0.5, 20), max_iter=21).fit(X, y)
    assert len({rate for _, rate, _ in model.network_.groups}) > 3
    np.testing.assert_allclose(model.loss_curve_[1:], sweep.losses, rtol=1e-9)


def test_suggestion_is_in_the_range_in_which_it_learns():
    """By the definition, on the curve itself; for the recipe its own rate, as far as the range holds it."""
    model = ANNClassifier(n_estimators=1, random_state=0)
    sweep = find_learning_rate(model, X, y)
    smoothed, rates = sweep.smoothed_losses, sweep.learning_rates
    level, low = np.mean(sweep.losses[:9]), smoothed.min()  # about: the first loss is that before the first step
    learns = (rates >= sweep.lowest_rate) & (rates <= sweep.highest_rate)
    assert np.interp(np.log(sweep.lowest_rate), np.log(rates), smoothed) == pytest.approx((level + low) / 2, rel=0.1)
    assert smoothed[learns].argmin() + np.argmax(learns) == smoothed.argmin()
    assert smoothed[learns][smoothed[learns].argmin() :].max() <= low + (level - low) / 9
    assert smoothed[np.argmax(rates > sweep.highest_rate)] > low + (level - low) / 11
    assert sweep.lowest_rate < sweep.suggestion == 0.02 < sweep.highest_rate
    low = find_learning_rate(model, X, y, end=0.01)
    assert low.suggestion == low.highest_rate == 0.01
    narrow = find_learning_rate(ANNClassifier((16,), random_state=0), X, y)
    assert narrow.suggestion == narrow.lowest_rate > 0.02
    plain = find_learning_rate(model.set_params(encoder=None), X, y)
    assert plain.suggestion == plain.lowest_rate


@pytest.mark.parametrize("load", [load_breast_cancer, load_wine, load_diabetes])
def test_no_harm(load):
    """Cross-validated with the suggestion, the recipe is worse than with "auto" by at most 1 %."""
    X, y = load(return_X_y=True)
    kind, scoring = (
        (ANNRegressor, "neg_root_mean_squared_error") if load is load_diabetes else (ANNClassifier, "neg_log_loss")
    )
    model = kind((32,), n_estimators=2, max_iter=16, random_state=0)
    found = model.__class__(**model.get_params() | {"learning_rate_init": find_learning_rate(model, X, y).suggestion})
    auto, suggested = (-cross_val_score(each, X, y, cv=3, scoring=scoring).mean() for each in (model, found))
    assert suggested <= 1.01 * auto


def test_short_repr():
    sweep = find_learning_rate(ANNClassifier((8,), random_state=0), X, y)
    assert len(repr(sweep)) < 120
    assert f"suggestion {sweep.suggestion:.2g}" in repr(sweep)
    assert "does not learn" in repr(LearningRateSweep([], [], []))


@pytest.mark.parametrize("random_state", [0, None, "instance"])
def test_nothing_is_touched(random_state):
    if random_state == "instance":
        random_state = np.random.RandomState(0)
    model = ANNClassifier((8,), random_state=random_state, max_iter=7)
    before, state = pickle.dumps(model), np.random.get_state()[1].tobytes()  # noqa: NPY002
    X_before, y_before = X.copy(), y.copy()
    find_learning_rate(model, X, y, n_steps=20)
    assert pickle.dumps(model) == before
    assert np.random.get_state()[1].tobytes() == state  # noqa: NPY002
    np.testing.assert_array_equal(X, X_before)
    np.testing.assert_array_equal(y, y_before)
    with pytest.raises(NotFittedError):
        check_is_fitted(model)


def test_a_fitted_estimator_stays_as_it_is():
    model = ANNClassifier((8,), n_estimators=1, max_iter=3, random_state=0, warm_start=True).fit(X, y)
    before = pickle.dumps(model)
    find_learning_rate(model, X, y, n_steps=20)
    assert pickle.dumps(model) == before
    assert clone(model).get_params() == model.get_params()


def test_reproducible():
    first, second = (find_learning_rate(ANNClassifier((8,), random_state=3), X, y) for _ in range(2))
    np.testing.assert_array_equal(first.losses, second.losses)
    assert first.suggestion == second.suggestion


def test_steps_of_a_pipeline_come_first():
    model = ANNClassifier((8,), encoder=None, random_state=0)
    piped = find_learning_rate(make_pipeline(StandardScaler(), model), X, y)
    np.testing.assert_array_equal(piped.losses, find_learning_rate(model, StandardScaler().fit_transform(X), y).losses)


def test_sample_weight():
    """Rows of weight zero do not exist."""
    weight = np.r_[np.zeros(50), np.ones(100)]
    model = ANNRegressor((8,), encoder=None, random_state=0)
    weighted = find_learning_rate(model, X, X[:, 0], sample_weight=weight)
    np.testing.assert_allclose(weighted.losses, find_learning_rate(model, X[50:], X[50:, 0]).losses, rtol=1e-6)


def test_no_suggestion_without_learning():
    """A constant target is known from the start."""
    with pytest.warns(UserWarning, match="No learning rate") as record:
        sweep = find_learning_rate(linear_model(), np.zeros((50, 2)), np.ones(50))
    assert np.isnan(sweep.suggestion)
    with pytest.warns(UserWarning, match="No learning rate"):
        assert np.isnan(find_learning_rate(ANNClassifier(random_state=0), X, y, start=0.04).suggestion)
    assert record[0].filename == __file__


@pytest.mark.parametrize(
    "params, match",
    [
        ({"start": 0.0}, "0 < start < end"),
        ({"start": 2.0, "end": 1.0}, "0 < start < end"),
        ({"end": np.inf}, "0 < start < end"),
        ({"n_steps": 9}, "n_steps"),
        ({"n_steps": 20.5}, "n_steps"),
        ({"smoothing": 1.0}, "smoothing"),
        ({"divergence": 0}, "divergence"),
        ({"start": 1e4, "end": 1e6}, "diverges from start=10000 on"),
    ],
)
def test_bad_values(params, match):
    with pytest.raises(ValueError, match=match):
        find_learning_rate(linear_model(), *linear_problem()[:2], **params)


def test_bad_estimators():
    with pytest.raises(TypeError, match="LogisticRegression"):
        find_learning_rate(LogisticRegression(), X, y)
    with pytest.raises(ValueError, match="lbfgs"):
        find_learning_rate(ANNClassifier(solver="lbfgs"), X, y)
    with pytest.raises(ValueError, match="alpha"):
        find_learning_rate(ANNClassifier(alpha=-1), X, y)


def test_display():
    """It draws what the function returns."""
    model = ANNClassifier((8,), random_state=0)
    sweep = find_learning_rate(model, X, y, n_steps=50, start=1e-5)
    display = LearningRateFinderDisplay.from_estimator(model, X, y, n_steps=50, start=1e-5)
    np.testing.assert_array_equal(display.line_.get_xydata(), np.column_stack([sweep.learning_rates, sweep.losses]))
    np.testing.assert_array_equal(display.smoothed_line_.get_ydata(), sweep.smoothed_losses)
    assert display.suggestion_ == sweep.suggestion == display.suggestion_line_.get_xdata()[0]
    assert display.ax_.get_xscale() == "log"
    _, ax = plt.subplots()
    assert display.plot(ax=ax, name="here") is display
    assert display.ax_ is ax
    assert ax.get_title() == "here"
    assert LearningRateFinderDisplay([1.0], [1.0], [1.0]).plot().suggestion_line_ is None
    plt.close("all")
