"""Boxes: rows and columns of a picture, as a pair of slices."""

from __future__ import annotations

import numpy as np

Box = tuple[slice, slice]
"""Rows and columns."""


def box_of(mask: np.ndarray) -> Box | None:
    """The smallest box with all that is true, or not 0, in (h, w); None where nothing is."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        return None
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def sides(box: Box) -> tuple[int, int]:
    """Height and width."""
    return box[0].stop - box[0].start, box[1].stop - box[1].start


def area(box: Box) -> int:
    """Pixels."""
    height, width = sides(box)
    return height * width


def moved(box: Box, down: int, right: int) -> Box:
    """The box elsewhere."""
    rows, columns = box
    return slice(rows.start + down, rows.stop + down), slice(columns.start + right, columns.stop + right)


def around(box: Box, margin: int, shape: tuple[int, ...]) -> Box:
    """With `margin` pixels on each side, as far as a picture of that shape goes."""
    rows, columns = (
        slice(max(places.start - margin, 0), min(places.stop + margin, side))
        for places, side in zip(box, shape[:2], strict=True)
    )
    return rows, columns


def within(box: Box, outer: Box) -> Box:
    """Where the box lies in another one that holds it."""
    return moved(box, -outer[0].start, -outer[1].start)
