"""The bare networks, as scikit-learn's MLP has them: without encoder, so that "auto" stands for the peer's defaults."""

from functools import partial, update_wrapper

import pytest

import skann


def plain(Estimator):
    """A maker of estimators with ``encoder=None``, named like the class."""
    return update_wrapper(partial(Estimator, encoder=None), Estimator, updated=())


ANNClassifier = plain(skann.ANNClassifier)
ANNRegressor = plain(skann.ANNRegressor)
BOTH = pytest.mark.parametrize("Estimator", [ANNClassifier, ANNRegressor])
