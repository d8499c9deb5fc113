"""From an untrusted source to a picture that Pillow has opened: limits first, then who reads what.

The decoder gets the parts of a file that make its pixels. What the file says about them, its orientation, colour and
metadata, is read here, so that no damage there costs a good picture.

Every file that cannot be used raises `InputError` with one sentence that names the file, never its folder.
"""

from __future__ import annotations

import os
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, TypeAlias

from PIL import ExifTags, Image, UnidentifiedImageError

from ..errors import InputError
from ..messages import Message
from . import avif, described, heif, jpeg, metadata, png, tiff
from .described import Described
from .exif import Exif, parse
from .metadata import Metadata
from .packed import Packed

MAX_MEGABYTES = 200
MAX_MEGAPIXELS = 100
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "HEIF", "TIFF", "BMP", "GIF", "PPM", "JPEG2000")
"""Pillow's names of the formats that are opened; its other plugins never see an uploaded file."""

PictureSource: TypeAlias = str | os.PathLike[str] | bytes | BinaryIO | Packed

DECODER_ERRORS = (
    ArithmeticError,
    AttributeError,
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

_JPEG = b"\xff\xd8\xff"
_HEADER = 1_000_000
"""Bytes of a file in which its size is looked for."""


@dataclass(eq=False)
class Opened:
    """A picture whose pixels are not decoded yet, and all that its file says about them."""

    image: Image.Image
    data: bytes = b""
    """The whole file, or its beginning where only the header is asked for."""
    exif: Exif | None = None
    orientation: int = 1
    """1 to 8, as in EXIF: what browsers and viewers turn it by."""
    metadata: Metadata = Metadata()
    profile: bytes | None = None
    """ICC."""
    described: Described | None = None
    """What the file says of its colours where it has no profile."""
    notices: list[str] = field(default_factory=list)

    @property
    def upright_size(self) -> tuple[int, int]:
        """(width, height) once it is turned. Of a TIFF, Pillow gives that or the stored one: its versions differ."""
        tags = getattr(self.image, "tag_v2", {})
        width, height = (tags.get(tag, side) for tag, side in zip((256, 257), self.image.size, strict=True))
        return (height, width) if self.orientation >= 5 else (width, height)


def open_picture(data: bytes, name: str) -> Opened:
    """Reads all but the pixels. name: used in error messages."""
    if data.startswith(png.SIGNATURE):
        parts = png.taken_apart(data)
        return _of_png(_image(parts.pixels, name, data), data, parts)
    if data.startswith(_JPEG):
        segments = jpeg.taken_apart(data)
        return _of_jpeg(_image(segments.pixels, name, data), data, segments)
    if tiff.is_tiff(data):
        read = tiff.read_apart(data, name, MAX_MEGAPIXELS * 1_000_000)
        image, notices = read or (_image(data, name, data), [])
        return _of_tiff(image, data, notices)
    image = _image(avif.without_damaged_exif(data), name, data)
    opened = from_pillow(image)
    opened.data = data
    codes = avif.code_points(data) if image.format == "AVIF" else heif.code_points(image.info)
    if codes and opened.profile is None:
        opened.described = described.by_codes(*codes)
    return opened


def from_pillow(image: Image.Image) -> Opened:
    """The same from what Pillow says of a picture of any format. Of AVIF, Pillow's EXIF holds how the file turns it; of
    HEIF, pi-heif's says that it is upright."""
    block = image.info.get("exif")
    exif = parse(block) if isinstance(block, bytes) and block else None
    found = Opened(image, exif=exif, profile=image.info.get("icc_profile") or None)
    found.orientation = exif.orientation if exif else 1
    found.metadata = metadata.of_image(image.info, found.orientation != 1)
    return _described_by_exif(found)


def _of_png(image: Image.Image, data: bytes, parts: png.Parts) -> Opened:
    """Turned as browsers do: by an EXIF chunk before the pixels, not by one behind them or in a text."""
    first = png.exif_before_pixels(data)
    orientation = parse(first).orientation if first else 1
    exif, found = metadata.of_png(parts, orientation != 1)
    opened = Opened(image, data, exif, orientation, found, parts.profile, described.by_chunks(parts))
    if parts.dropped:
        opened.notices.append(Message("A text in it is damaged or too long and was left out."))
    if opened.described is not None and b"cICP" in parts.single:  # goes before a profile
        opened.profile = None
    return _described_by_exif(opened)


def _of_jpeg(image: Image.Image, data: bytes, parts: jpeg.Parts) -> Opened:
    exif = parse(parts.exif) if parts.exif else None
    orientation = exif.orientation if exif else 1
    found = metadata.of_jpeg(parts, image.info, orientation != 1)
    return _described_by_exif(Opened(image, data, exif, orientation, found, image.info.get("icc_profile") or None))


def _of_tiff(image: Image.Image, data: bytes, notices: list[str]) -> Opened:
    exif = parse(data)
    if exif.damaged and not exif.main:
        exif = None
    orientation = exif.orientation if exif else 1
    found = metadata.of_tiff(exif, orientation != 1) if exif else Metadata()
    profile = image.info.get("icc_profile") or (exif and exif.profile)
    return _described_by_exif(Opened(image, data, exif, orientation, found, profile or None, notices=notices))


def _described_by_exif(opened: Opened) -> Opened:
    if opened.profile is None and opened.described is None and opened.exif:
        opened.described = described.by_exif(opened.exif)
    return opened


def megapixels_of(source: Path | Packed) -> float | None:
    """Megapixels as the file's header gives them, without decoding; None where it does not."""
    with header_of(source) as opened:
        return opened and opened.image.width * opened.image.height / 1e6


def picture_size(source: str | Path) -> tuple[int, int] | None:
    """(width, height) of the upright picture as the file's header gives them, without decoding; None if it does not."""
    with header_of(Path(source)) as opened:
        return None if opened is None else opened.upright_size


def is_turned_webp(source: Path) -> bool:
    """Whether that file is a WebP that EXIF turns or mirrors: browsers show it as it is stored."""
    with header_of(source) as opened:
        return opened is not None and opened.image.format == "WEBP" and opened.orientation != 1


@contextmanager
def header_of(source: Path | Packed) -> Iterator[Opened | None]:
    """The picture without its pixels; None for what is none."""
    with ExitStack() as stack:
        try:
            file = source.open("rb") if isinstance(source, Path) else BytesIO(_beginning(source))
            opened = _header(stack.enter_context(file), source.name)
            stack.enter_context(opened.image)
        except (*DECODER_ERRORS, InputError):
            opened = None
        yield opened


def _beginning(source: Packed) -> bytes:
    """What holds the header. HEIF may keep EXIF behind its pixels, and is not opened without it."""
    start = source.read(_HEADER)
    return source.read(_max_bytes()) if heif.is_heif(start) else start


def _header(file: BinaryIO, name: str) -> Opened:
    start = file.read(_HEADER)
    if start.startswith((png.SIGNATURE, _JPEG)):  # where all that counts stands before the pixels
        return open_picture(start, name)
    file.seek(0)
    opened = from_pillow(_image(file, name, start))
    opened.data = start
    if (tags := getattr(opened.image, "tag_v2", None)) is not None:
        found = tags.get(ExifTags.Base.Orientation, 1)
        opened.orientation = found if found in range(1, 9) else 1
    return opened


def read_source(source: PictureSource) -> tuple[bytes, str]:
    """The file's bytes, all of them but no more than the limit, and its name without a folder."""
    name = Message("The file")
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
        raise InputError(Message("{name} is empty (0 bytes).", name=name), "Choose another file.")
    if len(data) > _max_bytes():
        raise InputError(
            Message("{name} is larger than {most} megabytes.", name=name, most=MAX_MEGABYTES), "Make it smaller first."
        )
    return data, name


def _read_path(path: Path, name: str) -> bytes:
    try:
        if not path.exists():
            raise InputError(Message("{name} does not exist.", name=name), "Check the path.")
        if not path.is_file():
            raise InputError(Message("{name} is not a file.", name=name), "Give the path of one picture.")
        with path.open("rb") as file:
            return file.read(_max_bytes() + 1)
    except OSError as error:
        raise InputError(
            Message("{name} cannot be read ({reason}).", name=name, reason=error.strerror),
            "Check the path and its permissions.",
        ) from error


def _max_bytes() -> int:
    return MAX_MEGABYTES * 1_000_000


def _image(pixels: bytes | BinaryIO, name: str, whole: bytes) -> Image.Image:
    """Reads the header only. pixels: the file as its decoder gets it; whole: as it came, or its beginning."""
    try:
        # Pillow warns from 89 megapixels on, which would fail a picture within our own limit where warnings are errors;
        # and it warns of what it makes of damage, with paths, on standard error.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(BytesIO(pixels) if isinstance(pixels, bytes) else pixels, formats=_formats_of(whole))
        is_preview = image.format == "TIFF" and image.getexif().get(ExifTags.Base.NewSubfileType) == 1
    except Image.DecompressionBombError as error:
        raise too_many_pixels(name) from error
    except UnidentifiedImageError as error:
        raise _foreign(whole, name) from error
    except DECODER_ERRORS as error:
        raise InputError(
            Message("{name} is damaged: its header cannot be read.", name=name), "Download or save it again."
        ) from error
    if is_preview:
        raise InputError(Message("{name} is a camera's raw file.", name=name), "Develop it to JPEG, PNG or TIFF first.")
    return image


def _formats_of(data: bytes) -> list[str]:
    """Those that may open a file that begins with these bytes: AVIF and HEIF share a container, and a brand."""
    if heif.is_heif(data):
        return ["HEIF"]
    Image.init()
    return [known for known in FORMATS if known in Image.OPEN and known != "HEIF"]


def too_many_pixels(name: str) -> InputError:
    return InputError(
        Message("{name} has more than {most} megapixels.", name=name, most=MAX_MEGAPIXELS), "Make it smaller first."
    )


def _foreign(data: bytes, name: str) -> InputError:
    """The error for what no decoder recognises."""
    if heif.is_heif(data):
        return InputError(
            Message("{name} is a HEIC picture that is damaged, or packed in a rare way.", name=name),
            "Save it as JPEG first.",
        )
    if b"<svg" in data[:4096].lower():
        return InputError(
            Message("{name} is an SVG drawing, not made of pixels.", name=name), "Export it as PNG first."
        )
    return InputError(
        Message("{name} is not a picture in a known format, or it is damaged.", name=name),
        "Use JPEG, PNG, WebP, AVIF, HEIC, TIFF, BMP, GIF, PPM or JPEG 2000.",
    )
