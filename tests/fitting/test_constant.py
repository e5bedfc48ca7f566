"""No model by the recipe is worse than the best constant, where the training starts, and whoever gets one is told."""

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_selection import SequentialFeatureSelector
from sklearn.model_selection import learning_curve

import skann
from skann import ANNClassifier, ANNRegressor
from skann.engine.callbacks import BestWeights, Validation
from skann.engine.losses import LogLink, Poisson, SquaredError
from skann.engine.rows import ArrayRows
from tests.data import BOTH
from tests.helpers import make_network

rng = np.random.default_rng(0)
X = rng.normal(size=(300, 4))
NOISE = rng.normal(size=300)
ONE = {"n_estimators": 1, "random_state": 0}


def fitted(model, n_rows, y):
    """The model and the messages of its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X[:n_rows], y[:n_rows])
    return model, [str(each.message) for each in caught]


@pytest.mark.parametrize("n_rows", [1, 2, 3, 10, 60, 61, 300])
@pytest.mark.parametrize("solver", ["adam", "nadam", "rmsprop"])
def test_constant_targets_in_few_epochs(n_rows, solver):
    """Exactly the constant, without a warning: there is nothing else to learn."""
    model, messages = fitted(ANNRegressor(**ONE, max_iter=8, solver=solver), n_rows, np.full(300, 5.0))
    np.testing.assert_array_equal(model.predict(X), 5)
    assert messages == []
    labels = ANNClassifier(**ONE, max_iter=3, solver=solver).fit(X[:n_rows], ["only"] * n_rows)
    np.testing.assert_allclose(labels.predict_proba(X), 1)


@pytest.mark.parametrize("n_rows", [20, 50, 61, 300])
def test_noise_in_few_epochs(n_rows):
    """On the given rows not worse than the mean of those trained on; on others it was -0.3 to -1.8."""
    scores = []
    for seed in range(3):
        model = ANNRegressor(**ONE | {"random_state": seed}, max_iter=8)
        model, _ = fitted(model, n_rows, np.random.default_rng(seed).normal(size=300))
        assert model.score(X[:n_rows], np.random.default_rng(seed).normal(size=300)[:n_rows]) >= -0.02
        new = np.random.default_rng(9)
        scores.append(model.score(new.normal(size=(1000, 4)), new.normal(size=1000)))
    assert np.mean(scores) > -0.3


@pytest.mark.parametrize("n_rows", [40, 100, 300])
@pytest.mark.parametrize("params", [{}, {"n_estimators": 1}, {"n_estimators": 1, "early_stopping": False}], ids=str)
def test_an_absurd_rate_is_told(n_rows, params):
    """It was R2 = -145, in silence; now it is the mean, and what to try."""
    y = X[:, 0] + 0.3 * NOISE
    model, messages = fitted(ANNRegressor(random_state=0, learning_rate_init=1.0, **params), n_rows, y)
    assert model.score(X[:n_rows], y[:n_rows]) >= -0.02  # the mean is that of the rows trained on
    if model.score(X[:n_rows], y[:n_rows]) < 0.01:
        which = "The training" if params else "The training of 8 of 8 networks"
        assert messages == [
            f"{which} ended no better than a constant prediction, which is therefore predicted. If y does depend on X, "
            f"try another learning_rate_init (now 1.0), a larger max_iter (now 128) or max_grad_norm=1."
        ]


def test_a_good_fit_is_not_warned_of():
    for n_rows in (30, 100, 300):
        for Estimator, y in ((ANNRegressor, X[:, 0]), (ANNClassifier, X[:, 0] > 0)):
            assert fitted(Estimator(random_state=0), n_rows, y)[1] == []


@BOTH
def test_the_constant_is_that_of_weighted_training_rows(Estimator):
    y = (NOISE > 0).astype(int)
    weight = np.where(y, 3.0, 1.0)
    model = Estimator(**ONE, learning_rate_init=50.0, early_stopping=False)
    with pytest.warns(ConvergenceWarning, match="no better than a constant"):
        model.fit(X, y, sample_weight=weight)
    prediction = model.predict_proba(X)[:, 1] if Estimator is ANNClassifier else model.predict(X)
    np.testing.assert_allclose(prediction, np.average(y, weights=weight), rtol=1e-5)


def test_best_weights_with_a_constant():
    """Kept if no epoch is as good; an epoch that is as good is kept; a warm start has its own weights instead."""
    rows = ArrayRows(rng.normal(size=(20, 4)), rng.normal(size=(20, 3)))
    for score, start, kept in ((1.0, None, False), (0.0, None, False), (-1.0, None, True), (-1.0, "start", False)):
        network = make_network()
        theta = network.theta.copy()

        class RunLike:
            history = {"validation_score": [score]}

        run = RunLike()
        run.network = network
        validation = Validation(SquaredError(), rows, lambda network, raw: 0.0)
        best = BestWeights(validation, None if start is None else theta + 1, np.arange(3.0))
        best.on_fit_begin(run)
        np.testing.assert_array_equal(network.theta, theta)
        best.on_epoch_end(run)
        best.on_fit_end(run)
        assert network.is_constant == kept
        if kept:
            np.testing.assert_array_equal(
                network.forward(rows.X, network.workspace(20)), np.tile(np.arange(3.0), (20, 1))
            )
        else:
            np.testing.assert_array_equal(network.theta, theta if start is None else theta + 1)


# ------------------------------------------------------------------------------------------------------- log link

LOSS = {
    "poisson": lambda mean, y: np.mean(mean - y + y * np.log(y / mean)),
    "gamma": lambda mean, y: np.mean(y / mean - 1 - np.log(y / mean)),
}


@pytest.mark.parametrize("n_rows", [30, 100, 300])
@pytest.mark.parametrize("encoder", [None, "auto"])
@pytest.mark.parametrize("loss", ["poisson", "gamma"])
def test_exponentials_of_a_fit_gone_wrong(n_rows, encoder, loss):
    """An error, or finite predictions, of which a warning tells where they are no better than a constant."""
    y = np.exp(X[:, 0])
    for seed in range(3):
        for rate in (1.0, 10.0, 100.0):
            model = ANNRegressor(loss=loss, learning_rate_init=rate, max_iter=1, encoder=encoder, random_state=seed)
            try:
                model, messages = fitted(model, n_rows, y)
            except ValueError:
                with pytest.raises(ValueError, match="diverged"):
                    model.fit(X[:n_rows], y[:n_rows])
                continue
            prediction = model.predict(X[:n_rows])
            assert np.isfinite(prediction).all()
            constant = LOSS[loss](y[:n_rows].mean(), y[:n_rows])
            if LOSS[loss](prediction, y[:n_rows]) > constant * (1 + 1e-6):
                assert "no better than" in messages[0]


class Unbounded(LogLink):
    """The Poisson loss, whose predictions overflow where raw outputs do not."""

    domain = Poisson.domain
    in_domain = Poisson.in_domain
    value_and_delta = Poisson.value_and_delta

    def predict(self, raw):
        return np.exp(1e6 * raw)


@pytest.mark.parametrize("n_rows", [30, 300])
def test_infinite_predictions_are_a_divergence(n_rows):
    """Judged is what predict returns."""
    with pytest.raises(
        ValueError, match="diverged: the predictions for the training rows are not finite after epoch 2"
    ):
        ANNRegressor(loss=Unbounded(), **ONE, max_iter=2).fit(X[:n_rows], np.full(n_rows, 3.0) + X[:n_rows, 0] ** 2)


def test_means_of_large_predictions_are_finite():
    """Eight times 1e38 is more than float32 holds, their mean is not."""
    model = ANNRegressor(random_state=0, max_iter=2).fit(X, NOISE)
    raw = [np.full((2, 1), 1e38, np.float32)] * 8
    np.testing.assert_allclose(model.networks_.predict(raw), 1e38, rtol=1e-6)


# ----------------------------------------------------------------------------------------------------- plain networks


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_plain_networks_tell_of_it(solver):
    """They keep their weights: an end that is worse than the epochs before is told, too."""
    y = X[:, 0] + 100
    model = ANNRegressor(encoder=None, solver=solver, learning_rate_init=1e-9, max_iter=3, random_state=0)
    with pytest.warns(ConvergenceWarning, match="no better than that of a constant prediction"):
        model.fit(1e3 * X, y)


# --------------------------------------------------------------------------------------------------- tools that cut


@pytest.mark.slow
def test_learning_curve():
    """From two rows on about as good as their mean, whose R2 is -0.9, -0.4, -0.1 and -0.1."""
    table, y = load_diabetes(return_X_y=True)
    scores = learning_curve(
        ANNRegressor(random_state=0, n_estimators=1), table, y, train_sizes=[2, 3, 5, 10, 60, 70], cv=3, shuffle=True,
        random_state=0,
    )[2].mean(axis=1)  # fmt: skip
    assert (scores > [-1.5, -1.3, -0.9, -0.4, 0.0, 0.0]).all()


def test_sequential_feature_selection():
    """It tries tables of one column; the best is yes or no, and explains 90 % of the variance."""
    pd = pytest.importorskip("pandas")
    random = np.random.default_rng(0)
    table = pd.DataFrame(
        {"treated": random.integers(0, 2, 60), "x1": random.normal(size=60), "x2": random.normal(size=60)}
    )
    y = 3 * table["treated"] + 0.3 * table["x1"] + 0.3 * random.normal(size=60)
    model = skann.ANNRegressor(n_estimators=1, random_state=0)
    selector = SequentialFeatureSelector(model, n_features_to_select=1, cv=3).fit(table, y)
    assert list(selector.get_feature_names_out()) == ["treated"]


@pytest.mark.parametrize("n_rows", [2, 3, 5, 10, 30, 60, 61, 80, 200])
@pytest.mark.parametrize("kind", ["number", "two values", "words", "gaps"])
def test_tables_of_one_column(n_rows, kind):
    """Predictions stay within the range of y, and half of it beyond."""
    pd = pytest.importorskip("pandas")
    x = X[:n_rows, 0]
    column = {
        "number": x, "two values": (x > 0).astype(float), "words": np.where(x > 0, "a", "b"),
        "gaps": np.where(np.arange(n_rows) % 3 == 1, np.nan, x > 0),
    }[kind]  # fmt: skip
    y = 2.0 * (x > 0) + 0.1 * NOISE[:n_rows]
    table = pd.DataFrame({"x": column})
    new = table if kind == "words" else pd.DataFrame({"x": [0.0, 1.0, np.nan]})
    model = ANNRegressor(random_state=0, n_estimators=1).fit(table, y)
    prediction, margin = np.append(model.predict(table), model.predict(new)), 0.5 * np.ptp(y)
    assert prediction.min() > y.min() - margin
    assert prediction.max() < y.max() + margin


@pytest.mark.filterwarnings("error::sklearn.exceptions.ConvergenceWarning")
def test_a_perfect_fit_is_better_than_a_constant():
    """Also where the loss after the training is the lowest of its curve to the bit: on a line, without penalty."""
    X, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 7.0]
    model = ANNRegressor((), encoder=None, solver="lbfgs", alpha=0.0, random_state=0).fit(X, y)
    assert model.loss_ < 1e-6
