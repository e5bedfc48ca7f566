"""What tests of several folders take as an argument."""

import numpy as np
import pytest

from tests.data import SCALED_IRIS, SPECIES


@pytest.fixture(autouse=True)
def seeded():
    """An estimator without ``random_state`` draws from NumPy's global state: in a test, the same on every machine."""
    np.random.seed(0)  # noqa: NPY002


@pytest.fixture
def iris():
    """Standardised, in random order."""
    order = np.random.default_rng(0).permutation(150)
    return SCALED_IRIS[order], SPECIES[order]
