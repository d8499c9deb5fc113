"""Runs that wait for the device, in order, and work in a thread that its handler can leave."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import wait
from contextlib import contextmanager
from typing import Any, TypeVar

from ..tick import in_thread

T = TypeVar("T")
ABSENT = 100.0
"""Seconds without a question from a page that waits, after which it is taken for closed. In the background, browsers
let pages ask once a minute."""
PULSE = 0.05
"""Seconds between two chances to leave."""


class RunHandle(threading.Event):
    """One press: set when its run is cancelled.

    restores: the run makes a result, rather than something to compare it with. number: by which the page knows what it
    asked for.
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


class RunQueue:
    """One per app. clock: seconds, rising. places: runs that go at once."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, places: int = 1) -> None:
        self._clock, self.places = clock, places
        self._asked: dict[RunHandle, float] = {}
        """When the page of each asked last."""
        self._lock = threading.Lock()

    def join(self, handle: RunHandle) -> int:
        """At the end; gives the number of runs before it."""
        with self._lock:
            self._asked[handle] = self._clock()
        return self.before(handle)

    def before(self, handle: RunHandle) -> int:
        """Runs that have to end before this one begins; to ask shows that its page is still there."""
        now = self._clock()
        with self._lock:
            if handle in self._asked:
                self._asked[handle] = now
            self._asked = {
                each: asked
                for each, asked in self._asked.items()
                if not each.is_over and (each.has_begun or now - asked < ABSENT)
            }
            everyone = list(self._asked)
            return max(0, everyone.index(handle) - self.places + 1) if handle in everyone else 0


def run_in_thread(work: Callable[[], T]) -> Generator[dict[Any, Any], None, T]:
    """Does `work` in a thread and yields empty updates until it is done; returns what it gives, or raises what it does.

    Closing the generator leaves at once. The thread goes on to its end, and what it made is dropped.
    """
    result = in_thread(work)
    while not wait([result], timeout=PULSE).done:
        yield {}
    return result.result()
