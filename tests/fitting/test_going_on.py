"""What lasts from call to call: warm starts and partial_fit."""

import warnings

import numpy as np
import pytest

from tests.data import SCALED_IRIS as X
from tests.data import SPECIES as Y
from tests.fitting.small import MINI_BATCH, SMALL, theta
from tests.plain import BOTH, ANNClassifier, ANNRegressor

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:.*batch_size.*:UserWarning"),
]


@BOTH
@MINI_BATCH
@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_warm_start_goes_on(Estimator, solver, dropout):
    """10 epochs and 10 more are 20, bit for bit: moments, steps, row order and dropout masks included."""
    params = SMALL | {"solver": solver, "dropout": dropout, "random_state": 3}
    once = Estimator(**params, max_iter=20).fit(X, Y)
    twice = Estimator(**params, max_iter=10, warm_start=True).fit(X, Y).fit(X, Y)
    np.testing.assert_array_equal(theta(twice), theta(once))
    assert twice.loss_curve_ == once.loss_curve_
    assert len(twice.loss_curve_) == 20
    assert twice.n_iter_ == 10
    assert twice.t_ == once.t_ == 20 * 150


@BOTH
@pytest.mark.parametrize("schedule", ["constant", "invscaling"])
def test_warm_start_goes_on_with_the_schedule(Estimator, schedule):
    """Schedules that know no end go on, too."""
    params = SMALL | {"solver": "sgd", "learning_rate": schedule, "learning_rate_init": 0.05, "random_state": 0}
    once = Estimator(**params, max_iter=20).fit(X, Y)
    twice = Estimator(**params, max_iter=10, warm_start=True).fit(X, Y).fit(X, Y)
    np.testing.assert_array_equal(theta(twice), theta(once))
    assert twice.history_["learning_rate"] == once.history_["learning_rate"]


def test_partial_fit_goes_on_with_a_schedule_of_ones_own():
    """Which is told the number of all steps so far."""
    model = ANNRegressor(**SMALL | {"batch_size": 50}, learning_rate=lambda t: 1e-3 / (1 + t), solver="sgd")
    for _ in range(3):
        model.partial_fit(X, Y)
    assert model.history_["learning_rate"] == [1e-3 / (1 + t) for t in (2, 5, 8)]


def test_partial_fit_goes_on_with_the_rows_seen():
    """Inverse scaling counts rows, as scikit-learn's does, also where each call has another number of them."""
    model = ANNRegressor(**SMALL, solver="sgd", learning_rate="invscaling", learning_rate_init=0.1, power_t=0.3)
    for n_rows in (150, 64, 90):
        model.partial_fit(X[:n_rows], Y[:n_rows])
    assert model.history_["learning_rate"] == pytest.approx([0.1 / (1 + seen) ** 0.3 for seen in (0, 150, 214)])


def test_without_warm_start_everything_is_new():
    """A refit with a seed is the first fit."""
    model = ANNClassifier(**SMALL, max_iter=5, random_state=0).fit(X, Y)
    first = theta(model).copy()
    np.testing.assert_array_equal(theta(model.fit(X, Y)), first)
    assert len(model.loss_curve_) == 5
    model.fit(X[:, :2], Y > 0)
    assert model.n_features_in_ == 2
    assert model.predict_proba(X[:, :2]).shape == (150, 2)


