"""Temperatures: the minimum of the loss, found; what scaling, weights and hopeless outputs make of it."""

import numpy as np
import pytest
from scipy.special import softmax

from skann.engine.calibration import LARGEST, CalibratedLoss, fit_temperature
from skann.engine.evaluation import mean_loss
from skann.engine.losses import BinaryCrossEntropy, CrossEntropy
from skann.engine.rows import ArrayRows

RNG = np.random.default_rng(0)
RAW = 2 * RNG.standard_normal((4000, 3))
Y = np.array([RNG.choice(3, p=p) for p in softmax(RAW, axis=1)])
LABELS = (RNG.random((4000, 2)) < 1 / (1 + np.exp(-RAW[:, :2]))).astype(float)
CASES = pytest.mark.parametrize(
    "loss, raw, y",
    [(CrossEntropy(3), RAW, Y), (BinaryCrossEntropy(), RAW[:, :2], LABELS)],
    ids=["softmax", "logistic"],
)


@CASES
@pytest.mark.parametrize("factor", [0.2, 1.0, 3.0])
def test_undoes_a_scale(loss, raw, y, factor):
    """The targets were drawn from softmax(raw) or logistic(raw): raw x factor needs the temperature factor."""
    assert fit_temperature(loss, factor * raw, y) == pytest.approx(factor, rel=0.05)
    exact = fit_temperature(loss, raw, y)
    assert fit_temperature(loss, factor * raw, y) == pytest.approx(factor * exact, rel=1e-3)


@CASES
def test_is_the_minimum(loss, raw, y):
    """No temperature of a fine grid is better."""
    raw, y = raw[:50], y[:50]
    best = mean_loss(loss, raw / fit_temperature(loss, raw, y), y)
    others = [mean_loss(loss, raw / t, y) for t in np.geomspace(1 / LARGEST, LARGEST, 400)]
    assert best <= min(others) + 1e-9
    assert -CalibratedLoss(loss, ArrayRows(raw, y))(None, raw) == pytest.approx(min(others), rel=1e-3)


@CASES
def test_integer_weights_are_copies(loss, raw, y):
    weight = np.arange(60) % 3
    rows = np.repeat(np.arange(60), weight)
    weighted = fit_temperature(loss, raw[:60], y[:60], weight / weight.mean())
    assert weighted == pytest.approx(fit_temperature(loss, raw[rows], y[rows]), rel=1e-3)
    assert weighted != pytest.approx(fit_temperature(loss, raw[:60], y[:60]), rel=1e-2)


@CASES
def test_a_score_of_epochs_knows_no_scale(loss, raw, y):
    """Nor what is mended at the end, but which outputs say more."""
    score = CalibratedLoss(loss, ArrayRows(raw, y))
    assert score(None, 5 * raw) == pytest.approx(score(None, raw), rel=1e-4)
    noisy = raw + RNG.standard_normal(raw.shape)
    assert score(None, noisy) < score(None, raw)


def test_outputs_that_tell_nothing():
    """Nothing to gain from equal outputs; from wrong ones, as much caution as there is."""
    loss = CrossEntropy(3)
    assert fit_temperature(loss, np.zeros((10, 3)), Y[:10]) == 1.0
    assert fit_temperature(loss, -RAW, Y) == pytest.approx(LARGEST, rel=1e-2)


def test_float32():
    assert fit_temperature(CrossEntropy(3), RAW.astype(np.float32), Y) == pytest.approx(
        fit_temperature(CrossEntropy(3), RAW, Y), rel=1e-4
    )
