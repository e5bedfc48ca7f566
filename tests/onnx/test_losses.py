"""Every loss predicts in ONNX Runtime what it predicts here."""

import numpy as np
import pytest

from skann import ANNRegressor
from skann.engine.losses import LOSSES, Huber
from skann.onnx import to_onnx
from tests.onnx.exports import FEW, assert_same, run

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize("loss", [*sorted(set(LOSSES) - {"log_loss", "binary_log_loss"}), Huber(2.0)])
def test_losses_of_the_regressor(numbers, loss):
    X, y = numbers
    assert_same(ANNRegressor(**FEW, loss=loss).fit(X, y + 0.5), X)


def test_quantiles_do_not_cross(numbers):
    """The raw outputs of this network cross."""
    X, y = numbers
    model = ANNRegressor(**FEW, loss="quantile", quantile=[0.9, 0.1, 0.5]).fit(X, y)
    model.network_.layers[-1].b[:] = [0, 1, 0.5]
    outputs = run(to_onnx(model, X), X)[0]
    assert (np.diff(outputs[:, [1, 2, 0]], axis=1) >= 0).all()
    assert_same(model, X)
