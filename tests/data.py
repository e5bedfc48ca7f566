"""Iris and the two estimators: what tests of many folders begin with."""

import numpy as np
import pytest
from sklearn.datasets import load_iris

from skann import ANNClassifier, ANNRegressor

BOTH = pytest.mark.parametrize("Estimator", [ANNClassifier, ANNRegressor])  # tests.plain has the bare ones

IRIS, SPECIES = load_iris(return_X_y=True)  # in cm, in the order of the classes 0, 1, 2
SCALED_IRIS = (IRIS - IRIS.mean(axis=0)) / IRIS.std(axis=0)
SPECIES_NAMES = np.array(["setosa", "versicolor", "virginica"])[SPECIES]
for array in (IRIS, SPECIES, SCALED_IRIS, SPECIES_NAMES):
    array.setflags(write=False)  # shared: no test may change what the next one reads
