"""Strokes -> mask: one rule for the browser's canvas, the API and the tests.

A stroke is a pull of the brush, a box, a lasso, or something done to the whole mask. Its points are fractions of the
picture (x of the width, y of the height), its radius a fraction of the width, so a few hundred bytes describe a mask at
any size.

Shapes become pixels exactly: a pixel is inside where its centre is, at any size. Browsers smooth the very same edge. A
shape is described by where each row of pixels crosses its outline: a column, and +1 where the row goes in or -1 where
it comes out. Sorted and summed up, they give the runs of pixels inside: outlines may cross themselves and each other,
and the work depends on the outline's length, not on the picture's size.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from ..errors import InputError
from ..messages import Message
from .mask import grown

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
_AT_ONCE = 500_000
"""Rows that are worked on together: bounds the memory."""
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
            raise InputError(
                "A mask holds a stroke of an unknown kind.", Message("Known are {names}.", names=", ".join(KINDS))
            )
        least, most = _POINTS[self.kind]
        if not least <= len(self.points) <= most:
            raise InputError(
                Message("A stroke of kind '{kind}' cannot have {count} points.", kind=self.kind, count=len(self.points))
            )
        if not all(len(point) == 2 and all(-1 <= value <= 2 for value in point) for point in self.points):
            raise InputError("A brush stroke leaves the picture too far.", "Points are fractions of width and height.")
        most_radius = _RADII.get(self.kind)
        size = abs(self.radius) if self.kind == "grow" else self.radius
        if most_radius and not (math.isfinite(size) and 0 < size <= most_radius):
            raise InputError(
                Message(
                    "A radius must be more than 0 and at most {most_radius} of the picture's width.",
                    most_radius=most_radius,
                )
            )


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


def box_stroke(box: Sequence[int], width: int, height: int) -> Stroke:
    """A box in pixels as a stroke. box: (x, y, width, height), x and y of its upper left corner; what lies outside of
    the picture of that width and height is cut off. Raises `InputError` for what is no box, and for one beside it."""
    sides = tuple(box) if isinstance(box, Sequence) and not isinstance(box, str) else ()
    whole = all(isinstance(each, int) and not isinstance(each, bool) for each in sides)
    if len(sides) != 4 or not whole or min(sides[2:]) < 1:
        found = str(box)[:60]
        raise InputError(
            Message("A box is four whole numbers, x, y, width and height in pixels, not {found}.", found=found)
        )
    left, top = max(sides[0], 0), max(sides[1], 0)
    right, bottom = min(sides[0] + sides[2], width), min(sides[1] + sides[3], height)
    if left >= right or top >= bottom:
        raise InputError(
            Message(
                "The box {box} lies beside the picture of {width} x {height} pixels.",
                box=list(sides),
                width=width,
                height=height,
            )
        )
    return Stroke(0.0, ((left / width, top / height), (right / width, bottom / height)), kind="box")


def feather_pixels(feather: float, width: int) -> int:
    """A fraction of the width, in [0, MAX_FEATHER], in whole pixels. Raises `InputError` for other values."""
    if not 0 <= feather <= MAX_FEATHER:
        raise InputError(Message("The soft edge must be from 0 to {most} of the picture's width.", most=MAX_FEATHER))
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


def fill_capsules(canvas: np.ndarray, points: np.ndarray, radius: float, value: int) -> None:
    """Sets everything within `radius` of a polyline. points: (n, 2) float64 in pixels, from the picture's corner.

    canvas: (h, w) uint8, changed. However thin it is, the line's ends take the pixels that they lie in.
    """
    starts = np.vstack(
        [points[:1], points[:-1]]
    )  # of a single point: a disc; else the first disc is in the first piece
    low = np.minimum(starts[:, 1], points[:, 1]) - radius
    high = np.maximum(starts[:, 1], points[:, 1]) + radius
    first, count = _rows(low, high, canvas.shape[0])
    for few in _portions(count):
        piece, rows = _spread(first[few], count[few])
        left, right = _extent(rows + 0.5, starts[few][piece], points[few][piece], radius)
        columns = np.ceil(np.concatenate([left, right]) - 0.5)
        turns = np.repeat(np.array([1, -1]), len(rows))
        _fill(canvas, np.concatenate([rows, rows]), columns, turns, value)
    for x, y in np.floor(points[[0, -1]]):
        if 0 <= x < canvas.shape[1] and 0 <= y < canvas.shape[0]:
            canvas[int(y), int(x)] = value


def fill_polygon(canvas: np.ndarray, points: np.ndarray, value: int) -> None:
    """Sets everything that the closed outline goes around, in loops of loops, too. points: as for `fill_capsules`."""
    starts, ends = points, np.roll(points, -1, axis=0)
    low, high = np.minimum(starts[:, 1], ends[:, 1]), np.maximum(starts[:, 1], ends[:, 1])
    first, count = _rows(low, high, canvas.shape[0])
    edge, rows = _spread(first, count)
    a, b = starts[edge], ends[edge]
    columns = np.ceil(_crossing(rows + 0.5, a, b) - 0.5)
    _fill(canvas, rows, columns, np.where(b[:, 1] > a[:, 1], 1, -1), value)


def rows_passed(rows: np.ndarray, reach: float, height: int) -> float:
    """How many rows the pieces of a line pass, all together: the work to fill it. rows: (n,) y of its points.

    reach: how much further each piece goes, both up and down.
    """
    lengths = np.abs(np.diff(rows, prepend=rows[:1]))
    return float(np.minimum(lengths + 2 * reach + 1, height).sum())


def _rows(low: np.ndarray, high: np.ndarray, height: int) -> tuple[np.ndarray, np.ndarray]:
    """(first, count) of the rows whose centres lie between, for each pair."""
    first = np.clip(np.ceil(low - 0.5), 0, height).astype(np.int64)
    return first, np.clip(np.ceil(high - 0.5), 0, height).astype(np.int64) - first


def _portions(count: np.ndarray) -> list[slice]:
    """Cuts a list of pieces where about `_AT_ONCE` rows are together."""
    total = np.cumsum(count)
    cuts = np.searchsorted(total, np.arange(_AT_ONCE, total[-1], _AT_ONCE), side="right")
    edges = np.unique([0, *cuts, len(count)])
    return [slice(a, b) for a, b in zip(edges[:-1], edges[1:], strict=True)]


def _spread(first: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(piece, row) of every row of every piece."""
    piece = np.repeat(np.arange(len(count)), count)
    before = np.cumsum(count) - count
    return piece, first[piece] + np.arange(len(piece)) - before[piece]


