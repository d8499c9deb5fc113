"""Levels of a picture as light, in which blurs add up, and back."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
import torch
from torch import Tensor

Light: TypeAlias = Literal["linear", "sRGB"]
"""What a blur has averaged: the photons on a sensor, or, where software blurred or a camera processed a lot, levels."""
GAMMA = 2.2
"""Close enough to sRGB's curve; what the synthetic blurs of the deblurring task use."""
LUMA = (0.299, 0.587, 0.114)


def to_light(pixels: np.ndarray, light: Light) -> Tensor:
    """(h, w, 3) uint8 -> (3, h, w) float32 in [0, 1]."""
    curve = np.linspace(0, 1, 256) ** (GAMMA if light == "linear" else 1)
    return torch.from_numpy(curve.astype(np.float32)[pixels.transpose(2, 0, 1)])


def to_levels(planes: Tensor, light: Light) -> Tensor:
    """(.., h, w) light of any value -> the same as levels in [0, 255], not rounded."""
    inside = planes.clamp(0, 1)
    return (inside.pow_(1 / GAMMA) if light == "linear" else inside).mul_(255)


def grey(pixels: np.ndarray, light: Light) -> Tensor:
    """(h, w, 3) uint8 -> (h, w): the brightness, from the light of each colour."""
    return (to_light(pixels, light) * torch.tensor(LUMA).view(3, 1, 1)).sum(0)
