"""The first pass over a table, and which rows it keeps."""

import numpy as np
import pytest

from skann.fitting.block_table import draw
from skann.fitting.blocks import Plan
from skann.fitting.scan import Moments


def test_draws_are_uniform_and_independent_of_the_block_and_of_neighbours():
    u = draw(np.arange(100_000), 3)
    assert u.min() >= 0
    assert u.max() < 1
    assert abs(np.sort(u) - (np.arange(100_000) + 0.5) / 100_000).max() < 1.63 / 100_000**0.5  # Kolmogorov, 1 %
    assert abs(np.corrcoef(u[1:], u[:-1])[0, 1]) < 0.01
    assert abs(np.corrcoef(u, draw(np.arange(100_000), 4))[0, 1]) < 0.01
    np.testing.assert_array_equal(draw(np.arange(50, 60), 3), u[50:60])


@pytest.mark.parametrize("n_folds, share", [(1, 0.2), (5, 0.2), (8, 0.01)])
def test_folds_have_their_share_of_the_rows_whatever_the_blocks(n_folds, share):
    plan = Plan(7, n_folds, share, 0.1)
    fold, is_sampled = plan.draw(0, 50_000)
    counts = np.bincount(fold + 1, minlength=n_folds + 1)[1:]
    assert np.all(abs(counts - share * 50_000) < 5 * (share * 50_000) ** 0.5)
    assert abs(is_sampled.mean() - 0.1) < 0.01
    np.testing.assert_array_equal(plan.draw(1000, 50)[0], fold[1000:1050])


@pytest.mark.parametrize("weighted", [False, True])
def test_moments_of_blocks_are_those_of_all_rows(weighted):
    rng = np.random.default_rng(0)
    y = np.column_stack([1e6 + rng.normal(size=1000), np.full(1000, 3.0)])
    weight = rng.random(1000) if weighted else None
    moments = Moments()
    for start in range(0, 1000, 130):
        rows = slice(start, start + 130)
        moments.add(y[rows], None if weight is None else weight[rows])
    pair, mean = moments.pair(), np.average(y, axis=0, weights=weight)
    np.testing.assert_allclose(pair.mean(axis=0), mean, rtol=1e-13)
    np.testing.assert_allclose(
        pair.std(axis=0), np.average((y - mean) ** 2, axis=0, weights=weight) ** 0.5, rtol=1e-8, atol=1e-9
    )
