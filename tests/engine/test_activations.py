"""Activations against formulas of another form, their derivatives against differences of those formulas."""

import math

import numpy as np
import pytest
from scipy.special import erf

from skann.engine.activations import ACTIVATIONS
from tests.helpers import only_float32

SELU_SCALE, SELU_ALPHA = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717
FORMULAS = {
    "identity": lambda z: z + 0,
    "logistic": lambda z: (1 + np.tanh(z / 2)) / 2,
    "tanh": lambda z: np.expm1(2 * z) / (np.expm1(2 * z) + 2),
    "relu": lambda z: (z + np.abs(z)) / 2,
    "leaky_relu": lambda z: np.where(z > 0, z, z / 100),
    "elu": lambda z: np.where(z > 0, z, np.expm1(z)),
    "selu": lambda z: SELU_SCALE * np.where(z > 0, z, SELU_ALPHA * np.expm1(z)),
    "gelu": lambda z: z / 2 * (1 + erf(z / math.sqrt(2))),
    "silu": lambda z: z / (1 + np.exp(-z)),
    "mish": lambda z: z * np.tanh(np.log1p(np.exp(z))),
    "softplus": lambda z: np.log1p(np.exp(z)),
}
SLOPE_AT_0 = {  # from the left, where the two sides differ
    "identity": 1, "logistic": 1 / 4, "tanh": 1, "relu": 0, "leaky_relu": 0.01, "elu": 1,
    "selu": SELU_SCALE * SELU_ALPHA, "gelu": 1 / 2, "silu": 1 / 2, "mish": 3 / 5, "softplus": 1 / 2,
}  # fmt: skip
FAR = {  # f(-10 000) and f'(-10 000); f(10 000) and f'(10 000)
    "identity": (-1e4, 1, 1e4, 1),
    "logistic": (0, 0, 1, 0),
    "tanh": (-1, 0, 1, 0),
    "relu": (0, 0, 1e4, 1),
    "leaky_relu": (-100, 0.01, 1e4, 1),
    "elu": (-1, 0, 1e4, 1),
    "selu": (-SELU_SCALE * SELU_ALPHA, 0, SELU_SCALE * 1e4, SELU_SCALE),
    "gelu": (0, 0, 1e4, 1),
    "silu": (0, 0, 1e4, 1),
    "mish": (0, 0, 1e4, 1),
    "softplus": (0, 0, 1e4, 1),
}
TOLERANCE = {np.float64: 1e-8, np.float32: 2e-6}  # of derivatives; the differences have the former
DTYPES = pytest.mark.parametrize("dtype", [np.float64, np.float32])
NAMES = pytest.mark.parametrize("name", sorted(FORMULAS))


def forward(activation, z):
    """The output, and z as the backward pass sees it: the same array unless the activation keeps its input."""
    z = z.copy()
    a = np.full_like(z, np.nan) if activation.two_buffers else z
    activation.forward(z, a)
    return z, a


def points(dtype):
    z = np.linspace(-15, 15, 402).reshape(67, 6)  # 0 is not among them
    return z.astype(dtype)


def test_every_activation_is_in_the_tables():
    """A new activation has its line in each of the three above, in a form that is not that of the code."""
    assert set(FORMULAS) == set(ACTIVATIONS)
    assert set(SLOPE_AT_0) == set(ACTIVATIONS)
    assert set(FAR) == set(ACTIVATIONS)


@NAMES
@DTYPES
def test_value(name, dtype):
    z = points(dtype)
    _, a = forward(ACTIVATIONS[name](), z)
    expected = FORMULAS[name](z.astype(np.float64))
    np.testing.assert_allclose(a, expected, rtol=8 * np.finfo(dtype).eps, atol=4 * np.finfo(dtype).eps)


@NAMES
@DTYPES
def test_derivative(name, dtype):
    """backward multiplies delta by the slope."""
    activation, z, h = ACTIVATIONS[name](), points(dtype), 1e-6
    delta = np.random.default_rng(0).normal(size=z.shape).astype(dtype)
    exact, f = z.astype(np.float64), FORMULAS[name]
    expected = delta * (f(exact + h) - f(exact - h)) / (2 * h)
    activation.backward(*forward(activation, z), delta)
    np.testing.assert_allclose(delta, expected, rtol=0, atol=TOLERANCE[dtype])


@NAMES
@DTYPES
@pytest.mark.parametrize("zero", [0.0, -0.0, 5e-324, -5e-324, 1e-45, -1e-45])
def test_at_zero(name, dtype, zero):
    """Both zeros and the smallest numbers of float64 and float32."""
    activation, delta = ACTIVATIONS[name](), np.ones((1, 1), dtype)
    z = np.full((1, 1), zero, dtype)
    kept, a = forward(activation, z)
    np.testing.assert_allclose(a, FORMULAS[name](np.zeros(1))[0], rtol=0, atol=4 * np.finfo(dtype).eps)
    slopes = [SLOPE_AT_0[name]]
    if name in ("relu", "leaky_relu"):
        slopes = [1] if z[0, 0] > 0 else slopes
    elif name == "selu":
        slopes.append(SELU_SCALE)  # a denormal may be flushed to zero
    activation.backward(kept, a, delta)
    assert min(abs(delta[0, 0] - slope) for slope in slopes) < TOLERANCE[dtype]


@NAMES
@DTYPES
def test_far_from_zero(name, dtype):
    """Finite, right, and without overflow, division by zero or invalid operations on the way."""
    activation, delta = ACTIVATIONS[name](), np.ones((1, 2), dtype)
    left, left_slope, right, right_slope = FAR[name]
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        kept, a = forward(activation, np.array([[-1e4, 1e4]], dtype))
        np.testing.assert_allclose(a, [[left, right]], rtol=4 * np.finfo(dtype).eps, atol=1e-30)
        activation.backward(kept, a, delta)
    np.testing.assert_allclose(delta, [[left_slope, right_slope]], rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


@NAMES
@DTYPES
def test_nan_spreads(name, dtype):
    """A NaN in comes out as NaN, and touches no other element."""
    with np.errstate(invalid="ignore"):
        _, a = forward(ACTIVATIONS[name](), np.array([[1.0, np.nan, -1.0]], dtype))
    np.testing.assert_array_equal(np.isnan(a), [[False, True, False]])


@NAMES
def test_backward_reads_what_the_contract_allows(name):
    """The output alone where two_buffers is False."""
    activation, z = ACTIVATIONS[name](), points(np.float64)
    kept, a = forward(activation, z)
    assert activation.two_buffers == (kept is not a)
    if not activation.two_buffers:
        expected, delta = np.ones_like(z), np.ones_like(z)
        activation.backward(a.copy(), a.copy(), expected)
        activation.backward(np.full_like(z, np.nan), a, delta)
        np.testing.assert_array_equal(delta, expected)


@NAMES
def test_rows_do_not_mix(name):
    """Each element for itself: a single row gives what it gives among others; also rows of a larger buffer."""
    activation, z = ACTIVATIONS[name](), points(np.float64)
    _, a = forward(activation, z)
    _, first = forward(activation, z[:1])
    np.testing.assert_allclose(first, a[:1], rtol=1e-15)


@NAMES
def test_float32_throughout(name):
    """No pass in between computes in float64."""
    activation, z = ACTIVATIONS[name](), only_float32(points(np.float32))
    a = np.empty_like(z) if activation.two_buffers else z
    delta = np.ones_like(z)
    activation.forward(z, a)
    activation.backward(z, a, delta)
    assert a.dtype == delta.dtype == np.float32
