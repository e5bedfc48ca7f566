"""Initial weights: their distribution, and what it is for."""

import numpy as np
import pytest
from scipy import sparse, stats

from skann.engine.activations import ACTIVATIONS
from skann.engine.initializers import INITIALIZERS, data, fill, in_seen_directions, least_spread
from skann.engine.layers import Dense
from skann.engine.network import Network

NAMES = pytest.mark.parametrize("name", sorted(INITIALIZERS))


@pytest.mark.parametrize("variance", [1e-4, 0.25, 2.0])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_fill_is_uniform(variance, dtype):
    """Uniform between -sqrt(3 v) and sqrt(3 v), whose variance is v."""
    W = np.full((100, 200), np.nan, dtype)
    fill(W, variance, np.random.default_rng(0))
    bound = np.sqrt(3 * variance)
    assert stats.kstest(W.ravel(), stats.uniform(-bound, 2 * bound).cdf).pvalue > 0.01
    assert W.var() == pytest.approx(variance, rel=0.02)
    assert np.abs(W).max() <= bound * (1 + 1e-6)


FORMULAS = [("glorot", 30, 50, 1 / 40), ("he", 50, 7, 1 / 25), ("lecun", 50, 7, 1 / 50)]


@pytest.mark.parametrize("name, n_in, n_out, expected", FORMULAS)
def test_formulas(name, n_in, n_out, expected):
    assert INITIALIZERS[name](n_in, n_out) == pytest.approx(expected)


@NAMES
def test_variance_is_positive_and_falls_with_the_size(name):
    variance = INITIALIZERS[name]
    assert variance(10, 10) > variance(1000, 10) > 0


def relu(z):
    return np.maximum(z, 0)


@pytest.mark.parametrize(
    "name, f, ratio", [("he", relu, 1), ("lecun", lambda z: z, 1), ("lecun", relu, 2**-20), ("he", lambda z: z, 2**20)]
)
def test_signals_stay_alive(name, f, ratio):
    """He keeps the mean square of z through layers of ReLU, LeCun through linear ones; else it halves or doubles."""
    rng, W = np.random.default_rng(0), np.empty((400, 400))
    z = first = rng.normal(size=(50, 400))
    for _ in range(20):
        fill(W, INITIALIZERS[name](400, 400), rng)
        z = f(z) @ W
    assert 0.5 < np.mean(z**2) / np.mean(first**2) / ratio < 2


