"""Processor time of processes, as Linux counts it: on a shared machine, seconds on the clock say who else was there."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK")


def spent(pids: Iterable[int]) -> float:
    """Seconds that these processes have computed so far, all together."""
    fields = [(PROC / str(pid) / "stat").read_text().rpartition(")")[2].split() for pid in pids]
    return sum(int(each[11]) + int(each[12]) for each in fields) / _TICKS


def spent_by_all() -> float:
    """Seconds that all processors of this machine have computed so far, for anyone."""
    user, nice, system, _, _, *rest = map(int, (PROC / "stat").read_text().splitlines()[0].split()[1:])
    return (user + nice + system + sum(rest[:3])) / _TICKS


def children(pid: int) -> list[int]:
    """The processes that this one has started and that are still there."""
    found = []
    for thread in (PROC / str(pid) / "task").iterdir():
        found += [int(each) for each in (thread / "children").read_text().split()]
    return found
