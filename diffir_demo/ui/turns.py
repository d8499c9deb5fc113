"""Whose turn it is: who pressed and is not done yet, in order, so that those who wait hear how many come first."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

GONE = 100.0
"""Seconds without a word from a page that waits, after which it is taken for closed. In the background, browsers let
pages speak once a minute."""


class Stop(threading.Event):
    """One press: set when its run is cancelled.

    restores: the run makes a result, rather than company for one. number: by which the page knows what it asked for.
    """

    def __init__(self, restores: bool = True, number: int = 0) -> None:
        super().__init__()
        self.restores, self.number = restores, number
        self.has_begun = False
        self._has_ended = False

    @property
    def is_over(self) -> bool:
        """Cancelled, or done."""
        return self._has_ended or self.is_set()

    @property
    def is_waiting(self) -> bool:
        return not self.has_begun and not self.is_over

    @contextmanager
    def during(self) -> Iterator[None]:
        """Held while the run goes."""
        self.has_begun = True
        try:
            yield
        finally:
            self._has_ended = True


class Line:
    """One per app. clock: seconds, rising."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._heard: dict[Stop, float] = {}
        self._lock = threading.Lock()

    def join(self, stop: Stop) -> int:
        """At the end; gives the number of runs before it."""
        with self._lock:
            self._heard[stop] = self._clock()
        return self.before(stop)

    def before(self, stop: Stop) -> int:
        """Runs that come before this one or are going; to ask shows that its page is still there."""
        now = self._clock()
        with self._lock:
            if stop in self._heard:
                self._heard[stop] = now
            self._heard = {
                each: heard
                for each, heard in self._heard.items()
                if not each.is_over and (each.has_begun or now - heard < GONE)
            }
            everyone = list(self._heard)
            return everyone.index(stop) if stop in everyone else 0
