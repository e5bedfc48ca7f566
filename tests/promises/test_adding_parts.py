"""One class and one line: a part that is registered at run time has its place everywhere.

The parts below are as a contributor would write them. Each is put into the dict that closes its module, and is then a
value of the parameter, in error messages, in the documentation, and refused by name where it can't be exported.
"""

import pickle
from dataclasses import dataclass

import numpy as np
import pytest

from skann import ANNClassifier, ANNRegressor
from skann.engine.activations import ACTIVATIONS
from skann.engine.embeddings import EMBEDDINGS, Embedding, Embeddings
from skann.engine.layers import Dense
from skann.engine.losses import LOSSES, IdentityLink, SquaredError
from skann.engine.network import Network
from skann.engine.objective import Objective
from skann.engine.optimizers import OPTIMIZERS, Optimizer
from skann.engine.schedules import SCHEDULES
from skann.estimators import docstrings
from tests.data import BOTH
from tests.helpers import assert_gradient, make_network

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(60, 3)), RNG.normal(size=(60, 1))
SMALL = {"hidden_layer_sizes": (5,), "encoder": None, "max_iter": 4, "random_state": 0}


class Sine:
    """f(z) = sin(z);  f'(z) = cos(z)."""

    two_buffers = True

    def forward(self, z, a):
        np.sin(z, out=a)

    def backward(self, z, a, delta):
        delta *= np.cos(z)


class LogCosh(IdentityLink):
    """log cosh(raw - y);  d/d raw = tanh(raw - y)."""

    def value_and_delta(self, raw, y, weight, delta):
        np.tanh(raw - y, out=delta)
        loss = np.log(np.cosh(raw - y)).sum(axis=1)
        share = 1 / len(raw) if weight is None else weight[:, None] / len(raw)
        delta *= share
        return float(np.mean(loss if weight is None else weight * loss))

    def constant(self, y, weight):
        return np.average(y, axis=0, weights=weight)


class Momentum(Optimizer):
    """v <- momentum v + lr g;  theta <- theta - v."""

    n_states = 1

    def __init__(self, size, dtype, momentum=0.9, **kwargs):
        super().__init__(size, dtype, **kwargs)
        self.momentum = momentum

    def _factors(self, rates):
        return [(rate,) for rate in rates]

    def _update(self, theta, g, v, s, rate):
        np.multiply(g, rate, out=s)
        v *= self.momentum
        v += s
        theta -= v


@dataclass(frozen=True)
class Halving:
    """lr(t) = rate / 2^(epochs before)."""

    rate: float
    steps_per_epoch: int

    def __call__(self, t):
        return self.rate * 0.5 ** (t // self.steps_per_epoch)


class Powers(Embedding):
    """Of each column x: [x, x^2] W, with a matrix W of its own."""

    def __init__(self, n_in):
        self.n_in, self.n_out = n_in, 3 * n_in
        self.shapes = {"W": (n_in, 2, 3)}
        self.scratch = {"x": (n_in, 2)}

    def __str__(self):
        return f"{self.n_in} embeddings by powers"

    def initialize(self, rng, variance=None):
        self.W[...] = rng.normal(size=self.W.shape)

    def forward(self, x, buf, rng=None):
        buf["x"][:, :, 0], buf["x"][:, :, 1] = x, x * x
        np.einsum("nfp,fpd->nfd", buf["x"], self.W, out=buf["a"].reshape(len(x), self.n_in, 3))
        return buf["a"]

    def backward(self, x, buf, dx=None):
        np.einsum("nfp,nfd->fpd", buf["x"], buf["delta"].reshape(len(x), self.n_in, 3), out=self.dW)

    def slopes(self, x, buf):
        return self.W[:, 0] + 2 * x[:, :, None] * self.W[:, 1]


PARTS = {
    "activation": (ACTIVATIONS, Sine),
    "loss": (LOSSES, LogCosh),
    "solver": (OPTIMIZERS, Momentum),
    "learning_rate": (SCHEDULES, Halving),
    "numeric_embedding": (EMBEDDINGS, Powers),
}
PARAMETERS = pytest.mark.parametrize("parameter", PARTS)


@pytest.fixture
def added(monkeypatch):
    for registry, part in PARTS.values():
        monkeypatch.setitem(registry, "mine", part)


def estimators_with(parameter):
    return [ANNRegressor] if parameter == "loss" else [ANNClassifier, ANNRegressor]


def fitted(Estimator, **parameters):
    y = (Y[:, 0] > 0).astype(int) if Estimator is ANNClassifier else Y[:, 0]
    return Estimator(**SMALL | parameters).fit(X, y)


def parts_of(networks):
    """The classes of the loss, of the activations and of the embeddings."""
    layers = networks.members[0].network.layers
    embeddings = [part for layer in layers if layer.kind == "embeddings" for part in layer.parts.values()]
    activations = [layer.activation for layer in layers if hasattr(layer, "activation")]
    return {type(part) for part in (networks.loss, *activations, *embeddings)}


@PARAMETERS
def test_its_name_is_a_value_of_the_parameter(parameter, added):
    """Also with the values of the recipe; the fitted model is pickled like any other."""
    for Estimator in estimators_with(parameter):
        for more in ({}, {"encoder": "auto", "n_estimators": 2}):
            model = fitted(Estimator, **{parameter: "mine"}, **more)
            assert np.isfinite(model.predict(X)).all()
            np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))
            if parameter in ("activation", "loss", "numeric_embedding"):  # the others leave no trace in the model
                assert PARTS[parameter][1] in parts_of(model.networks_)


