"""The camera's path: found in a blurred photo alone, and undone as far as it can be trusted. Needs no network."""

from __future__ import annotations

from .find import Shake, find_shake
from .kernels import likeness
from .undo import SEARCH, SHARPEN, Deblurred, deblurred, joined, undone, with_network

__all__ = [
    "SEARCH",
    "SHARPEN",
    "Deblurred",
    "Shake",
    "deblurred",
    "find_shake",
    "joined",
    "likeness",
    "undone",
    "with_network",
]
