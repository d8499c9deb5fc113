"""Where two pictures of one photo differ most: the places that are worth enlarging. numpy only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..imaging import Picture

CELL = 8
"""Pixels of the squares that differences are summed up in; places begin at their corners."""
SIDE = 64
"""Pixels of a place's side: enlarged four times, two of them stand side by side on most windows."""
STRIP = 512
"""Rows that are compared at a time, a multiple of `CELL`."""


@dataclass(frozen=True)
class Place:
    """A rectangle of the picture."""

    left: int
    top: int
    width: int
    height: int
    difference: float
    """Mean |a - b| over its pixels and colours, 0 .. 255."""

    def of(self, picture: Picture) -> Picture:
        """That part of it. picture: of the size that the places were found in."""
        rows, columns = slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)
        return Picture(np.ascontiguousarray(picture.pixels[rows, columns]))


def most_changed(before: Picture, after: Picture, count: int = 2, side: int = SIDE) -> list[Place]:
    """The places where both differ most, the largest difference first; they do not overlap.

    before, after: of one size. count: how many at most; there are fewer where the picture has no room for them.
    side: of a place, in pixels, rounded to whole `CELL`s; smaller pictures are one place. Raises `ValueError` for
    pictures of two sizes.
    """
    if before.pixels.shape[:2] != after.pixels.shape[:2]:
        raise ValueError("pictures of one size are compared")
    height, width = before.pixels.shape[:2]
    cells = _cells(before, after)
    high, wide = (min(max(1, side // CELL), extent) for extent in cells.shape)
    total = np.zeros((cells.shape[0] + 1, cells.shape[1] + 1))
    total[1:, 1:] = cells.cumsum(0).cumsum(1)
    sums = total[high:, wide:] - total[:-high, wide:] - total[high:, :-wide] + total[:-high, :-wide]
    found: list[Place] = []
    while len(found) < count and sums.max() >= 0:
        row, column = (int(each) for each in np.unravel_index(sums.argmax(), sums.shape))
        top, left = row * CELL, column * CELL
        tall, broad = min(high * CELL, height - top), min(wide * CELL, width - left)
        found.append(Place(left, top, broad, tall, float(sums[row, column]) / (3 * tall * broad)))
        sums[max(0, row - high + 1) : row + high, max(0, column - wide + 1) : column + wide] = -1
    return found


def _cells(before: Picture, after: Picture) -> np.ndarray:
    """(ceil(h / CELL), ceil(w / CELL)) sums of |before - after|; what is beyond the edge counts nothing."""
    height, width = before.pixels.shape[:2]
    rows = []
    for top in range(0, height, STRIP):
        part = slice(top, top + STRIP)
        distance = np.abs(before.pixels[part].astype(np.int16) - after.pixels[part]).sum(-1, dtype=np.int32)
        high, wide = -len(distance) % CELL, -width % CELL
        padded = np.pad(distance, ((0, high), (0, wide)))
        rows.append(padded.reshape(len(padded) // CELL, CELL, -1, CELL).sum((1, 3)))
    return np.concatenate(rows)
