"""Who was sent away because the queue was full, and comes again: places that come free are given in that order."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

KEPT = 30.0
"""Seconds without a question after which a visitor has left the line. Programs ask again in seconds, people in half a
minute."""
LONGEST = 1000
"""Visitors in line."""


class Line:
    """One per queue, used by one thread. clock: seconds, rising."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._asked: OrderedDict[str, float] = OrderedDict()
        """When each asked last, in the order in which they asked first."""

    def __len__(self) -> int:
        return len(self._asked)

    def admits(self, visitor: str, free: int, held: int = 0) -> bool:
        """Whether one of the `free` places is this visitor's. If not, they are in line from now on, unless they have
        one: held, their places by now."""
        now = self._clock()
        for name in [name for name, last in self._asked.items() if now - last > KEPT]:
            del self._asked[name]
        before = list(self._asked)
        rank = before.index(visitor) if visitor in self._asked else len(before)
        if rank < free and not (held and before):
            self._asked.pop(visitor, None)
            return True
        if not held and (visitor in self._asked or len(self._asked) < LONGEST):
            self._asked[visitor] = now
        return False
