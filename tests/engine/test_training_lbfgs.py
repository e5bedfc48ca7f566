"""L-BFGS against closed forms and scikit-learn."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPRegressor

from skann.engine import training as module
from skann.engine.evaluation import raw_outputs
from skann.engine.losses import CrossEntropy, SquaredError
from skann.engine.objective import Objective
from skann.engine.rows import ArrayRows
from skann.engine.training import fit_lbfgs
from tests.engine.runs import LABELS, At, X, Y, lbfgs, linear
from tests.helpers import make_network, make_weight


@pytest.mark.parametrize("alpha", [0.0, 3.0])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_chunk", [7, 4096])
@pytest.mark.parametrize("make", [np.asarray, sparse.csr_matrix])
def test_lbfgs_solves_ridge_regression(alpha, weighted, n_chunk, make, monkeypatch):
    """The minimum in closed form, whatever the chunks in which the rows pass."""
    monkeypatch.setattr(module, "chunk_rows", lambda network, n_in: n_chunk)
    network, weight = linear(), make_weight(50) if weighted else None
    run = lbfgs(network, make(X), weight=weight, l2=alpha / 50)
    expected = Ridge(alpha, tol=1e-12).fit(X, Y[:, 0], sample_weight=weight)
    np.testing.assert_allclose(network.layers[0].W[:, 0], expected.coef_, atol=1e-4)
    np.testing.assert_allclose(network.layers[0].b, expected.intercept_, atol=1e-4)
    assert run.stopped_by == "L-BFGS converged"
    residual = Y[:, 0] - expected.predict(X)
    minimum = np.average(residual**2, weights=weight) / 2 + alpha / 100 * np.sum(expected.coef_**2)
    assert run.history["loss"][-1] == pytest.approx(minimum, abs=1e-8)
    assert len(run.history["loss"]) == run.epoch


def test_lbfgs_solves_logistic_regression():
    network = linear(3)
    lbfgs(network, y=LABELS, loss="log_loss", l2=2.0 / 50)
    expected = LogisticRegression(C=1 / 2.0, tol=1e-10, max_iter=10_000).fit(X, LABELS)
    np.testing.assert_allclose(
        CrossEntropy(3).predict(raw_outputs(network, ArrayRows(X))), expected.predict_proba(X), atol=1e-4
    )


@pytest.mark.filterwarnings("ignore:lbfgs failed")
def test_lbfgs_reaches_the_peers_loss():
    """On a network, from the peer's start, in as many iterations."""
    params = {"hidden_layer_sizes": (7,), "activation": "tanh", "solver": "lbfgs", "alpha": 0.1, "random_state": 0}
    start = MLPRegressor(**params | {"solver": "sgd"}, learning_rate_init=1e-300).partial_fit(X, Y[:, 0])
    peer = MLPRegressor(**params, max_iter=40).fit(X, Y[:, 0])
    network = make_network((4, 7, 1))
    for layer, W, b in zip(network.layers, start.coefs_, start.intercepts_, strict=True):
        layer.W[...], layer.b[...] = W, b
    run = lbfgs(network, l2=0.1 / 50, max_iter=40)
    assert run.history["loss"][-1] <= peer.loss_ * (1 + 1e-6)


def least_squares(X, Y):
    return np.linalg.lstsq(np.column_stack([X, np.ones(len(X))]), Y)[0][:4]


def test_lbfgs_on_chosen_rows():
    network, rows = linear(), np.arange(3, 40)
    lbfgs(network, rows=rows)
    np.testing.assert_allclose(network.layers[0].W, least_squares(X[rows], Y[rows]), atol=1e-4)


def test_lbfgs_in_float32():
    network = linear(dtype=np.float32)
    lbfgs(network, X.astype(np.float32), Y.astype(np.float32), tol=1e-6)
    np.testing.assert_allclose(network.layers[0].W, least_squares(X, Y), atol=1e-4)
    assert network.theta.dtype == network.grad.dtype == np.float32


