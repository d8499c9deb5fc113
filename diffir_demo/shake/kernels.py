"""Kernels as they are found and shown: cleaned, centred, enlarged, turned, and how like another one they are."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ..deconvolve import centroid
from ..deconvolve.blur import framed

FAINT, HELD = 0.1, 0.05
"""Share of the brightest pixel below which light is taken for noise; the same where a kernel is held near another one,
and so has less of it."""
CRUMB = 0.1
"""Share of all light below which a piece that hangs together with nothing is dropped, at the end."""
FINE = 3
"""Places that are looked at along a pixel's side, so that thin paths neither tear nor thicken."""
LEAST = 0.01
"""Share of the brightest pixel below which what a turn smears around a path is dropped."""


def cleaned(kernel: Tensor, last: bool = False, faint: float = FAINT) -> Tensor:
    """(k, k) -> no negative light, nothing faint, summing to 1, in the middle to a pixel; lastly without crumbs."""
    light = kernel.clamp_min(0)
    if not bool(light.any()):
        return point(kernel.shape[-1])
    light = torch.where(light < faint * light.max(), 0.0, light)
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
    """(k, k) enlarged `scale` times -> (side, side), both odd: the same path, cut or with more space around it."""
    own = max(3, round(kernel.shape[-1] * scale) | 1)
    found = torch.from_numpy(cv2.resize(kernel.numpy(), (own, own), interpolation=cv2.INTER_CUBIC)).clamp_min_(0)
    padding = (side - own) // 2
    light = F.pad(found, (padding,) * 4)
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


def bent(kernel: np.ndarray, degrees: float = 0.0, stretch: float = 1.0) -> np.ndarray:
    """(k, k) summing to 1 -> the same path as it is seen in a photo, turned clockwise and `stretch` times as long.

    Around its centroid; the kernel itself where nothing changes. Raises `InputError` where the path would need more
    than `deconvolve.blur.LARGEST` pixels a side, ValueError for a stretch that is not positive.
    """
    if not stretch > 0:
        raise ValueError(f"a path is stretched by a factor above 0, not {stretch}")
    if degrees % 360 == 0 and stretch == 1:
        return kernel
    down, right = centroid(torch.from_numpy(np.ascontiguousarray(kernel, np.float32)))
    middle = kernel.shape[0] // 2
    radius = int(np.ceil(2**0.5 * kernel.shape[0] / 2 * stretch)) + 1
    side = 2 * radius + 1
    angle = np.deg2rad(degrees)
    # from a place in the new kernel, FINE to a pixel, to the one in the old kernel that it shows
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) / stretch
    offset = np.array([middle + right, middle + down]) - turn @ np.full(2, radius + 0.5 - 0.5 / FINE)
    matrix = np.concatenate([turn / FINE, offset[:, None]], axis=1)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    wide = cv2.warpAffine(np.ascontiguousarray(kernel, np.float32), matrix, (side * FINE, side * FINE), flags=flags)
    light = wide.reshape(side, FINE, side, FINE).mean(axis=(1, 3))
    found = framed(np.where(light < LEAST * light.max(), 0, light))
    return (found / found.sum()).astype(np.float32)
