"""Holes to train and test on: brush strokes, scratches, writing and boxes, at any picture size.

Stroke statistics follow the authors' generators (LaMa's irregular masks), with lengths scaled to the picture.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

Mask = np.ndarray
MOST_HIDDEN = 0.4
"""Largest share of a picture that a synthetic hole may take."""


def random_mask(height: int, width: int, rng: np.random.Generator) -> Mask:
    """(h, w) bool, True = hole: one or two kinds of damage, never empty, at most `MOST_HIDDEN` of the picture."""
    while True:
        canvas = np.zeros((height, width), np.uint8)
        for kind in rng.permutation(len(KINDS))[: rng.integers(1, 3)]:
            list(KINDS.values())[kind](canvas, rng)
        mask = canvas > 0
        if 0 < mask.sum() <= max(1, MOST_HIDDEN * mask.size):
            return mask
        if height * width <= 4:  # too small for any brush: one pixel
            mask[:] = False
            mask[rng.integers(height), rng.integers(width)] = True
            return mask


def _unit(canvas: Mask) -> float:
    """The generators' lengths are meant for 256 pixels; they grow slowly with the picture, as damage does.

    Slowly also means that crops to train on show strokes of much the same width as whole photos do.
    """
    return max(0.05, (min(canvas.shape) / 256) ** 0.4)


def strokes(canvas: Mask, rng: np.random.Generator, *, width: float, length: float, count: tuple[int, int]) -> None:
    """Bent polylines that turn back and forth, drawn into `canvas` (h, w) uint8 as 255."""
    h, w = canvas.shape
    unit = _unit(canvas)
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


def scribbles(canvas: Mask, rng: np.random.Generator) -> None:
    """A hand's scribble with a medium brush."""
    strokes(canvas, rng, width=16, length=50, count=(1, 5))


def thin_strokes(canvas: Mask, rng: np.random.Generator) -> None:
    """Many thin strokes: wires, hairs, cracks."""
    strokes(canvas, rng, width=6, length=45, count=(3, 14))


def thick_strokes(canvas: Mask, rng: np.random.Generator) -> None:
    """One or two broad strokes: an object painted out."""
    strokes(canvas, rng, width=34, length=45, count=(1, 2))


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


def boxes(canvas: Mask, rng: np.random.Generator) -> None:
    """Small rectangles: stamps, dead areas of a scan."""
    h, w = canvas.shape
    for _ in range(int(rng.integers(1, 4))):
        side = np.maximum(1, np.rint(rng.uniform(8, 48, 2) * _unit(canvas))).astype(int)
        x, y = int(rng.uniform(0, max(1, w - side[0]))), int(rng.uniform(0, max(1, h - side[1])))
        cv2.rectangle(canvas, (x, y), (x + int(side[0]) - 1, y + int(side[1]) - 1), 255, -1)


KINDS: dict[str, Callable[[Mask, np.random.Generator], None]] = {
    "scribbles": scribbles,
    "thin": thin_strokes,
    "thick": thick_strokes,
    "scratches": scratches,
    "writing": writing,
    "boxes": boxes,
}
