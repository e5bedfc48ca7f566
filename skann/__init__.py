"""Neural networks for scikit-learn users: accurate on tables, fast on a CPU, no PyTorch."""

__version__ = "0.1.0.dev0"

from ._classifier import ANNClassifier
from ._regressor import ANNRegressor
from .encoding import TabularEncoder
from .learning_rate_finder import LearningRateFinderDisplay, find_learning_rate
from .plotting import LossCurveDisplay, NetworkDisplay

__all__ = [
    "ANNClassifier",
    "ANNRegressor",
    "LearningRateFinderDisplay",
    "LossCurveDisplay",
    "NetworkDisplay",
    "TabularEncoder",
    "__version__",
    "find_learning_rate",
]
