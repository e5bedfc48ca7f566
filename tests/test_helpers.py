"""The checkers are checked: a wrong derivative, a stale buffer and a float64 must not pass."""

import numpy as np
import pytest

from skann.engine.losses import LOSSES
from tests.helpers import (
    OnlyFloat32,
    assert_gradient,
    make_loss,
    make_network,
    make_targets,
    make_weight,
    only_float32,
    poison,
)

THETA = np.random.default_rng(0).normal(size=200)
COS = -np.sin(THETA)


def sum_of_cosines(theta):
    return float(np.cos(theta).sum())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_right_gradient_passes(dtype):
    assert_gradient(sum_of_cosines, THETA, COS.astype(dtype))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("factor", [0.9995, 1.0005, -1, 0])
def test_wrong_factor_fails(factor, dtype):
    """0.05 % is enough, in float32 too."""
    with pytest.raises(AssertionError, match="differences say"):
        assert_gradient(sum_of_cosines, THETA, (factor * COS).astype(dtype))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_wrong_element_fails(dtype):
    """One derivative of 200, wrong by 1 %."""
    grad = COS.astype(dtype)
    grad[np.abs(grad).argmax()] *= 1.01
    with pytest.raises(AssertionError, match="differences say"):
        assert_gradient(sum_of_cosines, THETA, grad)


def test_nan_and_wrong_shape_fail():
    with pytest.raises(AssertionError):
        assert_gradient(sum_of_cosines, THETA, np.full_like(THETA, np.nan))
    with pytest.raises(AssertionError):
        assert_gradient(sum_of_cosines, THETA, COS[:-1])


def test_poison_leaves_only_constants():
    workspace = poison(make_network(dropout=0.5).workspace(7))
    names = {name for buf in workspace.buffers for name in buf}
    assert {"a", "z", "delta", "mask", "ones"} >= names >= {"a", "delta"}
    for buf in workspace.buffers:
        for name, array in buf.items():
            assert (array == 1).all() if name == "ones" else np.isnan(array).all()


def test_only_float32_catches_promotion():
    """Every way in which a ufunc can slip into float64: an operand, a NumPy scalar, an integer array, the out array."""
    a = only_float32([1, 2, 3])
    assert isinstance(np.exp(a) * 0.5 + a, OnlyFloat32)
    np.multiply(a, 2.0, out=a)
    np.testing.assert_array_equal(np.asarray(a), [2, 4, 6])
    for wrong in (np.ones(3), np.float64(2), np.arange(3)):
        with pytest.raises(AssertionError, match="float64"):
            a * wrong
        with pytest.raises(AssertionError, match="float64"):
            a *= np.float64(2)
    with pytest.raises(AssertionError, match="float64"):
        np.add(a, a, out=np.empty(3))


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_builders_keep_to_the_domain(name):
    y = make_targets(name, n_rows=30, dtype=np.float32)
    assert make_loss(name).in_domain(y)
    assert y.dtype == (np.int64 if name == "log_loss" else np.float32)
    weight = make_weight(30)
    assert weight.mean() == pytest.approx(1)
    assert weight.min() == 0
