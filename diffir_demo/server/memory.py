"""Memory that was used goes back to the system, so that a server does not grow with the number of its threads."""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress
from typing import Any

ARENA_MAX = -8
"""`M_ARENA_MAX` of glibc's `mallopt`."""
ARENAS = 2
"""Heaps of the C library. By itself it makes eight per core, each of which keeps what the largest run in it took."""


def use_few_heaps() -> None:
    """Before threads are started. Nothing happens where the C library is not glibc, or MALLOC_ARENA_MAX is set."""
    if "MALLOC_ARENA_MAX" not in os.environ:
        _call("mallopt", ARENA_MAX, ARENAS)


def give_back() -> None:
    """What is free in the heaps; in some milliseconds."""
    _call("malloc_trim", 0)


class _Heaps(ctypes.Structure):
    """glibc's `struct mallinfo2`."""

    _fields_ = [  # noqa: RUF012  # ctypes reads a list
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    ]


def in_use() -> int:
    """Bytes of the C library's heaps that something holds: without what is free between them, resident as well.

    0 where the C library is not glibc 2.33 or newer. Takes some milliseconds.
    """
    try:
        asked = ctypes.CDLL(None).mallinfo2
    except (AttributeError, OSError, TypeError):
        return 0
    asked.restype = _Heaps
    heaps = asked()
    return heaps.uordblks + heaps.hblkhd


def _call(name: str, *values: int) -> None:
    with suppress(AttributeError, OSError, TypeError):  # other C libraries, other systems
        function: Any = getattr(ctypes.CDLL(None), name)
        function(*values)