@PARAMETERS
def test_it_is_unknown_before(parameter):
    for Estimator in estimators_with(parameter):
        with pytest.raises(ValueError, match=f"'{parameter}' parameter of {Estimator.__name__}|{parameter} must be"):
            fitted(Estimator, **{parameter: "mine"})


@PARAMETERS
def test_error_messages_name_it(parameter, added):
    for Estimator in estimators_with(parameter):
        with pytest.raises(ValueError, match="'mine'"):
            fitted(Estimator, **{parameter: "yours"})
    if parameter == "activation":
        with pytest.raises(ValueError, match="'mine'"):
            fitted(ANNRegressor, activation=["yours"])


def test_other_messages_list_it(added):
    """Those that say which solvers there are."""
    with pytest.warns(UserWarning, match="use 'adam', 'nadam', 'rmsprop', 'sgd' or 'mine'"):
        fitted(ANNRegressor, solver="lbfgs", dropout=0.1)


@PARAMETERS
def test_its_documentation_names_it(parameter, added):
    assert '"mine"' in docstrings.entry(parameter)
    if parameter in ("loss", "learning_rate", "numeric_embedding"):  # their entries say what each option means
        meaning = " ".join(PARTS[parameter][1].__doc__.rstrip(".").split())
        assert meaning in " ".join(docstrings.entry(parameter).split())


# --------------------------------------------------------------------------------------- what each of them does


def assert_network_gradient(network, loss, wrong=1.0):
    objective, workspace = Objective(network, loss), network.workspace(len(X))
    theta = network.theta.copy()

    def value(at):
        network.theta[...] = at
        return objective(X, Y, None, workspace)

    value(theta)
    assert_gradient(value, theta, wrong * network.grad)


def networks():
    """By name a network or loss with one of the parts in it."""
    embedded = Network([Embeddings({"numeric": Powers(3)}), Dense(9, 1)], np.float64)
    embedded.theta[...] = RNG.normal(size=embedded.theta.size)
    embedded.prepare_training()
    with_sine = make_network((3, 5, 1))
    with_sine.layers[0].activation = Sine()
    return {
        "activation": (with_sine, SquaredError()),
        "loss": (make_network((3, 5, 1)), LogCosh()),
        "numeric_embedding": (embedded, SquaredError()),
    }


@pytest.mark.parametrize("parameter", ["activation", "loss", "numeric_embedding"])
def test_finite_differences(parameter):
    """The derivatives of the parts; one that is wrong by a tenth of a percent fails."""
    assert_network_gradient(*networks()[parameter])
    with pytest.raises(AssertionError):
        assert_network_gradient(*networks()[parameter], wrong=1.001)


def test_an_optimizer_gets_its_hyper_parameters(added):
    """The rule above is that of "sgd" without Nesterov's momentum."""
    for momentum in (0.0, 0.5):
        mine = fitted(ANNRegressor, solver="mine", momentum=momentum, weight_decay=0.01)
        theirs = fitted(ANNRegressor, solver="sgd", momentum=momentum, nesterovs_momentum=False, weight_decay=0.01)
        np.testing.assert_allclose(mine.network_.theta, theirs.network_.theta, rtol=1e-12)
        without = fitted(ANNRegressor, solver="mine", momentum=momentum, weight_decay=0.0)
        assert np.abs(without.network_.theta - mine.network_.theta).max() > 1e-6


def test_a_schedule_gets_the_length_of_an_epoch(added):
    model = fitted(ANNRegressor, learning_rate="mine", learning_rate_init=0.01, batch_size=16)
    assert model.history_["learning_rate"] == [0.01, 0.005, 0.0025, 0.00125]


def test_what_stands_on_the_class_is_true_of_it(added, monkeypatch):
    """A loss of location may have its targets scaled; another, which says nothing, may not."""
    fitted(ANNRegressor, loss="mine", target_scaling=True)
    monkeypatch.setattr(LogCosh, "is_location", False, raising=False)
    with pytest.raises(ValueError, match="target_scaling=True does not go with loss='mine'"):
        fitted(ANNRegressor, loss="mine", target_scaling=True)


def test_of_classes_no_regressor(added, monkeypatch):
    """A loss that is one of classes is no value of the regressor's parameter."""
    monkeypatch.setattr(LogCosh, "is_classification", True, raising=False)
    with pytest.raises(ValueError, match="'loss' parameter"):
        fitted(ANNRegressor, loss="mine")


@pytest.mark.parametrize("parameter", ["activation", "loss", "numeric_embedding"])
@BOTH
def test_onnx_refuses_it_by_name(Estimator, parameter, added):
    onnx = pytest.importorskip("skann.onnx")
    if Estimator not in estimators_with(parameter):
        return
    model = fitted(Estimator, **{parameter: "mine"})
    with pytest.raises(NotImplementedError, match=rf"{parameter}=.*{PARTS[parameter][1].__name__}"):
        onnx.to_onnx(model, X)


def test_onnx_exports_what_was_trained_by_it(added):
    """An optimizer and a schedule leave nothing in the model."""
    onnx = pytest.importorskip("skann.onnx")
    assert onnx.to_onnx(fitted(ANNRegressor, solver="mine", learning_rate="mine"), X).graph.node
