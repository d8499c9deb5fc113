"""A run's time: the budget, the share of it that is over, and what is due."""

from __future__ import annotations

import time

from .recipe import Recipe
from .state import Progress
from .world import World

RESERVE = 1.4
"""Times the first validation's duration that is kept free for the last one and the last save."""


class Clock:
    """Seconds of a run, those of earlier parts included."""

    def __init__(self, before: float, began: float | None = None) -> None:
        """began: the moment (`time.monotonic`) this part of the run counts from; by default now."""
        self._zero = (time.monotonic() if began is None else began) - before

    def elapsed(self) -> float:
        return time.monotonic() - self._zero


class Pace:
    """Lays the schedule over the budget; all processes of a world see the leader's clock."""

    def __init__(self, recipe: Recipe, progress: Progress, world: World, clock: Clock) -> None:
        self.recipe, self.progress, self.world, self.clock = recipe, progress, world, clock
        self._last: dict[str, float] = {}
        self._before = self.elapsed()

    def elapsed(self) -> float:
        return self.world.agree(self.clock.elapsed())

    def start(self, validation_seconds: float) -> None:
        """Training begins. What went before counts as used up; a last validation's time is kept free at the end."""
        progress, now = self.progress, self.elapsed()
        if not progress.step:
            progress.lead = now
            progress.reserve = self.world.agree(RESERVE * validation_seconds)
        self._before = now

    def share(self) -> float:
        """Share of the training time that is over; 1 or more when another step would not end in time."""
        now = self.elapsed()
        lead, end = self.progress.lead, self.recipe.minutes * 60 - self.progress.reserve
        step, self._before = now - self._before, now
        if now + step > end:
            return 1.0
        return min((now - lead) / max(end - lead, 1e-6), 1.0)

    def due(self, what: str, seconds: float) -> bool:
        """Whether `seconds` have passed since `what` was last done; the first question starts the count."""
        now = self.elapsed()
        return now - self._last.setdefault(what, now) > seconds

    def did(self, what: str) -> float:
        """It has been done just now; gives the seconds since the time before."""
        now = self.elapsed()
        passed = now - self._last.get(what, now)
        self._last[what] = now
        return passed
