"""Embeddings: values against the formula, gradients against differences, alone and side by side in a network."""

import copy
import pickle

import numpy as np
import pytest

from skann.engine.activations import Tanh
from skann.engine.embeddings import Category, Embeddings, PassThrough, Periodic, PiecewiseLinear
from skann.engine.layers import Dense, Dropout, ParametricActivation, Scale
from skann.engine.losses import SquaredError
from skann.engine.network import Network
from skann.engine.objective import Objective
from tests.helpers import assert_gradient, poison

N_ROWS = 9
EDGES = np.array([[-2.0, -0.5, 0.25, 2.0], [-1.0, 0.0, 0.0, 1.0]])


def make_columns():
    return Embeddings(
        {
            "periodic": Periodic(3, n_frequencies=5, n_features=4, sigma=0.4),
            "bins": PiecewiseLinear(EDGES, n_features=2),
            "rest": PassThrough(2),
            "city": Category(6, n_features=3),
            "street": Category(40, n_features=2),  # more than FEW_LEVELS
        }
    )


def make_table(n_rows=N_ROWS, dtype=np.float64):
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(n_rows, 7))
    codes = np.column_stack([rng.integers(0, 7, n_rows), rng.integers(0, 12, n_rows)])
    return np.column_stack([numbers, codes]).astype(dtype)


def make_network(dtype=np.float64):
    columns = make_columns()
    layers = [columns, Scale(columns.n_out), Dense(columns.n_out, 6), ParametricActivation(6, Tanh()), Dense(6, 2)]
    network = Network(layers, dtype)
    rng = np.random.default_rng(1)
    network.initialize(rng, lambda n_in, n_out: 1 / n_in)
    for i in (1, 3):  # factors that are 1 would hide mistakes in gradients
        for parameter in (getattr(layers[i], name) for name in layers[i].shapes):
            parameter[...] = rng.uniform(0.5, 1.5, parameter.shape)
    return network


def bound(layer, dtype=np.float64):
    """The layer with parameters of its own, initialised, and NaN as gradients."""
    params = {name: np.zeros(shape, dtype) for name, shape in layer.shapes.items()}
    layer.bind(params, {name: np.full(shape, np.nan, dtype) for name, shape in layer.shapes.items()})
    layer.initialize(np.random.default_rng(2), None)
    return layer


def run(layer, x):
    buf = layer.buffers(len(x), x.dtype, training=True)
    return layer.forward(x, buf), buf


def test_periodic():
    layer, x = bound(Periodic(3, 5, 4, sigma=0.5)), make_table()[:, :3]
    a, _ = run(layer, x)
    for row in range(N_ROWS):
        for f in range(3):
            expected = np.cos(layer.w[f] * x[row, f] + layer.p[f]) @ layer.W[f] + layer.b[f]
            np.testing.assert_allclose(a.reshape(N_ROWS, 3, 4)[row, f], [x[row, f], *expected], rtol=1e-12)


def test_frequencies_have_the_spread_that_is_asked_for():
    layer = bound(Periodic(400, 16, 4, sigma=0.3))
    assert layer.w.std() == pytest.approx(2 * np.pi * 0.3, rel=0.05)


def test_piecewise_linear_is_linear_at_first_and_interpolates():
    """With W = 0 it is x v + b; the code of a value is how many bins lie below it, and a share of its own bin."""
    layer, x = bound(PiecewiseLinear(EDGES, 2)), make_table()[:, :2]
    a, buf = run(layer, x)
    np.testing.assert_allclose(a.reshape(N_ROWS, 2, 2), x[:, :, None] * layer.v + layer.b, rtol=1e-12)
    x = np.array([[-2.0, -1.0], [-0.5, -0.5], [1.125, 0.5], [3.75, 2.0], [-3.5, -2.0]])
    _, buf = run(layer, x)
    np.testing.assert_allclose(buf["c"][:, 0], [[0, 0, 0], [1, 0, 0], [1, 1, 0.5], [1, 1, 2], [-1, 0, 0]], atol=1e-12)
    np.testing.assert_allclose(buf["c"][:, 1], [[0, 0, 0], [0.5, 0, 0], [1, 0, 0.5], [1, 0, 2], [-1, 0, 0]], atol=1e-12)


