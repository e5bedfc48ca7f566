"""Layers of fixed signs: gradients against differences, outputs against the signs that they must move with."""

import copy
import pickle

import numpy as np
import pytest

from skann.engine.activations import ACTIVATIONS, Mish
from skann.engine.embeddings import Embeddings, PassThrough, Periodic, PiecewiseLinear
from skann.engine.initializers import lecun
from skann.engine.layers import Dense, ParametricMish, Scale
from skann.engine.losses import SquaredError
from skann.engine.monotone import Curved, SideBySide, Signed
from skann.engine.network import Network
from skann.engine.objective import Objective
from tests.helpers import assert_gradient, poison

RNG = np.random.default_rng(0)
X = RNG.normal(size=(9, 3))
Y = RNG.normal(size=(9, 2))
EDGES = np.quantile(X[:, [0]], [0, 0.3, 0.6, 1]).reshape(1, -1)
FREE = np.nan


def network(activation="elu", dtype=np.float64, seed=0):
    """Two outputs of opposite sign; column 0 is constrained, 1 and 2 are free. Units 0 and 1 are free ones."""
    embeddings = {"numeric": Periodic(1), "rising": Signed(PiecewiseLinear(EDGES), {"v": [1], "W": [1]})}
    direction = np.array([0, 0, 0, 0, 1, 1, 1, 1, 0])
    first = np.where(direction[:, None] == 0, FREE, np.array([0, 0, 0.5, 0.5, 0.5, 0.5]))
    last = np.outer([FREE, FREE, 1, 1, 1, 1], [-1, 1])
    layers = [
        Embeddings(embeddings | {"rest": PassThrough(1)}, np.array([1, 0, 2])),
        Signed(Scale(9), {"s": np.where(direction, 1, FREE)}),
        Signed(Dense(9, 6), {"W": first}),
        SideBySide({"free": ParametricMish(2), "rising": Curved(4, ACTIVATIONS[activation](), np.arange(4) > 1)}),
        Signed(Dense(6, 2), {"W": last}),
    ]
    made = Network(layers, dtype)
    made.initialize(np.random.default_rng(seed), lecun)
    made.theta += 0.1 * np.random.default_rng(1).normal(size=len(made.theta))  # bends, too
    return made


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_gradient(activation, dtype):
    made = network(activation, dtype)
    made.prepare_training()
    workspace = poison(made.workspace(len(X)))
    Objective(made, SquaredError(), l2=0.01)(X.astype(dtype), Y.astype(dtype), None, workspace)
    theta = made.theta.astype(np.float64)

    def f(values):
        exact = network(activation)
        exact.theta[...] = values
        exact.prepare_training()
        return Objective(exact, SquaredError(), l2=0.01)(X, Y, None, exact.workspace(len(X)))

    assert_gradient(f, theta, made.grad)


@pytest.mark.parametrize("activation", ["elu", "gelu"])
@pytest.mark.parametrize("n_functions", [1, 3])
def test_input_gradient(activation, n_functions):
    made = network(activation)
    rows = np.array([[0.11, 0.3, 0.2], [-0.4, 1.0, 2.0]])
    weight = RNG.normal(size=(n_functions, 2, 2))
    workspace = made.workspace(2)
    made.forward(rows, workspace)
    found = made.input_gradient(rows, workspace, weight.copy())
    for k in range(n_functions):
        assert_gradient(lambda x, k=k: float(np.sum(weight[k] * made.forward(x, made.workspace(2)))), rows, found[k])


@pytest.mark.parametrize("activation", [name for name, kind in ACTIVATIONS.items() if getattr(kind, "monotone", False)])
def test_outputs_move_with_the_constrained_column(activation):
    made = network(activation)
    rows = np.random.default_rng(3).normal(size=(2000, 3))
    more = rows + np.random.default_rng(4).exponential(size=(2000, 1)) * [1, 0, 0]
    difference = made.forward(more, made.workspace(2000)).copy() - made.forward(rows, made.workspace(2000))
    assert (difference[:, 0] <= 1e-13).all()
    assert (difference[:, 1] >= -1e-13).all()
    assert difference[:, 1].max() > 1e-3


def test_free_columns_move_the_outputs_either_way():
    made = network()
    rows = np.random.default_rng(3).normal(size=(500, 3))
    more = rows + np.array([0, 0.3, 0])
    difference = made.forward(more, made.workspace(500)).copy() - made.forward(rows, made.workspace(500))
    assert difference.min() < -1e-3
    assert difference.max() > 1e-3


def test_start_from_data_is_alive():
    """Each layer's units have variance 1 before the activation, and gradients reach all parameters that count."""
    made = network()
    rows = np.random.default_rng(5).normal(size=(200, 3))
    made.initialize_from_data(np.random.default_rng(6), rows)
    workspace = made.workspace(200)
    made.forward(rows, workspace)
    np.testing.assert_allclose(workspace.buffers[2]["a"].std(axis=0), 1, rtol=1e-6)
    assert (workspace.buffers[2]["a"].min(axis=0) < 0).all()
    assert (workspace.buffers[2]["a"].max(axis=0) > 0).all()
    W = made.layers[2].W
    assert (W[4:8, :2] == 0).all()
    assert (W[4:8, 2:] > 0).all()
    assert (W[:4] < 0).any()


@pytest.mark.parametrize("roundtrip", [copy.deepcopy, lambda made: pickle.loads(pickle.dumps(made))])
def test_copies_stay_whole(roundtrip):
    made = network()
    before = made.forward(X, made.workspace(len(X))).copy()
    other = roundtrip(made)
    made.theta[...] = 0
    np.testing.assert_array_equal(other.forward(X, other.workspace(len(X))), before)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_fact_monotone_is_true(activation):
    kind = ACTIVATIONS[activation]
    z = np.linspace(-12, 12, 5001)[:, None]
    a = z.copy()
    kind().forward(z.copy() if kind.two_buffers else a, a)
    rises = (np.diff(a, axis=0) >= -1e-15).all()
    assert rises == getattr(kind, "monotone", False)


def test_a_turned_activation_is_the_other_by_180_degrees():
    z = RNG.normal(size=(5, 2))
    plain, turned = Curved(2, Mish()), Curved(2, Mish(), [True, True])
    expected = -plain.forward(-z, plain.buffers(5, float, training=False))
    np.testing.assert_array_equal(turned.forward(z, turned.buffers(5, float, training=False)), expected)
