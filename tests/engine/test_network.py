"""Whole networks: gradients over all activations, losses, weights and dropout; buffers, views, pickles."""

import copy
import pickle

import numpy as np
import pytest
from scipy import sparse

from skann.engine.activations import ACTIVATIONS
from skann.engine.layers import Dense
from skann.engine.losses import LOSSES
from skann.engine.network import Network
from skann.engine.objective import Objective
from tests.helpers import assert_gradient, bits, make_loss, make_network, make_targets, make_weight, poison

N_ROWS, SIZES = 8, (4, 6, 5, 3)
X = np.random.default_rng(3).normal(size=(N_ROWS, SIZES[0]))
DROPOUT = pytest.mark.parametrize("dropout", [0.0, 0.4], ids=["", "dropout"])
DTYPES = pytest.mark.parametrize("dtype", [np.float64, np.float32])
ACTIVATION = pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
TRAINING = pytest.mark.parametrize("training", [True, False])


def objective_and_data(loss="squared_error", weighted=False, dtype=np.float64, **network_kwargs):
    network = make_network(SIZES, dtype=dtype, **network_kwargs)
    y, weight = make_targets(loss, N_ROWS, dtype=dtype), make_weight(N_ROWS, dtype) if weighted else None
    return Objective(network, make_loss(loss), l2=0.01), (X.astype(dtype), y, weight)


def evaluate(objective, data, training=True, workspace=None, theta=None):
    """The objective in fresh, poisoned memory; dropout draws the same masks every time."""
    network = objective.network
    if theta is not None:
        network.theta[...] = theta
    network.grad.fill(np.nan)
    workspace = poison(network.workspace(N_ROWS)) if workspace is None else workspace
    return objective(*data, workspace, np.random.default_rng(7) if training else None)


@ACTIVATION
@pytest.mark.parametrize("loss", sorted(LOSSES))
@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
@DROPOUT
@DTYPES
def test_gradient(activation, loss, weighted, dropout, dtype):
    """float32, too, is compared with differences in float64."""
    kwargs = {"loss": loss, "weighted": weighted, "activation": activation, "dropout": dropout}
    objective, data = objective_and_data(dtype=dtype, **kwargs)
    value = evaluate(objective, data)
    assert objective.network.grad.dtype == dtype
    wide, wide_data = objective_and_data(**kwargs)
    theta = objective.network.theta.astype(np.float64)
    if dtype == np.float32:
        wide_data = [
            None if array is None else array if array.dtype.kind == "i" else array.astype(float) for array in data
        ]
        assert value == pytest.approx(evaluate(wide, wide_data, theta=theta), rel=1e-5)
    assert_gradient(lambda theta: evaluate(wide, wide_data, theta=theta), theta, objective.network.grad)


@DROPOUT
def test_gradient_of_each_array(dropout):
    """W and b of each layer by itself, so that a small one can't hide behind the large ones."""
    objective, data = objective_and_data(dropout=dropout)
    network = objective.network
    evaluate(objective, data)
    theta, arrays = network.theta.copy(), []
    for layer in network.layers:
        arrays += [(layer.W, layer.dW.copy()), (layer.b, layer.db.copy())] if isinstance(layer, Dense) else []
    for array, grad in arrays:

        def f(values, array=array):
            network.theta[...] = theta
            array[...] = values
            return evaluate(objective, data)

        assert_gradient(f, array.copy(), grad)
        network.theta[...] = theta


@pytest.mark.parametrize("sizes", [(4, 3), (4, 1, 3), (4, 6, 5, 4, 3)])
def test_gradient_for_any_depth(sizes):
    network = make_network(sizes)
    objective, y = Objective(network, make_loss("log_loss")), make_targets("log_loss", N_ROWS)
    evaluate(objective, (X, y, None))
    grad, theta = network.grad.copy(), network.theta.copy()
    assert_gradient(lambda theta: evaluate(objective, (X, y, None), theta=theta), theta, grad)


