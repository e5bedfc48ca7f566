"""What scikit-learn sees: the two estimators, their parameters, fitted attributes and predictions."""

from .classifier import ANNClassifier
from .regressor import ANNRegressor

__all__ = ["ANNClassifier", "ANNRegressor"]
