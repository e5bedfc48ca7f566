"""Quantiles of sums by bisection: those of all sums, written out."""

import numpy as np
import pytest

from skann.fitting.conformal import n_needed, quantile_of_sums

RNG = np.random.default_rng(0)


def brute_force(starts, groups, wanted):
    """The smallest sum of which the weight of all up to it is enough, from an array of all sums for each row."""
    found = []
    for row in starts.T:
        sums = np.concatenate([start + values for start, (values, _) in zip(row, groups, strict=True)])
        weights = np.concatenate([np.diff(weights) for _, weights in groups])
        order = np.argsort(sums, kind="stable")
        reached = np.cumsum(weights[order])
        found.append(sums[order][np.searchsorted(reached, wanted - 1e-9 * reached[-1])])
    return np.array(found)


def group(values, weight=None):
    """Values in rising order with the weight before each."""
    order = np.argsort(values)
    weight = np.ones(len(values)) if weight is None else weight[order]
    return values[order], np.append(0.0, np.cumsum(weight))


CASES = {
    "one group": (1, 0.0, None),
    "equal starts": (6, 0.0, None),
    "starts apart": (6, 1.0, None),
    "starts far apart": (6, 100.0, None),
    "whole numbers": (5, 3.0, np.round),
    "all the same": (5, 1.0, np.zeros_like),
    "large": (5, 1e200, lambda values: 1e200 * values),
    "small": (5, 1e-200, lambda values: 1e-200 * values),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("share", [0.001, 0.5, 0.9, 0.999, 1.0])
def test_quantile_of_sums(case, weighted, share):
    n_groups, spread, change = CASES[case]
    sizes = RNG.integers(1, 40, n_groups)
    values = [RNG.normal(size=n) for n in sizes]
    if change is not None:
        values = [change(each) for each in values]
    groups = [group(each, RNG.uniform(0.1, 3, len(each)) if weighted else None) for each in values]
    starts = spread * RNG.normal(size=(n_groups, 50))
    if case == "whole numbers":
        starts = np.round(starts)
    total = sum(weights[-1] for _, weights in groups)
    wanted = share * total * (1 - 1e-9)
    found, expected = quantile_of_sums(starts, groups, wanted), brute_force(starts, groups, wanted)
    scale = np.abs(expected).max() + spread
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-11 * scale)


def test_no_rows():
    assert quantile_of_sums(np.empty((2, 0)), [group(RNG.normal(size=4))] * 2, 3.0).shape == (0,)


def test_rows_needed_for_a_coverage():
    """So many that the share of the scores of them and of the new row, rounded up, is not all of them."""
    for coverage in (0.5, 0.8, 0.9, 0.95, 0.99, 0.999):
        n = n_needed(coverage)
        assert np.ceil(coverage * (n + 1) - 1e-9) <= n
        assert np.ceil(coverage * n - 1e-9) > n - 1
