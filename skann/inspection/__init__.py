"""Why a fitted model predicts what it predicts."""

from .display import AttributionsDisplay
from .expected_gradients import Attributions, attributions

__all__ = ["Attributions", "AttributionsDisplay", "attributions"]
