"""The path of the camera that blurred a photo: `find_shake`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from ..clock import Work
from ..deconvolve import Blur, Light, span, spread
from .kernels import point
from .search import search
from .window import Box, telling_window

LEAST_SIDE = 48
"""Shortest side in which a path is looked for, pixels."""
STILL, MOVED = 1.3, 1.6
"""Radius up to which a photo counts as sharp, and from which on it does not, pixels: a straight path of 7 has 2.0."""
DOUBT, BELIEF = 0.1, 0.9
"""Confidence up to which no path is used, and from which on it is used alone."""


@dataclass(frozen=True, eq=False)
class Shake:
    """What is believed of the camera's path while a photo was exposed."""

    kernel: np.ndarray
    """(side, side) float32 summing to 1, side odd: as `cv2.filter2D` applies it, so not flipped."""
    light: Light
    """What it has averaged."""
    confidence: float
    """How sure that is, in [0, 1]: see `Evidence.confidence`."""
    steps: tuple[np.ndarray, ...]
    """The kernel at every scale of the search, coarse to fine, each as `kernel`; their sides grow."""
    window: Box
    """Rows and columns of the photo that were looked at."""

    @property
    def blur(self) -> Blur:
        return Blur(self.kernel, self.light, exact=False)

    @cached_property
    def radius(self) -> float:
        """Root mean square distance of the light from its centroid, pixels: 0 without any blur."""
        return spread(torch.from_numpy(self.kernel))

    @cached_property
    def length(self) -> float:
        """From one end of the path to the other, pixels: see `deconvolve.span`."""
        return span(self.kernel)

    @property
    def trust(self) -> float:
        """The share, in [0, 1], that a picture deconvolved with this path should have in the result; the rest is the
        photo as it is. 0 where the photo is sharp, or where no path explains it."""
        return moved(self.radius) * sure(self.confidence)


def moved(radius: float) -> float:
    """How far a radius in pixels speaks for any motion: 0 for a sharp photo, 1 for a blurred one."""
    return float(np.clip((radius - STILL) / (MOVED - STILL), 0, 1))


def sure(confidence: float) -> float:
    """The share of a deconvolved picture that goes with a confidence: all of it from `BELIEF` on."""
    return float(np.clip((confidence - DOUBT) / (BELIEF - DOUBT), 0, 1))


def told(pixels: np.ndarray, blur: Blur) -> Shake:
    """A blur that is known, as if it had been found in the photo."""
    return Shake(blur.kernel, blur.light, 1.0, (), telling_window(pixels))


def find_shake(pixels: np.ndarray) -> Work[Shake]:
    """pixels (h, w, 3) uint8, any size from 1 x 1 -> `Shake`; the same photo always gives the same.

    Looks at `telling_window` only, so the time does not grow with the photo: some 3 seconds of one thread. Yields the
    share done several times a second. Raises ValueError for arrays of another kind.
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise ValueError(f"pixels must be (h, w, 3) uint8, not {pixels.shape} {pixels.dtype}")
    window = telling_window(pixels)
    seen = np.ascontiguousarray(pixels[window])
    if min(seen.shape[:2]) < LEAST_SIDE:
        yield 1.0
        return Shake(point(3).numpy(), "linear", 0.0, (), window)
    best = (yield from search(seen))[0]
    steps = tuple(step.numpy() for step in best.steps)
    yield 1.0
    return Shake(steps[-1], best.light, best.evidence.confidence, steps, window)
