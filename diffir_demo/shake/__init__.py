"""The camera's path: found in a blurred photo alone, and undone as far as it can be trusted. Needs no network."""

from __future__ import annotations

from .find import Shake, find_shake
from .kernels import likeness
from .undo import Undone, seconds, undo

__all__ = [
    "Shake",
    "Undone",
    "find_shake",
    "likeness",
    "seconds",
    "undo",
]