def test_lbfgs_at_the_minimum_has_a_loss_all_the_same():
    network = linear()
    lbfgs(network)
    theta = network.theta.copy()
    run = lbfgs(network, tol=1e-3)
    assert run.epoch == len(run.history["loss"]) == 1
    np.testing.assert_allclose(network.theta, theta, rtol=1e-6)


@pytest.mark.parametrize("max_iter", [1, 3])
def test_lbfgs_stops_where_told(max_iter):
    network = make_network((4, 7, 1))
    run = lbfgs(network, max_iter=max_iter)
    assert run.epoch == max_iter
    assert run.stopped_by is None
    other = make_network((4, 7, 1))
    run = lbfgs(other, callbacks=[At(lambda run: run.epoch == max_iter)])
    assert run.epoch == max_iter
    np.testing.assert_array_equal(other.theta, network.theta)  # the iterate, not a trial point of the line search


def test_lbfgs_keeps_the_last_iterate_when_interrupted():
    """Ctrl-C comes in the midst of a line search."""
    network, seen, calls = make_network((4, 7, 1)), [], iter(range(10**6))

    class Interrupted(SquaredError):
        def value_and_delta(self, raw, y, weight, delta):
            if next(calls) == 12:
                raise KeyboardInterrupt
            return super().value_and_delta(raw, y, weight, delta)

    run = fit_lbfgs(
        Objective(network, Interrupted()), ArrayRows(X, Y), max_iter=100, max_fun=1000, tol=0.0,
        callbacks=[At(lambda run: seen.append(run.network.theta.copy()))],
    )  # fmt: skip
    assert run.interrupted
    assert len(seen) == run.epoch > 3
    np.testing.assert_array_equal(network.theta, seen[-1])


class Told(At):
    """Notes when epochs begin and end."""

    def __init__(self):
        self.events = []

    def on_epoch_begin(self, run):
        self.events.append(("begin", run.epoch, run.network.theta.copy()))

    def on_epoch_end(self, run):
        self.events.append(("end", run.epoch, run.network.theta.copy()))


def test_iterations_begin_where_the_last_one_ended():
    """The first evaluation after an iteration begins the next; its network has the weights of the last."""
    told = Told()
    run = lbfgs(make_network((4, 7, 1)), max_iter=6, callbacks=[told])
    assert [event[:2] for event in told.events] == [each for i in range(6) for each in (("begin", i), ("end", i + 1))]
    assert run.epoch == 6
    for end, begin in zip(told.events[1:-1:2], told.events[2::2], strict=True):
        np.testing.assert_array_equal(begin[2], end[2])


def test_a_fit_at_the_minimum_has_one_epoch():
    network, told = linear(), Told()
    lbfgs(network)
    lbfgs(network, tol=1.0, callbacks=[told])
    assert [event[:2] for event in told.events] == [("begin", 0), ("end", 1)]


def test_lbfgs_on_another_scale():
    """The scale is that of tolerances only: value and gradient are both divided by it, and the minimum stays."""
    runs = []
    for scale in (1.0, 0.01):
        network = make_network((4, 5, 1))
        run = lbfgs(network, scale=scale, l2=0.01)
        runs.append((run.history["loss"][-1], network.theta.copy()))
    assert runs[1][0] == pytest.approx(runs[0][0], rel=1e-4)
    assert run.stopped_by == "L-BFGS converged"


@pytest.mark.parametrize("scale", [1.0, 0.1])
def test_lbfgs_ends_where_the_gradient_is_within_tol(scale):
    """Half of the largest element at the start, on the scale, is not within tol; twice of it is, and nothing moves."""
    network = linear()
    objective = Objective(network, SquaredError())
    objective(X, Y, None, network.workspace(50))
    largest = np.abs(network.grad).max()
    for factor, moves in ((0.5, True), (2.0, False)):
        network = linear()
        lbfgs(network, tol=factor * largest / scale, scale=scale)
        assert network.theta.any() == moves
