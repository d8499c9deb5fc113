"""What photos go through before they are restored: soft focus, noise and JPEG, alone and together."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..imaging.picture import Picture
from . import damage
from .damage import Damage, Parameters
from .jpeg import CELL, compress
from .single import degraded
from .task import Case

NONE = 101.0
"""The JPEG quality that stands for no compression."""


@dataclass(frozen=True)
class Wear:
    """How much of each, drawn evenly between nothing and the most. Lengths in pixels of the reduced picture."""

    noise: float = 40.0
    """Largest standard deviation, levels of 255."""
    softness: float = 3.0
    """Largest standard deviation of the blur, pixels."""
    quality: tuple[float, float] = (25.0, 95.0)
    """Least and best JPEG quality."""
    scale: int = 1
    """How far the picture is reduced, after the blur and before noise and JPEG."""
    without: tuple[float, float, float] = (0.15, 0.15, 0.35)
    """Chance that there is no noise, no blur, no JPEG; noise stays where nothing else would."""
    untouched: float = 0.08
    """Chance that there is none of them: restraint has to be learned, too."""

    @property
    def radius(self) -> int:
        """Of the blur's kernel, pixels of the sharp picture."""
        return min(math.ceil(3 * self.softness * self.scale), self.margin)

    @property
    def margin(self) -> int:
        """Pixels of the sharp picture that must lie around what is kept: JPEG's cells then begin at its corner."""
        return CELL * self.scale

    def damage(self) -> Damage:
        """Draws every picture's parameters at random."""
        return Damage(self.draw, self.apply)

    def draw(self, count: int, generator: torch.Generator) -> Parameters:
        """See the fields; half of the blurs are round, the others up to twice as long as wide, in any direction."""

        def chance() -> Tensor:
            return torch.rand(count, generator=generator, device=generator.device)

        spared = chance() < self.untouched
        no_noise, no_blur, no_jpeg = (chance() < share for share in self.without)
        no_noise, no_blur, no_jpeg = spared | (no_noise & ~(no_blur & no_jpeg)), spared | no_blur, spared | no_jpeg
        noise = (chance() * self.noise).masked_fill(no_noise, 0)
        along = (chance() * self.softness * self.scale).masked_fill(no_blur, 0)
        across = along * torch.where(chance() < 0.5, 1.0, 0.5 + 0.5 * chance())
        low, high = self.quality
        quality = (low + (high - low) * chance()).round().masked_fill(no_jpeg, NONE)
        kernels = damage.gaussian_kernels(along, across, math.pi * chance(), self.radius)
        softness = ((along.square() + across.square()) / 2).sqrt()
        return Parameters(noise=noise, grain=chance(), softness=softness, quality=quality, kernels=kernels)

    def apply(self, sharp: Tensor, parameters: Parameters, generator: torch.Generator) -> Tensor:
        """Blur, reduction, noise, rounding to levels, JPEG."""
        assert parameters.kernels is not None and parameters.noise is not None
        assert parameters.grain is not None and parameters.quality is not None
        x = damage.blur(sharp, parameters.kernels, linear_light=False)
        x = damage.reduced(x, self.scale) if self.scale > 1 else x
        x = damage.to_levels(damage.camera_noise(x, parameters.noise, parameters.grain, generator))
        coded = parameters.quality <= 100
        if coded.any():
            x[coded] = compress(x[coded], parameters.quality[coded])
        return x


def fixed(*, noise: float = 0, softness: float = 0, quality: float = NONE, scale: int = 1) -> Damage:
    """Always the same damage, white noise and a round blur: what sets to measure by are made of.

    noise in levels of 255, softness in pixels of the reduced picture, quality of JPEG.
    """
    wear = Wear(softness=softness, scale=scale)

    def draw(count: int, generator: torch.Generator) -> Parameters:
        def all_of(value: float) -> Tensor:
            return torch.full((count,), float(value), device=generator.device)

        deviation = all_of(softness * scale)
        kernels = damage.gaussian_kernels(deviation, deviation, all_of(0), wear.radius)
        return Parameters(all_of(noise), all_of(1), deviation, all_of(quality), kernels)

    return Damage(draw, wear.apply)


def worn(damage: Damage, scale: int, sharp: Picture, rng: np.random.Generator) -> Case:
    """One picture with such damage, reduced by `scale`."""
    return degraded(sharp, rng, damage, margin=Wear(scale=scale).margin, scale=scale)
