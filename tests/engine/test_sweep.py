"""The sweep: the recorder changes nothing and knows when to end."""

import math

import numpy as np
import pytest

from skann.engine.sweep import Recorder, SweepEnded


class Values:
    """An objective that returns these values, one after another."""

    network = "the network"

    def __init__(self, values):
        self.values = iter(values)

    def __call__(self, *batch):
        self.batch = batch
        return next(self.values)


def run(values, n_steps=100, smoothing=0.0, divergence=1.0):
    """The recorder, and how many calls it took until it ended."""
    recorder = Recorder(Values(values), n_steps, smoothing, divergence)
    for n in range(1, len(values) + 1):
        try:
            recorder(*"Xywkr")
        except SweepEnded:
            return recorder, n
    return recorder, None


def test_passes_everything_on():
    recorder = Recorder(Values([2.5]), 10, 0.9, 1.0)
    assert recorder("X", "y", "weight", "workspace", "rng") == 2.5
    assert recorder.objective.batch == ("X", "y", "weight", "workspace", "rng")
    assert recorder.network == "the network"


@pytest.mark.parametrize(
    "values, ends_at",
    [
        ([2.0] * 12, 6),  # five steps, and the loss before the first
        ([2.0, 1.0, 3.0, 3.1, 0.0], 4),  # 1 + 2 is the limit
        ([-2.0, -3.0, -1.0, -0.9, 0.0], 4),  # also of a loss below zero
        ([2.0, math.nan], 2),
        ([math.inf], 1),
    ],
)
def test_ends(values, ends_at):
    assert run(values, n_steps=5)[1] == ends_at


def test_moving_average():
    """Weights that halve with each step back."""
    recorder, _ = run([4.0, 2.0, 1.0], smoothing=0.5)
    np.testing.assert_allclose(recorder.smoothed, [4, (4 + 2 * 2) / 3, (4 + 2 * 2 + 4 * 1) / 7])
