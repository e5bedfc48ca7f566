"""What the callbacks of this room share."""

from numbers import Integral, Real
from typing import Any

from .._compat import require_callbacks


class _FitCallback:
    """Does nothing; asks for nothing, so that nothing is made for it."""

    def __init__(self) -> None:
        require_callbacks(f"skann.callbacks.{type(self).__name__}")

    def setup(self, estimator: Any, context: Any) -> None:
        pass

    def teardown(self, estimator: Any, context: Any) -> None:
        pass

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        pass

    def on_fit_task_end(self, estimator: Any, context: Any) -> bool | None:
        pass


def _check_epochs(name, value):
    if not isinstance(value, Integral) or value < 1:
        raise ValueError(f"{name} must be an integer of at least 1, got {value!r}.")


def _check_not_negative(name, value):
    if not isinstance(value, Real) or not value >= 0:
        raise ValueError(f"{name} must be a number of at least 0, got {value!r}.")
