"""Expected gradients: closed forms, Shapley values of additive functions, the sum; lines through vectors of codes."""

import numpy as np
import pytest
from scipy import sparse

from skann.engine.embeddings import Category, Embeddings, PassThrough, Periodic
from skann.engine.layers import Dense, ParametricMish, Scale
from skann.engine.losses import CrossEntropy, SquaredError
from skann.engine.network import Network
from skann.engine.paths import Rule, expected_gradients
from tests.helpers import make_network

RNG = np.random.default_rng(0)
X, BACKGROUND = RNG.normal(size=(6, 4)), RNG.normal(size=(9, 4))


def raw(network, rows):
    return network.forward(rows, network.workspace(rows.shape[0], training=False)).copy()


def with_vectors(dtype=np.float64, scale=1.0):
    embeddings = Embeddings({"numbers": Periodic(2, 5, 4, sigma=0.4), "rest": PassThrough(1), "city": Category(5, 3)})
    hidden = [Scale(embeddings.n_out), Dense(embeddings.n_out, 7), ParametricMish(7)]
    network = Network([embeddings, *hidden, Dense(7, 3)], dtype)
    network.initialize(np.random.default_rng(1), lambda n_in, n_out: scale / n_in)
    return network


def table(n_rows, seed=0):
    rng = np.random.default_rng(seed)
    return np.column_stack([rng.normal(size=(n_rows, 3)), rng.integers(0, 6, n_rows)])


def difference(f, network, X, background):
    return f(raw(network, X)) - f(raw(network, background)).mean(axis=0)


def test_a_linear_network_has_the_parts_of_a_linear_function():
    """W (x - mean of the background), whatever the number of steps."""
    network = make_network((4, 3))
    found = expected_gradients(network, X, BACKGROUND, SquaredError().derivative, 1)
    expected = np.einsum("nj,jk->knj", X - BACKGROUND.mean(axis=0), network.layers[0].W)
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("activation", ["tanh", "gelu", "softplus"])
def test_the_parts_add_up(activation):
    network = make_network(activation=activation)
    loss = CrossEntropy(3)
    found = expected_gradients(network, X, BACKGROUND, loss.derivative, 16)
    np.testing.assert_allclose(found.sum(axis=2).T, difference(loss.predict, network, X, BACKGROUND), atol=1e-8)


def test_more_steps_are_better():
    network = make_network(activation="tanh")
    network.theta *= 2
    wanted = difference(CrossEntropy(3).predict, network, X, BACKGROUND)
    errors = [
        np.abs(expected_gradients(network, X, BACKGROUND, CrossEntropy(3).derivative, n).sum(axis=2).T - wanted).max()
        for n in (2, 4, 8, 16, 32)
    ]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 1e-2 * errors[0]


def test_the_parts_are_integrated_gradients():
    """Against their definition: a fine midpoint rule on one line, with gradients by differences."""
    network, loss = make_network(activation="tanh"), CrossEntropy(3)
    x, b, step = X[0], BACKGROUND[0], 1e-5
    total = np.zeros((3, 4))
    for t in (np.arange(200) + 0.5) / 200:
        point = b + t * (x - b)
        for j, e in enumerate(step * np.eye(4)):
            above, below = loss.predict(raw(network, np.stack([point + e, point - e])))
            total[:, j] += (above - below) / (2 * step) * (x - b)[j] / 200
    found = expected_gradients(network, X[:1], BACKGROUND[:1], loss.derivative, 12)
    np.testing.assert_allclose(found[:, 0], total, atol=1e-5)


def test_additive_networks_have_shapley_values():
    """Hidden units that see one column each: the part of a column is its own function, less its mean."""
    network = make_network((4, 8, 2), activation="tanh")
    mask = np.arange(8) % 4 == np.arange(4)[:, None]
    network.layers[0].W *= mask
    found = expected_gradients(network, X, BACKGROUND, SquaredError().derivative, 24)
    for j in range(4):
        only = BACKGROUND[:1].repeat(6, axis=0)
        only[:, j] = X[:, j]
        others = BACKGROUND[:1].repeat(9, axis=0)
        others[:, j] = BACKGROUND[:, j]
        np.testing.assert_allclose(found[:, :, j].T, difference(np.asarray, network, only, others), atol=1e-8)


