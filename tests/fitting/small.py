"""A network small enough to be trained by every test, and the solvers."""

import pytest

MINI_BATCH = pytest.mark.parametrize("solver", ["adam", "nadam", "rmsprop", "sgd"])
ALL_SOLVERS = pytest.mark.parametrize("solver", ["adam", "nadam", "rmsprop", "sgd", "lbfgs"])
SMALL = {"hidden_layer_sizes": (6,), "batch_size": 32, "tol": 0.0, "n_iter_no_change": 10_000}


def theta(model):
    return model.network_.theta