@pytest.mark.parametrize("n_levels", [4, 40])
def test_category(n_levels):
    layer = bound(Category(n_levels, 3))
    codes = np.array([[0.0], [2.0], [4.0], [2.0]])
    a, buf = run(layer, codes)
    np.testing.assert_array_equal(a, layer.E[[0, 2, 4, 2]])
    assert not a[0].any()
    buf["delta"][...] = delta = np.random.default_rng(0).normal(size=(4, 3))
    layer.backward(codes, buf)
    np.testing.assert_allclose(layer.dE[:5], [[0] * 3, [0] * 3, delta[1] + delta[3], [0] * 3, delta[2]])
    assert not layer.dE[5:].any()


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_gradient_of_a_network_with_everything(dtype):
    network, X = make_network(dtype), make_table(dtype=dtype)
    y = np.random.default_rng(3).normal(size=(N_ROWS, 2)).astype(dtype)
    network.prepare_training()
    Objective(network, SquaredError())(X, y, None, poison(network.workspace(N_ROWS)))
    assert network.grad.dtype == dtype

    reference = make_network()
    reference.prepare_training()
    fixed = np.zeros(network.theta.size, bool)  # the rows of code 0 do not move
    for name, width in (("city.E", 3), ("street.E", 2)):
        start = network._slices[0, name].start
        fixed[start : start + width] = True

    def f(theta):
        reference.theta[...] = np.where(fixed, network.theta, theta)
        workspace = reference.workspace(N_ROWS)
        return Objective(reference, SquaredError())(make_table(), y.astype(float), None, workspace)

    assert_gradient(f, network.theta.astype(np.float64), network.grad)
    assert not network.grad[fixed].any()


def test_a_short_batch_gives_what_its_own_workspace_gives():
    network, X = make_network(), make_table()
    large = poison(network.workspace(N_ROWS + 5))
    np.testing.assert_array_equal(network.forward(X, large.rows(N_ROWS)), network.forward(X, network.workspace(N_ROWS)))


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda network: pickle.loads(pickle.dumps(network))])
def test_copies_are_bound_to_their_own_theta(duplicate):
    network, X = make_network(), make_table()
    other = duplicate(network)
    before = network.forward(X, network.workspace(N_ROWS)).copy()
    np.testing.assert_array_equal(other.forward(X, other.workspace(N_ROWS)), before)
    assert np.shares_memory(other.layers[0].parts["periodic"].w, other.theta)
    other.theta[...] = 0
    np.testing.assert_array_equal(network.forward(X, network.workspace(N_ROWS)), before)
    assert not other.forward(X, other.workspace(N_ROWS)).any()


def test_scale_and_parametric_activation_start_as_nothing():
    """Scale starts as the identity, the parametric activation as the activation."""
    x = make_table()[:, :6]
    np.testing.assert_array_equal(run(bound(Scale(6)), x)[0], x)
    np.testing.assert_allclose(run(bound(ParametricActivation(6, Tanh())), x)[0], np.tanh(x), rtol=1e-12)


def test_groups_follow_the_multipliers():
    dense, scale = Dense(4, 3), Scale(4)
    scale.multipliers, dense.multipliers = {"s": (6.0, 36.0)}, {"b": (0.1, 0.0)}
    network = Network([scale, Dropout(4, 0.1), dense], np.float64)
    assert network.groups == [(slice(0, 12), 1.0, 1.0), (slice(12, 15), 0.1, 0.0), (slice(15, 19), 6.0, 36.0)]
    assert network.n_weights == 12
    assert np.shares_memory(scale.s, network.theta[15:])


def test_input_gradient_of_a_network_with_everything():
    """Against differences, in the numbers; codes have none."""
    network, X = make_network(), make_table()
    weights, fixed = np.random.default_rng(3).normal(size=(2, 2)), X[:, 7:]
    workspace = poison(network.workspace(N_ROWS))
    network.forward(X, workspace)
    found = network.input_gradient(X, workspace, np.repeat(weights[:, None], N_ROWS, axis=1))
    assert not found[:, :, 7:].any()
    for weight, gradient in zip(weights, found, strict=True):

        def f(numbers, weight=weight):
            rows = np.hstack([numbers, fixed])
            return float((network.forward(rows, network.workspace(N_ROWS, training=False)) @ weight).sum())

        assert_gradient(f, X[:, :7].copy(), gradient[:, :7])


def test_slopes_at_an_edge_are_those_of_the_bin_on_its_right():
    layer = bound(PiecewiseLinear(EDGES, 2))
    layer.W[...] = np.random.default_rng(0).normal(size=layer.W.shape)
    edges = np.array([[-0.5, 0.0], [0.25, 1.0], [2.0, -1.0], [-9.0, 7.0]])
    _, buf = run(layer, edges)
    step = 1e-6
    above, below = run(layer, edges + step)[0], run(layer, edges)[0]
    expected = ((above - below) / step).reshape(4, 2, 2)
    np.testing.assert_allclose(layer.slopes(edges, buf), expected, rtol=1e-5)
