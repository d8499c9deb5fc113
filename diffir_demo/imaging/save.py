"""From a Picture to a file: the format follows the name, and the file appears whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo

from ..disk import write_whole
from ..errors import InputError
from .colour import SRGB, is_srgb, own_levels
from .picture import Picture
from .text import xmp_packet


@dataclass(frozen=True)
class Format:
    """What a file format can hold."""

    name: str
    """Pillow's name."""
    has_alpha: bool = True
    has_exif: bool = True
    has_profile: bool = True
    has_text: bool = False
    longest_side: int | None = None
    """Pixels; None where 4 bytes hold the size."""


_JPEG, _TIFF = Format("JPEG", has_alpha=False, has_text=True, longest_side=65_500), Format("TIFF")
FORMATS = {
    ".png": Format("PNG", has_text=True),
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    ".webp": Format("WEBP", has_text=True, longest_side=16_383),
    ".tif": _TIFF,
    ".tiff": _TIFF,
    ".bmp": Format("BMP", has_alpha=False, has_exif=False, has_profile=False),
}
"""The suffixes that can be written."""


def save_picture(
    picture: Picture,
    path: str | os.PathLike[str],
    *,
    quality: int = 95,
    text: Mapping[str, str] | None = None,
    exif: bool = True,
    own_profile: bool = True,
) -> Path:
    """Writes the picture in the format of the path's suffix and returns the path; missing folders are made.

    The arguments are those of `encode_picture`. Raises `InputError`, and then leaves nothing behind: an older file of
    that name is still the older file.
    """
    path = Path(path)
    data = encode_picture(picture, path.suffix, quality=quality, text=text, exif=exif, own_profile=own_profile)
    try:
        write_whole(path, data)
    except OSError as error:
        raise InputError(f"{path.name} cannot be written ({error.strerror}).", "Choose another place.") from error
    return path


def encode_picture(
    picture: Picture,
    suffix: str,
    *,
    quality: int = 95,
    text: Mapping[str, str] | None = None,
    exif: bool = True,
    own_profile: bool = True,
) -> bytes:
    """The bytes of a file with this suffix (a key of `FORMATS`, in any case).

    quality: 1 to 100, for JPEG (colour at full resolution) and WebP (lossless at 100); the others are lossless.
    text: keyword to text; goes into PNG as iTXt chunks and into JPEG and WebP as XMP, where `keeps_text` says so.
    exif: whether the camera's data goes along. own_profile: in the colour profile that the picture's file had; else in
    sRGB, and said to be. BMP holds neither profile nor EXIF, and is in sRGB. A picture whose file named no profile gets
    none. Where a format has no transparency the picture is laid on white.
    Raises `InputError` if suffix, quality or the picture's size do not fit.
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
    profile = picture.profile if own_profile or picture.profile is None else SRGB
    options = _options(form, quality, text or {})
    if form.has_profile and profile:
        options["icc_profile"] = profile
    if form.has_exif and exif and picture.exif:
        options["exif"] = picture.exif if profile is None or is_srgb(profile) else _uncalibrated(picture.exif)
    buffer = BytesIO()
    pixels = own_levels(picture) if form.has_profile and own_profile else picture.pixels
    _image(pixels, picture.alpha, form).save(buffer, form.name, **options)
    return buffer.getvalue()


def keeps_text(suffix: str, text: Mapping[str, str]) -> bool:
    """Whether a file with this suffix holds these texts: PNG and WebP do, JPEG where they are short, others never."""
    form = FORMATS[suffix.lower()]
    return form.has_text and (form.name != "JPEG" or xmp_packet(text, form.name) is not None)


def _options(form: Format, quality: int, text: Mapping[str, str]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    match form.name:
        case "PNG":
            options["pnginfo"] = chunks = PngInfo()
            for keyword, value in text.items():
                chunks.add_itxt(keyword, value)
        case "JPEG":
            options |= {"quality": quality, "subsampling": "4:4:4"}
        case "WEBP":  # exact: keep the colours under transparency too
            options |= {"quality": quality, "lossless": quality == 100, "exact": True}
    # TIFF stays uncompressed: Pillow hands compressed TIFF to libtiff, which fails on EXIF's nested directories.
    if form.has_text and form.name != "PNG" and (packet := xmp_packet(text, form.name)):
        options["xmp"] = packet
    return options


def _uncalibrated(exif: bytes) -> bytes:
    """EXIF knows sRGB by name only; of any other space it says to look at the profile."""
    block = Image.Exif()
    block.load(exif)
    if camera := block.get_ifd(ExifTags.IFD.Exif):
        camera[ExifTags.Base.ColorSpace] = 0xFFFF
    return block.tobytes()


def _image(pixels: np.ndarray, opacity: np.ndarray | None, form: Format) -> Image.Image:
    """RGB, or RGBA for a picture with alpha in a format that has it."""
    if opacity is None:
        return Image.fromarray(pixels)
    if form.has_alpha:
        return Image.fromarray(np.dstack([pixels, opacity]))
    colour, alpha = Image.fromarray(pixels), Image.fromarray(opacity)
    return Image.composite(colour, Image.new("RGB", colour.size, "white"), alpha)
