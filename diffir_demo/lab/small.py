"""A piece of a large photo, for experiments that paint many times."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from PIL import Image

from ..imaging import Picture
from ..tasks import Request

LARGE = 1.0
"""Megapixels of a result from which on an experiment takes a piece."""
PIECE = 0.5
"""Megapixels of the piece's result, at most."""


@dataclass(frozen=True, eq=False)
class Small:
    """What an experiment works on."""

    request: Request = field(repr=False)
    reference: Picture | None = field(repr=False)
    how: str
    """"whole", "crop" (a piece at full size) or "shrunk" (all of it, made smaller)."""


def small_enough(request: Request, scale: int, reference: Picture | None = None) -> Small:
    """The request itself up to `LARGE`, else a piece of it with at most `PIECE`.

    A crop keeps the damage as it is: a blur does not get shorter, nor a scratch thinner. It lies in the middle, or with
    a mask around the hole. Where a hole is so large that the crop would be nothing else, the photo is shrunk instead;
    with a mask result and photo have one size, so its reference is shrunk likewise.
    """
    picture = request.picture
    if picture.megapixels * scale**2 <= LARGE:
        return Small(request, reference, "whole")
    height, width = _sides(picture, scale)
    if request.mask is None:
        top, left = (picture.height - height) // 2, (picture.width - width) // 2
        return _crop(request, reference, scale, (top, left, height, width))
    row, column = _inside(request.mask)
    top = min(max(0, row - height // 2), picture.height - height)
    left = min(max(0, column - width // 2), picture.width - width)
    if request.mask[top : top + height, left : left + width].all():
        return _shrunk(request, reference, height, width)
    return _crop(request, reference, scale, (top, left, height, width))


def _sides(picture: Picture, scale: int) -> tuple[int, int]:
    """(height, width) in the photo's proportions, as far as its shorter side allows."""
    share = (PIECE / (picture.megapixels * scale**2)) ** 0.5
    return max(1, int(picture.height * share)), max(1, int(picture.width * share))


def _inside(mask: np.ndarray) -> tuple[int, int]:
    """The pixel of the hole that is nearest to its middle."""
    rows, columns = np.nonzero(mask)
    nearest = int(((rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2).argmin())
    return int(rows[nearest]), int(columns[nearest])


def _crop(request: Request, reference: Picture | None, scale: int, box: tuple[int, int, int, int]) -> Small:
    def cut(plane: np.ndarray, by: int = 1) -> np.ndarray:
        top, left, height, width = (by * side for side in box)
        return np.ascontiguousarray(plane[top : top + height, left : left + width])

    piece = replace(
        request,
        picture=Picture(cut(request.picture.pixels)),
        mask=None if request.mask is None else cut(request.mask),
    )
    return Small(piece, None if reference is None else Picture(cut(reference.pixels, scale)), "crop")


def _shrunk(request: Request, reference: Picture | None, height: int, width: int) -> Small:
    def shrink(pixels: np.ndarray) -> np.ndarray:
        return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BOX))

    assert request.mask is not None
    mask = shrink(255 * request.mask.astype(np.uint8)) >= 128
    feather = round(request.feather * width / request.picture.width)
    piece = replace(request, picture=Picture(shrink(request.picture.pixels)), mask=mask, feather=feather)
    return Small(piece, None if reference is None else Picture(shrink(reference.pixels)), "shrunk")
