"""The version of skann."""

__version__ = "0.1.0"
