"""Neural networks for scikit-learn users: accurate on tables, fast on a CPU, no PyTorch."""

from ._classifier import ANNClassifier
from ._regressor import ANNRegressor
from .encoding import TabularEncoder

__version__ = "0.1.0.dev0"

__all__ = ["ANNClassifier", "ANNRegressor", "TabularEncoder", "__version__"]
