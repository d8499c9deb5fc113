"""Memory that is free, but that the C library keeps for later."""

from __future__ import annotations

import ctypes
from collections.abc import Callable


def _trimmer() -> Callable[[int], int] | None:
    """glibc's `malloc_trim`; other C libraries have no such thing, or no need of it."""
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # the last: Windows
        return None


_trim = _trimmer()


def release_freed() -> None:
    """Gives the system what was freed. Takes some milliseconds, so it is for the moments between levels.

    glibc cuts tensors of up to 32 MiB out of one heap and returns their pages late or never: after a level of 24 MiB
    tensors, the next would begin with 50 to 70 MiB that nobody uses.
    """
    if _trim is not None:
        _trim(0)
