"""A photo on the canvas, made smaller or cut to a part, its mask with it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PIL import Image

from ...errors import InputError
from ...imaging import Picture, encode_picture, load_mask, mask_picture, picture_size
from ...imaging.strokes import MAX_FEATHER
from ..component import words_of
from ..files import file_data, keep
from ..photo.canvas import MaskValue
from ..photo.photos import Opening, opened
from ..photo.reading import photo_of

WORDS = words_of("preflight")

SKETCH = 1_000_000
"""Pixels of the mask that an estimate is made from."""
LEAST_SIDE = 16
"""Pixels of a part that is kept."""
WHOLE = 0.98
"""Share of both sides from which a part counts as all of the photo."""
Region = tuple[float, float, float, float]
"""Left, top, right, bottom, as fractions of the photo's sides."""


def size_of(canvas: MaskValue) -> tuple[int, int] | None:
    """(width, height) of the photo, upright, from its file's header; None where there is none that can be read."""
    return None if canvas.file is None else picture_size(canvas.file.path)


def sketch_of(canvas: MaskValue, size: tuple[int, int]) -> np.ndarray | None:
    """The mask, coarsely drawn and then repeated to the photo's size: good enough to know where the hole is.

    None where there is no mask. Raises `InputError` for one that does not fit.
    """
    if not canvas.has_mask:
        return None
    width, height = size
    step = max(1, round((width * height / SKETCH) ** 0.5))
    if canvas.mask is not None or step == 1:
        return canvas.rasterised(height, width)
    coarse = canvas.rasterised(-(-height // step), -(-width // step))
    return np.repeat(np.repeat(coarse, step, axis=0), step, axis=1)[:height, :width]


def smaller(canvas: MaskValue, width: int, height: int) -> Opening:
    """The photo at that size. Strokes stay as they are: they are fractions of the photo."""
    photo = photo_of(canvas)

    def resized(plane: np.ndarray) -> np.ndarray:
        return np.asarray(Image.fromarray(plane).resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3))

    alpha = None if photo.alpha is None else resized(photo.alpha)
    opening = _opened(photo.with_pixels(resized(photo.pixels), alpha), canvas)
    opening.value.strokes = canvas.strokes
    opening.value.feather = canvas.feather
    if canvas.mask is not None:
        mask = Image.fromarray(load_mask(canvas.mask.path)).resize((width, height), Image.Resampling.NEAREST)
        _lay(np.asarray(mask), opening.value)
    return opening


def cut(canvas: MaskValue, region: Region) -> Opening:
    """That part of the photo; the mask becomes one that was drawn. Raises `InputError` for a region that is none."""
    photo = photo_of(canvas)
    left, top, right, bottom = region
    if right - left > WHOLE and bottom - top > WHOLE:
        raise InputError(WORDS.not_zoomed)
    columns, rows = _span(left, right, photo.width), _span(top, bottom, photo.height)
    alpha = None if photo.alpha is None else np.ascontiguousarray(photo.alpha[rows, columns])
    part = photo.with_pixels(np.ascontiguousarray(photo.pixels[rows, columns]), alpha)
    opening = _opened(part, canvas)
    if canvas.has_mask:
        mask = canvas.rasterised(photo.height, photo.width)[rows, columns]
        if mask.any():
            _lay(mask, opening.value)
        opening.value.feather = min(MAX_FEATHER, canvas.feather * photo.width / part.width)
    return opening


def _span(start: float, end: float, side: int) -> slice:
    first = min(max(0, int(start * side)), max(0, side - LEAST_SIDE))
    return slice(first, min(side, max(first + LEAST_SIDE, round(end * side))))


def _opened(photo: Picture, canvas: MaskValue) -> Opening:
    opening = opened(photo, canvas.name, None)
    return replace(opening, value=opening.value.model_copy())


def _lay(mask: np.ndarray, value: MaskValue) -> None:
    value.mask = file_data(keep(encode_picture(mask_picture(mask), ".png"), "mask.png"))
