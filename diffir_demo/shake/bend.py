"""A path that is turned and made longer or shorter, its shape kept."""

from __future__ import annotations

import cv2
import numpy as np
import torch

from ..deconvolve import centroid
from ..deconvolve.path import framed

FINE = 3
"""Places that are looked at along a pixel's side, so that thin paths neither tear nor thicken."""
LEAST = 0.01
"""Share of the brightest pixel below which what a turn smears around a path is dropped."""


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
