"""A clock that is set, by hand or by the network, makes no file older or younger than it is."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

NOTABLE = 60.0
"""Seconds. Smaller corrections change nothing about files that live for a day."""


def steady() -> float:
    """Seconds that only ever rise, while the machine sleeps as well where the system counts those."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


class ClockWatch:
    """Asked every now and then, it says by how much the clock was set. wall, even: the clock, and `steady`."""

    def __init__(self, wall: Callable[[], float] = time.time, even: Callable[[], float] = steady) -> None:
        self._wall, self._even = wall, even
        self._ahead = wall() - even()

    def jump(self) -> float:
        """Seconds by which the clock was set since this was last asked; 0 for less than `NOTABLE`."""
        ahead = self._wall() - self._even()
        jump, self._ahead = ahead - self._ahead, ahead
        return jump if abs(jump) >= NOTABLE else 0.0


def shift(folder: str | os.PathLike[str], jump: float, recent: float, now: float | None = None) -> None:
    """Moves the times of all files in `folder`, and below it, by `jump` seconds, as the clock was moved.

    Those that were written since, within the last `recent` seconds, stay. now: what the clock says after it.
    """
    now = time.time() if now is None else now
    for place, _, names in os.walk(folder):
        for file in (Path(place, name) for name in names):
            with suppress(OSError):
                written = file.lstat().st_mtime
                if not now - recent <= written <= now + 1:
                    os.utime(file, (now, min(written + jump, now)), follow_symlinks=False)
