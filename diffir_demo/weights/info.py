"""What is known about a weight file: the facts that accompany every result made with it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal, get_args

from ..messages import Message
from ..model import ModelConfig
from ..shipped import shipped
from .directions import Directions

Provenance = Literal["official", "trained", "untrained"]
PROVENANCES: tuple[str, ...] = get_args(Provenance)
MOST_STEPS = 10**9
"""A record of training that says more says nothing."""


@dataclass(frozen=True)
class WeightsInfo:
    """One weight file."""

    name: str
    """What to call it."""
    task: str | None
    """Key of the task it was made for (`tasks.TASKS`); None if unknown."""
    stage: int
    """1: the teacher, which needs the ground truth. 2: the network that restores."""
    config: ModelConfig
    provenance: Provenance
    """Read from the authors' format ("official"), made by this project ("trained"), or random numbers ("untrained")."""
    training: dict[str, Any] = field(hash=False)
    """The record of training: steps, minutes, data and its licence, validation before and after; {} if unknown."""
    sha256: str
    """Of the file's bytes, 64 hexadecimal digits."""
    parameters: int
    file: str
    """The file's name without its folder."""
    source: str = ""
    """Its address on the Hub, with the commit; "" for a file of this machine."""

    @property
    def badge(self) -> str:
        """Where the weights come from, short enough to stand beside every result."""
        if self.provenance == "official":
            return Message("official-format weights")
        if self.provenance == "untrained":
            return Message("untrained: output is noise")
        steps = self.training.get("steps")
        counted = isinstance(steps, int) and not isinstance(steps, bool) and 0 < steps < MOST_STEPS
        where = Message("trained here") if self.is_shipped else Message("trained, as the file says")
        return Message("{where}, {steps:,} steps", where=where, steps=steps) if counted else where

    @property
    def is_shipped(self) -> bool:
        """Whether it is, byte by byte, the file of that name that ships. What others say of themselves, anybody may
        have written."""
        path = shipped("checkpoints") / self.file
        try:
            return sha256_of(path) == self.sha256
        except OSError:
            return False

    @cached_property
    def directions(self) -> Directions | None:
        """How to read this network's IPR, and how to steer it; None for files that say nothing of it."""
        return Directions.from_training(self.training, self.config.ipr_length)

    @property
    def fingerprint(self) -> str:
        """The first 12 digits of `sha256`."""
        return self.sha256[:12]


def sha256_of(path: Path) -> str:
    """Of the file's bytes. Raises `OSError`."""
    status = path.stat()
    return _sha256(path, status.st_size, status.st_mtime_ns)


@lru_cache(256)
def _sha256(path: Path, size: int, changed: int) -> str:
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
