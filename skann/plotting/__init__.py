"""Drawings of fitted estimators, in the manner of scikit-learn's displays. They need matplotlib."""

from .loss_curve import LossCurveDisplay
from .network import NetworkDisplay

__all__ = ["LossCurveDisplay", "NetworkDisplay"]
