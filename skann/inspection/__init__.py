"""Why a fitted model predicts what it predicts."""

from .display import AttributionsDisplay
from .effects import Effects, effects
from .effects_display import EffectsDisplay
from .expected_gradients import Attributions, attributions

__all__ = ["Attributions", "AttributionsDisplay", "Effects", "EffectsDisplay", "attributions", "effects"]
