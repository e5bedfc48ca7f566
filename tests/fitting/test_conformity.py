"""Conformity scores: what they are for a target, and what is kept of those of the held-out rows."""

import numpy as np
import pytest

from skann.engine.losses import CrossEntropy, Quantile, SquaredError
from skann.engine.rows import ArrayRows
from skann.fitting.conformity import (
    MAX_SCORES,
    AbsoluteResiduals,
    Likelier,
    QuantileResiduals,
    Scores,
    conformity,
    learn_scores,
    pooled,
    several_levels,
)
from skann.fitting.data import TrainingData
from skann.targets.labels import Labels
from skann.targets.values import Values

RNG = np.random.default_rng(0)


def test_score_of_a_class_by_hand():
    proba = np.array([[0.2, 0.5, 0.3], [0.6, 0.1, 0.3]])
    expected = [[0.5 + 0.3 + 0.1, 0.25, 0.5 + 0.15], [0.3, 0.6 + 0.3 + 0.05, 0.6 + 0.15]]
    np.testing.assert_allclose(Likelier().of_classes(proba), expected)
    np.testing.assert_allclose(Likelier().scores(proba, np.array([2, 0])), [[0.65], [0.3]])


def test_scores_of_classes_as_probable_differ():
    np.testing.assert_allclose(Likelier().of_classes(np.full((1, 4), 0.25)), [[0.125, 0.375, 0.625, 0.875]])


def test_score_of_quantiles_is_the_distance_to_the_interval():
    """Outside of it; inside it is minus the distance to the next end."""
    measure, prediction = QuantileResiduals(2, 0), np.array([[3.0, 2.0, 1.0]])
    for y, score in [(0.0, 1.0), (1.0, 0.0), (1.25, -0.25), (2.9, -0.1), (5.0, 2.0)]:
        np.testing.assert_allclose(measure.scores(prediction, np.array([[y]])), [[score]])
    lower, upper = measure.ends(prediction)
    assert (lower.item(), upper.item()) == (1.0, 3.0)


@pytest.mark.parametrize(
    "target, loss, n_outputs, expected",
    [
        (Values(True, 1), SquaredError(), 1, AbsoluteResiduals),
        (Values(False, 2), SquaredError(), 2, AbsoluteResiduals),
        (Values(True, 1), Quantile(0.7), 1, AbsoluteResiduals),
        (Values(True, 1), Quantile([0.7]), 1, AbsoluteResiduals),
        (Values(True, 1), Quantile([0.9, 0.1, 0.5]), 3, QuantileResiduals),
        (Values(True, 1), SquaredError(), 2, type(None)),
        (Labels(np.array([0, 1])), CrossEntropy(2), 2, Likelier),
        (Labels(np.array([0, 1])), CrossEntropy(2), 3, type(None)),
        (Labels(np.array([0, 1]), multilabel=True), CrossEntropy(2), 2, type(None)),
    ],
)
def test_measure(target, loss, n_outputs, expected):
    measure = conformity(target, loss, n_outputs)
    assert type(measure) is expected
    if expected is QuantileResiduals:
        assert (measure.lower, measure.upper) == (1, 0)
    levels = several_levels(loss)
    assert (levels is None) == (expected is not QuantileResiduals)


def learn(parts, n_given, weight=None, counts=None):
    """The scores of networks for (rows, predictions) each, targets being 0."""
    y, data = np.zeros((n_given, 1)), []
    for rows, _ in parts:
        X = np.zeros((n_given, 1))
        if weight is None:
            watched = ArrayRows(X, y, None, rows)
        else:
            total = weight[rows].sum()
            watched = ArrayRows(X, y, weight / total * len(rows), rows, total)
        data.append(TrainingData(None, watched, rows, n_given))
    predictions = [np.asarray(each, float)[:, None] for _, each in parts]
    counts = [1.0] * len(parts) if counts is None else counts
    return learn_scores(AbsoluteResiduals(), predictions, counts, data, Values(True, 1))


