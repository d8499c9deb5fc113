"""Two pictures of one size: how far apart they are, and a picture of it that eyes can read."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..imaging import Picture
from ..metrics import psnr

GREY = 128
LARGEST_GAIN = 64


@dataclass(frozen=True, eq=False)
class Difference:
    """What `differ` found."""

    mean: float
    """Mean absolute difference over all pixels and channels, levels of 255."""
    share: float
    """Of the pixels, 0 .. 1, that differ at all."""
    psnr: float
    """dB; infinite where nothing differs."""
    gain: int
    """By how much the picture exaggerates: a power of two."""
    picture: Picture = field(repr=False)
    """The signed difference times `gain`, around middle grey."""


def differ(before: Picture, after: Picture) -> Difference:
    """after - before. Raises `InputError` for sizes that differ.

    The gain is the largest that clips no more than a hundredth of the values, up to `LARGEST_GAIN`.
    """
    ratio = psnr(before.pixels, after.pixels)
    apart = after.pixels.astype(np.int16) - before.pixels
    counts = np.bincount(np.abs(apart).ravel(), minlength=256)
    nearly_all = int(np.searchsorted(np.cumsum(counts), 0.99 * apart.size))
    gain = LARGEST_GAIN
    while gain > 1 and gain * nearly_all > GREY:
        gain //= 2
    shown = np.clip(GREY + gain * apart, 0, 255).astype(np.uint8)
    mean = float(counts @ np.arange(len(counts)) / apart.size)
    return Difference(mean, float(apart.any(axis=2).mean()), ratio, gain, Picture(shown))
