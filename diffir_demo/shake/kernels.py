"""Kernels as they are found: cleaned, centred, enlarged, and how like another one they are."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ..deconvolve import centroid

FAINT = 0.05
"""Share of the brightest pixel below which light is taken for noise."""
CRUMB = 0.1
"""Share of all light below which a piece that hangs together with nothing is dropped, at the end."""


def cleaned(kernel: Tensor, last: bool = False) -> Tensor:
    """(k, k) -> no negative light, nothing faint, summing to 1, in the middle to a pixel; lastly without crumbs."""
    light = kernel.clamp_min(0)
    if not bool(light.any()):
        return point(kernel.shape[-1])
    light = torch.where(light < FAINT * light.max(), 0.0, light)
    if last:
        light = _without_crumbs(light)
    down, right = (round(place) for place in centroid(light))
    light = light.roll((-down, -right), (0, 1))
    return light / light.sum()


def _without_crumbs(light: Tensor) -> Tensor:
    count, labels = cv2.connectedComponents((light > 0).numpy().astype(np.uint8), connectivity=8)
    sizes = np.bincount(labels.ravel(), light.numpy().ravel(), count)
    kept = sizes >= min(CRUMB * float(light.sum()), sizes.max())  # where all are crumbs, the largest stays
    return light * torch.from_numpy(kept[np.asarray(labels, np.int64)])


def fitted(kernel: Tensor, side: int, scale: float) -> Tensor:
    """(k, k) enlarged `scale` times -> (side, side), both odd: the same path, cut or with more room around it."""
    own = max(3, round(kernel.shape[-1] * scale) | 1)
    found = torch.from_numpy(cv2.resize(kernel.numpy(), (own, own), interpolation=cv2.INTER_CUBIC)).clamp_min_(0)
    room = (side - own) // 2
    light = F.pad(found, (room,) * 4)
    return light / light.sum()


def reach(kernel: Tensor) -> int:
    """Pixels from the middle to the farthest light that is no crumb, along a row or a column."""
    lit = _without_crumbs(kernel).nonzero() - kernel.shape[-1] // 2
    return int(lit.abs().max())


def point(side: int) -> Tensor:
    """No blur."""
    kernel = torch.zeros(side, side)
    kernel[side // 2, side // 2] = 1
    return kernel


def pair(side: int) -> Tensor:
    """What the search begins with: light on two neighbouring pixels."""
    kernel = point(side) / 2
    kernel[side // 2, side // 2 + 1] = 0.5
    return kernel


def likeness(one: Tensor | np.ndarray, other: Tensor | np.ndarray) -> float:
    """The largest normalised correlation over all shifts, in [0, 1]; 1: the same path. Sides may differ."""
    a, b = (torch.as_tensor(kernel, dtype=torch.float32) for kernel in (one, other))
    side = a.shape[-1] + b.shape[-1]
    found = torch.fft.irfft2(
        torch.fft.rfft2(a, s=(side, side)) * torch.fft.rfft2(b, s=(side, side)).conj(), s=(side, side)
    )
    return float(found.max() / (a.square().sum() * b.square().sum()).sqrt())
