"""Layers one by one: values against the formula, gradients against differences, dropout against its statistics."""

import numpy as np
import pytest
from scipy import sparse

from skann.engine.activations import ACTIVATIONS, Mish
from skann.engine.initializers import INITIALIZERS
from skann.engine.layers import Bend, Dense, Dropout, ParametricActivation, ParametricMish
from tests.helpers import assert_gradient

N_ROWS, N_IN, N_OUT = 7, 4, 3
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N_ROWS, N_IN))
W, B = RNG.normal(size=(N_IN, N_OUT)), RNG.normal(size=N_OUT)
DELTA = RNG.normal(size=(N_ROWS, N_OUT))
DTYPES = pytest.mark.parametrize("dtype", [np.float64, np.float32])


def dense(dtype=np.float64, activation="tanh", W=W, b=B):
    """A layer bound to arrays of its own, gradients full of NaN, and its buffers."""
    layer = Dense(N_IN, N_OUT, ACTIVATIONS[activation]())
    nan = {"W": np.full_like(W, np.nan, dtype), "b": np.full_like(b, np.nan, dtype)}
    layer.bind({"W": W.astype(dtype), "b": b.astype(dtype)}, nan)
    return layer, layer.buffers(N_ROWS, dtype, training=True)


@DTYPES
def test_dense_forward(dtype):
    layer, buf = dense(dtype)
    a = layer.forward(X.astype(dtype), buf)
    assert a is buf["a"]
    assert a.dtype == dtype
    np.testing.assert_allclose(a, np.tanh(X @ W + B), rtol=20 * np.finfo(dtype).eps, atol=4 * np.finfo(dtype).eps)


@DTYPES
@pytest.mark.parametrize("activation", ["tanh", "gelu"])  # without and with a buffer for z
def test_dense_backward(dtype, activation):
    layer, buf = dense(dtype, activation)
    layer.forward(X.astype(dtype), buf)
    buf["delta"][...] = DELTA
    dx = np.full_like(X, np.nan, dtype)
    layer.backward(X.astype(dtype), buf, dx)

    def f(x=X, W=W, b=B):
        layer, buf = dense(np.float64, activation, W, b)
        return float(np.sum(DELTA * layer.forward(x, buf)))

    assert_gradient(lambda W: f(W=W), W, layer.dW)
    assert_gradient(lambda b: f(b=b), B, layer.db)
    assert_gradient(lambda x: f(x=x), X, dx)


@pytest.mark.parametrize("make", [sparse.csr_matrix, sparse.csr_array, sparse.csc_matrix, sparse.csc_array])
@DTYPES
def test_dense_takes_sparse_input(make, dtype):
    x = (X * (X > 0)).astype(dtype)
    results = []
    for each in (x, make(x)):
        layer, buf = dense(dtype)
        a = layer.forward(each, buf).copy()
        buf["delta"][...] = DELTA
        layer.backward(each, buf)
        results.append((a, layer.dW, layer.db))
    for from_dense, from_sparse in zip(*results, strict=True):
        assert from_sparse.dtype == dtype
        np.testing.assert_allclose(from_sparse, from_dense, rtol=30 * np.finfo(dtype).eps, atol=4 * np.finfo(dtype).eps)


def test_dense_buffers():
    layer, _ = dense()
    assert "delta" in layer.buffers(5, np.float32, training=True)
    assert "delta" not in layer.buffers(5, np.float32, training=False)
    assert all(len(array) == 5 for array in layer.buffers(5, np.float32, training=True).values())
    assert all(array.dtype == np.float32 for array in layer.buffers(5, np.float32, training=True).values())


@pytest.mark.parametrize("name", sorted(INITIALIZERS))
def test_dense_initialize(name):
    layer = Dense(60, 50)
    layer.bind({"W": np.full((60, 50), np.nan), "b": np.full(50, np.nan)}, None)
    layer.initialize(np.random.default_rng(0), INITIALIZERS[name])
    variance = INITIALIZERS[name](60, 50)
    assert layer.W.var() == pytest.approx(variance, rel=0.05)
    assert layer.b.var() == pytest.approx(variance, rel=0.5)  # as scikit-learn's
    assert np.abs(layer.b).max() <= np.sqrt(3 * variance)


