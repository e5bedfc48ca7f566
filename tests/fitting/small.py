"""Iris, standardised, and a network small enough to be trained by every test."""

import pytest
from sklearn.datasets import load_iris

from tests.plain import ANNClassifier, ANNRegressor

BOTH = pytest.mark.parametrize("Estimator", [ANNClassifier, ANNRegressor])
MINI_BATCH = pytest.mark.parametrize("solver", ["adam", "nadam", "rmsprop", "sgd"])
ALL_SOLVERS = pytest.mark.parametrize("solver", ["adam", "nadam", "rmsprop", "sgd", "lbfgs"])
X, Y = load_iris(return_X_y=True)
X = (X - X.mean(axis=0)) / X.std(axis=0)
SMALL = {"hidden_layer_sizes": (6,), "batch_size": 32, "tol": 0.0, "n_iter_no_change": 10_000}


def theta(model):
    return model.network_.theta
