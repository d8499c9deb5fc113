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


def _call(name: str, *values: int) -> None:
    with suppress(AttributeError, OSError, TypeError):  # other C libraries, other systems
        function: Any = getattr(ctypes.CDLL(None), name)
        function(*values)
