"""X becomes what a network takes: numbers scaled, categories encoded, no missing values."""

from .encoder import TabularEncoder

__all__ = ["TabularEncoder"]
