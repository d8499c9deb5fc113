"""Undoing the camera's path where there is one, and leaving the photo alone where there is none: `deblurred`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..clock import Clock, Work
from ..deconvolve import deconvolve, fidelity_for
from ..imaging import noise_level
from .find import Shake, find_shake

UNSURE = 1.5
"""Noise, in levels, that is assumed at least when the kernel was found and not told: its errors act like noise."""
BESIDE_NETWORK = 0.85
"""Of the trust in the path: the share of the deconvolved picture beside a network's painting. On four training photos
each of weak, strong and hand's blur the network alone had 29.5, 24.6 and 24.2 dB, blind deconvolution 28.9, 25.4 and
26.0; joined by all of the trust they had 29.6, 26.2 and 26.7, by 0.7 of it 29.9, 26.0 and 26.8."""
NO_PATH = "No path of the camera explains this photo, so the network worked alone."
SEARCH, SHARPEN = 3.0, 0.7e-6
"""Seconds of one thread (2 vCPU): finding the path, and deconvolution per pixel."""
BAND = 256
"""Rows that are mixed at a time."""


@dataclass(frozen=True, eq=False)
class Deblurred:
    """A photo, sharpened as far as its path can be trusted."""

    pixels: np.ndarray
    """(h, w, 3) uint8."""
    shake: Shake


def deblurred(pixels: np.ndarray) -> Work[Deblurred]:
    """pixels (h, w, 3) uint8, any size from 1 x 1 -> `Deblurred`. Yields the share done several times a second.

    Where `Shake.trust` is 0 the pixels come back bit for bit. Raises ValueError for arrays of another kind.
    """
    size = pixels.shape[0] * pixels.shape[1]
    clock = Clock(SEARCH + SHARPEN * size)
    shake = yield from clock.during(find_shake(pixels), SEARCH)
    found = yield from clock.during(undone(pixels, shake), SHARPEN * size)
    return Deblurred(found, shake)


def joined(pixels: np.ndarray, painted: np.ndarray) -> Work[tuple[np.ndarray, tuple[str, ...]]]:
    """What a network has painted of pixels, joined with the same photo deconvolved: both (h, w, 3) uint8.

    Returns the picture, and a notice for people where no path could be trusted: then it is the painting.
    """
    size = pixels.shape[0] * pixels.shape[1]
    clock = Clock(SEARCH + SHARPEN * size)
    shake = yield from clock.during(find_shake(pixels), SEARCH)
    picture = yield from clock.during(with_network(pixels, painted, shake), SHARPEN * size)
    yield 1.0
    return picture, () if shake.trust else (NO_PATH,)


def with_network(pixels: np.ndarray, painted: np.ndarray, shake: Shake) -> Work[np.ndarray]:
    """The same with a path that is known already."""
    if shake.trust == 0:
        return painted
    sharp = yield from sharpened(pixels, shake)
    return mixed(painted, sharp, BESIDE_NETWORK * shake.trust)


def undone(pixels: np.ndarray, shake: Shake) -> Work[np.ndarray]:
    """The photo without that path, as far as it can be trusted."""
    if shake.trust == 0:
        yield 1.0
        return pixels
    sharp = yield from sharpened(pixels, shake)
    return mixed(pixels, sharp, shake.trust)


def sharpened(pixels: np.ndarray, shake: Shake) -> Work[np.ndarray]:
    """The photo without that path, however little it can be trusted."""
    noise = max(noise_level(pixels[shake.window]), UNSURE)
    return (yield from deconvolve(pixels, shake.kernel, shake.light, fidelity_for(noise)))


def mixed(pixels: np.ndarray, sharp: np.ndarray, share: float) -> np.ndarray:
    """So much of `sharp`, the rest of `pixels`; both (h, w, 3) uint8."""
    if share == 1:
        return sharp
    result = np.empty_like(pixels)
    for top in range(0, len(pixels), BAND):
        rows = slice(top, top + BAND)
        result[rows] = np.rint(pixels[rows] + np.float32(share) * (sharp[rows].astype(np.float32) - pixels[rows]))
    return result
