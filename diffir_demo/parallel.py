"""Independent pieces of work on several threads: `in_parallel`.

Torch divides each operation among its threads, which gains nothing where operations are small. On 2 vCPU eight searches
for a blur, two at a time with one thread each, take half as long as one after the other with two threads each.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, wait
from functools import partial
from typing import TypeVar

import torch

from .tick import PULSE, Cancelled, Stages, Tick, in_thread, no_tick

R = TypeVar("R")


def in_parallel(works: Sequence[Callable[[Tick], R]], tick: Tick = no_tick) -> list[R]:
    """What each of the works gives, in their order; they should take about as long as each other.

    As many at a time as torch has threads here, with one thread each; one after the other where that is one. Each work
    gets a tick of its own and should call it several times a second; `tick` is called in the caller's thread with the
    share of all that is done. What it raises, or a work, ends the works at their next tick and is raised then.
    """
    threads = torch.get_num_threads()
    members = min(threads, len(works))
    if members < 2:
        stages = Stages(tick, len(works))
        return [work(stages.stage(1)) for work in works]
    found: dict[int, R] = {}
    shares, numbers = [0.0] * len(works), iter(range(len(works)))
    ready, over = threading.Barrier(members + 1), threading.Event()

    def report(number: int, share: float) -> None:
        shares[number] = share
        if over.is_set():
            raise Cancelled

    def member() -> None:
        torch.get_num_threads()  # a thread takes the number of all for its own when it is first needed, so before this:
        torch.set_num_threads(1)
        ready.wait()
        for number in numbers:
            found[number] = works[number](partial(report, number))
            report(number, 1.0)

    begun = [in_thread(member) for _ in range(members)]
    ready.wait()
    torch.set_num_threads(threads)  # what a member sets for itself is also what every thread begins with
    try:
        ended, going = wait(begun, 0)
        while going and not any(each.exception() for each in ended):
            tick(sum(shares) / len(shares))
            ended, going = wait(going, PULSE, FIRST_EXCEPTION)
    finally:
        over.set()
        wait(begun)
    if errors := [error for each in begun if (error := each.exception())]:
        raise min(errors, key=lambda error: isinstance(error, Cancelled))  # what ended the others, before their end
    return [found[number] for number in range(len(works))]
