"""What is known about a weight file: the facts that accompany every result made with it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from ..model import ModelConfig

Provenance = Literal["official", "trained", "untrained"]
PROVENANCES: tuple[str, ...] = get_args(Provenance)
TASK_WORDS = {"inpaint": "inpainting", "sr": "super-resolution", "deblur": "deblurring"}


@dataclass(frozen=True)
class WeightsInfo:
    """One weight file."""

    name: str
    """What to call it."""
    task: str | None
    """Key of the task it was made for: "inpaint", "sr", "deblur"; None if unknown."""
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

    @property
    def fingerprint(self) -> str:
        """The first 12 digits of `sha256`."""
        return self.sha256[:12]


def guess_task(config: ModelConfig) -> str:
    """The task of an official network: a mask means inpainting, an upsampling tail super-resolution."""
    if config.wants_mask:
        return "inpaint"
    return "sr" if config.head == "upsampler" else "deblur"


def sha256_of(path: Path) -> str:
    """Of the file's bytes."""
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
