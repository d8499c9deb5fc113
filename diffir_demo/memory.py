"""How much memory is free, asked before it is taken: a process that takes more than there is may be killed."""

from __future__ import annotations

import os
from pathlib import Path

from .errors import DeviceError
from .messages import Message

LOADING = 12
"""Bytes per pixel that opening a photo takes at its peak."""
MEMINFO = Path("/proc/meminfo")
CGROUPS = (
    (Path("/sys/fs/cgroup"), "memory.max", "memory.current", "inactive_file"),
    (Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)
"""Linux' control groups in their second and first version: folder, limit, use, and what of it are mere copies of files,
which make room when asked."""


def require_memory(needed: int, hint: str = Message("Use a smaller photo, or try again later.")) -> None:
    """Raises `DeviceError` where that many bytes are not free: a process that takes them all the same may be killed,
    and everybody's work with it."""
    free = free_memory()
    if free is not None and needed > free:
        asked = {"needed": _gigabytes(needed), "free": _gigabytes(free)}
        raise DeviceError(Message("This needs about {needed} of memory; {free} are free.", **asked), hint)


def _gigabytes(count: int) -> str:
    return Message("{count:.1f} GB", count=max(count, 1e8) / 1e9)


def require_room(width: int, height: int) -> None:
    """`require_memory` for a photo that is about to be decoded: a few kilobytes may be a hundred megapixels."""
    require_memory(LOADING * width * height)


def free_memory() -> int | None:
    """Bytes that this process may still take without swapping; None where the system does not say."""
    found = [_available(), *(_left_in(*group) for group in CGROUPS)]
    known = [value for value in found if value is not None]
    return min(known) if known else None


def _available() -> int | None:
    try:
        lines = MEMINFO.read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration, ValueError, IndexError):
        return _installed()


def _installed() -> int | None:
    """Where there is no /proc: all of the machine's memory, which is better than nothing."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def _left_in(folder: Path, limit: str, used: str, reclaimable: str) -> int | None:
    try:
        most, taken = (int((folder / name).read_text()) for name in (limit, used))  # "max" where there is no limit
        counts = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
        return max(0, most - taken + int(counts.get(reclaimable, 0)))
    except (OSError, ValueError):
        return None
