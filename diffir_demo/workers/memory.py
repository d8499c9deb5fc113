"""Whether there is memory for so many processes."""

from __future__ import annotations

from ..errors import DeviceError
from ..memory import free_memory
from ..messages import Message

PROCESS = 400 * 2**20
"""Bytes that Python, torch and a network take in every process, before it works (docs/speed.md)."""


def require_room(count: int, each: int) -> None:
    """Raises `DeviceError` where `count` processes would need more memory than is free.

    each: bytes that one takes on top of `PROCESS` at its peak.
    """
    free, needed = free_memory(), count * (PROCESS + each)
    if free is None or needed <= free:
        return
    fitting = free // (PROCESS + each)
    facts = {"count": count, "needed": needed / 1e9, "free": free / 1e9}
    fewer = Message("Use --workers {count}, or a smaller --memory-budget.", count=fitting)
    raise DeviceError(
        Message("--workers {count} may need {needed:.1f} GB of memory, and {free:.1f} GB are free.", **facts),
        fewer if fitting else "Close other programs, or use a smaller --memory-budget.",
    )
