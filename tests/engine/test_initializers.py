"""Initial weights: their distribution, and what it is for."""

import numpy as np
import pytest
from scipy import stats

from skann.engine.activations import ACTIVATIONS
from skann.engine.initializers import INITIALIZERS, data, fill
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