P = RNG.uniform(0.5, 1.5, N_OUT)
WIDE = np.concatenate([RNG.normal(size=(N_ROWS - 2, N_OUT)), [[-90, 19.9, 20.1], [-200, 90, 200]]])


def parametric(layer, x=WIDE, p=P, dtype=np.float64):
    """Output of a layer with these p, its dp and dx for DELTA, and the output where it only predicts."""
    x = x.astype(dtype)
    layer.bind({"p": p.astype(dtype)}, {"p": np.full(N_OUT, np.nan, dtype)})
    predicted = layer.forward(x, layer.buffers(N_ROWS, dtype, training=False))
    buf = layer.buffers(N_ROWS, dtype, training=True)
    a, dx = layer.forward(x, buf, RNG).copy(), np.full_like(x, np.nan)
    buf["delta"][...] = DELTA
    layer.backward(x, buf, dx)
    return a, layer.dp, dx, predicted


@pytest.mark.parametrize("make", [lambda: ParametricMish(N_OUT), lambda: ParametricActivation(N_OUT, Mish())])
def test_parametric_backward(make):
    x = WIDE / (1 + np.abs(WIDE) / 5)
    _, dp, dx, _ = parametric(make(), x)
    assert_gradient(lambda p: float(np.sum(DELTA * parametric(make(), x, p)[0])), P, dp)
    assert_gradient(lambda x: float(np.sum(DELTA * parametric(make(), x)[0])), x, dx)


@DTYPES
def test_parametric_mish_is_mish_with_a_parameter(dtype):
    """Output, both gradients and prediction, also of large numbers, whose exponential overflows."""
    expected = parametric(ParametricActivation(N_OUT, Mish()), dtype=np.float64)
    for found, value in zip(parametric(ParametricMish(N_OUT), dtype=dtype), expected, strict=True):
        assert found.dtype == dtype
        np.testing.assert_allclose(found, value, rtol=30 * np.finfo(dtype).eps, atol=200 * np.finfo(dtype).eps)


def dropout(rate, training, shape=(200, 500), seed=0, strength=1.0):
    layer = Dropout(shape[1], rate)
    layer.share = strength
    buf = layer.buffers(shape[0], np.float64, training=True)
    for array in buf.values():
        array.fill(np.nan)
    x = np.random.default_rng(1).uniform(1, 2, shape)
    a = layer.forward(x, buf, np.random.default_rng(seed) if training else None).copy()
    buf["delta"].fill(3)
    dx = np.full(shape, np.nan)
    layer.backward(x, buf, dx)
    return x, a, dx


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_in_training(rate):
    """Each element is 0 with probability rate, else x / (1 - rate): the mean stays; dx has the same mask."""
    x, a, dx = dropout(rate, training=True)
    kept = a != 0
    assert kept.mean() == pytest.approx(1 - rate, abs=5 * np.sqrt(rate * (1 - rate) / x.size))
    assert (a / x).max() == pytest.approx(1 / (1 - rate), rel=2**-8 / (1 - rate))
    np.testing.assert_allclose(a, kept * x * (a / x).max())
    np.testing.assert_allclose(dx * x, 3 * a)
    assert a.mean() == pytest.approx(x.mean(), rel=0.02)
    for axis in (0, 1):  # no row and no column is treated otherwise
        assert kept.mean(axis).std() == pytest.approx(np.sqrt(rate * (1 - rate) / x.shape[axis]), rel=0.2)


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.77])
def test_dropout_keeps_the_mean_exactly(rate):
    """Probability and factor are rounded together: (1 - p) times the factor is 1."""
    x, a, _ = dropout(rate, training=True)
    factor = (a / x).max()
    dropped = 1 - 1 / factor
    assert dropped * 2**8 == pytest.approx(round(dropped * 2**8), abs=1e-6)
    assert dropped == pytest.approx(rate, abs=2**-8)


