"""The objective: L2 in closed form, and the mean of batches."""

import numpy as np
import pytest

from skann.engine.objective import Objective
from tests.helpers import assert_gradient, make_loss, make_network, make_weight

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(30, 4)), RNG.normal(size=(30, 3))


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
