"""Undoing the camera's path where there is one, and leaving the photo alone where there is none: `undo`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..clock import Clock, Work
from ..deconvolve import Blur, deconvolve, fidelity_for
from ..imaging import noise_level
from .find import Shake, find_shake, told

UNSURE, LEAST_NOISE = 1.5, 0.7
"""Noise, in levels, that is assumed at least: where a kernel is not exact, whose errors act like noise; where it is."""
BESIDE_NETWORK = 0.85
"""Of the trust in the path: the share of the deconvolved picture beside a network's painting. On four training photos
each of weak, strong and hand's blur the network alone had 29.5, 24.6 and 24.2 dB, blind deconvolution 28.9, 25.4 and
26.0; joined by all of the trust they had 29.6, 26.2 and 26.7, by 0.7 of it 29.9, 26.0 and 26.8."""
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
    given: bool = False
    """Whether the blur was told, and not looked for."""

    @property
    def mixed(self) -> np.ndarray:
        """The photo without its blur, as far as it can be trusted; `pixels` itself where that is not at all."""
        return mixed(self.pixels, self.sharp, self.strength)

    def beside(self, painted: np.ndarray) -> np.ndarray:
        """Joined with what a network has painted of the same photo, (h, w, 3) uint8."""
        return mixed(painted, self.sharp, BESIDE_NETWORK * self.strength)


def undo(
    pixels: np.ndarray, blur: Blur | None = None, strength: float | None = None, found: Shake | None = None
) -> Work[Undone]:
    """pixels (h, w, 3) uint8, any size from 1 x 1 -> `Undone`. Yields the share done several times a second.

    blur: what it was blurred with, where that is known; None: it is looked for. strength: share of the deconvolved
    picture, [0, 1]; None: `Shake.trust`. Where it is 0 nothing is deconvolved. found: what `find_shake` has found in
    these very pixels before, so that it need not look again. Raises ValueError for arrays of another kind.
    """
    size = pixels.shape[0] * pixels.shape[1]
    shake = told(pixels, blur) if blur else found
    search, sharpening = (0.0 if shake else SEARCH), SHARPEN * size
    clock = Clock(search + sharpening)
    if shake is None:
        shake = yield from clock.during(find_shake(pixels), search)
    strength = shake.trust if strength is None else strength
    if strength == 0:
        yield 1.0
        return Undone(pixels, pixels, shake, strength, blur is not None)
    noise = max(noise_level(pixels[shake.window]), LEAST_NOISE if blur and blur.exact else UNSURE)
    walk = deconvolve(pixels, shake.kernel, shake.light, fidelity_for(noise))
    sharp = yield from clock.during(walk, sharpening)
    return Undone(pixels, sharp, shake, strength, blur is not None)


def mixed(pixels: np.ndarray, sharp: np.ndarray, share: float) -> np.ndarray:
    """So much of `sharp`, the rest of `pixels`; both (h, w, 3) uint8."""
    if share in (0, 1):
        return sharp if share else pixels
    result = np.empty_like(pixels)
    for top in range(0, len(pixels), BAND):
        rows = slice(top, top + BAND)
        result[rows] = np.rint(pixels[rows] + np.float32(share) * (sharp[rows].astype(np.float32) - pixels[rows]))
    return result
