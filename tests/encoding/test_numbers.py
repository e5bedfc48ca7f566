"""Numeric columns: centre, scale and smooth clip against closed forms and scikit-learn's RobustScaler."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import RobustScaler

from skann.encoding import TabularEncoder
from skann.encoding.checked import fit_checked
from skann.encoding.numbers import NumericColumns
from tests.encoding.tables import NAN, clip, column, encode


def test_closed_form():
    """Median 2 and quartiles 1 and 3 of four values, by the inverse of the distribution function."""
    np.testing.assert_allclose(column([4.0, 1.0, 3.0, 2.0])[:, 0], clip([1.0, -0.5, 0.5, 0.0]), rtol=1e-15)


def test_robust_scaler_where_the_quartiles_are_values():
    X = np.random.default_rng(0).normal(5, 100, (4 * 25 + 1, 3))
    scaler = RobustScaler().fit(X)
    encoder = TabularEncoder().fit(X)
    np.testing.assert_array_equal(encoder.center_, scaler.center_)
    np.testing.assert_allclose(encoder.scale_, scaler.scale_, rtol=1e-15)
    np.testing.assert_allclose(encoder.transform(X), clip(scaler.transform(X)), rtol=1e-14)


@pytest.mark.parametrize("seed", range(20))
def test_weighted_quantiles(seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rng.integers(2, 60), 1)).round(rng.integers(0, 3))
    values[0] = 10  # not constant
    weight = rng.choice([rng.uniform(0.1, 3, len(values)), rng.integers(0, 4, len(values)) + np.eye(len(values))[0]])
    low, center, high = np.quantile(values, [0.25, 0.5, 0.75], axis=0, weights=weight, method="inverted_cdf")
    encoder = TabularEncoder().fit(values, sample_weight=weight)
    there = values[weight > 0]
    if there.min() == there.max():
        assert encoder.n_numeric_ == 0
        return
    np.testing.assert_array_equal(encoder.center_, center)
    away = weight * (values[:, 0] != center) > 0
    distance = abs(values[away] - center)
    median = np.quantile(distance, 0.5, axis=0, weights=weight[away], method="inverted_cdf")
    np.testing.assert_array_equal(encoder.scale_, high - low if high > low else median)


@pytest.mark.parametrize("factor", [0.1, 1 / 3, 7e-5, 1e10])
def test_a_common_factor_of_the_weights_has_no_influence(factor):
    """Even where sums of weights reach a quartile exactly, but for rounding."""
    rng = np.random.default_rng(0)
    X, weight = rng.normal(size=(40, 5)), rng.integers(1, 5, 40)
    np.testing.assert_array_equal(encode(X, weight * factor), encode(X, weight))


def test_median_distance_where_the_quartiles_are_equal():
    """Most are 0: the others keep their differences, however far out the farthest is."""
    values = np.array([0.0] * 9 + [4.0, -6.0, 9e9])
    np.testing.assert_allclose(column(values)[:, 0], clip(values / 6))


def test_missing_values_become_the_centre_and_have_an_indicator():
    encoded = column([1.0, NAN, 2.0, 3.0, NAN, 4.0])
    np.testing.assert_array_equal(encoded[:, 1], [0, 1, 0, 0, 1, 0])
    np.testing.assert_array_equal(encoded[[0, 2, 3, 5], :1], column([1.0, 2.0, 3.0, 4.0]))
    np.testing.assert_array_equal(encoded[[1, 4], 0], 0)


def test_missing_only_when_transforming():
    encoder = TabularEncoder().fit([[1.0], [2.0], [4.0]])
    np.testing.assert_array_equal(encoder.transform([[NAN], [2.0]]), [[0], [0]])


def test_columns_without_information_vanish():
    X = np.array([[1, 5, NAN, 5], [2, 5, NAN, NAN], [3, 5, NAN, 5]])
    encoder = TabularEncoder().fit(X)
    assert encoder.get_feature_names_out().tolist() == ["x0", "missingindicator_x3"]
    np.testing.assert_array_equal(encoder.transform(X)[:, 1], [0, 1, 0])
    np.testing.assert_array_equal(encoder.transform(X + 1), encoder.transform(X + np.array([1, 7, -3, 0])))


def test_nothing_left():
    assert column([2.0, 2.0]).shape == (2, 0)
    assert encode(pd.DataFrame({"a": ["x", "x"], "b": [None, None]})).shape == (2, 0)


@pytest.mark.parametrize("power", [-1000, -900, -100, 100, 900, 1000])
def test_units_do_not_matter(power):
    """Powers of two, so that the equality is exact as long as nothing is subnormal."""
    X = np.random.default_rng(0).normal(size=(50, 3))
    np.testing.assert_array_equal(encode(np.ldexp(X, power)), encode(X))


@pytest.mark.parametrize(
    "values",
    [
        [-1.7e308, -1e308, 0.0, 1e308, 1.7e308],
        [-1.7e308, 1.7e308],
        [0.0, 0.0, 0.0, 0.0, 5e-324],
        [1e-300, 2e-300, 3e-300, 1e300],
        [5e-324, 1e-323, 1.5e-323],
        [1.0, np.nextafter(1.0, 2)],
    ],
    ids=str,
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_extremes_stay_finite_and_in_order(values, dtype):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _, encoded = fit_checked("from_dtype", np.reshape(values, (-1, 1)), None, None, dtype, None)
    encoded = encoded[:, 0]
    assert encoded.dtype == dtype
    assert np.isfinite(encoded).all()
    assert np.abs(encoded).max() <= 3
    assert (np.diff(encoded) >= 0).all()
    assert encoded[0] < encoded[-1]


def test_values_far_from_those_of_fit():
    encoder = TabularEncoder().fit([[0.0], [1.0], [2.0], [3.0]])
    np.testing.assert_array_equal(encoder.transform([[1e300], [-1e300], [-1.7e308]]), [[3], [-3], [-3]])
    np.testing.assert_array_equal(encoder.transform(np.array([[3e38]], np.float32)), np.float32([[3]]))


@pytest.mark.parametrize("value", [2.0, NAN], ids=["complete", "missing"])
def test_every_cell_of_the_output_is_written(value):
    """Whatever it held before."""
    learnt, names = np.array([[1.0, 5.0], [2.0, NAN], [4.0, 7.0], [3.0, 9.0]]), ["a", "b"]
    encoding = NumericColumns.learn(learnt, None, None, names)
    X = np.array([[1.0, value], [3.0, 6.0]])
    out = np.full((2, encoding.n_encoded), NAN)
    encoding.encode(X, names, out)
    np.testing.assert_array_equal(out, TabularEncoder().fit(learnt).transform(X))
    np.testing.assert_array_equal(out[:, 2], np.isnan(X[:, 1]))