def test_lines_through_vectors():
    """Codes have the part of their vector: the network of the vectors themselves says the same."""
    network, X, background = with_vectors(), table(5), table(8, seed=1)
    derivative = CrossEntropy(3).derivative
    found = expected_gradients(network, X, background, derivative, 16)
    np.testing.assert_allclose(
        found.sum(axis=2).T, difference(CrossEntropy(3).predict, network, X, background), atol=1e-6
    )
    vectors = network.layers[0].parts["city"].E
    plain = Embeddings({"numbers": network.layers[0].parts["numbers"], "rest": PassThrough(4)})
    unfolded = network.with_layers([plain, *network.layers[1:]])
    wide = [np.hstack([rows[:, :3], vectors[rows[:, 3].astype(int)]]) for rows in (X, background)]
    of_vectors = expected_gradients(unfolded, *wide, derivative, 16)
    np.testing.assert_allclose(found[..., :3], of_vectors[..., :3], atol=1e-12)
    np.testing.assert_allclose(found[..., 3], of_vectors[..., 3:].sum(axis=2), atol=1e-12)


@pytest.mark.parametrize("make", [sparse.csr_matrix, sparse.csr_array])
def test_sparse_rows_have_the_parts_of_dense_ones(make):
    few = np.where(RNG.random((7, 4)) < 0.5, RNG.normal(size=(7, 4)), 0)
    network, derivative = make_network(activation="tanh"), CrossEntropy(3).derivative
    dense = expected_gradients(network, few[:3], few[3:], derivative, 8)
    np.testing.assert_allclose(expected_gradients(network, make(few[:3]), make(few[3:]), derivative, 8), dense)


def test_scales_before_the_dense_layer_are_part_of_the_map():
    network = Network([Scale(4), Dense(4, 3)], np.float64)
    network.theta[...] = RNG.normal(size=network.theta.size)
    found = expected_gradients(network, X, BACKGROUND, SquaredError().derivative, 2)
    weights = network.layers[0].s[:, None] * network.layers[1].W
    np.testing.assert_allclose(found, np.einsum("nj,jk->knj", X - BACKGROUND.mean(axis=0), weights), atol=1e-12)


def test_a_weight_stands_for_repeated_rows():
    network, derivative = with_vectors(), CrossEntropy(3).derivative
    X, background, counts = table(4), table(3, seed=1), np.array([1, 3, 2])
    found = expected_gradients(network, X, background, derivative, 4, counts / counts.sum())
    repeated = expected_gradients(network, X, background.repeat(counts, axis=0), derivative, 4)
    np.testing.assert_allclose(found, repeated, atol=1e-12)


@pytest.mark.parametrize("make", [with_vectors, make_network])
def test_chunks_do_not_matter(make, monkeypatch):
    network, derivative = make(), CrossEntropy(3).derivative
    X, background = table(7), table(11, seed=1)
    found = expected_gradients(network, X, background, derivative, 3)
    monkeypatch.setattr("skann.engine.paths.POINTS", 12)
    np.testing.assert_allclose(expected_gradients(network, X, background, derivative, 3), found, atol=1e-12)


def test_nothing_of_the_network_is_written_to():
    network = with_vectors(np.float32)
    network.theta.flags.writeable = False
    rows = table(5).astype(np.float32)
    found = expected_gradients(network, rows, rows, CrossEntropy(3).derivative, 24)
    assert network.grad is None
    wanted = difference(CrossEntropy(3).predict, network, rows, rows)
    np.testing.assert_allclose(found.sum(axis=2).T, wanted, atol=1e-4)


@pytest.mark.parametrize("n_steps", [1, 2, 5])
def test_the_rule_is_that_of_gauss_and_legendre_where_nothing_bends(n_steps):
    """With J = 1 each node has its weight; polynomials of degree n + 1 pass unchanged to the fine points."""
    rule = Rule(n_steps, np.float64)
    nodes, weights = np.polynomial.legendre.leggauss(n_steps)
    np.testing.assert_allclose(rule.nodes, (nodes + 1) / 2)
    np.testing.assert_allclose(rule.of_gradient.sum(axis=1), weights / 2)
    fine = (np.polynomial.legendre.leggauss(8 * n_steps)[0] + 1) / 2
    at_nodes = np.array([0, *rule.nodes, 1]) ** (n_steps + 1)
    np.testing.assert_allclose(rule.of_raw @ at_nodes, fine ** (n_steps + 1), atol=1e-14)
