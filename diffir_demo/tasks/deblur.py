"""Deblurring: motion blur from a shaken camera, removed at the same size."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import Tensor

from ..imaging.picture import Picture
from ..model.config import ModelConfig
from .damage import Damage, KernelBank, Parameters, blur, to_levels, uniform, white_noise
from .motion import camera_shake, defocus, hand_shake, moving, roll, straight_motion
from .single import check, decode, degraded, encode
from .task import Case, Preset, Task

SHORTEST, LONGEST = 7, 25
"""Length of the synthetic motion, pixels."""
WEAK, STRONG = (7, 13), (15, 25)
"""The lengths that are measured by themselves. The same seed draws the same path for both: only its length differs."""
HAND = (9, 27)
"""The lengths of hand-held paths, pixels: another model of motion than the one that training draws from."""
DISC = (3, 5)
"""Radii of discs out of focus, pixels."""
NOISE = 2.0
"""Largest standard deviation of sensor noise, in levels of 255."""
KERNELS = 4000
"""Motions that a training run draws from; made in a few seconds."""


def accepts(config: ModelConfig) -> bool:
    return config.in_channels == 3 and config.scale == 1 and config.head != "upsampler" and not config.shrinkage


def degrade(sharp: Picture, rng: np.random.Generator) -> Case:
    """Motion of any length."""
    return shaken((SHORTEST, LONGEST), sharp, rng)


def shaken(lengths: tuple[float, float], sharp: Picture, rng: np.random.Generator) -> Case:
    """Motion of a length between those."""
    return blurred_by(partial(motion, lengths), sharp, rng)


def blurred_by(
    kernel: Callable[[np.random.Generator], np.ndarray],
    sharp: Picture,
    rng: np.random.Generator,
    *,
    linear_light: bool = True,
) -> Case:
    """A kernel that is drawn first, then slight noise."""
    bank = KernelBank([kernel(rng)])
    return degraded(sharp, rng, from_bank(bank, linear_light), margin=max(LONGEST, bank.radius))


def straight(rng: np.random.Generator) -> np.ndarray:
    return straight_motion(float(rng.uniform(SHORTEST, LONGEST)), rng)


def hand(rng: np.random.Generator) -> np.ndarray:
    return hand_shake(float(rng.uniform(*HAND)), rng)


def disc(rng: np.random.Generator) -> np.ndarray:
    return defocus(float(rng.uniform(*DISC)))


def motion(lengths: tuple[float, float], rng: np.random.Generator) -> np.ndarray:
    """A kernel (k, k): three in four from a shaken path, else straight."""
    length = float(rng.uniform(*lengths))
    return camera_shake(length, rng) if rng.random() < 0.75 else straight_motion(length, rng)


def from_bank(bank: KernelBank, linear_light: bool = True) -> Damage:
    """Blur by any of those kernels, in linear light as sensors see it or else in levels, then slight sensor noise."""

    def draw(count: int, generator: torch.Generator) -> Parameters:
        return Parameters(noise=uniform(0, NOISE, count, generator), kernels=bank.draw(count, generator))

    def apply(sharp: Tensor, parameters: Parameters, generator: torch.Generator) -> Tensor:
        assert parameters.kernels is not None and parameters.noise is not None
        blurred = blur(sharp, parameters.kernels, linear_light=linear_light)
        return to_levels(white_noise(blurred, parameters.noise, generator))

    return Damage(draw, apply)


def damage(device: torch.device, rng: np.random.Generator) -> Damage:
    """Any of `KERNELS` motions."""
    return from_bank(KernelBank([motion((SHORTEST, LONGEST), rng) for _ in range(KERNELS)], device))


FAITHFUL = Preset(
    key="faithful",
    title="Faithful",
    summary="Photos that are blurred for certain: takes every photo for one, and looks for no path. Quicker.",
    weights="compact-deblur.safetensors",
    network="compact_deblur",
)
PATH = Preset(
    key="path",
    title="Path",
    summary="Any photo: the camera's path is found and undone, as far as it can be trusted, and the network does the "
    "rest. Sharp photos stay as they are.",
    weights="compact-deblur-path.safetensors",
    network="compact_deblur_path",
)
TASK = Task(
    key="deblur",
    title="Deblur",
    summary="Remove the motion blur of a shaken camera.",
    noun="deblurring",
    official="deblur",
    network=FAITHFUL.network,
    config=FAITHFUL.config,
    weights=FAITHFUL.weights,
    presets=(PATH, FAITHFUL),
    accepts=accepts,
    check=partial(check, "Deblurring"),
    encode=encode,
    decode=decode,
    degrade=degrade,
    damage=damage,
    sets={"weak": partial(shaken, WEAK), "strong": partial(shaken, STRONG)},
    also={
        "straight": partial(blurred_by, straight),
        "hand": partial(blurred_by, hand),
        "defocus": partial(blurred_by, disc),
        "moving": moving,
        "roll": roll,
    },
    headline="psnr",
    measures_blur=True,
    sets_text="Camera shake in linear light (three in four trembling, else straight) and slight noise: weak spans 7 to "
    "13 pixels, strong 15 to 25. The same path at two lengths. Not from training's model: hand, paths of 9 to 27 "
    "pixels that slow down and turn back, and defocus, discs with radii of 3 to 5. Straight: 7 to 25 pixels.",
    margin=LONGEST,
)
