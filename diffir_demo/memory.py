"""How much memory there is left to take: of the machine, and of the container that the process may be in."""

from __future__ import annotations

import os
from pathlib import Path

MEMINFO = Path("/proc/meminfo")
CGROUPS = (
    (Path("/sys/fs/cgroup"), "memory.max", "memory.current", "inactive_file"),
    (Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)
"""Linux' control groups in their second and first version: folder, limit, use, and what of it are mere copies of files,
which make room when asked."""


def free_memory() -> int | None:
    """Bytes that this process may still take without swapping; None where the system does not tell."""
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
