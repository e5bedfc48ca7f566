"""What is learnt from which rows: scales and encoder from weighted training rows, scores from held-out ones."""

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import log_loss, mean_squared_error

from skann import ANNClassifier, ANNRegressor, TabularEncoder
from skann.engine.evaluation import raw_outputs
from skann.engine.rows import ArrayRows
from skann.fitting.holdout import hold_out

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
rng = np.random.default_rng(0)
X = rng.standard_normal((120, 3)) ** 3
SIGNAL = np.exp(X[:, 0] / 4)
LABELS = (SIGNAL > 1).astype(int)
WEIGHT = rng.integers(1, 9, 120).astype(float)
ONE_EPOCH = {
    "hidden_layer_sizes": (6,), "n_estimators": 1, "max_iter": 1, "early_stopping": True, "validation_fraction": 0.3,
    "random_state": 0,
}  # fmt: skip


def held_out(model, labels=None, weight=None):
    """The rows that the model has held out, and the others."""
    seed, values = model.networks_.members[0].state.holdout_seed, SIGNAL if labels is None else None
    (split,) = hold_out(np.arange(120), labels, 1, 0.3, seed, values, weight)
    return split.held_out, split.train


@pytest.mark.parametrize("weight", [None, WEIGHT])
def test_targets_are_scaled_by_the_training_rows(weight):
    model = ANNRegressor(**ONE_EPOCH).fit(X, SIGNAL, sample_weight=weight)
    _, train = held_out(model, weight=weight)
    w = None if weight is None else weight[train]
    mean = np.average(SIGNAL[train], weights=w)
    assert model.target_mean_ == pytest.approx(mean)
    assert model.target_scale_ == pytest.approx(np.sqrt(np.average((SIGNAL[train] - mean) ** 2, weights=w)))


@pytest.mark.parametrize("weight", [None, WEIGHT])
def test_the_encoder_learns_from_the_training_rows(weight):
    model = ANNRegressor(**ONE_EPOCH).fit(X, SIGNAL, sample_weight=weight)
    _, train = held_out(model, weight=weight)
    expected = TabularEncoder().fit(X[train], sample_weight=None if weight is None else weight[train])
    np.testing.assert_array_equal(model.encoder_.center_, expected.center_)
    np.testing.assert_array_equal(model.encoder_.scale_, expected.scale_)


def test_the_held_out_loss_is_weighted():
    """That of the one epoch, whose weights the model has."""
    params = ONE_EPOCH | {"encoder": None, "dtype": "float64"}
    model = ANNClassifier(**params).fit(X, LABELS, sample_weight=WEIGHT)
    rows, _ = held_out(model, LABELS)
    loss = log_loss(LABELS[rows], model.predict_proba(X[rows]), sample_weight=WEIGHT[rows])
    assert model.history_["validation_loss"] == pytest.approx([loss], rel=1e-9)
    model = ANNRegressor(**params).fit(X, SIGNAL, sample_weight=WEIGHT)
    rows, _ = held_out(model, weight=WEIGHT)
    loss = mean_squared_error(SIGNAL[rows], model.predict(X[rows]), sample_weight=WEIGHT[rows]) / 2
    assert model.history_["validation_loss"] == pytest.approx([loss], rel=1e-9)


def test_the_loss_of_own_rows_is_weighted():
    params = ONE_EPOCH | {"encoder": None, "dtype": "float64"}
    train, rows = slice(0, 80), slice(80, 120)
    model = ANNClassifier(**params).fit(
        X[train], LABELS[train], X_val=X[rows], y_val=LABELS[rows], sample_weight_val=WEIGHT[rows]
    )
    loss = log_loss(LABELS[rows], model.predict_proba(X[rows]), sample_weight=WEIGHT[rows])
    assert model.history_["validation_loss"] == pytest.approx([loss], rel=1e-9)


def test_raw_outputs_are_divided_by_the_temperature():
    model = ANNClassifier(**ONE_EPOCH | {"max_iter": 12}, calibration="temperature").fit(X, LABELS)
    assert model.temperature_ != pytest.approx(1, abs=0.01)
    encoded = model.encoder_.transform(X).astype(model.network_.theta.dtype)
    raw = raw_outputs(model.network_, ArrayRows(encoded)).astype(np.float64) / model.temperature_
    np.testing.assert_allclose(model.predict_proba(X), softmax(raw, axis=1), rtol=1e-9)
    np.testing.assert_allclose(model.decision_function(X), raw[:, 1] - raw[:, 0], rtol=1e-9)
