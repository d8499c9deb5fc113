"""Deblurring: motion blur from a shaken camera, removed at the same size."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from torch import Tensor

from ..imaging.picture import Picture
from ..model.config import COMPACT_DEBLUR, ModelConfig
from .damage import Damage, KernelBank, Parameters, blur, to_levels, uniform, white_noise
from .maskless import check, decode, encode
from .motion import camera_shake, straight_motion
from .single import degraded
from .task import Damaged, Preset, Task

SHORTEST, LONGEST = 7, 25
"""Length of the synthetic motion, pixels."""
WEAK, STRONG = (7, 13), (15, 25)
"""The lengths that are measured apart. The same seed draws the same path for both: only its length differs."""
NOISE = 2.0
"""Largest standard deviation of sensor noise, in levels of 255."""
KERNELS = 4000
"""Motions that a training run draws from; made in a few seconds."""


def accepts(config: ModelConfig) -> bool:
    return config.in_channels == 3 and config.scale == 1 and config.head != "upsampler" and not config.shrinkage


def degrade(sharp: Picture, rng: np.random.Generator) -> Damaged:
    """Motion of any length."""
    return shaken((SHORTEST, LONGEST), sharp, rng)


def shaken(lengths: tuple[float, float], sharp: Picture, rng: np.random.Generator) -> Damaged:
    """Motion of a length between those."""
    bank = KernelBank([motion(lengths, rng)])
    return degraded(sharp, rng, from_bank(bank), margin=LONGEST)


def motion(lengths: tuple[float, float], rng: np.random.Generator) -> np.ndarray:
    """A kernel (k, k): three in four from a shaken path, else straight."""
    length = float(rng.uniform(*lengths))
    return camera_shake(length, rng) if rng.random() < 0.75 else straight_motion(length, rng)


def from_bank(bank: KernelBank) -> Damage:
    """Motion blur in linear light by any of those kernels, then slight sensor noise."""

    def draw(count: int, generator: torch.Generator) -> Parameters:
        return Parameters(noise=uniform(0, NOISE, count, generator), kernels=bank.draw(count, generator))

    def apply(sharp: Tensor, parameters: Parameters, generator: torch.Generator) -> Tensor:
        assert parameters.kernels is not None and parameters.noise is not None
        return to_levels(white_noise(blur(sharp, parameters.kernels), parameters.noise, generator))

    return Damage(draw, apply)


def damage(device: torch.device, rng: np.random.Generator) -> Damage:
    """Any of `KERNELS` motions."""
    return from_bank(KernelBank([motion((SHORTEST, LONGEST), rng) for _ in range(KERNELS)], device))


FAITHFUL = Preset(
    key="faithful",
    title="Faithful",
    summary="Photos blurred by a shaken camera.",
    weights="compact-deblur.safetensors",
    config=COMPACT_DEBLUR,
)
TASK = Task(
    key="deblur",
    title="Deblur",
    summary="Remove the motion blur of a shaken camera.",
    config=FAITHFUL.config,
    weights=FAITHFUL.weights,
    presets=(FAITHFUL,),
    accepts=accepts,
    check=partial(check, "Deblurring"),
    encode=encode,
    decode=decode,
    degrade=degrade,
    damage=damage,
    sets={"weak": partial(shaken, WEAK), "strong": partial(shaken, STRONG)},
    headline="psnr",
    margin=LONGEST,
)
