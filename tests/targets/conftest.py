"""Iris, standardised."""

import numpy as np
import pytest
from sklearn.datasets import load_iris


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True)
    order = np.random.default_rng(0).permutation(150)
    return ((X - X.mean(axis=0)) / X.std(axis=0))[order], y[order]
