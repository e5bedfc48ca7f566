"""Every regression loss on every kind of y: several targets, quantiles, units, weights."""

import warnings

import numpy as np
import pytest
from sklearn.linear_model import TweedieRegressor
from sklearn.metrics import mean_pinball_loss

from skann.engine.losses import LogLink
from tests.plain import ANNRegressor
from tests.targets.estimators import regressor, sklearn_warning

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:.*batch_size.*:UserWarning"),
]
LOSSES = ["squared_error", "absolute_error", "huber", "quantile", "poisson", "gamma", "tweedie"]
MINI_BATCH_SOLVERS = ["adam", "nadam", "rmsprop", "sgd"]


# ---------------------------------------------------------------------------------------------------------- regression


def positive_target(X):
    return np.exp(0.5 * X[:, 2] + 0.2 * X[:, 0])


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("solver", [*MINI_BATCH_SOLVERS, "lbfgs"])
def test_every_loss_with_every_solver(iris, loss, solver):
    """A smooth positive function of two features is learnt: R2 above 0.9."""
    X, _ = iris
    y = positive_target(X)
    rate = {"sgd": 0.01, "rmsprop": 0.005, "nadam": 0.01}.get(solver, 0.02)
    model = regressor(
        loss=loss, solver=solver, learning_rate_init=rate, hidden_layer_sizes=(16,), max_iter=300, batch_size=32
    )
    assert model.fit(X, y).score(X, y) > 0.9
    assert model.out_activation_ == ("exp" if loss in ("poisson", "gamma", "tweedie") else "identity")
    assert model.predict(X).shape == (150,)


@pytest.mark.parametrize("loss", LOSSES)
def test_loss_value(iris, loss, monkeypatch):
    """``loss_`` after L-BFGS without L2 is the mean of the textbook formula, before the total is set right."""
    monkeypatch.setattr(LogLink, "balance", None)
    X, _ = iris
    y = positive_target(X)
    model = regressor(loss=loss, solver="lbfgs", alpha=0.0, max_iter=5).fit(X, y)
    m = model.predict(X)
    r = np.abs(y - m)
    threshold = 1.35 * y.std()
    formula = {
        "squared_error": lambda: 0.5 * r**2,
        "absolute_error": lambda: r,
        "huber": lambda: np.where(r < threshold, 0.5 * r**2, threshold * (r - 0.5 * threshold)),
        "quantile": lambda: 0.5 * r,
        "poisson": lambda: m - y + y * np.log(y / m),
        "gamma": lambda: y / m - 1 - np.log(y / m),
        "tweedie": lambda: 2 * (np.sqrt(y) - np.sqrt(m)) ** 2 / np.sqrt(m),
    }[loss]
    assert model.loss_ == pytest.approx(formula().mean(), rel=1e-9)


@pytest.mark.parametrize("loss", [loss for loss in LOSSES if loss != "quantile"])
def test_several_targets(iris, loss):
    """One output per target; two equal targets get the loss twice."""
    X, _ = iris
    Y = np.column_stack([positive_target(X), positive_target(-X)])
    model = regressor(loss=loss, max_iter=300, hidden_layer_sizes=(16,)).fit(X, Y)
    assert model.predict(X).shape == (150, 2)
    assert model.n_outputs_ == 2
    assert model.score(X, Y) > 0.8


def test_squared_error_is_summed_over_targets(iris):
    """Half the squared residual, summed over outputs, averaged over rows."""
    X, _ = iris
    model = regressor(solver="lbfgs", alpha=0.0, max_iter=5).fit(X[:, :2], X[:, 2:])
    assert model.loss_ == pytest.approx(0.5 * ((model.predict(X[:, :2]) - X[:, 2:]) ** 2).sum(axis=1).mean(), rel=1e-9)


def test_column_target(iris):
    """y of shape (n, 1): the same model, and no DataConversionWarning, as several targets are welcome."""
    X, _ = iris
    with warnings.catch_warnings():
        warnings.simplefilter("error", sklearn_warning())
        column = regressor().fit(X, positive_target(X)[:, None]).predict(X)
    np.testing.assert_array_equal(column.ravel(), regressor().fit(X, positive_target(X)).predict(X))


