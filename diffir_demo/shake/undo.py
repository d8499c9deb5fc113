"""Undoing the camera's path where there is one, and leaving the photo alone where there is none: `undo`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..clock import Clock, Work
from ..deconvolve import Blur, deconvolve, fidelity_for
from ..imaging import noise_level
from .find import Shake, find_shake, told

UNSURE, LEAST_NOISE = 1.5, 0.7
"""Noise, in levels, that is assumed at least: of a kernel that was found, as its errors act like noise; of one told."""
SEARCH, SHARPEN = 3.0, 0.7e-6
"""Seconds of one thread (2 vCPU): finding the path, and deconvolution per pixel."""
BAND = 256
"""Rows that are mixed at a time."""


@dataclass(frozen=True, eq=False)
class Undone:
    """A photo whose blur was looked for, or told, and undone; pictures (h, w, 3) uint8."""

    pixels: np.ndarray
    """As it came."""
    sharp: np.ndarray
    """Without its blur, as if that were sure; `pixels` itself where `strength` is 0."""
    shake: Shake
    strength: float
    """Share of `sharp` in `mixed`, [0, 1]."""

    @property
    def mixed(self) -> np.ndarray:
        """The photo without its blur, as far as it can be trusted; `pixels` itself where that is not at all."""
        return mixed(self.pixels, self.sharp, self.strength)


def undo(pixels: np.ndarray, blur: Blur | None = None, strength: float | None = None) -> Work[Undone]:
    """pixels (h, w, 3) uint8, any size from 1 x 1 -> `Undone`. Yields the share done several times a second.

    blur: what it was blurred with, where that is known; None: it is looked for. strength: share of the deconvolved
    picture, [0, 1]; None: `Shake.trust`. Where it is 0 nothing is deconvolved. Raises ValueError for arrays of another
    kind.
    """
    size = pixels.shape[0] * pixels.shape[1]
    search, sharpening = (0.0 if blur else SEARCH), SHARPEN * size
    clock = Clock(search + sharpening)
    shake = told(pixels, blur) if blur else (yield from clock.during(find_shake(pixels), search))
    strength = shake.trust if strength is None else strength
    if strength == 0:
        yield 1.0
        return Undone(pixels, pixels, shake, strength)
    noise = max(noise_level(pixels[shake.window]), LEAST_NOISE if blur else UNSURE)
    walk = deconvolve(pixels, shake.kernel, shake.light, fidelity_for(noise))
    sharp = yield from clock.during(walk, sharpening)
    return Undone(pixels, sharp, shake, strength)


def mixed(pixels: np.ndarray, sharp: np.ndarray, share: float) -> np.ndarray:
    """So much of `sharp`, the rest of `pixels`; both (h, w, 3) uint8."""
    if share in (0, 1):
        return sharp if share else pixels
    result = np.empty_like(pixels)
    for top in range(0, len(pixels), BAND):
        rows = slice(top, top + BAND)
        result[rows] = np.rint(pixels[rows] + np.float32(share) * (sharp[rows].astype(np.float32) - pixels[rows]))
    return result
