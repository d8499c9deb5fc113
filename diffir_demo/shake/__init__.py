"""The camera's path: found in a blurred photo alone, and undone as far as it can be trusted. Needs no network."""

from __future__ import annotations

from .find import Shake, find_shake, informative_window
from .kernels import bent, likeness
from .scale import RATIO
from .undo import Undone, path_facts, path_in_words, seconds, undo

__all__ = [
    "RATIO",
    "Shake",
    "Undone",
    "bent",
    "find_shake",
    "informative_window",
    "likeness",
    "path_facts",
    "path_in_words",
    "seconds",
    "undo",
]
