"""Parts of a table that are held by workers, and functions that run where the parts are."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any


class Shards(ABC):
    """The parts of a table, each of which stays with the worker that holds it.

    Functions and their arguments travel to the parts, results come back. A function must not change its part or its
    arguments, and must give the same result when it runs a second time, on another worker after the first one is lost.
    """

    @abstractmethod
    def __len__(self) -> int:
        """The number of parts."""

    @abstractmethod
    def run(self, function: Callable, *arguments: Any) -> list:
        """What ``function(part, *arguments)`` returns for each part, in their order."""

    @abstractmethod
    def hold(self, function: Callable, *arguments: Any) -> "Shards":
        """What ``function(part, *arguments)`` returns for each part, as parts that stay where these are."""

    @abstractmethod
    def numbered(self) -> "Shards":
        """Pairs ``(number, part)``, numbers from 0, as parts that stay where these are."""


class LocalShards(Shards):
    """Parts in the memory of this process, one after the other.

    Parameters
    ----------
    parts : list
    """

    def __init__(self, parts: list) -> None:
        self.parts = parts

    def __len__(self) -> int:
        return len(self.parts)

    def run(self, function: Callable, *arguments: Any) -> list:
        return [function(part, *arguments) for part in self.parts]

    def hold(self, function: Callable, *arguments: Any) -> "LocalShards":
        return LocalShards(self.run(function, *arguments))

    def numbered(self) -> "LocalShards":
        return LocalShards(list(enumerate(self.parts)))
