"""Visitors who wait for replicas: a discrete-event simulation.

A visitor looks at a result for a while (the time is exponential), then asks for another run. Runs wait in one line for
the next free replica; where the line is full, the visitor is refused, and comes back after another look. What a replica
has made passes through the page's process, one result at a time, before the visitor has it and the next run may begin.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

Draw = Callable[[random.Random], tuple[float, float]]
"""(seconds on a replica, seconds in the page's process) of one run."""
ASKS, MADE, SHOWN = range(3)


@dataclass(frozen=True)
class Crowd:
    """What is simulated."""

    visitors: int
    replicas: int
    think: float
    """Seconds between a result and the next run, on average."""
    places: int | None = None
    """Of the line; None: no end."""
    seconds: float = 7200.0
    """How long is watched, after a warm-up of a tenth of it."""
    seed: int = 0


@dataclass(frozen=True)
class Seen:
    """What was seen. Times in seconds."""

    runs: int
    """That were finished."""
    refused: int
    waits: list[float] = field(repr=False)
    """For a replica, of each run, sorted."""
    totals: list[float] = field(repr=False)
    """From asking to having the result, sorted."""
    replicas_busy: float
    """Share of the replicas' time, 0 to 1."""
    page_busy: float

    def wait(self, share: float) -> float:
        """The wait that this share of all runs does not exceed."""
        return _quantile(self.waits, share)

    def total(self, share: float) -> float:
        return _quantile(self.totals, share)


def _quantile(values: list[float], share: float) -> float:
    """values: sorted. NaN where there are none."""
    return values[min(len(values) - 1, int(share * len(values)))] if values else float("nan")


def simulate(crowd: Crowd, draw: Draw) -> Seen:
    """The same crowd is seen the same way every time."""
    rng, begin = random.Random(crowd.seed), crowd.seconds / 10
    end = begin + crowd.seconds
    coming: list[tuple[float, int, int, tuple[float, ...]]] = []
    number, done, refused, free = 0, 0, 0, crowd.replicas
    line, at_page = deque[float](), deque[tuple[float, float]]()
    waits, totals = list[float](), list[float]()
    busy, page_busy, page_is_free = 0.0, 0.0, True

    def later(seconds: float, kind: int, *facts: float) -> None:
        nonlocal number
        number += 1
        heapq.heappush(coming, (now + seconds, number, kind, facts))

    def within(seconds: float) -> float:
        """What of the time from now on is watched."""
        return max(0.0, min(end, now + seconds) - max(begin, now))

    def start(asked: float) -> None:
        nonlocal free, busy
        free -= 1
        replica, page = draw(rng)
        busy += within(replica)
        if now >= begin:
            waits.append(now - asked)
        later(replica, MADE, asked, page)

    def show(asked: float, page: float) -> None:
        nonlocal page_is_free, page_busy
        page_is_free = False
        page_busy += within(page)
        later(page, SHOWN, asked)

    now = 0.0
    for _ in range(crowd.visitors):
        later(rng.expovariate(1 / crowd.think), ASKS)
    while coming and coming[0][0] < end:
        now, _, kind, facts = heapq.heappop(coming)
        if kind == ASKS and free:
            start(now)
        elif kind == ASKS and crowd.places is not None and len(line) >= crowd.places:
            refused += now >= begin
            later(rng.expovariate(1 / crowd.think), ASKS)
        elif kind == ASKS:
            line.append(now)
        elif kind == MADE:
            if page_is_free:
                show(*facts)
            else:
                at_page.append((facts[0], facts[1]))
        else:
            page_is_free = True
            free += 1
            if at_page:
                show(*at_page.popleft())
            if line:
                start(line.popleft())
            if now >= begin:
                done += 1
                totals.append(now - facts[0])
            later(rng.expovariate(1 / crowd.think), ASKS)
    watched = crowd.seconds
    return Seen(done, refused, sorted(waits), sorted(totals), busy / crowd.replicas / watched, page_busy / watched)
