"""From an untrusted file to a Picture: limits first, then decoding, then upright 8-bit sRGB.

Networks, page and scores all work in sRGB. A file's own RGB profile is remembered, and its own levels beside the
converted ones where they differ, so that a result can be saved in the colours it came in (`colour.own_levels`).

Every file that cannot be used raises `InputError` with one sentence that names the file, never its folder.
"""

from __future__ import annotations

import hashlib
import os
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, TypeAlias

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from ..errors import InputError
from .colour import is_deep, split_alpha, to_eight_bit, to_srgb
from .packed import Packed
from .picture import Picture

MAX_MEGABYTES = 200
MAX_MEGAPIXELS = 100
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "TIFF", "BMP", "GIF", "PPM", "JPEG2000")
"""Pillow's names of the formats that are opened; its other plugins never see a stranger's file."""

PictureSource: TypeAlias = str | os.PathLike[str] | bytes | BinaryIO | Packed

_DECODER_ERRORS = (
    ArithmeticError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What Pillow's decoders were seen or written to raise on damaged files; running out of memory is not among them."""

_FIRST_ONLY = {
    **dict.fromkeys(("GIF", "PNG", "WEBP", "AVIF"), "Animated picture: only its first frame is used."),
    "TIFF": "Picture with several pages: only the first is used.",
}
_HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")

_BASE = ExifTags.Base
_KEPT_EXIF = (
    _BASE.ImageDescription,
    _BASE.Make,
    _BASE.Model,
    _BASE.Software,
    _BASE.DateTime,
    _BASE.Artist,
    _BASE.Copyright,
    _BASE.XResolution,
    _BASE.YResolution,
    _BASE.ResolutionUnit,
)
"""What describes the photograph. The rest tells how one file stores it: orientation, strips, profile, thumbnail."""
_STALE_EXIF = (_BASE.MakerNote, _BASE.ExifImageWidth, _BASE.ExifImageHeight, _BASE.ExifInteroperabilityOffset)
"""Not true of the result: a maker note points into the old file and may hold a preview of what is now painted over."""
_MAX_EXIF_BYTES = 65_000  # a JPEG segment holds no more
_SRGB = 1
_HEADER = 1_000_000
"""Bytes of a packed file in which its size is looked for."""


def load_picture(source: PictureSource) -> Picture:
    """Opens a path, the bytes of a file, an open binary file, or one in a zip, upright and in sRGB.

    What had to be changed on the way is told in `Picture.notices`. Raises `InputError` for anything but a whole
    picture of at most `MAX_MEGABYTES` and `MAX_MEGAPIXELS` in one of `FORMATS`.
    """
    data, name = _read(source)
    with _open(data, name) as image:
        return replace(load_image(image, name), sha256=hashlib.sha256(data).hexdigest())


def load_image(image: Image.Image, name: str = "The picture") -> Picture:
    """The same from an image that Pillow has opened; it is left as it was. `name` is used in error messages."""
    if image.width * image.height > MAX_MEGAPIXELS * 1_000_000:
        raise _too_many_pixels(name)
    try:
        notices = _notices_before_decoding(image)
        image.load()
        upright = ImageOps.exif_transpose(image)
    except _DECODER_ERRORS as error:
        raise InputError(
            f"{name} is damaged: its pixels cannot be read to the end.", "Download or save it again."
        ) from error
    exif, exif_notices = _kept_exif(image)
    colour, alpha = split_alpha(to_eight_bit(upright))
    found = to_srgb(colour, upright.info.get("icc_profile"))
    return Picture(
        pixels=np.array(found.image),
        alpha=None if alpha is None else np.array(alpha),
        notices=(*notices, *exif_notices, *found.notices),
        exif=exif,
        profile=found.profile,
        own=found.own,
    )


def megapixels_of(source: Path | Packed) -> float | None:
    """Megapixels as the file's header tells them, without decoding; None where it does not."""
    with _header_of(source) as image:
        return image and image.width * image.height / 1e6


def picture_size(source: str | Path) -> tuple[int, int] | None:
    """(width, height) of the upright picture as the file's header tells them, without decoding; None if it does not."""
    with _header_of(Path(source)) as image:
        if image is None:
            return None
        lies_on_its_side = image.getexif().get(ExifTags.Base.Orientation) in (5, 6, 7, 8)
        return (image.height, image.width) if lies_on_its_side else image.size


@contextmanager
def _header_of(source: Path | Packed) -> Iterator[Image.Image | None]:
    """The picture without its pixels; None for what is none."""
    with ExitStack() as stack:
        try:
            file = source.open("rb") if isinstance(source, Path) else BytesIO(source.read(_HEADER))
            stack.enter_context(file)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", Image.DecompressionBombWarning)
                image = Image.open(file, formats=_known_formats())
                image.getexif()
        except (*_DECODER_ERRORS, InputError, Image.DecompressionBombError):
            image = None
        yield image


def _read(source: PictureSource) -> tuple[bytes, str]:
    """The file's bytes, all of them but no more than the limit, and its name without a folder."""
    name = "The file"
    if isinstance(source, bytes):
        data = source
    elif isinstance(source, (str, os.PathLike)):
        path = Path(source)
        name = path.name or name
        data = _read_path(path, name)
    else:
        if isinstance(given := getattr(source, "name", None), str):
            name = Path(given).name or name
        data = source.read(_max_bytes() + 1)
    if not data:
        raise InputError(f"{name} is empty (0 bytes).", "Choose another file.")
    if len(data) > _max_bytes():
        raise InputError(f"{name} is larger than {MAX_MEGABYTES} megabytes.", "Make it smaller first.")
    return data, name


def _read_path(path: Path, name: str) -> bytes:
    try:
        if not path.exists():
            raise InputError(f"{name} does not exist.", "Check the path.")
        if not path.is_file():
            raise InputError(f"{name} is not a file.", "Give the path of one picture.")
        with path.open("rb") as file:
            return file.read(_max_bytes() + 1)
    except OSError as error:
        raise InputError(f"{name} cannot be read ({error.strerror}).", "Check the path and its permissions.") from error


def _max_bytes() -> int:
    return MAX_MEGABYTES * 1_000_000


def _open(data: bytes, name: str) -> Image.Image:
    """Reads the header only."""
    try:
        # Pillow warns from 89 megapixels on, which would fail a picture within our own limit where warnings are errors.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(BytesIO(data), formats=_known_formats())
        is_preview = image.format == "TIFF" and image.getexif().get(_BASE.NewSubfileType) == 1
    except Image.DecompressionBombError as error:
        raise _too_many_pixels(name) from error
    except UnidentifiedImageError as error:
        raise _foreign(data, name) from error
    except _DECODER_ERRORS as error:
        raise InputError(f"{name} is damaged: its header cannot be read.", "Download or save it again.") from error
    if is_preview:
        raise InputError(f"{name} is a camera's raw file.", "Develop it to JPEG, PNG or TIFF first.")
    return image


def _known_formats() -> list[str]:
    Image.init()
    return [known for known in FORMATS if known in Image.OPEN]


def _too_many_pixels(name: str) -> InputError:
    return InputError(f"{name} has more than {MAX_MEGAPIXELS} megapixels.", "Make it smaller first.")


def _foreign(data: bytes, name: str) -> InputError:
    """The error for what no decoder recognises."""
    brands = data[8:64] if data[4:8] == b"ftyp" else b""
    if b"avif" not in brands and any(brand in brands for brand in _HEIC_BRANDS):
        return InputError(f"{name} is a HEIC picture, which cannot be opened here.", "Convert it to JPEG or PNG first.")
    if b"<svg" in data[:4096].lower():
        return InputError(f"{name} is an SVG drawing, not made of pixels.", "Export it as PNG first.")
    return InputError(
        f"{name} is not a picture in a known format, or it is damaged.",
        "Use JPEG, PNG, WebP, AVIF, TIFF, BMP, GIF, PPM or JPEG 2000.",
    )


def _notices_before_decoding(image: Image.Image) -> list[str]:
    notices = []
    # A phone's "MPO" is a JPEG with a second view or a depth map behind the photograph: a still, so not in the table.
    if image.format in _FIRST_ONLY and getattr(image, "is_animated", False):
        notices.append(_FIRST_ONLY[image.format])
    if is_deep(image):
        notices.append(f"{'32' if image.mode == 'F' else '16'}-bit picture: worked on in 8 bit.")
    return notices


def _kept_exif(image: Image.Image) -> tuple[bytes | None, list[str]]:
    """The EXIF block that is still true of the upright sRGB picture, or None; and what to tell about it."""
    try:
        found, kept = image.getexif(), Image.Exif()
        kept.update({tag: found[tag] for tag in _KEPT_EXIF if tag in found})
        if camera := found.get_ifd(ExifTags.IFD.Exif):
            camera = {tag: value for tag, value in camera.items() if tag not in _STALE_EXIF}
            kept.get_ifd(ExifTags.IFD.Exif).update({**camera, _BASE.ColorSpace: _SRGB})
        if place := found.get_ifd(ExifTags.IFD.GPSInfo):
            kept.get_ifd(ExifTags.IFD.GPSInfo).update(place)
        block = kept.tobytes() if kept or camera or place else None
    except _DECODER_ERRORS:
        return None, ["Its camera data (EXIF) is damaged and was left out."]
    if block is not None and len(block) > _MAX_EXIF_BYTES:
        return None, ["Its camera data (EXIF) is too long and was left out."]
    return block, []
