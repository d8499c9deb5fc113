"""From a Picture to a file: the format follows the name, and the file appears whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ..disk import write_whole
from ..errors import InputError
from .picture import Picture


@dataclass(frozen=True)
class Format:
    """What a file format can hold."""

    name: str
    """Pillow's name."""
    has_alpha: bool = True
    has_exif: bool = True
    longest_side: int | None = None
    """Pixels; None where 4 bytes hold the size."""


_JPEG, _TIFF = Format("JPEG", has_alpha=False, longest_side=65_500), Format("TIFF")
FORMATS = {
    ".png": Format("PNG"),
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    ".webp": Format("WEBP", longest_side=16_383),
    ".tif": _TIFF,
    ".tiff": _TIFF,
    ".bmp": Format("BMP", has_alpha=False, has_exif=False),
}
"""The suffixes that can be written."""


def save_picture(
    picture: Picture, path: str | os.PathLike[str], *, quality: int = 95, text: Mapping[str, str] | None = None
) -> Path:
    """Writes the picture in the format of the path's suffix and returns the path; missing folders are made.

    The arguments are those of `encode_picture`. Raises `InputError`, and then leaves nothing behind: an older file of
    that name is still the older file.
    """
    path = Path(path)
    data = encode_picture(picture, path.suffix, quality=quality, text=text)
    try:
        write_whole(path, data)
    except OSError as error:
        raise InputError(f"{path.name} cannot be written ({error.strerror}).", "Choose another place.") from error
    return path


def encode_picture(picture: Picture, suffix: str, *, quality: int = 95, text: Mapping[str, str] | None = None) -> bytes:
    """The bytes of a file with this suffix (a key of `FORMATS`, in any case).

    `quality`, 1 to 100, is for JPEG (colour at full resolution) and WebP (lossless at 100); the others are lossless.
    Where a format has no transparency the picture is laid on white. `text` goes into PNG as iTXt chunks, keyword to
    UTF-8 text; other formats leave it out. Raises `InputError` if suffix, quality or the picture's size do not fit.
    """
    form = FORMATS.get(suffix.lower())
    if form is None:
        asked = f'as "{suffix}"' if suffix else "under a name without a suffix"
        raise InputError(f"Pictures cannot be saved {asked}.", f"Use one of {', '.join(FORMATS)}.")
    if not 1 <= quality <= 100:
        raise InputError(f"The quality must be 1 to 100, not {quality}.")
    if form.longest_side and max(picture.width, picture.height) > form.longest_side:
        raise InputError(
            f"{form.name} holds at most {form.longest_side} pixels a side, not {picture.width} x {picture.height}.",
            "Save as PNG instead.",
        )
    options = _options(form, quality, text or {})
    if form.has_exif and picture.exif:
        options["exif"] = picture.exif
    buffer = BytesIO()
    _image(picture, form).save(buffer, form.name, **options)
    return buffer.getvalue()


def _options(form: Format, quality: int, text: Mapping[str, str]) -> dict[str, Any]:
    match form.name:
        case "PNG":
            chunks = PngInfo()
            for keyword, value in text.items():
                chunks.add_itxt(keyword, value)
            return {"pnginfo": chunks}
        case "JPEG":
            return {"quality": quality, "subsampling": "4:4:4"}
        case "WEBP":  # exact: keep the colours under transparency too
            return {"quality": quality, "lossless": quality == 100, "exact": True}
    # TIFF stays uncompressed: Pillow hands compressed TIFF to libtiff, which fails on EXIF's nested directories.
    return {}


def _image(picture: Picture, form: Format) -> Image.Image:
    """RGB, or RGBA for a picture with alpha in a format that has it."""
    if picture.alpha is None:
        return Image.fromarray(picture.pixels)
    if form.has_alpha:
        return Image.fromarray(np.dstack([picture.pixels, picture.alpha]))
    colour, alpha = Image.fromarray(picture.pixels), Image.fromarray(picture.alpha)
    return Image.composite(colour, Image.new("RGB", colour.size, "white"), alpha)
