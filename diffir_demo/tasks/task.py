"""What a user may ask for: the types that a task is made of."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError
from ..imaging.picture import Picture
from ..model.config import ModelConfig
from .batched import BatchDamage

MAX_FEATHER = 10_000
"""Pixels."""


@dataclass(frozen=True, eq=False)
class Request:
    """One picture to restore."""

    picture: Picture
    mask: np.ndarray | None = None
    """(h, w) bool, True = hole to fill; only for tasks that want one."""
    seed: int = 0
    """Seeds x_T, the vector that diffusion starts from: the run's only randomness. 0 .. 2**63 - 1."""
    feather: int = 0
    """Width in pixels of the hole's rim in which the painting fades into the photo; `mask` includes the rim.

    `Request(picture, grown(hole, feather), seed, feather)` keeps all of `hole` painted and softens what is around it.
    """

    def __post_init__(self) -> None:
        """Raises `InputError` for a mask that is no (h, w) bool array, and for a seed or feather out of range."""
        if self.mask is not None and (self.mask.dtype != bool or self.mask.ndim != 2):
            raise InputError(
                f"A mask must be a (height, width) array of bool, not {self.mask.shape} {self.mask.dtype}.",
                "`mask >= 128` makes one from grey levels.",
            )
        try:
            seed = operator.index(self.seed)
        except TypeError:
            seed = -1
        if not 0 <= seed < 2**63:
            raise InputError(f"The seed must be a whole number from 0 to 2^63 - 1, not {self.seed}.")
        object.__setattr__(self, "seed", seed)
        if not (isinstance(self.feather, int) and 0 <= self.feather <= MAX_FEATHER):
            raise InputError(f"The soft edge must be a whole number of pixels from 0 to {MAX_FEATHER}.")


@dataclass(frozen=True, eq=False)
class Damaged:
    """A clean picture that was damaged on purpose, and what a perfect restoration would give back."""

    request: Request
    reference: Picture
    kernel: np.ndarray | None = None
    """The motion kernel, (k, k) summing to 1, where one was used: oracles in tests and comparisons may look."""


@dataclass(frozen=True)
class Task:
    """A restoration task, complete: adding one value to `TASKS` adds its tab, its command and its training target."""

    key: str
    title: str
    summary: str
    """One sentence for people who have never heard of the paper."""
    config: ModelConfig
    """The compact preset that ships for it."""
    accepts: Callable[[ModelConfig], bool]
    """Whether a network with this config was made for this task."""
    check: Callable[[Request], None]
    """Raises `InputError` for a request that cannot be run."""
    encode: Callable[[Request], Tensor]
    """Request -> network input (1, c, h, w) float32 in [0, 1], not yet padded."""
    decode: Callable[[np.ndarray, Request], Picture]
    """Network output as pixels (h * scale, w * scale, 3) uint8 -> the restored picture."""
    degrade: Callable[[Picture, np.random.Generator], Damaged]
    """Clean picture -> a case whose answer is known, of every kind: for training, validation, tests and the demo."""
    sets: Mapping[str, Callable[[Picture, np.random.Generator], Damaged]] = field(hash=False)
    """What `degrade` mixes, taken apart: named kinds of damage, each measured by itself when weights are evaluated."""
    batched: Callable[[torch.device, np.random.Generator], BatchDamage]
    """Makes the twin of `degrade` for whole batches on that device; the generator draws what is kept there."""
    headline: str
    """The metric (a key of `metrics.scores`) that training watches."""
    margin: int = 0
    """Pixels around a training crop that `degrade` needs to see and that are cut off afterwards."""

    @property
    def wants_mask(self) -> bool:
        return self.config.wants_mask

    @property
    def weights(self) -> str:
        """File name of the shipped weights."""
        return f"compact-{self.key}.safetensors"
