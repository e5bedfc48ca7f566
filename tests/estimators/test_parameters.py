"""Losses, activations and schedules of one's own: they work, travel, and say what they lack."""

import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_regression
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV

from skann.engine.activations import Tanh
from skann.engine.losses import SquaredError
from skann.engine.schedules import Constant, Cosine
from tests.plain import ANNClassifier, ANNRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, Y = make_regression(80, 3, noise=1.0, random_state=0)
Y = Y / Y.std()
SMALL = {"hidden_layer_sizes": (6,), "max_iter": 20, "random_state": 0}


class HalfSquares:
    """The squared error, written anew."""

    out_activation = "identity"

    def value_and_delta(self, raw, y, weight, delta):
        weight = np.ones(len(raw)) if weight is None else weight
        np.multiply(raw - y, weight[:, None] / len(raw), out=delta)
        return float(0.5 * (weight @ (raw - y) ** 2).sum() / len(raw))

    def predict(self, raw):
        return raw

    def constant(self, y, weight):
        return np.average(y, axis=0, weights=weight)


class Sine:
    two_buffers = True

    def forward(self, z, a):
        np.sin(z, out=a)

    def backward(self, z, a, delta):
        delta *= np.cos(z)


def halving(t):
    """Rate after t steps."""
    return 0.01 / (1 + t)


OWN = {"loss": HalfSquares(), "activation": Sine(), "learning_rate": halving}


@pytest.mark.parametrize("weight", [None, np.arange(80.0)])
def test_own_loss_is_the_built_in_one(weight):
    own = ANNRegressor(**SMALL, loss=HalfSquares()).fit(X, Y, weight)
    ours = ANNRegressor(**SMALL, loss=SquaredError()).fit(X, Y, weight)
    np.testing.assert_allclose(own.predict(X), ours.predict(X), rtol=1e-8)


def test_own_schedule_sets_the_rate():
    model = ANNRegressor(**SMALL, learning_rate=halving, batch_size=40).fit(X, Y)
    np.testing.assert_allclose(model.history_["learning_rate"], [halving(2 * epoch - 1) for epoch in range(1, 21)])


@pytest.mark.parametrize("name", OWN)
def test_own_objects_are_cloned_pickled_and_searched(name):
    model = ANNRegressor(**SMALL, **{name: OWN[name]}).fit(X, Y)
    np.testing.assert_array_equal(clone(model).fit(X, Y).predict(X), model.predict(X))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))
    builtin = {"loss": "squared_error", "activation": "relu", "learning_rate": "constant"}[name]
    search = GridSearchCV(ANNRegressor(**SMALL), {name: [OWN[name], builtin]}, cv=2).fit(X, Y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def without(cls, name):
    """An object of a copy of the class that lacks one attribute."""
    return type(cls.__name__, (), {key: value for key, value in vars(cls).items() if key != name})()


@pytest.mark.parametrize("name", ["value_and_delta", "predict", "constant", "out_activation"])
def test_loss_without(name):
    with pytest.raises(TypeError, match=rf"loss=.*HalfSquares.* lacks the (method|attribute) {name}: see .*losses"):
        ANNRegressor(**SMALL, loss=without(HalfSquares, name)).fit(X, Y)


@pytest.mark.parametrize("name", ["forward", "backward", "two_buffers"])
@pytest.mark.parametrize("in_list", [False, True])
def test_activation_without(name, in_list):
    activation = without(Sine, name)
    with pytest.raises(TypeError, match=rf"activation=.*Sine.* lacks the (method|attribute) {name}: see .*activations"):
        ANNClassifier(**SMALL, activation=[activation] if in_list else activation).fit(X, Y > 0)


@pytest.mark.parametrize(
    "params, message",
    [
        ({"loss": SquaredError}, "loss must be an object, got the class .*SquaredError"),
        ({"activation": Tanh}, "activation must be an object, got the class .*Tanh"),
        ({"learning_rate": Cosine}, "learning_rate must be a name or an object, got the class"),
        ({"learning_rate": object()}, "The 'learning_rate' parameter"),
        ({"activation": object()}, "The 'activation' parameter"),
        ({"learning_rate": lambda: 0.1}, "can't be called with the number of steps taken"),
        ({"learning_rate": lambda t: "fast"}, "must return a number of at least 0, got 'fast'"),
        ({"learning_rate": lambda t: -0.1}, "must return a number of at least 0, got -0.1"),
        ({"learning_rate": lambda t: float("nan")}, "must return a number of at least 0, got nan"),
    ],
)
def test_what_is_no_such_object(params, message):
    model = ANNRegressor(**SMALL).fit(X, Y)
    before = model.predict(X)
    with pytest.raises(TypeError, match=message):
        model.set_params(**params).fit(X, Y)
    np.testing.assert_array_equal(model.predict(X), before)


@pytest.mark.parametrize("learning_rate, warns", [(Cosine(0.01, 20), False), ("cosine", False), (Constant(0.01), True)])
def test_schedule_object_that_knows_its_length_plans_the_end(learning_rate, warns):
    """To reach max_iter is no surprise then, as with the names of such schedules."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ANNRegressor(**SMALL, learning_rate=learning_rate).fit(X, Y)
    assert [each.category for each in caught] == [ConvergenceWarning] * warns
