"""Brush strokes -> mask: one rule for the browser's canvas, the API and the tests.

A stroke is a polyline with round caps and joins. Its points are fractions of the picture (x of the width, y of the
height), its radius a fraction of the width, so a few hundred bytes describe a mask at any size.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ..errors import InputError

MAX_STROKES = 2_000
MAX_POINTS = 50_000
"""Of all strokes together."""
MAX_RADIUS = 0.5
MAX_WORK = 2e10
"""Pixels that the brush may pass over, all strokes together: bounds the time to rasterise, to about 20 seconds."""
_BITS = 4
"""Fractional bits of OpenCV's coordinates: sixteenths of a pixel."""


@dataclass(frozen=True)
class Stroke:
    """One pull of the brush or of the eraser. Raises `InputError` for values that no canvas can produce."""

    radius: float
    """Fraction of the picture's width, in (0, MAX_RADIUS]."""
    points: Sequence[tuple[float, float]]
    """(x, y), at least one; a little outside of [0, 1] where the pointer left the picture."""
    erase: bool = False

    def __post_init__(self) -> None:
        if not (math.isfinite(self.radius) and 0 < self.radius <= MAX_RADIUS):
            raise InputError(f"A brush radius must be more than 0 and at most {MAX_RADIUS} of the picture's width.")
        if not self.points:
            raise InputError("A brush stroke needs at least one point.")
        if not all(len(point) == 2 and all(-1 <= value <= 2 for value in point) for point in self.points):
            raise InputError("A brush stroke leaves the picture too far.", "Points are fractions of width and height.")


def rasterise(strokes: Iterable[Stroke], height: int, width: int, base: np.ndarray | None = None) -> np.ndarray:
    """(h, w) bool, True = hole: strokes in order, over `base` (h, w) bool where there is one (it is not changed).

    Hard edges: a pixel is in or out, as networks are trained on. Raises `InputError` for more than `MAX_STROKES`,
    `MAX_POINTS` or `MAX_WORK`.
    """
    strokes = list(strokes)
    _check_amount(strokes, width)
    canvas = np.zeros((height, width), np.uint8) if base is None else base.astype(np.uint8)
    for stroke in strokes:
        _draw(canvas, stroke)
    return canvas.astype(bool)


def _draw(canvas: np.ndarray, stroke: Stroke) -> None:
    height, width = canvas.shape
    # Fractions measure from the picture's corner, OpenCV from the centre of the first pixel.
    pixels = np.asarray(stroke.points, np.float64) * (width, height) - 0.5
    fixed = np.rint(pixels * 2**_BITS).astype(np.int32)
    value = 0 if stroke.erase else 1
    radius = stroke.radius * width
    if len(fixed) > 1:
        cv2.polylines(canvas, [fixed[:, None]], False, value, max(1, round(2 * radius)), cv2.LINE_8, _BITS)
    rim = round(max(0.0, radius - 0.5) * 2**_BITS)  # OpenCV fills a circle's rim as well, half a pixel further out
    for end in (fixed[0], fixed[-1]):  # a single click is a dot; for lines OpenCV's own caps are a little small
        cv2.circle(canvas, (int(end[0]), int(end[1])), rim, value, -1, cv2.LINE_8, _BITS)


def _check_amount(strokes: Sequence[Stroke], width: int) -> None:
    points = sum(len(stroke.points) for stroke in strokes)
    work = sum(len(stroke.points) * (2 * stroke.radius * width) ** 2 for stroke in strokes)
    if len(strokes) > MAX_STROKES or points > MAX_POINTS or work > MAX_WORK:
        raise InputError("There are too many brush strokes in this mask.", "Save the mask, upload it, and paint on.")
