"""Holes to train and test on: LaMa's irregular masks, a hand's scribbles, scratches and writing, at any picture size.

"thin", "medium" and "thick" are LaMa's generators (Suvorov et al., WACV 2022), with which DiffIR was evaluated: the
integers of the tables below, drawn exactly by their rules where the shorter side of the picture is 256 or 512 pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np

Mask = np.ndarray
MOST_HIDDEN = 0.5
"""Largest share of a picture that a synthetic hole may take."""
GROWTH = 0.4
"""Lengths grow slowly with the picture, as damage does; crops to train on then show strokes of much the same width as
whole photos do."""
TRIES = 200
"""Drawings that are thrown away because they hide too much, before a picture counts as too small for its brush."""
PENS: tuple[tuple[int, int, tuple[int, int]], ...] = ((6, 45, (3, 14)), (16, 50, (1, 5)), (34, 45, (1, 2)))
"""A hand's brushes, made for 256 pixels: width, length between two bends, least and most strokes."""


@dataclass(frozen=True)
class Irregular:
    """One row of the evaluation tables of LaMa and DiffIR. Lengths in pixels of a picture with that shorter side."""

    side: int
    times: tuple[int, int]
    """Strokes: from the first number to one more than the second, since the authors' ramp adds one."""
    max_width: int
    max_len: int
    margin: int = 0
    """Distance of the boxes from the picture's border."""
    box: tuple[int, int] | None = None
    """Least and greatest side of a box, both included; None: no boxes."""
    boxes: tuple[int, int] = (1, 1)
    """Least and most boxes, both included."""


IRREGULAR: dict[str, tuple[Irregular, Irregular]] = {
    "thin": (
        Irregular(256, (4, 50), max_width=10, max_len=40),
        Irregular(512, (4, 70), max_width=20, max_len=100),
    ),
    "medium": (
        Irregular(256, (4, 5), max_width=50, max_len=100, margin=0, box=(10, 50), boxes=(1, 5)),
        Irregular(512, (4, 10), max_width=100, max_len=200, margin=0, box=(30, 150), boxes=(1, 5)),
    ),
    "thick": (
        Irregular(256, (1, 5), max_width=100, max_len=200, margin=10, box=(30, 150), boxes=(1, 3)),
        Irregular(512, (1, 5), max_width=250, max_len=450, margin=10, box=(30, 300), boxes=(1, 4)),
    ),
}
BOX_SHARE = 0.3 / 1.3
"""How often a drawing consists of boxes, where the row has any."""


def random_mask(height: int, width: int, rng: np.random.Generator) -> Mask:
    """(h, w) bool, True = hole: one or two kinds of damage, never empty, at most `MOST_HIDDEN` of the picture."""
    odds = np.array(list(MIX.values())) / sum(MIX.values())

    def draw(canvas: Mask) -> None:
        for kind in rng.choice(list(MIX), rng.integers(1, 3), replace=False, p=odds):
            KINDS[kind](canvas, rng)

    return _fitting(height, width, draw, rng)


def mask_of(kind: str, height: int, width: int, rng: np.random.Generator) -> Mask:
    """(h, w) bool, True = hole: one kind of damage, a key of `KINDS`; never empty, at most `MOST_HIDDEN`."""
    return _fitting(height, width, lambda canvas: KINDS[kind](canvas, rng), rng)


def _fitting(height: int, width: int, draw: Callable[[Mask], None], rng: np.random.Generator) -> Mask:
    """Draws until neither nothing nor too much is hidden; a picture too small for any brush loses one pixel."""
    for _ in range(TRIES):
        canvas = np.zeros((height, width), np.uint8)
        draw(canvas)
        mask = canvas > 0
        if 0 < mask.sum() <= MOST_HIDDEN * mask.size:
            return mask
    mask = np.zeros((height, width), bool)
    mask[rng.integers(height), rng.integers(width)] = True
    return mask


def _unit(canvas: Mask, side: int = 256) -> float:
    """What a length made for pictures of that side is multiplied with; 1 where the picture has that shorter side."""
    return max(0.05, (min(canvas.shape) / side) ** GROWTH)


def irregular(kind: str, canvas: Mask, rng: np.random.Generator) -> None:
    """LaMa's drawing: strokes, or where the table has them now and then boxes; into `canvas` (h, w) uint8 as 255.

    The row whose side is nearer (as a ratio) to the picture's shorter side is taken, its lengths scaled by `_unit`.
    """
    small, large = IRREGULAR[kind]
    row = small if min(canvas.shape) ** 2 < small.side * large.side else large
    unit = _unit(canvas, row.side)
    if row.box and rng.random() < BOX_SHARE:
        _boxes(row, unit, canvas, rng)
    else:
        _strokes(row, unit, canvas, rng)