def test_data_driven_start():
    """On the rows it was made for, each pre-activation has variance 1 and takes both signs."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 20)) * np.geomspace(1e-3, 1e3, 20)
    x[:, 3] = 0
    W, b = np.full((20, 60), np.nan), np.full(60, np.nan)
    data(W, b, x, rng)
    z = x @ W + b
    np.testing.assert_allclose(z.std(axis=0), 1, rtol=1e-10)
    assert (z.min(axis=0) < 0).all()
    assert (z.max(axis=0) > 0).all()


def test_data_driven_start_of_a_network_goes_layer_by_layer():
    """The second layer is made for what the first one computes, also in float32 and where all rows are alike."""
    rng = np.random.default_rng(0)
    x = (100 * rng.normal(size=(400, 5))).astype(np.float32)
    network = Network([Dense(5, 30, ACTIVATIONS["relu"]()), Dense(30, 7)], np.float32)
    network.initialize_from_data(rng, x)
    raw = network.forward(x, network.workspace(400))
    np.testing.assert_allclose(raw.std(axis=0), 1, rtol=1e-4)
    network.initialize_from_data(rng, np.ones((10, 5), np.float32))
    assert np.isfinite(network.theta).all()


def test_data_driven_biases_put_zero_inside_the_data():
    """Also where all rows are far from the origin: x W + b has both signs in each column."""
    rng = np.random.default_rng(5)
    W, b = np.empty((3, 50)), np.empty(50)
    x = 20 + rng.normal(size=(40, 3))
    data(W, b, x, rng)
    z = x @ W + b
    assert (z.min(axis=0) < 0).all()
    assert (z.max(axis=0) > 0).all()


def weighted_start(x, weight, n_out=50, **kwargs):
    W, b = np.empty((x.shape[1], n_out)), np.empty(n_out)
    data(W, b, x, np.random.default_rng(0), weight, **kwargs)
    return W, b


MAKE = pytest.mark.parametrize("make", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])


@MAKE
@pytest.mark.parametrize("seen_only", [False, True])
def test_weights_of_the_data_driven_start_are_copies(make, seen_only):
    """Weights w give the start of rows of which each is there w times, in any order; ones do not."""
    rng = np.random.default_rng(1)
    x, weight = rng.normal(size=(15, 6)), rng.integers(1, 5, 15)
    copies = rng.permutation(x.repeat(weight, axis=0))
    weighted = weighted_start(make(x), weight, seen_only=seen_only)
    repeated = weighted_start(make(copies), np.ones(len(copies)), seen_only=seen_only)
    scaled = weighted_start(make(x), weight * 1e200, seen_only=seen_only)
    ones = weighted_start(make(x), np.ones(15), seen_only=seen_only)
    for i in range(2):
        np.testing.assert_allclose(weighted[i], repeated[i], rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(weighted[i], scaled[i], rtol=1e-12)
        assert np.abs(weighted[i] - ones[i]).max() > 0.01


def test_the_weighted_draws_have_the_weights_as_shares():
    """The biases are minus means of draws: their mean is minus that of the weighted rows."""
    x, weight = np.array([[0.0], [1.0], [5.0]]), np.array([1.0, 2.0, 5.0])
    W, b = weighted_start(x, weight, n_out=20_000)
    assert (-b / W[0]).mean() == pytest.approx(np.average(x[:, 0], weights=weight), rel=0.01)


@MAKE
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_rows_of_two_kinds_are_never_far_apart(make, dtype):
    """Rows differ in one direction: chance may make z all but equal, and then W must not become huge."""
    x = np.repeat(np.array([[0, 1, 0.5], [1, -1, 0.5]], dtype), 20, axis=0)
    W, b = np.empty((3, 2000), dtype), np.empty(2000, dtype)
    data(W, b, make(x), np.random.default_rng(0))
    z = x @ W + b
    deviation = np.sqrt(0.25 + 1)  # expected of z for normal W
    assert z.std(axis=0).max() <= 1 + 1e-4
    assert np.abs(W).max() < 5 / deviation
    np.testing.assert_allclose(least_spread(make(x), np.full(40, 1 / 40)), deviation, rtol=1e-5)


def test_least_spread_leaves_many_directions_alone():
    """k independent columns: 1 / k of the root mean square; units and constant columns change nothing."""
    x = np.random.default_rng(0).normal(size=(100, 9))
    x = 10 * np.linalg.qr(x - x.mean(axis=0))[0]  # uncorrelated, variance 1
    share = np.full(100, 0.01)
    assert least_spread(x, share) == pytest.approx(3 / 9, rel=1e-6)
    scales = np.arange(1, 10.0)
    assert least_spread(x * scales, share) == pytest.approx(np.sqrt(np.sum(scales**2)) / 9, rel=1e-6)
    assert least_spread(1e200 * x, share) == pytest.approx(1e200 * 3 / 9, rel=1e-6)
    assert least_spread(np.hstack([x, np.full((100, 4), 0.1)]), share) == pytest.approx(3 / 9, rel=1e-6)
    assert least_spread(np.ones((5, 3)), np.full(5, 0.2)) == 0


@MAKE
def test_seen_directions(make):
    """The projection on the span of the differences, by a pseudo-inverse; rows that are alike leave W as it is."""
    rng = np.random.default_rng(0)
    x, W = rng.normal(size=(5, 12)), rng.normal(size=(12, 3))
    differences = x - x.mean(axis=0)
    expected = np.linalg.pinv(differences) @ differences @ W
    found = in_seen_directions(W, make(x), np.full(5, 0.2))
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert np.abs(found - W).max() > 0.1
    assert in_seen_directions(W, make(np.ones((5, 12))), np.full(5, 0.2)) is W
