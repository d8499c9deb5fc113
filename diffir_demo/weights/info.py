"""What is known about a weight file: the facts that accompany every result made with it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

from ..model import ModelConfig
from .directions import Directions

Provenance = Literal["official", "trained", "untrained"]
PROVENANCES: tuple[str, ...] = get_args(Provenance)
TASK_WORDS = {"inpaint": "inpainting", "clean": "clean-up", "sr": "super-resolution", "deblur": "deblurring"}


@dataclass(frozen=True)
class WeightsInfo:
    """One weight file."""

    name: str
    """What to call it."""
    task: str | None
    """Key of the task it was made for: "inpaint", "clean", "sr", "deblur"; None if unknown."""
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

    @property
    def badge(self) -> str:
        """Where the weights come from, short enough to stand beside every result."""
        if self.provenance == "official":
            return "official-format weights"
        if self.provenance == "untrained":
            return "untrained: output is noise"
        steps = self.training.get("steps")
        return f"trained here, {steps:,} steps" if isinstance(steps, int) else "trained here"

    @cached_property
    def directions(self) -> Directions | None:
        """How to read this network's IPR, and how to steer it; None for files that say nothing of it."""
        return Directions.from_training(self.training, self.config.ipr_length)

    @property
    def fingerprint(self) -> str:
        """The first 12 digits of `sha256`."""
        return self.sha256[:12]


def guess_task(config: ModelConfig) -> str:
    """The task of an official network: a mask means inpainting, an upsampling tail super-resolution.

    Where folding takes back what that tail enlarges, the network was trained on RealSR at the same size: it cleans up.
    """
    if config.wants_mask:
        return "inpaint"
    if config.head == "upsampler":
        return "clean" if config.scale == 1 else "sr"
    return "deblur"


def sha256_of(path: Path) -> str:
    """Of the file's bytes."""
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
