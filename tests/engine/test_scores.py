"""Scores from raw outputs against scikit-learn's metrics of the predictions."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, r2_score

from skann.engine.losses import BinaryCrossEntropy, CrossEntropy, Poisson, Quantile, SquaredError
from skann.engine.rows import ArrayRows
from skann.engine.scores import R2, Accuracy

RNG = np.random.default_rng(0)
N = 40
WEIGHT = RNG.uniform(0, 3, N)
WEIGHTED = pytest.mark.parametrize("weight", [None, WEIGHT / WEIGHT.mean()], ids=["plain", "weighted"])
SOME = pytest.mark.parametrize("which", [None, np.arange(3, N, 3)], ids=["all", "some"])


def rows(y, weight, which):
    return ArrayRows(np.zeros((N, 1)), y, weight, which)


def of(array, which):
    return array if array is None or which is None else array[which]


@WEIGHTED
@SOME
def test_accuracy_of_classes(weight, which):
    raw, y = RNG.normal(size=(N, 3)), RNG.integers(3, size=N)
    score = Accuracy(CrossEntropy(3), rows(y, weight, which))(None, of(raw, which))
    assert score == pytest.approx(
        accuracy_score(of(y, which), of(raw, which).argmax(axis=1), sample_weight=of(weight, which))
    )


@WEIGHTED
def test_accuracy_of_several_labels(weight):
    """All labels of a row must be right."""
    raw, y = RNG.normal(size=(N, 2)), RNG.integers(2, size=(N, 2)).astype(float)
    score = Accuracy(BinaryCrossEntropy(), rows(y, weight, None))(None, raw)
    assert 0 < score < 1
    assert score == pytest.approx(accuracy_score(y, raw > 0, sample_weight=weight))


@WEIGHTED
@SOME
@pytest.mark.parametrize("loss", [SquaredError(), Poisson()])
def test_r2(weight, which, loss):
    """The mean over the targets; one that is constant has 0, or 1 where it is met."""
    y = RNG.gamma(2.0, size=(N, 3))
    y[:, 2] = 1
    raw = np.log(y) + 0.1 * RNG.normal(size=y.shape) if isinstance(loss, Poisson) else y + RNG.normal(size=y.shape)
    score = R2(loss, rows(y, weight, which))(None, of(raw, which))
    predicted, truth = loss.predict(of(raw, which)), of(y, which)
    assert score == pytest.approx(r2_score(truth, predicted, sample_weight=of(weight, which)), rel=1e-10)


@WEIGHTED
def test_r2_of_a_constant(weight):
    """1 where it is met, otherwise 0, although the mean of many 0.3 is not 0.3."""
    y = np.full((N, 1), 0.3)
    score = R2(SquaredError(), rows(y, weight, None))
    assert score(None, y) == 1
    assert score(None, y + 0.1) == 0


def test_r2_of_huge_values():
    """Their squares overflow, the score does not: it has no units."""
    y, raw = RNG.normal(size=(N, 1)), RNG.normal(size=(N, 1))
    scores = [R2(SquaredError(), rows(factor * y, None, None))(None, factor * raw) for factor in (1, 2.0**1000)]
    assert scores[0] == pytest.approx(scores[1], rel=1e-12)
    assert scores[0] == pytest.approx(r2_score(y, raw))


def test_r2_in_float32_is_computed_in_float64():
    y, raw = (1000 + RNG.normal(size=(N, 1))).astype(np.float32), (1000 + RNG.normal(size=(N, 1))).astype(np.float32)
    score = R2(SquaredError(), rows(y, None, None))(None, raw)
    assert score == pytest.approx(r2_score(y.astype(float), raw.astype(float)), rel=1e-6)


def test_what_r2_needs():
    with pytest.raises(ValueError, match="at least two validation rows"):
        R2(SquaredError(), rows(np.zeros((N, 1)), None, np.array([3])))
    with pytest.raises(ValueError, match="one prediction for each target, but there are 2 for 1"):
        R2(Quantile([0.1, 0.9]), rows(RNG.normal(size=(N, 1)), None, None))(None, np.zeros((N, 2)))
