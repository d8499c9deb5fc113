"""Pictures for experiments: a piece of a large photo, the same photo with other damage, differences and heat maps."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import numpy as np
from PIL import Image

from ..errors import InputError
from ..imaging import Picture
from ..messages import Message
from ..metrics import psnr
from ..tasks import Request, get_task

LARGE = 1.0
"""Megapixels of a result from which on an experiment takes a piece."""
PIECE = 0.5
"""Megapixels of the piece's result, at most."""
ALONE: dict[str, Any] = {"fill": "network", "blur": None, "strength": None}
"""Of a request: copies, or a deconvolved photo, would hide what the numbers do."""
RIM = 8
"""Pixels of the photo around a glimpse that are restored and cut off: near an edge, networks guess what lies beyond."""
GRID = 8
"""Pixels of the photo on whose multiples a glimpse begins, so that JPEG's blocks lie in it as in the whole."""
FINE = "fine"
KINDS = ("noise", "soft", "jpeg", FINE)
"""What a photo can be damaged to: the sets of the task that cleans photos, and a photo that nothing is wrong with."""
SEED = 4
"""Of the damage, so that the same photo gives the same numbers."""
GREY = 128
LARGEST_GAIN = 64


@dataclass(frozen=True, eq=False)
class Small:
    """What an experiment works on."""

    request: Request = field(repr=False)
    reference: Picture | None = field(repr=False)
    how: str
    """"whole", "crop" (a piece at full size) or "shrunk" (all of it, made smaller)."""


@dataclass(frozen=True, eq=False)
class Glimpse:
    """A small piece of the photo, restored while a slider moves."""

    request: Request = field(repr=False)
    window: tuple[slice, slice]
    """(rows, columns) of the restored piece that are to be shown."""
    box: tuple[float, float, float, float]
    """Where these lie: left, top, right, bottom, as shares of the picture's sides."""

    def shown(self, restored: Picture) -> Picture:
        """The part of the restored piece that is to be shown."""
        return Picture(np.ascontiguousarray(restored.pixels[self.window]))


