"""An IPR as people can see it: a map of small squares, and bars. Drawn with Pillow; the page draws the same by itself.

The scale goes from -bound to bound and is shared by all that is drawn with one bound. Blue is below zero and orange
above: people with any kind of colour blindness tell these apart, and both ends are far from the middle in lightness.
"""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

LIGHT = ("#08468b", "#5ba3d6", "#f6f5f1", "#ee9a4d", "#963c04")
DARK = ("#a8d8ff", "#3284c4", "#24262a", "#cf6a1c", "#ffd3a3")
"""Colours at -bound, -bound / 4, 0, bound / 4 and bound, on light and on dark paper; straight lines between."""
PLACES = (-1.0, -0.25, 0.0, 0.25, 1.0)
"""Where those colours stand. Most numbers of an IPR are small: their part of the scale has the most colours."""


def colours(shares: np.ndarray, palette: tuple[str, ...] = LIGHT) -> np.ndarray:
    """(...) numbers over their bound, in [-1, 1] or clipped to it -> (..., 3) uint8."""
    stops = np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in palette], float)
    mixed = [np.interp(shares, PLACES, stops[:, channel]) for channel in range(3)]
    return np.stack(mixed, axis=-1).round().astype(np.uint8)


def side_of(length: int) -> int:
    """The map of 256 numbers is 16 x 16."""
    return math.isqrt(length - 1) + 1 if length else 1


def map_image(ipr: np.ndarray, bound: float, cell: int) -> Image.Image:
    """(n,) -> a square of squares, `cell` pixels each, row by row from the top left; what is left over stays zero."""
    side = side_of(len(ipr))
    shares = np.zeros(side * side)
    shares[: len(ipr)] = ipr / bound
    small = Image.fromarray(colours(shares.reshape(side, side)))
    return small.resize((side * cell, side * cell), Image.Resampling.NEAREST)


def bars_image(ipr: np.ndarray, bound: float, width: int, height: int, paper: tuple[int, int, int]) -> Image.Image:
    """(n,) -> a bar per number, up for positive ones, in the colours of the ends. Drawn at twice the size."""
    pixels = np.full((2 * height, 2 * width, 3), paper, np.uint8)
    middle, reach = height, height - 4
    below, above = colours(np.array([-0.6, 0.6]))
    for i, number in enumerate(ipr):
        left = round(i * 2 * width / len(ipr))
        right = max(left + 1, round((i + 0.8) * 2 * width / len(ipr)))
        length = round(min(1.0, abs(float(number)) / bound) * reach)
        rows = slice(middle - length, middle) if number > 0 else slice(middle, middle + length)
        pixels[rows, left:right] = above if number > 0 else below
    pixels[middle - 1 : middle + 1] = (140, 140, 140)
    return Image.fromarray(pixels).resize((width, height), Image.Resampling.BOX)


def scale_image(width: int, height: int) -> Image.Image:
    """The scale itself, from -bound on the left to bound on the right."""
    return Image.fromarray(np.repeat(colours(np.linspace(-1, 1, width))[None], height, axis=0))
