"""The camera's path: found in a blurred photo alone, and undone as far as it can be trusted. Needs no network."""

from __future__ import annotations

from .bend import bent
from .find import Shake, find_shake
from .kernels import likeness
from .scale import RATIO
from .undo import Undone, seconds, undo
from .words import path_facts, path_in_words

__all__ = [
    "RATIO",
    "Shake",
    "Undone",
    "bent",
    "find_shake",
    "likeness",
    "path_facts",
    "path_in_words",
    "seconds",
    "undo",
]
