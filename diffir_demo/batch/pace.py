"""Time left, from the pace of what is done: seconds per megapixel hardly differ between photos of one batch."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

TELLING = 0.1
"""Share of the first photo from which its own progress says something about the rest."""


class Pace:
    """megapixels: of every photo in order; None where its file does not tell; the median of the rest is taken."""

    def __init__(self, megapixels: Sequence[float | None]) -> None:
        known = [each for each in megapixels if each]
        usual = median(known) if known else 1.0
        self._megapixels = [each or usual for each in megapixels]
        self._rates: list[float] = []

    def took(self, i: int, seconds: float) -> None:
        """Photo i, counted from 0, is done."""
        self._rates.append(seconds / self._megapixels[i])

    def left(self, i: int, share: float = 0.0, spent: float = 0.0) -> float | None:
        """Seconds until the last photo is done, while `share` of photo i took `spent` seconds; None if unknown yet."""
        here, after = self._megapixels[i], sum(self._megapixels[i + 1 :])
        if self._rates:
            rate = median(self._rates)
        elif share >= TELLING:
            rate = spent / share / here
        else:
            return None
        return rate * ((1 - share) * here + after)
