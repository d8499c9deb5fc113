"""Who finds the queue full keeps their place in line, as long as they go on asking."""

from __future__ import annotations

import random
from collections import Counter

from diffir_demo.ui.line import KEPT, Line


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_who_asked_first_comes_in_first() -> None:
    line = Line(Clock())
    assert not line.admits("a", 0) and not line.admits("b", 0)
    assert not line.admits("c", 1), "that place is a's"
    assert not line.admits("b", 1)
    assert line.admits("a", 1) and line.admits("b", 1) and line.admits("c", 1)
    assert len(line) == 0 and line.admits("d", 1)


def test_who_does_not_come_again_has_left() -> None:
    clock = Clock()
    line = Line(clock)
    assert not line.admits("a", 0)
    clock.now = KEPT - 1
    assert not line.admits("b", 1), "a may come again"
    clock.now = KEPT + 1
    assert line.admits("b", 1)


def test_who_has_a_place_waits_for_those_who_have_none() -> None:
    line = Line(Clock())
    assert line.admits("a", 3, held=1)
    assert not line.admits("b", 0)
    assert not line.admits("a", 3, held=1) and len(line) == 1
    assert line.admits("b", 3)


def test_places_are_even_however_often_somebody_asks() -> None:
    """Forty visitors at eight places; one asks three times as often as the others, another one hardly ever."""
    clock, chance, queue, served = Clock(), random.Random(0), list[str](), Counter[str]()
    line, waits = Line(clock), {f"v{number}": 2.0 for number in range(40)} | {"hasty": 0.7, "slow": 20.0}
    after = {name: chance.uniform(0, wait) for name, wait in waits.items()}
    for tick in range(5_000):
        clock.now = float(tick) / 2
        if tick % 2 == 0 and queue:  # a run takes a second
            served[queue.pop(0)] += 1
        for name in [name for name, when in after.items() if when <= clock.now]:
            after[name] = clock.now + waits[name] * chance.uniform(0.5, 1.5)
            if name not in queue and line.admits(name, 8 - len(queue)):
                queue.append(name)
    even = [served[name] for name in waits if name not in ("hasty", "slow")]
    assert max(even) - min(even) <= 0.2 * max(even)
    assert served["hasty"] <= 1.2 * max(even) and served["slow"] >= 0.4 * min(even)