def _strokes(row: Irregular, unit: float, canvas: Mask, rng: np.random.Generator) -> None:
    h, w = canvas.shape
    for number in range(int(rng.integers(row.times[0], row.times[1] + 2))):
        x, y = int(rng.integers(w)), int(rng.integers(h))
        for _ in range(int(rng.integers(1, 6))):
            angle = 0.01 + int(rng.integers(4))
            if number % 2 == 0:
                angle = 2 * np.pi - angle
            length = unit * (10 + int(rng.integers(row.max_len)))
            brush = max(1, round(unit * (5 + int(rng.integers(row.max_width)))))
            end_x = int(np.clip(int(x + length * np.sin(angle)), 0, w))
            end_y = int(np.clip(int(y + length * np.cos(angle)), 0, h))
            cv2.line(canvas, (x, y), (end_x, end_y), 255, brush)
            x, y = end_x, end_y


def _boxes(row: Irregular, unit: float, canvas: Mask, rng: np.random.Generator) -> None:
    assert row.box is not None
    h, w = canvas.shape
    margin = min(round(unit * row.margin), (min(h, w) - 1) // 2)
    most = max(1, min(round(unit * row.box[1]), h - 2 * margin, w - 2 * margin))
    least = min(max(1, round(unit * row.box[0])), most)
    for _ in range(int(rng.integers(row.boxes[0], row.boxes[1] + 1))):
        wide, high = (int(side) for side in rng.integers(least, most + 1, 2))
        x, y = (int(rng.integers(margin, space - margin - side + 1)) for space, side in ((w, wide), (h, high)))
        canvas[y : y + high, x : x + wide] = 255


def scribble(canvas: Mask, rng: np.random.Generator) -> None:
    """A hand's scribble with one of `PENS`: bent polylines that turn back and forth, round ends."""
    h, w = canvas.shape
    unit = _unit(canvas)
    width, length, count = PENS[int(rng.integers(len(PENS)))]
    for _ in range(int(rng.integers(count[0], count[1] + 1))):
        x, y = rng.uniform(0, w), rng.uniform(0, h)
        thickness = max(1, round(rng.uniform(0.3, 1.2) * width * unit))
        heading = rng.uniform(0, 2 * np.pi)
        points = [(x, y)]
        for _ in range(int(rng.integers(2, 7))):
            heading += rng.normal(0, 0.9)
            step = rng.uniform(0.2, 1) * length * unit
            x, y = x + step * np.cos(heading), y + step * np.sin(heading)
            points.append((x, y))
        line = np.rint(points).astype(np.int32).reshape(-1, 1, 2)
        cv2.polylines(canvas, [line], isClosed=False, color=255, thickness=thickness)
        cv2.circle(canvas, tuple(line[0, 0].tolist()), thickness // 2, 255, -1)
        cv2.circle(canvas, tuple(line[-1, 0].tolist()), thickness // 2, 255, -1)


def scratches(canvas: Mask, rng: np.random.Generator) -> None:
    """Long, nearly straight scratches across the picture."""
    h, w = canvas.shape
    for _ in range(int(rng.integers(1, 6))):
        start, end = rng.uniform(0, 1, 2) * (w, h), rng.uniform(0, 1, 2) * (w, h)
        along = np.linspace(0, 1, 12)[:, None]
        path = start * (1 - along) + end * along + rng.normal(0, 0.006 * min(h, w), (12, 2))
        thickness = max(1, round(rng.uniform(1, 4) * _unit(canvas)))
        cv2.polylines(canvas, [np.rint(path).astype(np.int32).reshape(-1, 1, 2)], False, 255, thickness)


def writing(canvas: Mask, rng: np.random.Generator) -> None:
    """Letters and digits, as in a date stamp or a caption."""
    h, w = canvas.shape
    letters = "ABCDEFGHKLMNPRSTUVWXYZabcdefghkmnopqrstuvwxyz0123456789:/.-' "
    for _ in range(int(rng.integers(1, 4))):
        text = "".join(rng.choice(list(letters), int(rng.integers(4, 16))))
        scale = rng.uniform(0.6, 1.6) * _unit(canvas)
        place = (int(rng.uniform(-0.1, 0.6) * w), int(rng.uniform(0.1, 1) * h))
        thickness = max(1, round(rng.uniform(1.2, 3) * scale))
        cv2.putText(canvas, text, place, int(rng.integers(0, 8)), scale, 255, thickness)


KINDS: dict[str, Callable[[Mask, np.random.Generator], None]] = {
    **{kind: partial(irregular, kind) for kind in IRREGULAR},
    "scribble": scribble,
    "text": writing,
    "scratches": scratches,
}
MIX = {"thin": 3, "medium": 1, "thick": 1, "scribble": 3, "text": 2, "scratches": 2}
"""How often `random_mask` draws each kind, relatively: people paint over scratches, wires and writing more than over
half a photo, and a network learns more from what it can fill."""