@pytest.mark.parametrize("loss", ["log_loss", "squared_error"])
def test_gradient_in_evaluation_mode(loss):
    """Dropout without a generator is no dropout, forward and backward, and leaves no stale mask."""
    with_dropout, data = objective_and_data(loss, dropout=0.4)
    without, _ = objective_and_data(loss)
    without.network.theta[...] = with_dropout.network.theta
    workspace = with_dropout.network.workspace(N_ROWS)
    evaluate(with_dropout, data, training=True, workspace=workspace)
    value = evaluate(with_dropout, data, training=False, workspace=workspace)
    assert value == evaluate(without, data)
    np.testing.assert_allclose(with_dropout.network.grad, without.network.grad, rtol=1e-13)


@ACTIVATION
@DROPOUT
@DTYPES
@TRAINING
def test_stale_buffers_do_not_matter(activation, dropout, dtype, training):
    """A new workspace, the same again, and the same full of NaN give the same to the bit."""
    objective, data = objective_and_data("log_loss", dtype=dtype, activation=activation, dropout=dropout)
    workspace = objective.network.workspace(N_ROWS)
    results = set()
    for _ in range(2):
        value = evaluate(objective, data, training, workspace)
        results.add(bits(value, objective.network.grad))
    value = evaluate(objective, data, training, poison(workspace))
    results.add(bits(value, objective.network.grad))
    assert len(results) == 1
    assert np.isfinite(objective.network.grad).all()


@ACTIVATION
@DROPOUT
def test_short_batch(activation, dropout):
    """Rows of a larger, poisoned workspace are as good as a workspace of their own; and back to full size."""
    objective, data = objective_and_data(activation=activation, dropout=dropout)
    large = poison(objective.network.workspace(20))
    for n in (8, 3, 8):
        batch = [None if array is None else array[:n] for array in data]
        value = evaluate(objective, batch, workspace=large.rows(n))
        grad = objective.network.grad.copy()
        assert value == pytest.approx(evaluate(objective, batch, workspace=objective.network.workspace(n)), rel=1e-13)
        np.testing.assert_allclose(grad, objective.network.grad, rtol=1e-10, atol=1e-13)


def test_rows_are_views_and_cached():
    workspace = make_network().workspace(10)
    assert workspace.rows(10) is workspace
    assert workspace.rows(4) is workspace.rows(4)
    assert len(workspace.rows(4).delta) == 4
    for buf, cut in zip(workspace.buffers, workspace.rows(4).buffers, strict=True):
        for name in buf:
            assert np.shares_memory(buf[name], cut[name])


@pytest.mark.parametrize("make", [sparse.csr_matrix, sparse.csr_array])
@DROPOUT
@DTYPES
def test_sparse_input(make, dropout, dtype):
    objective, (x, y, weight) = objective_and_data(dtype=dtype, dropout=dropout)
    x = x * (x > 0)
    value = evaluate(objective, (x, y, weight))
    grad = objective.network.grad.copy()
    eps = float(np.finfo(dtype).eps)
    assert evaluate(objective, (make(x), y, weight)) == pytest.approx(value, rel=20 * eps)
    np.testing.assert_allclose(objective.network.grad, grad, rtol=100 * eps, atol=20 * eps)


def assert_bound(network, trainable):
    """All arrays of the layers are views of theta and grad, in order: weights first, then biases."""
    dense = [layer for layer in network.layers if isinstance(layer, Dense)]
    theta = np.concatenate([layer.W.ravel() for layer in dense] + [layer.b for layer in dense])
    np.testing.assert_array_equal(network.theta, theta)
    np.testing.assert_array_equal(network.weights, theta[: network.n_weights])
    for layer in dense:
        assert np.shares_memory(layer.W, network.theta)
        assert np.shares_memory(layer.b, network.theta)
        if trainable:
            assert np.shares_memory(layer.dW, network.grad)
            assert np.shares_memory(layer.db, network.grad)
        else:
            assert layer.dW is layer.db is None
    if not trainable:
        assert network.grad is None


ROUNDTRIPS = pytest.mark.parametrize(
    "roundtrip", [lambda network: pickle.loads(pickle.dumps(network)), copy.deepcopy], ids=["pickle", "deepcopy"]
)


