"""How far a run is, and how long it has still to go: stages weighed by what they were expected to take."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from ..estimate import Estimate

STAGES = ("read", "encode", "previews", "paint", "copy", "undo", "save")
USUAL = {"read": 1.0, "encode": 4.0, "previews": 0.0, "paint": 80.0, "copy": 0.0, "undo": 0.0, "save": 15.0}
"""Shares of a run of which nothing is known."""
WORTH_TELLING = 4.0
"""Seconds. What takes less is over before one has read how long it takes."""
TRUST = 0.25
"""Share of a run after which its own pace is believed rather than the estimate."""
CALM = 2.0
"""Seconds in which what is told follows what is measured."""
SURPRISE = 1.25
"""Times longer than told before the time left may rise again."""


@dataclass(frozen=True)
class Moment:
    """share: of the whole run, in [0, 1]; never falls. left: seconds to go, None where that is not worth telling."""

    share: float
    left: float | None

    @property
    def percent(self) -> int:
        """What the bar shows; the words beside it say the same."""
        return round(100 * self.share)


class Progress:
    """Of one run. expected: None where nothing was foreseen. clock: seconds, rising."""

    def __init__(self, expected: Estimate | None, clock: Callable[[], float] = time.monotonic) -> None:
        weights = {stage: getattr(expected, stage) for stage in STAGES} if expected else dict(USUAL)
        total = sum(weights.values()) or 1.0
        self._weights = {stage: weight / total for stage, weight in weights.items()}
        self._expected = expected.seconds if expected else None
        self._clock = clock
        self._began = self._last = clock()
        self._share = 0.0
        self._end: float | None = None
        self._told: float | None = None

    def at(self, stage: str, fraction: float) -> Moment:
        """fraction: of that stage, in [0, 1]; stages before it count as done."""
        before = sum(self._weights[each] for each in STAGES[: STAGES.index(stage)])
        share = min(1.0, before + min(1.0, max(0.0, fraction)) * self._weights[stage])
        self._share = max(self._share, share)
        return Moment(self._share, self._left())

    def _left(self) -> float | None:
        """The estimate at first, then more and more the pace so far; smoothed, and steadily falling as far as true."""
        now = self._clock()
        elapsed, share = now - self._began, self._share
        measured = elapsed * (1 - share) / share if share > 0 else None
        foreseen = self._expected * (1 - share) if self._expected is not None else None
        if measured is None and foreseen is None:
            return None
        trust = 1.0 if foreseen is None else min(1.0, share / TRUST) ** 2 if measured is not None else 0.0
        left = trust * (measured or 0.0) + (1 - trust) * (foreseen or 0.0)
        if self._end is None:
            self._end = now + left
        else:
            follow = min(1.0, (now - self._last) / CALM)
            self._end += follow * (now + left - self._end)
        self._last = now
        smooth = max(0.0, self._end - now)
        if self._told is None or smooth < self._told or smooth > SURPRISE * self._told + 2:
            self._told = smooth
        whole = elapsed + left
        return self._told if whole >= WORTH_TELLING else None