def glimpse(
    request: Request, scale: int, seen: tuple[float, float, float, float], side: int, rim: int = RIM
) -> Glimpse:
    """Around the middle of what is seen, with a result of `side` pixels a side at most, and with the run's settings.

    seen: left, top, right, bottom, as shares of the picture's sides. rim: pixels of the photo around what is shown.
    """
    picture, most = request.picture, max(4 * rim, side // scale)
    sides = (picture.height, picture.width)
    spans = [_span(seen[1], seen[3], sides[0], most, rim), _span(seen[0], seen[2], sides[1], most, rim)]
    (top, bottom), (left, right) = spans
    piece = _crop(request, None, scale, (top, left, bottom - top, right - left)).request
    inner = [
        (start + (rim if start else 0), end - (rim if end < length else 0))
        for (start, end), length in zip(spans, sides, strict=True)
    ]
    window = [slice(scale * (a - start), scale * (b - start)) for (a, b), (start, _) in zip(inner, spans, strict=True)]
    (first_row, last_row), (first_column, last_column) = inner
    box = (first_column / sides[1], first_row / sides[0], last_column / sides[1], last_row / sides[0])
    return Glimpse(piece, (window[0], window[1]), box)


def _span(low: float, high: float, length: int, most: int, rim: int) -> tuple[int, int]:
    """(start, end) in pixels: what is seen and a rim, `most` at most, on the grid."""
    wanted = min(length, most, round((high - low) * length) + 2 * rim + GRID)
    start = round((low + high) / 2 * length - wanted / 2)
    start = min(max(0, start), length - wanted) // GRID * GRID
    return start, min(length, start + wanted)


def small_enough(request: Request, scale: int, reference: Picture | None = None) -> Small:
    """The request itself up to `LARGE`, else a piece of it with at most `PIECE`.

    A crop keeps the damage as it is: a blur does not get shorter, nor a scratch thinner. It lies in the middle, or with
    a mask around the hole. Where a hole is so large that the crop would be nothing else, the photo is shrunk instead;
    with a mask result and photo have one size, so its reference is shrunk likewise.
    """
    request, picture = request.changed(**ALONE), request.picture
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
    feather = round(request.settings.feather * width / request.picture.width)
    piece = replace(request, picture=Picture(shrink(request.picture.pixels)), mask=mask).changed(feather=feather)
    return Small(piece, None if reference is None else Picture(shrink(reference.pixels)), "shrunk")


def as_if(kind: str, photo: Picture, restored: Picture) -> Picture:
    """A picture of the photo's size whose damage is of that kind.

    restored: the best that is known of the photo, its result or its original, of any size: what stands for a photo that
    is fine. The other kinds come on top of what is wrong with the photo already. Raises `InputError` for another kind.
    """
    if kind not in KINDS:
        raise InputError(
            Message("A photo can be made to look {names}, not '{kind}'.", names=", ".join(KINDS), kind=kind[:40])
        )
    if kind == FINE:
        image = Image.fromarray(restored.pixels)
        size = (photo.width, photo.height)
        return Picture(np.asarray(image if image.size == size else image.resize(size, Image.Resampling.LANCZOS)))
    damage = get_task("clean").sets[kind]
    return Picture(damage(Picture(photo.pixels), np.random.default_rng(SEED)).request.picture.pixels)


@dataclass(frozen=True, eq=False)
class Difference:
    """What `differ` found."""

    mean: float
    """Mean absolute difference over all pixels and channels, levels of 255."""
    share: float
    """Of the pixels, 0 .. 1, that differ at all."""
    psnr: float
    """dB; infinite where nothing differs."""
    gain: int
    """By how much the picture exaggerates: a power of two."""
    picture: Picture = field(repr=False)
    """The signed difference times `gain`, around middle grey."""


def differ(before: Picture, after: Picture) -> Difference:
    """after - before. Raises `InputError` for sizes that differ.

    The gain is the largest that clips no more than a hundredth of the values, up to `LARGEST_GAIN`.
    """
    ratio = psnr(before.pixels, after.pixels)
    difference = after.pixels.astype(np.int16) - before.pixels
    counts = np.bincount(np.abs(difference).ravel(), minlength=256)
    nearly_all = int(np.searchsorted(np.cumsum(counts), 0.99 * difference.size))
    gain = LARGEST_GAIN
    while gain > 1 and gain * nearly_all > GREY:
        gain //= 2
    shown = np.clip(GREY + gain * difference, 0, 255).astype(np.uint8)
    mean = float(counts @ np.arange(len(counts)) / difference.size)
    return Difference(mean, float(difference.any(axis=2).mean()), ratio, gain, Picture(shown))


def heat_colours(values: np.ndarray) -> np.ndarray:
    """Values of any shape, 0 .. 1 (clipped) -> the same shape with three channels, uint8 sRGB: matplotlib's inferno,
    in which equal steps of the value look like equal steps, and readers of grey prints lose nothing."""
    levels = np.round(255 * np.clip(values, 0, 1)).astype(np.uint8)
    coloured = cv2.applyColorMap(levels.reshape(-1, 1), cv2.COLORMAP_INFERNO)
    return coloured[:, 0, ::-1].reshape(*levels.shape, 3)


def over(picture: Picture, heat: np.ndarray, top: float) -> Picture:
    """The heat map (h, w) over the picture in grey: clear where nothing moves, opaque at `top` and above."""
    share = np.clip(heat / top, 0, 1) if top > 0 else np.zeros_like(heat)
    grey = picture.pixels @ np.array([0.299, 0.587, 0.114])
    opacity = 0.85 * np.sqrt(share)[..., None]
    mixed = (1 - opacity) * (0.8 * grey[..., None]) + opacity * heat_colours(share)
    return Picture(np.round(mixed).astype(np.uint8))