@pytest.mark.parametrize("rate", [0.001, 0.3, 0.77])
def test_dropout_has_its_rate_on_average(rate):
    dropped = []
    for seed in range(2000):
        x, a, _ = dropout(rate, training=True, shape=(1, 40), seed=seed)
        dropped.append(1 - 1 / (a / x).max())
    assert np.mean(dropped) == pytest.approx(rate, abs=4 * np.std(dropped) / 2000**0.5)


def test_dropout_outside_training_does_nothing():
    x, a, dx = dropout(0.5, training=False)
    np.testing.assert_array_equal(a, x)
    np.testing.assert_array_equal(dx, np.full_like(x, 3))


@pytest.mark.parametrize("strength", [0.0, 0.5])
def test_dropout_strength_multiplies_the_rate(strength):
    np.testing.assert_array_equal(dropout(0.8, True, strength=strength)[1], dropout(0.8 * strength, True)[1])


def test_dropout_of_nothing_draws_no_noise():
    layer, rng = Dropout(3, 0.5), np.random.default_rng(0)
    layer.share, x, buf = 0.0, X[:, :3], layer.buffers(N_ROWS, np.float64, training=True)
    np.testing.assert_array_equal(layer.forward(x, buf, rng), x)
    assert rng.bit_generator.state == np.random.default_rng(0).bit_generator.state


@pytest.mark.parametrize("n_units", [1, 2, 7, 9])
def test_dropout_of_few_units(n_units):
    """Eight elements share a random number: also where the number of elements is no multiple of eight."""
    x, a, dx = dropout(0.5, training=True, shape=(1, n_units))
    np.testing.assert_allclose(a, np.where(a == 0, 0, 2 * x))
    np.testing.assert_allclose(dx * x, 3 * a)


def test_dropout_follows_the_generator():
    assert np.array_equal(dropout(0.5, True)[1], dropout(0.5, True)[1])
    assert not np.array_equal(dropout(0.5, True)[1], dropout(0.5, True, seed=1)[1])


def test_dropout_of_almost_everything():
    """Rates up to below 1 are allowed."""
    _, a, _ = dropout(1 - 1e-7, training=True)
    assert np.isfinite(a).all()


def test_names():
    assert str(Dense(4, 3, ACTIVATIONS["relu"]())) == "Dense 4 -> 3, ReLU"
    assert str(Dropout(3, 0.25)) == "Dropout 0.25"


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_input_gradient_of_parametric_activations(name):
    """The one for all activations, and that of Mish alone, against differences."""
    layers = [ParametricActivation(N_OUT, ACTIVATIONS[name]())] + ([ParametricMish(N_OUT)] if name == "mish" else [])
    for layer in layers:
        layer.bind({"p": np.array([0.5, 1.0, -1.3])}, None)
        buf = layer.buffers(N_ROWS, np.float64, training=True)
        layer.forward(DELTA, buf)
        found = layer.input_gradient(DELTA, buf, np.stack([np.ones_like(DELTA), 2 * X[:, :N_OUT]]))

        def f(x, layer=layer):
            return float(layer.forward(x, layer.buffers(N_ROWS, np.float64, training=True)).sum())

        assert_gradient(f, DELTA, found[0])
        np.testing.assert_allclose(found[1], 2 * X[:, :N_OUT] * found[0])


def test_bend_is_a_dense_layer_behind_its_product():
    layer, buf = dense(activation="gelu")
    wanted = layer.forward(X, buf)
    bend = Bend(layer)
    own = bend.buffers(N_ROWS, np.float64, training=True)
    np.testing.assert_array_equal(bend.forward(X @ layer.W + layer.b, own), wanted)
    slopes = bend.input_gradient(None, own, np.ones((1, N_ROWS, N_OUT)))
    np.testing.assert_allclose(slopes @ layer.W.T, layer.input_gradient(X, buf, np.ones((1, N_ROWS, N_OUT))))
