"""Why a fitted model predicts what it predicts."""

from .attributions import Attributions, attributions
from .display import AttributionsDisplay

__all__ = ["Attributions", "AttributionsDisplay", "attributions"]