@ROUNDTRIPS
@DROPOUT
@DTYPES
def test_copies_stay_whole(roundtrip, dropout, dtype):
    """Views stay views, of the copy's own vector; the original stays; the copy has no gradient but can get one."""
    network = make_network(dropout=dropout, dtype=dtype)
    assert_bound(network, trainable=True)
    other = roundtrip(network)
    assert_bound(network, trainable=True)
    assert_bound(other, trainable=False)
    assert not np.shares_memory(other.theta, network.theta)
    assert other.theta.dtype == dtype
    np.testing.assert_array_equal(other.theta, network.theta)
    x = X.astype(dtype)
    expected = network.forward(x, network.workspace(N_ROWS))
    np.testing.assert_array_equal(other.forward(x, other.workspace(N_ROWS)), expected)
    other.layers[0].W[0, 0] = 99
    assert other.theta[0] == 99
    assert network.theta[0] != 99
    other.prepare_training()
    assert_bound(other, trainable=True)


def test_pickles_hold_theta_and_nothing_else_of_its_size():
    network = make_network((100, 80, 60, 10))
    assert len(pickle.dumps(network)) < network.theta.nbytes + 2000


def test_training_begins_and_ends():
    network = make_network()
    assert_bound(network, trainable=True)
    theta = network.theta
    network.finish_training()
    assert_bound(network, trainable=False)
    network.prepare_training()
    assert_bound(network, trainable=True)
    assert network.theta is theta


@DROPOUT
def test_head(dropout):
    """The first layers on the same parameters: their output is an activation of the whole network."""
    network = make_network(dropout=dropout)
    workspace = network.workspace(N_ROWS)
    network.forward(X, workspace)
    for n in range(1, len(network.layers) + 1):
        head = network.head(n)
        assert head.theta is network.theta
        np.testing.assert_array_equal(head.forward(X, head.workspace(N_ROWS)), workspace.buffers[n - 1]["a"])
    assert len(network.layers) == n
    assert_bound(network, trainable=True)


@pytest.mark.parametrize("of_X, of_theta", [(np.float64, np.float32), (np.float32, np.float64)])
def test_workspace_may_be_wider_than_theta(of_X, of_theta):
    """float32 parameters serve float64 predictions, and the other way round."""
    network = make_network(dtype=of_theta)
    raw = network.forward(X.astype(of_X), network.workspace(N_ROWS, np.float64, training=False))
    a = X.astype(of_X).astype(np.float64)
    for layer in network.layers:
        z = a @ layer.W.astype(np.float64) + layer.b
        a = z if layer is network.layers[-1] else np.tanh(z)
    assert raw.dtype == np.float64
    np.testing.assert_allclose(raw, a, rtol=1e-13)


def test_initialize_depends_on_the_generator_alone():
    networks = [Network([Dense(4, 3), Dense(3, 2)], dtype) for dtype in (np.float64, np.float64, np.float32)]
    for network in networks:
        network.initialize(np.random.default_rng(5), lambda n_in, n_out: 1 / n_in)
    np.testing.assert_array_equal(networks[0].theta, networks[1].theta)
    np.testing.assert_array_equal(networks[0].theta.astype(np.float32), networks[2].theta)


@ACTIVATION
@DROPOUT
@pytest.mark.parametrize("n_functions", [1, 3])
def test_input_gradient(activation, dropout, n_functions):
    """Of any number of functions of a row, against differences; dropout is off."""
    network, weights = make_network(SIZES, activation, dropout), np.random.default_rng(1).normal(size=(n_functions, 3))
    workspace = poison(network.workspace(N_ROWS))
    network.forward(X, workspace)
    delta = np.repeat(weights[:, None], N_ROWS, axis=1)
    found = network.input_gradient(X, workspace, delta)
    assert found.shape == (n_functions, *X.shape)
    for weight, gradient in zip(weights, found, strict=True):

        def f(rows, weight=weight):
            return float((network.forward(rows, network.workspace(N_ROWS, training=False)) @ weight).sum())

        assert_gradient(f, X, gradient)
