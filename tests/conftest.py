"""What tests of several folders take as an argument."""

import numpy as np
import pytest

from tests.data import SCALED_IRIS, SPECIES


@pytest.fixture
def iris():
    """Standardised, in random order."""
    order = np.random.default_rng(0).permutation(150)
    return SCALED_IRIS[order], SPECIES[order]
