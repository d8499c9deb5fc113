"""A photo in parts that fade into each other: whatever differs from part to part has no seam."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .window import Box

PART, MOST = 300, 32
"""Side of a part, pixels; in photos that would have more than so many parts, they are larger."""
RAMP = 32
"""Pixels on both sides of a border between two parts over which one takes over from the other."""


@dataclass(frozen=True)
class Grid:
    """Equal parts of a photo, row by row."""

    height: int
    width: int

    @cached_property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of parts."""
        side = max(PART, math.sqrt(self.height * self.width / MOST))
        rows = min(max(1, round(self.height / side)), MOST)
        return rows, min(max(1, round(self.width / side)), MOST // rows)

    @property
    def count(self) -> int:
        """How many parts there are."""
        return self.shape[0] * self.shape[1]

    def around(self, number: int, margin: int = RAMP) -> Box:
        """The rows and columns of a part and of so many pixels around it; of `RAMP`, it has no weight beyond those."""
        row, column = divmod(number, self.shape[1])
        return _places(self.height, self.shape[0], row, margin), _places(self.width, self.shape[1], column, margin)

    def weights(self, number: int) -> np.ndarray:
        """(h, w, 1) float32 in [0, 1] over `around(number)`; those of all parts sum to 1 everywhere."""
        rows, columns = self.around(number)
        row, column = divmod(number, self.shape[1])
        down = _shares(self.height, self.shape[0], rows)[:, row]
        across = _shares(self.width, self.shape[1], columns)[:, column]
        return np.outer(down, across)[..., None]

    def smooth(self, values: Sequence[float], rows: slice) -> np.ndarray:
        """A value of each part -> (n, width, 1) float32: what they come to in those rows of the photo."""
        down = _shares(self.height, self.shape[0], rows)
        across = _shares(self.width, self.shape[1], slice(0, self.width))
        return (down @ np.asarray(values, np.float32).reshape(self.shape) @ across.T)[..., None]


def _places(side: int, parts: int, number: int, margin: int) -> slice:
    start, stop = side * number // parts - margin, side * (number + 1) // parts + margin
    return slice(max(start, 0), min(stop, side))


def _shares(side: int, parts: int, places: slice) -> np.ndarray:
    """(n, parts) float32: how much of each pixel each part has, along one side."""
    middles = np.arange(places.start, places.stop, dtype=np.float32)[:, None] + 0.5
    borders = np.array([side * number // parts for number in range(1, parts)], np.float32)
    beyond = np.clip((middles - borders) / (2 * RAMP) + 0.5, 0, 1)
    ones, none = np.ones_like(middles), np.zeros_like(middles)
    return np.hstack([ones, beyond]) - np.hstack([beyond, none])
