"""Rows of numbers, with labels."""

import numpy as np
import pytest


@pytest.fixture(scope="session")
def numbers():
    rng = np.random.default_rng(0)
    return rng.normal(size=(300, 4)) * [1, 10, 0.1, 5], rng.integers(0, 3, 300)