def _extent(y: np.ndarray, a: np.ndarray, b: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """(leftmost, rightmost) x at height `y` of what lies within `radius` of the pieces from `a` to `b`; all (n,)."""
    along = b - a
    length = np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-9)[:, None]
    aside = radius * np.stack([-along[:, 1], along[:, 0]], axis=1) / length
    left, right = np.full(len(y), np.inf), np.full(len(y), -np.inf)
    for centre in (a, b):
        squared = radius**2 - (y - centre[:, 1]) ** 2
        half = np.sqrt(np.maximum(squared, 0))
        left = np.where(squared >= 0, np.minimum(left, centre[:, 0] - half), left)
        right = np.where(squared >= 0, np.maximum(right, centre[:, 0] + half), right)
    for c, d in ((a + aside, b + aside), (a - aside, b - aside)):
        beside = (np.minimum(c[:, 1], d[:, 1]) <= y) & (y <= np.maximum(c[:, 1], d[:, 1])) & (c[:, 1] != d[:, 1])
        x = _crossing(y, c, d)
        left = np.where(beside, np.minimum(left, x), left)
        right = np.where(beside, np.maximum(right, x), right)
    return left, right


def _crossing(y: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """x at height `y` of the lines through `a` and `b`; any number where those are level."""
    rise = b[:, 1] - a[:, 1]
    share = (y - a[:, 1]) / np.where(rise == 0, 1, rise)
    return a[:, 0] + share * (b[:, 0] - a[:, 0])


def _fill(canvas: np.ndarray, rows: np.ndarray, columns: np.ndarray, turns: np.ndarray, value: int) -> None:
    """Sets the runs between crossings; in every row the `turns` add up to nothing."""
    height, width = canvas.shape
    places = rows * (width + 1) + np.clip(np.nan_to_num(columns), 0, width).astype(np.int64)
    order = np.argsort(places)
    places, depth = places[order], np.cumsum(turns[order])
    was = np.concatenate([[0], depth[:-1]])
    starts, ends = places[(was == 0) & (depth != 0)], places[(was != 0) & (depth == 0)]
    some = ends > starts
    flat = canvas.reshape(-1)
    row = starts[some] // (width + 1)
    for start, end in zip((starts[some] - row).tolist(), (ends[some] - row).tolist(), strict=True):
        flat[start:end] = value
