"""How much of a piece of work is done, told from inside it."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

T = TypeVar("T")
Work = Generator[float, None, T]
"""Yields the share that is done, in [0, 1], never less than before."""


class Clock:
    """Counts the cost of steps, in any unit, against that of all that there is to do."""

    def __init__(self, total: float) -> None:
        self.total, self.done, self._told = max(total, 1e-9), 0.0, 0.0

    @property
    def share(self) -> float:
        """Never less than the last time, even where a step took more than was planned."""
        self._told = max(self._told, min(self.done / self.total, 1.0))
        return self._told

    def during(self, work: Work[T], cost: float) -> Work[T]:
        """Does a step. However soon it ends, all of its cost counts as done."""
        began = self.done
        while True:
            try:
                self.done = began + cost * next(work)
            except StopIteration as stop:
                self.done = began + cost
                return stop.value
            yield self.share
