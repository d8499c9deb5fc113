"""The path of the camera that blurred a photo, looked for in the part of it that says most about it: `find_shake`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import torch

from ..deconvolve import Blur, Light, span, spread
from ..imaging import best_window
from ..imaging.boxes import Box
from ..tick import Tick, no_tick
from .kernels import point
from .search import Candidate, search

LARGEST = 512
"""Longest side of what is looked at, pixels."""
REDUCED = 4
"""Times that the photo is reduced for the choice: noise is gone then, and edges are still there."""
STRONG = 24.0
"""Levels of 255: what is steeper counts no more, so that many edges win over a single one."""
STEP = 8
"""Pixels of the reduced photo between two places that are tried."""
WHITE = 250
"""Levels from which on light may have been lost: what blur left of an edge there is no sum any more."""
LEAST_SIDE = 48
"""Shortest side in which a path is looked for, pixels."""
STILL, MOVED = 1.3, 1.6
"""Radius up to which a photo counts as sharp, and from which on it does not, pixels: a straight path of 7 has 2.0."""
DOUBT, BELIEF = 0.1, 0.9
"""Confidence up to which no path is used, and from which on it is used alone."""


def informative_window(pixels: np.ndarray, largest: int = LARGEST) -> Box:
    """pixels (h, w, 3) uint8 -> the window of `largest` pixels a side, or of all there is, with most edges in it."""
    height, width = pixels.shape[:2]
    if max(height, width) <= largest:
        return slice(0, height), slice(0, width)
    small = cv2.resize(pixels, None, fx=1 / REDUCED, fy=1 / REDUCED, interpolation=cv2.INTER_AREA)
    level = small.astype(np.float32).mean(axis=2)
    down, right = np.gradient(level)
    edges = np.minimum(np.hypot(down, right), STRONG) * (small.max(axis=2) < WHITE)
    top, left = best_window(edges, largest // REDUCED, largest // REDUCED, STEP)
    return _window(top * REDUCED, height, largest), _window(left * REDUCED, width, largest)


def _window(start: int, side: int, largest: int) -> slice:
    start = max(0, min(start, side - largest))
    return slice(start, min(start + largest, side))


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

    @classmethod
    def of(cls, found: Candidate, window: Box) -> Shake:
        """What a search in that window ended in."""
        steps = tuple(step.numpy() for step in found.steps)
        return cls(steps[-1], found.light, found.evidence.confidence, steps, window)

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


def given_shake(pixels: np.ndarray, blur: Blur) -> Shake:
    """A blur that is known, as if it had been found in the photo."""
    return Shake(blur.kernel, blur.light, 1.0, (), informative_window(pixels))


def find_shake(pixels: np.ndarray, tick: Tick = no_tick) -> Shake:
    """pixels (h, w, 3) uint8, any size from 1 x 1 -> `Shake`; the same photo always gives the same.

    Looks at `informative_window` only, so the time does not grow with the photo: some 2 seconds on 2 vCPU. Ticks
    with the share done several times a second. Raises ValueError for arrays of another kind.
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise ValueError(f"pixels must be (h, w, 3) uint8, not {pixels.shape} {pixels.dtype}")
    window = informative_window(pixels)
    seen = np.ascontiguousarray(pixels[window])
    if min(seen.shape[:2]) < LEAST_SIDE:
        tick(1.0)
        return Shake(point(3).numpy(), "linear", 0.0, (), window)
    best = search(seen, tick)[0]
    tick(1.0)
    return Shake.of(best, window)