@pytest.mark.parametrize("dtype", [int, np.int8, bool, np.float32, np.float16])
def test_dtypes_of_targets(iris, dtype):
    """Any number will do."""
    X, y = iris
    y = (y > 0).astype(dtype)
    np.testing.assert_allclose(regressor().fit(X, y).predict(X), regressor().fit(X, y.astype(float)).predict(X))


@pytest.mark.parametrize("q", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_one_quantile(q, solver):
    """Without features the model is the quantile; and about a share q of the targets lies below it."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(400, 2)), rng.normal(size=400)
    y += X[:, 0]
    model = regressor(loss="quantile", quantile=q, hidden_layer_sizes=(), solver=solver, max_iter=300).fit(X, y)
    assert np.mean(y < model.predict(X)) == pytest.approx(q, abs=0.03)
    assert model.predict(X).shape == (400,)
    assert model.loss_ == pytest.approx(mean_pinball_loss(y, model.predict(X), alpha=q), rel=0.02)


def test_threshold_of_huber_is_in_standard_deviations(iris):
    X, y = iris
    y = y + 100.0
    model = ANNRegressor(loss="huber", huber_delta=0.7, max_iter=1, random_state=0).fit(X, y)
    assert model.networks_.loss.threshold == pytest.approx([0.7 * y.std()])


@pytest.mark.parametrize("levels", [[0.1, 0.5, 0.9], [0.9, 0.1, 0.5], (0.5, 0.5)])
def test_several_quantiles_never_cross(levels):
    """One column per level in the order of the list; a higher level is nowhere below a lower one."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 2))
    y = X[:, 0] + (1 + X[:, 1] ** 2) * rng.normal(size=600)
    model = regressor(loss="quantile", quantile=levels, hidden_layer_sizes=(16,), max_iter=100).fit(X, y)
    for rows in (X, 50 * rng.normal(size=(1000, 2))):
        predicted = model.predict(rows)
        assert predicted.shape == (len(rows), len(levels))
        assert (np.diff(predicted[:, np.argsort(levels, kind="stable")], axis=1) >= 0).all()
    assert np.mean(y[:, None] < model.predict(X), axis=0) == pytest.approx(levels, abs=0.06)
    assert model.n_outputs_ == len(levels)


def test_quantiles_of_several_targets_are_refused(iris):
    """A list of levels is for one target: the message names both."""
    X, _ = iris
    with pytest.raises(ValueError, match=r"quantile.*target|target.*quantile|quantile.*y"):
        regressor(loss="quantile", quantile=[0.1, 0.9]).fit(X, X[:, :3])
    assert regressor(loss="quantile", quantile=0.9).fit(X[:, :2], X[:, 2:]).predict(X[:, :2]).shape == (150, 2)


def test_scores_with_a_list_of_quantiles(iris):
    """``score`` of several quantiles of one target: a number, or an error that says why not, not a wrong number."""
    X, _ = iris
    model = regressor(loss="quantile", quantile=[0.1, 0.5, 0.9]).fit(X, X[:, 0])
    try:
        score = model.score(X, X[:, 0])
    except ValueError:
        return
    assert np.isfinite(score)


def test_robust_losses_resist_outliers(iris):
    """One target in ten thrown far off: squared error follows them, the median and Huber do not."""
    X, _ = iris
    clean = 2 * X[:, 0] + X[:, 1]
    y = clean.copy()
    y[::10] += 100
    error = {
        loss: np.abs(
            regressor(loss=loss, hidden_layer_sizes=(), max_iter=400, solver="lbfgs").fit(X, y).predict(X) - clean
        ).mean()
        for loss in ("squared_error", "absolute_error", "huber")
    }
    assert error["squared_error"] > 5
    assert error["absolute_error"] < 0.5
    assert error["huber"] < error["squared_error"] / 1.5


@pytest.mark.parametrize("loss", ["huber", "squared_error", "absolute_error"])
def test_units_of_the_target_do_not_change_the_linear_optimum(iris, loss):
    """With y in units a thousand times smaller the optimum is a thousand times larger, Huber's threshold included."""
    X, _ = iris
    y = positive_target(X)
    params = {"loss": loss, "hidden_layer_sizes": (), "solver": "lbfgs", "alpha": 0.0, "max_iter": 2000, "tol": 1e-9}
    one, thousand = (regressor(**params).fit(X, scale * y).predict(X) / scale for scale in (1.0, 1000.0))
    np.testing.assert_allclose(one, thousand, atol=0.05 if loss == "absolute_error" else 1e-3)


@pytest.mark.parametrize("loss, bad", [("poisson", -1.0), ("tweedie", -1.0), ("gamma", -1.0), ("gamma", 0.0)])
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_targets_outside_the_domain(iris, loss, bad, method):
    """The message names the loss, says what is allowed and what was found."""
    X, _ = iris
    y = positive_target(X)
    y[77] = bad
    with pytest.raises(ValueError, match=rf"(?s)(?=.*{loss})(?=.*0)(?=.*{bad:g})"):
        getattr(regressor(loss=loss), method)(X, y)


def test_poisson_takes_zeros(iris):
    """Counts may be 0; predictions are positive."""
    X, _ = iris
    y = np.random.default_rng(0).poisson(positive_target(X))
    predicted = regressor(loss="poisson", max_iter=100).fit(X, y).predict(X)
    assert (predicted > 0).all()
    assert predicted.mean() == pytest.approx(y.mean(), rel=0.15)


@pytest.mark.parametrize("power", [1.1, 1.5, 1.9])
def test_linear_tweedie_is_that_of_scikit_learn(iris, power):
    """Without features to bend it the network is TweedieRegressor: the coefficients are the same."""
    X, _ = iris
    rng = np.random.default_rng(0)
    y = rng.poisson(1.5, 150) * positive_target(X)
    model = regressor(
        loss="tweedie", power=power, hidden_layer_sizes=(), solver="lbfgs", alpha=0, max_iter=5000, tol=1e-9
    )
    glm = TweedieRegressor(power=power, alpha=0, link="log", max_iter=5000, tol=1e-9).fit(X, y)
    np.testing.assert_allclose(model.fit(X, y).coefs_[0].ravel(), glm.coef_, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("power", [1, 2, 0.5, 3.0, np.nan, "1.5", None, True])
def test_power_out_of_range(iris, power):
    X, y = iris
    with pytest.raises(ValueError, match=r"'power' parameter.*range \(1\.0, 2\.0\)"):
        regressor(loss="tweedie", power=power).fit(X, y)


def test_a_warm_start_takes_another_power(iris):
    """A loss without memory: the call says which it is."""
    X, _ = iris
    model = regressor(loss="tweedie", warm_start=True, max_iter=2).fit(X, positive_target(X))
    assert model.set_params(power=1.2).fit(X, positive_target(X)).networks_.loss.power == 1.2


# ------------------------------------------------------------------------------------------------------------- weights


@pytest.mark.parametrize("loss", LOSSES)
def test_weights_are_repetitions_for_every_loss(iris, loss):
    """Full batches, so exactly: also of the bias that training starts from, and of Huber's spread."""
    X, _ = iris
    y = positive_target(X)
    weight = np.random.default_rng(0).integers(0, 4, size=150)
    quantile = {"quantile": 0.3} if loss == "quantile" else {}
    params = {"loss": loss, "max_iter": 30, "dtype": "float64", "alpha": 0.3} | quantile
    weighted = regressor(**params, batch_size=150).fit(X, y, sample_weight=weight).predict(X)
    repeated = regressor(**params, batch_size=weight.sum()).fit(X.repeat(weight, axis=0), y.repeat(weight)).predict(X)
    np.testing.assert_allclose(weighted, repeated, atol=1e-6)
