"""Deblurring: motion blur from a shaken camera, removed at the same size."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError
from ..imaging.picture import Picture, to_tensor
from ..model.config import COMPACT_DEBLUR, ModelConfig
from .batched import BatchDamage, KernelBank, sensor_noise
from .batched import blur as blur_batch
from .motion import blur, camera_shake, straight_motion
from .task import Damaged, Request, Task

SHORTEST, LONGEST = 7, 25
"""Length of the synthetic motion, pixels."""
WEAK, STRONG = (7, 13), (15, 25)
"""The lengths that are measured apart. The same seed draws the same path for both: only its length differs."""
NOISE = 2.0
"""Largest standard deviation of sensor noise, in levels of 255."""
KERNELS = 4000
"""Motions that a training run draws from; made in a few seconds."""


def accepts(config: ModelConfig) -> bool:
    return config.in_channels == 3 and config.scale == 1 and config.head != "upsampler"


def check(request: Request) -> None:
    if request.mask is not None:
        raise InputError("Deblurring takes no mask.", "Leave it out, or choose inpainting.")


def encode(request: Request) -> Tensor:
    return to_tensor(request.picture.pixels)


def decode(pixels: np.ndarray, request: Request) -> Picture:
    return request.picture.restored(pixels, request.picture.alpha)


def degrade(sharp: Picture, rng: np.random.Generator) -> Damaged:
    """Motion of any length."""
    return shaken((SHORTEST, LONGEST), sharp, rng)


def shaken(lengths: tuple[float, float], sharp: Picture, rng: np.random.Generator) -> Damaged:
    """Motion blur in linear light, then slight sensor noise."""
    kernel = motion(lengths, rng)
    blurred = blur(sharp.pixels, kernel)
    noise = rng.standard_normal(blurred.shape, dtype=np.float32) * np.float32(rng.uniform(0, NOISE))
    pixels = np.clip(np.rint(blurred + noise), 0, 255).astype(np.uint8)
    request = Request(sharp.with_pixels(pixels, sharp.alpha), seed=int(rng.integers(2**31)))
    return Damaged(request, sharp, kernel)


def motion(lengths: tuple[float, float], rng: np.random.Generator) -> np.ndarray:
    """A kernel (k, k): three in four from a shaken path, else straight."""
    length = float(rng.uniform(*lengths))
    return camera_shake(length, rng) if rng.random() < 0.75 else straight_motion(length, rng)


def batched(device: torch.device, rng: np.random.Generator) -> BatchDamage:
    """`degrade` for batches: any of `KERNELS` motions, then noise."""
    bank = KernelBank([motion((SHORTEST, LONGEST), rng) for _ in range(KERNELS)], device)

    def damage(sharp: Tensor, generator: torch.Generator) -> Tensor:
        return sensor_noise(blur_batch(sharp, bank.draw(len(sharp), generator)), NOISE, generator)

    return damage


TASK = Task(
    key="deblur",
    title="Deblur",
    summary="Remove the motion blur of a shaken camera.",
    config=COMPACT_DEBLUR,
    accepts=accepts,
    check=check,
    encode=encode,
    decode=decode,
    degrade=degrade,
    batched=batched,
    sets={"weak": partial(shaken, WEAK), "strong": partial(shaken, STRONG)},
    headline="psnr",
    margin=LONGEST,
)
