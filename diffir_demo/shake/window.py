"""Where to look: the part of a photo that tells most about its blur."""

from __future__ import annotations

import cv2
import numpy as np

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
Box = tuple[slice, slice]
"""Rows and columns."""


def telling_window(pixels: np.ndarray, largest: int = LARGEST) -> Box:
    """pixels (h, w, 3) uint8 -> the window of `largest` pixels a side, or of all there is, with most edges in it."""
    height, width = pixels.shape[:2]
    if max(height, width) <= largest:
        return slice(0, height), slice(0, width)
    small = cv2.resize(pixels, None, fx=1 / REDUCED, fy=1 / REDUCED, interpolation=cv2.INTER_AREA)
    level = small.astype(np.float32).mean(axis=2)
    down, right = np.gradient(level)
    edges = np.minimum(np.hypot(down, right), STRONG) * (small.max(axis=2) < WHITE)
    sums = cv2.integral(edges)
    rows, columns = (min(largest // REDUCED, side) for side in level.shape)
    inside = sums[rows:, columns:] - sums[:-rows, columns:] - sums[rows:, :-columns] + sums[:-rows, :-columns]
    tried = inside[::STEP, ::STEP]
    row, column = np.unravel_index(int(tried.argmax()), tried.shape)
    places = int(row), int(column)
    return _window(places[0] * STEP * REDUCED, height, largest), _window(places[1] * STEP * REDUCED, width, largest)


def _window(start: int, side: int, largest: int) -> slice:
    start = max(0, min(start, side - largest))
    return slice(start, min(start + largest, side))
