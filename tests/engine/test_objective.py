"""The objective: L2 in closed form; raw outputs and mean losses whatever the chunks."""

import numpy as np
import pytest
from scipy import sparse

from skann.engine import evaluation as module
from skann.engine.evaluation import chunk_rows, mean_loss, raw_outputs
from skann.engine.losses import LOSSES
from skann.engine.objective import Objective
from tests.helpers import Peak, assert_gradient, make_loss, make_network, make_targets, make_weight

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(30, 4)), RNG.normal(size=(30, 3))
SHORT_CHUNKS = pytest.mark.parametrize("n_chunk", [1, 7, 29, 30, 31])


def evaluate(network, l2, X=X, Y=Y, weight=None):
    value = Objective(network, make_loss("squared_error"), l2)(X, Y, weight, network.workspace(len(X)))
    return value, network.grad.copy()


def test_l2_in_closed_form():
    """l2 / 2 ||W||^2 adds l2 W to the gradient of the weights and nothing to that of the biases."""
    network = make_network()
    plain, plain_grad = evaluate(network, 0.0)
    value, grad = evaluate(network, 0.3)
    n, W = network.n_weights, network.weights
    assert value - plain == pytest.approx(0.15 * np.sum(W**2), rel=1e-12)
    np.testing.assert_allclose(grad[:n] - plain_grad[:n], 0.3 * W, atol=1e-14)
    np.testing.assert_array_equal(grad[n:], plain_grad[n:])


def test_l2_gradient():
    network = make_network()
    grad, theta = evaluate(network, 0.3)[1], network.theta.copy()

    def f(theta):
        network.theta[...] = theta
        return evaluate(network, 0.3)[0]

    assert_gradient(f, theta, grad)


def test_l2_spares_biases():
    """The penalty is that of the layers' W alone."""
    network = make_network()
    plain, penalised = (evaluate(network, l2)[0] for l2 in (0, 0.3))
    squares = sum(float(np.sum(layer.W**2)) for layer in network.layers)
    assert penalised - plain == pytest.approx(0.15 * squares, rel=1e-12)


def test_l2_follows_theta():
    """The penalty is that of the parameters now, not of those when the objective was made."""
    network = make_network()
    objective = Objective(network, make_loss("squared_error"), l2=0.3)
    for factor in (1, 2):
        network.theta *= factor
        value = objective(X, Y, None, network.workspace(len(X)))
        assert value == pytest.approx(evaluate(network, 0.0)[0] + 0.15 * np.sum(network.weights**2), rel=1e-12)


def test_mean_of_batches_is_the_whole():
    """Value and gradient of all rows are the mean over batches, L2 included: one objective for every batch size."""
    network, weight = make_network(), make_weight(30)
    value, grad = evaluate(network, 0.3, weight=weight)
    parts = [evaluate(network, 0.3, X[rows], Y[rows], weight[rows]) for rows in (slice(0, 10), slice(10, 30))]
    assert (10 * parts[0][0] + 20 * parts[1][0]) / 30 == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose((10 * parts[0][1] + 20 * parts[1][1]) / 30, grad, atol=1e-14)


@SHORT_CHUNKS
@pytest.mark.parametrize("make", [np.asarray, sparse.csr_matrix, sparse.csr_array])
@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_raw_outputs_do_not_depend_on_chunks(n_chunk, make, dropout, monkeypatch):
    network = make_network(dropout=dropout)
    whole = raw_outputs(network, X)
    np.testing.assert_array_equal(whole, network.forward(X, network.workspace(30)))
    monkeypatch.setattr(module, "chunk_rows", lambda network, n_in: n_chunk)
    np.testing.assert_allclose(raw_outputs(network, make(X)), whole, rtol=1e-12, atol=1e-14)
    rows = np.array([5, 29, 0, 5, 6, 7, 8, 9, 10])
    np.testing.assert_allclose(raw_outputs(network, make(X), rows), whole[rows], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("of_X", [np.float32, np.float64])
@pytest.mark.parametrize("of_theta", [np.float32, np.float64])
@SHORT_CHUNKS
def test_raw_outputs_in_the_wider_dtype(of_X, of_theta, n_chunk, monkeypatch):
    monkeypatch.setattr(module, "chunk_rows", lambda network, n_in: n_chunk)
    raw = raw_outputs(make_network(dtype=of_theta), X.astype(of_X))
    assert raw.dtype == np.result_type(of_X, of_theta)
    assert raw.shape == (30, 3)


def test_raw_outputs_belong_to_the_caller():
    """A second call leaves the first one's result alone."""
    network = make_network()
    first = raw_outputs(network, X)
    kept = first.copy()
    raw_outputs(network, -X)
    np.testing.assert_array_equal(first, kept)


def test_memory_of_raw_outputs_does_not_grow_with_rows():
    """Beyond the output itself: the buffers of one chunk, whatever the number of rows."""
    network, peaks = make_network((10, 50, 1)), []
    for n_rows in (20_000, 80_000):
        X = np.ones((n_rows, 10))
        with Peak() as peak:
            raw = raw_outputs(network, X)
        peaks.append(peak.bytes - raw.nbytes)
    assert peaks[1] < peaks[0] + 10_000
    assert peaks[1] < 3 * chunk_rows(network, 10) * 51 * 8


@pytest.mark.parametrize("name", sorted(LOSSES))
@pytest.mark.parametrize("weighted", [False, True])
def test_mean_loss_in_chunks(name, weighted):
    """10 000 rows in chunks are what they are at once; so are chosen rows, and a constant prediction."""
    loss, y = make_loss(name), make_targets(name, 10_000)
    raw, weight = np.random.default_rng(1).normal(size=(10_000, 3)), make_weight(10_000) if weighted else None

    def at_once(raw, y, weight):
        return loss.value_and_delta(raw, y, weight, np.empty_like(raw))

    assert mean_loss(loss, raw, y, weight) == pytest.approx(at_once(raw, y, weight), rel=1e-12)
    rows = np.arange(0, 10_000, 2)
    of_rows = None if weight is None else weight[rows]
    assert mean_loss(loss, raw[rows], y, weight, rows) == pytest.approx(at_once(raw[rows], y[rows], of_rows), rel=1e-12)
    expected = at_once(np.tile(raw[:1], (5000, 1)), y[rows], of_rows)
    assert mean_loss(loss, raw[:1], y, weight, rows) == pytest.approx(expected, rel=1e-12)