@BOTH
def test_warm_start_with_lbfgs_starts_from_the_optimum(Estimator):
    """Converged before, so there is next to nothing left to do."""
    model = Estimator(hidden_layer_sizes=(), solver="lbfgs", alpha=1.0, max_iter=1000, warm_start=True).fit(X, Y)
    loss, n_iter = model.loss_, model.n_iter_
    model.fit(X, Y)
    assert model.n_iter_ <= max(2, n_iter // 3)
    assert model.loss_ == pytest.approx(loss, rel=1e-4)


@BOTH
def test_warm_start_checks_the_data(Estimator):
    """Other features, classes or targets do not fit the weights that are to be kept."""
    model = Estimator(**SMALL, max_iter=2, warm_start=True).fit(X, Y)
    with pytest.raises(ValueError, match="features"):
        model.fit(X[:, :2], Y)
    with pytest.raises(ValueError, match=r"y holds|y must"):
        model.fit(X, Y + 5 if Estimator is ANNClassifier else np.column_stack([Y, Y]))
    assert model.fit(X[:50], Y[:50]).predict(X).shape == (150,)


@BOTH
@pytest.mark.parametrize(
    "change", [{"solver": "sgd"}, {"alpha": 1.0}, {"learning_rate_init": 1e-4}, {"batch_size": 50}]
)
def test_warm_start_with_other_training(Estimator, change):
    """How it is trained may change from call to call: the weights go on."""
    model = Estimator(**SMALL, max_iter=10, warm_start=True, random_state=0).fit(X, Y)
    start = Estimator(**SMALL, max_iter=1, random_state=0).fit(X, Y).loss_
    model.set_params(**change).fit(X, Y)
    assert len(model.loss_curve_) == 20
    assert model.loss_curve_[10] < start


@BOTH
@pytest.mark.parametrize(
    "change",
    [{"hidden_layer_sizes": (3, 3)}, {"activation": "tanh"}, {"dropout": 0.5}, {"dtype": "float64"}],
    ids=lambda c: next(iter(c)),
)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_going_on_with_another_network(Estimator, change, method):
    """What makes the network cannot change under the weights that are kept: honoured or told, never ignored."""
    model = Estimator(**SMALL, max_iter=2, warm_start=True, dtype="float32", random_state=0).fit(X, Y)
    model.set_params(**change)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            getattr(model, method)(X, Y)
        except ValueError as error:
            said = str(error)
        else:
            said = " ".join(str(w.message) for w in caught)
    honoured = {
        "hidden_layer_sizes": lambda: [c.shape[1] for c in model.coefs_][:2] == [3, 3],
        "activation": lambda: model.hidden_activations(X).min() < 0,
        "dropout": lambda: "Dropout" in str(model.network_.layers),
        "dtype": lambda: theta(model).dtype == np.float64,
    }[next(iter(change))]
    assert honoured() or next(iter(change)) in said


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_going_on_with_another_loss(method):
    """Squared error first, then Huber: the loss on record is Huber's, at weights that do not move any more."""
    params = SMALL | {"warm_start": True, "max_iter": 1, "alpha": 0.0, "batch_size": 150, "random_state": 0}
    y = Y + 10.0 * (np.arange(150) % 10 == 0)
    model = ANNRegressor(**params).fit(X, y).set_params(loss="huber", huber_delta=0.5, learning_rate_init=1e-300)
    getattr(model, method)(X, y)
    residual, threshold = np.abs(y - model.predict(X)), 0.5 * y.std()
    huber = np.where(residual < threshold, 0.5 * residual**2, threshold * (residual - 0.5 * threshold)).mean()
    assert model.loss_ == pytest.approx(huber, rel=1e-6)


def test_going_on_with_other_quantiles():
    """More levels than the network has outputs: a message that names ``quantile``."""
    model = ANNRegressor(**SMALL, loss="quantile", warm_start=True, max_iter=2).fit(X, Y)
    with pytest.raises(ValueError, match="quantile"):
        model.set_params(quantile=[0.1, 0.9]).fit(X, Y)


@BOTH
@MINI_BATCH
@pytest.mark.parametrize("shuffle", [False, True])
def test_partial_fit_is_an_epoch_of_fit(Estimator, solver, shuffle):
    """Five calls are five epochs, bit for bit."""
    params = SMALL | {"solver": solver, "shuffle": shuffle, "random_state": 0}
    fit = Estimator(**params, max_iter=5).fit(X, Y)
    steps = Estimator(**params)
    for _ in range(5):
        steps.partial_fit(X, Y, **({"classes": [0, 1, 2]} if Estimator is ANNClassifier else {}))
    np.testing.assert_array_equal(theta(steps), theta(fit))
    assert steps.loss_curve_ == fit.loss_curve_
    assert steps.t_ == fit.t_


@BOTH
def test_partial_fit_after_fit_goes_on(Estimator):
    """``fit`` of 5 epochs and one ``partial_fit`` are 6 epochs."""
    params = SMALL | {"random_state": 0}
    model = Estimator(**params, max_iter=5).fit(X, Y).partial_fit(X, Y)
    np.testing.assert_array_equal(theta(model), theta(Estimator(**params, max_iter=6).fit(X, Y)))
    assert len(model.loss_curve_) == 6
    assert len(set(map(len, model.history_.values()))) == 1


@BOTH
def test_partial_fit_never_splits(Estimator):
    """``early_stopping`` has no meaning there, and does no harm."""
    kwargs = {"classes": [0, 1, 2]} if Estimator is ANNClassifier else {}
    plain, stopping = (
        Estimator(**SMALL, early_stopping=early, random_state=0).partial_fit(X, Y, **kwargs) for early in (False, True)
    )
    np.testing.assert_array_equal(theta(plain), theta(stopping))
    mixed = Estimator(**SMALL, early_stopping=True, max_iter=4, random_state=0).fit(X, Y).partial_fit(X, Y)
    assert len(mixed.loss_curve_) == 5
    assert len(set(map(len, mixed.history_.values()))) == 1


@BOTH
def test_pickles_of_a_fit_are_the_same_however_often(Estimator):
    """Nothing is left over from the call: attributes are those of a fresh fit."""
    model = Estimator(**SMALL, max_iter=3, random_state=0).fit(X, Y)
    names = set(vars(model))
    assert set(vars(model.fit(X, Y).partial_fit(X, Y))) == names
