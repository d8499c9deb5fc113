"""Strokes -> mask: one rule for the browser's canvas, the API and the tests.

A stroke is a pull of the brush, a box, a lasso, or something done to the whole mask. Its points are fractions of the
picture (x of the width, y of the height), its radius a fraction of the width, so a few hundred bytes describe a mask at
any size.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from ..errors import InputError
from .mask import grown
from .shapes import fill_capsules, fill_polygon, rows_passed

Kind = Literal["line", "box", "lasso", "invert", "grow"]
KINDS: tuple[Kind, ...] = get_args(Kind)
MAX_STROKES = 2_000
MAX_POINTS = 50_000
"""Of all strokes together."""
MAX_RADIUS = 0.5
MAX_GROWTH = 0.1
MAX_FEATHER = 0.1
"""Fractions of the width."""
MAX_WORK = 4e7
"""Rows of pixels that outlines may cross, all strokes together: bounds the time to rasterise, to about 10 seconds."""
_WORK_OF_A_PIXEL = {"invert": 1 / 400, "grow": 1 / 20}
"""What is done to the whole mask, in the same measure."""
_POINTS = {"line": (1, math.inf), "box": (2, 2), "lasso": (3, math.inf), "invert": (0, 0), "grow": (0, 0)}
_RADII = {"line": MAX_RADIUS, "grow": MAX_GROWTH}


@dataclass(frozen=True)
class Stroke:
    """One thing done to the mask. Raises `InputError` for values that no canvas can produce."""

    radius: float = 0.0
    """Fraction of the picture's width. line: in (0, MAX_RADIUS]; grow: how far, negative to shrink; else unused."""
    points: Sequence[tuple[float, float]] = ()
    """(x, y), a little outside of [0, 1] where the pointer left the picture.

    line: at least one. box: two opposite corners. lasso: at least three, around it. invert, grow: none.
    """
    erase: bool = False
    """Takes away from the hole instead of adding to it; only for line, box and lasso."""
    kind: Kind = "line"

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InputError("A mask holds a stroke of an unknown kind.", f"Known are {', '.join(KINDS)}.")
        least, most = _POINTS[self.kind]
        if not least <= len(self.points) <= most:
            raise InputError(f"A stroke of kind '{self.kind}' cannot have {len(self.points)} points.")
        if not all(len(point) == 2 and all(-1 <= value <= 2 for value in point) for point in self.points):
            raise InputError("A brush stroke leaves the picture too far.", "Points are fractions of width and height.")
        most_radius = _RADII.get(self.kind)
        size = abs(self.radius) if self.kind == "grow" else self.radius
        if most_radius and not (math.isfinite(size) and 0 < size <= most_radius):
            raise InputError(f"A radius must be more than 0 and at most {most_radius} of the picture's width.")


def rasterise(strokes: Iterable[Stroke], height: int, width: int, base: np.ndarray | None = None) -> np.ndarray:
    """(h, w) bool, True = hole: strokes in order, over `base` (h, w) bool where there is one (it is not changed).

    Hard edges: a pixel is in or out, as networks are trained on. Raises `InputError` for more than `MAX_STROKES`,
    `MAX_POINTS` or `MAX_WORK`.
    """
    strokes = list(strokes)
    _check_amount(strokes, height, width)
    canvas = np.zeros((height, width), np.uint8) if base is None else base.astype(np.uint8)
    for stroke in strokes:
        canvas = _applied(stroke, canvas)
    return canvas.astype(bool)


def feather_pixels(feather: float, width: int) -> int:
    """A fraction of the width, in [0, MAX_FEATHER], in whole pixels. Raises `InputError` for other values."""
    if not 0 <= feather <= MAX_FEATHER:
        raise InputError(f"The soft edge must be from 0 to {MAX_FEATHER} of the picture's width.")
    return round(feather * width)


def _applied(stroke: Stroke, canvas: np.ndarray) -> np.ndarray:
    """canvas: (h, w) uint8, 1 = hole; changed where it need not be made anew."""
    height, width = canvas.shape
    value = 0 if stroke.erase else 1
    points = np.asarray(stroke.points, np.float64).reshape(-1, 2) * (width, height)
    match stroke.kind:
        case "line":
            fill_capsules(canvas, points, stroke.radius * width, value)
        case "box":
            (left, top), (right, bottom) = np.sort(points, axis=0)
            fill_polygon(canvas, np.array([(left, top), (right, top), (right, bottom), (left, bottom)]), value)
        case "lasso":
            fill_polygon(canvas, points, value)
        case "invert":
            return 1 - canvas
        case "grow":
            return grown(canvas.astype(bool), stroke.radius * width).astype(np.uint8)
    return canvas


def _check_amount(strokes: Sequence[Stroke], height: int, width: int) -> None:
    points = sum(len(stroke.points) for stroke in strokes)
    too_many = len(strokes) > MAX_STROKES or points > MAX_POINTS
    if too_many or sum(_work(stroke, height, width) for stroke in strokes) > MAX_WORK:
        raise InputError(
            "There are too many brush strokes in this mask.", "Undo a few, save the mask, upload it, and paint on."
        )


def _work(stroke: Stroke, height: int, width: int) -> float:
    if stroke.kind in _WORK_OF_A_PIXEL:
        return _WORK_OF_A_PIXEL[stroke.kind] * height * width
    rows = np.array([y * height for _, y in stroke.points])
    if stroke.kind == "line":
        return rows_passed(rows, stroke.radius * width, height)
    return rows_passed(np.append(rows, rows[0]), 0.0, height)
