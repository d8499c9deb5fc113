"""A camera's path as points, as a kernel and as a picture, light on black."""

from __future__ import annotations

import numpy as np

from ..errors import InputError
from ..imaging import Picture
from .blur import LARGEST, Blur

POINTS = 256
"""Positions along a path that was drawn."""
FAINT = 0.02
"""Share of the brightest pixel below which a picture is black: JPEG leaves a haze."""
LIT = 0.1
"""Share of the brightest pixel from which on one counts for the length of a path."""
LUMA = (0.299, 0.587, 0.114)


def rasterised(path: np.ndarray) -> np.ndarray:
    """Path (n, 2), x and y in pixels around the origin -> kernel (k, k) float32 summing to 1, odd k.

    Each point is shared between its four neighbours.
    """
    radius = int(np.ceil(np.abs(path).max())) + 1
    kernel = np.zeros((2 * radius + 1, 2 * radius + 1), np.float32)
    corner = np.floor(path).astype(int)
    part = path - corner
    for dx in (0, 1):
        for dy in (0, 1):
            share = np.abs(1 - dx - part[:, 0]) * np.abs(1 - dy - part[:, 1])
            np.add.at(kernel, (corner[:, 1] + dy + radius, corner[:, 0] + dx + radius), share)
    return kernel / kernel.sum()


def drawn(line: np.ndarray) -> np.ndarray:
    """A line of straight pieces, (n, 2), x and y in pixels, walked at a constant speed -> kernel as `rasterised`.

    Where it lies does not matter: its middle becomes the kernel's. Raises `InputError` for no points, for values that
    are no finite numbers, and for a line that spans more than a kernel of `LARGEST` pixels a side holds.
    """
    points = np.asarray(line, np.float64).reshape(-1, 2)
    if not len(points) or not np.isfinite(points).all():
        raise InputError("A camera path is drawn with one point at least, all of them finite numbers.")
    low, high = points.min(axis=0), points.max(axis=0)
    most = LARGEST - 3  # a margin of one pixel, where the light of the ends is shared
    if (high - low).max() > most:
        raise InputError(f"A camera path may span {most} pixels, not {(high - low).max():.0f}.", "Draw it smaller.")
    steps = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    places = np.linspace(0, steps[-1], POINTS)
    walked = np.stack([np.interp(places, steps, column) for column in points.T], axis=1)
    return rasterised(walked - (low + high) / 2)


def span(kernel: np.ndarray) -> float:
    """The largest distance between two lit pixels of (k, k): how long a path is from end to end, in pixels."""
    rows, columns = np.nonzero(kernel >= LIT * kernel.max())
    places = np.stack([rows, columns], axis=1).astype(np.float64)
    rim = places[_on_rim(rows, columns)]
    return float(np.linalg.norm(rim[:, None] - rim, axis=-1).max())


def _on_rim(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Which pixels are the first or the last of their row: the farthest two are among them. (n,) indices."""
    order = np.lexsort((columns, rows))
    row = rows[order]
    first = np.concatenate([[True], row[1:] != row[:-1]])
    last = np.concatenate([row[1:] != row[:-1], [True]])
    return order[first | last]


def framed(kernel: np.ndarray) -> np.ndarray:
    """(h, w) light -> (k, k), odd k, the smallest that holds all of it, in the middle as far as whole pixels allow.

    Raises `InputError` where nothing is lit, or more than `LARGEST` pixels a side.
    """
    rows, columns = (np.flatnonzero(kernel.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        raise InputError("The picture of the camera's path is black.", "Paint the path as light on black.")
    lit = kernel[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    side = max(3, max(lit.shape) | 1)
    if side > LARGEST:
        raise InputError(
            f"The camera's path spans {max(lit.shape)} pixels; {LARGEST} is the most.",
            "Give a small picture, light on black.",
        )
    room = [((side - length) // 2, side - length - (side - length) // 2) for length in lit.shape]
    return np.pad(lit, room)


def blur_of(picture: Picture) -> Blur:
    """What a picture of a path shows, light on black, of any shape: its brightness as it is, without a gamma.

    Sides need not be odd or alike, and black around the path does not count. Raises `InputError` as `framed` does.
    """
    light = picture.pixels.astype(np.float32) @ np.array(LUMA, np.float32)
    return Blur(framed(np.where(light < FAINT * max(float(light.max()), 1.0), 0, light)), exact=False)


def picture_of(kernel: np.ndarray) -> Picture:
    """(k, k) as a picture of the same size, the brightest pixel white: `blur_of` reads it back, in 255 levels."""
    levels = np.rint(255 * (kernel / kernel.max())).astype(np.uint8)
    return Picture(np.repeat(levels[..., None], 3, axis=2))