def test_scores_of_disjoint_rows():
    first, second = learn([(np.array([0, 2]), [-3, 1]), (np.array([1, 4]), [5, -2])], 6)
    np.testing.assert_array_equal(first.values, [[1], [3]])
    np.testing.assert_array_equal(second.values, [[2], [5]])
    assert first.weight is second.weight is None
    assert (first.total, first.squares) == (2, 2)


def test_a_row_held_out_twice_has_its_mean_score_and_counts_once():
    """Row 1 is off by 4 and by 2."""
    first, second = learn([(np.array([0, 1]), [1, -4]), (np.array([1, 2]), [2, 7])], 3)
    np.testing.assert_array_equal(first.values, [[1], [3]])
    np.testing.assert_array_equal(second.values, [[3], [7]])
    np.testing.assert_array_equal(first.weight, [[1], [0.5]])
    np.testing.assert_array_equal(second.weight, [[0.5], [1]])
    assert first.total + second.total == first.squares + second.squares == 3


def test_networks_count_as_in_a_prediction():
    """The second three times as much: the mean score of row 1 is (4 + 3 * 2) / 4."""
    first, second = learn([(np.array([0, 1]), [1, -4]), (np.array([1, 2]), [2, 7])], 3, counts=[0.1, 0.3])
    np.testing.assert_allclose(first.values, [[1], [2.5]])
    np.testing.assert_allclose(second.values, [[2.5], [7]])
    np.testing.assert_allclose(first.weight, [[1], [0.25]])
    np.testing.assert_allclose(second.weight, [[0.75], [1]])


def test_weights_are_in_one_unit():
    """Those of the table, up to one factor for all; each network knows its rows with weights of mean 1."""
    weight = np.array([1.0, 3.0, 10.0, 30.0])
    parts = learn([(np.array([0, 1]), [2, 1]), (np.array([2, 3]), [1, 2])], 4, weight)
    factor = parts[0].weight[0, 0] / 3
    np.testing.assert_allclose(parts[0].weight / factor, [[3], [1]])
    np.testing.assert_allclose(parts[1].weight / factor, [[10], [30]])
    assert parts[1].total / factor == pytest.approx(40)
    assert parts[1].squares / factor**2 == pytest.approx(1000)


def test_a_score_that_is_no_number_is_the_largest():
    (scores,) = learn([(np.arange(3), [np.nan, 1, np.inf])], 3)
    assert scores.values[0] == 1
    assert np.isfinite(scores.values).all()
    assert scores.values[1] > 1e300


def test_pooled():
    one = Scores(np.array([[3.0], [1.0]]), None, 4.0, 5.0)
    two = Scores(np.array([[2.0]]), np.array([[0.5]]), 0.5, 1.0)
    together = pooled([one, two])
    np.testing.assert_array_equal(together.values, [[1], [2], [3]])
    np.testing.assert_array_equal(together.weight, [[2], [0.5], [2]])
    assert (together.total, together.squares) == (4.5, 6.0)


@pytest.mark.parametrize("weighted", [False, True])
def test_of_many_scores_quantiles_are_kept(weighted):
    """They are rounded up, by no more than their number allows; each counts the same."""
    n = 3 * MAX_SCORES + 7
    values = RNG.exponential(size=(n, 2))
    weight = RNG.uniform(0.5, 2, (n, 2)) if weighted else None
    every = Scores(values, weight, n if weight is None else weight[:, 0].sum(), n)
    if weighted:
        every.weight[:, 1] *= every.total / every.weight[:, 1].sum()
    kept = every.compressed()
    assert kept.values.shape == (MAX_SCORES, 2)
    assert (kept.weight, kept.total, kept.squares) == (None, every.total, every.squares)
    for (all_values, all_weights), (values, weights) in zip(every.columns(), kept.columns(), strict=True):
        assert values[-1] == all_values[-1]
        exact = all_weights[np.searchsorted(all_values, values, side="right")] / every.total
        excess = exact - weights[1:] / every.total
        assert excess.min() > -2e-9
        assert excess.max() < 2 / n * 1.5
    assert kept.compressed() is kept
