"""Neural networks for scikit-learn users: accurate on tables, fast on a CPU, no PyTorch."""

from ._version import __version__
from .encoding import TabularEncoder
from .estimators import ANNClassifier, ANNRegressor
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
