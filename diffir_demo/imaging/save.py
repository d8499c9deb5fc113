"""From a Picture to a file: the format follows the name, and the file appears whole or not at all.

Text goes inside, iTXt chunks in PNG, an XMP packet in JPEG, WebP and AVIF. It is read back from untrusted files, too:
reading looks at the file's structure only and never decodes a pixel.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypeAlias

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ..disk import write_whole
from ..errors import InputError
from ..messages import Message
from . import exif as exif_block
from . import jpeg
from . import metadata as photos_own
from .colour import SRGB, is_srgb, own_levels
from .deep import deep_levels, encoded_png, sixteen, with_chunks
from .exif import Entry, Exif
from .metadata import LONGEST_XMP, Metadata
from .picture import Picture
from .png import MOST_CHUNKS, SIGNATURE

Part: TypeAlias = Literal["exif", "xmp", "iptc", "comment", "texts"]


@dataclass(frozen=True)
class Format:
    """What a file format can hold, and what choosing it means."""

    name: str
    """Pillow's name."""
    label: str = ""
    """As people know it; "" for formats that are written where a name asks for them, and not offered."""
    meaning: str = ""
    """What the choice means, one sentence."""
    lossless_from: int = 0
    """Quality, 1 to 100, from which on every pixel is kept; 101: at none."""
    has_alpha: bool = True
    has_profile: bool = True
    has_deep: bool = False
    """Whether it holds 16 bits per channel."""
    holds: frozenset[Part] = frozenset()
    """Which kinds of metadata."""
    text: Literal["chunks", "xmp"] | None = None
    """How it keeps text: PNG's iTXt chunks, or an XMP packet."""
    longest_text: int | None = None
    """Bytes of the XMP packet."""
    longest_side: int | None = None
    """Pixels; None where 4 bytes hold the size."""
    options: Callable[[int], dict[str, Any]] = lambda quality: {}
    """Pillow's options for a quality."""

    def is_lossy(self, quality: int) -> bool:
        """Whether pixels change at that quality."""
        return quality < self.lossless_from


_JPEG = Format(
    "JPEG",
    label="JPEG",
    meaning=Message("Opens everywhere and is small; every pixel changes a little."),
    lossless_from=101,
    has_alpha=False,
    holds=frozenset(["exif", "xmp", "iptc", "comment"]),
    text="xmp",
    longest_text=LONGEST_XMP,
    longest_side=65_500,
    options=lambda quality: {"quality": quality, "subsampling": "4:4:4"},
)
_TIFF = Format("TIFF", has_deep=True, holds=frozenset(["exif", "xmp", "iptc"]))
FORMATS = {
    ".png": Format(
        "PNG",
        label="PNG",
        meaning=Message("Every pixel exactly as computed; the largest file."),
        has_deep=True,
        holds=frozenset(["exif", "xmp", "iptc", "comment", "texts"]),
        text="chunks",
    ),
    ".jpg": _JPEG,
    **dict.fromkeys((".jpeg", ".jpe", ".jfif", ".jif", ".pjpeg"), _JPEG),
    ".webp": Format(
        "WEBP",
        label="WebP",
        meaning=Message("Smaller than JPEG at the same look; newer programs open it."),
        lossless_from=100,
        holds=frozenset(["exif", "xmp"]),
        text="xmp",
        longest_side=16_383,
        # exact: keep the colours under transparency too
        options=lambda quality: {"quality": quality, "lossless": quality == 100, "exact": True},
    ),
    ".avif": Format(
        "AVIF",
        label="AVIF",
        meaning="Half the size of JPEG at the same look; browsers and newer programs open it.",
        lossless_from=101,
        holds=frozenset(["exif", "xmp"]),
        text="xmp",
        longest_side=32_768,  # what libavif opens again
        options=lambda quality: {"quality": quality, "subsampling": "4:4:4"},
    ),
    ".tif": _TIFF,
    ".tiff": _TIFF,
    ".bmp": Format("BMP", has_alpha=False, has_profile=False),
}
"""The suffixes that can be written. A new format is a row here, and appears wherever formats are offered."""
OFFERED = {form.label: next(s for s in FORMATS if FORMATS[s] is form) for form in FORMATS.values() if form.label}
"""Label -> suffix of the formats that people choose from."""
BITS = (8, 16)
"""Per channel, of files that are written."""
QUALITY = 95
"""Of files whose quality was not chosen."""


def save_picture(
    picture: Picture,
    path: str | os.PathLike[str],
    *,
    quality: int = QUALITY,
    text: Mapping[str, str] | None = None,
    exif: bool = True,
    place_and_camera: bool = True,
    own_profile: bool = True,
    bits: int = 8,
) -> Path:
    """Writes the picture in the format of the path's suffix and returns the path; missing folders are made.

    The arguments are those of `encode_picture`. Raises `InputError`, and then leaves nothing behind: an older file of
    that name is still the older file.
    """
    path = Path(path)
    options: dict[str, Any] = {"exif": exif, "place_and_camera": place_and_camera, "own_profile": own_profile}
    options["bits"] = bits
    write_picture(path, encode_picture(picture, path.suffix, quality=quality, text=text, **options))
    return path


def write_picture(path: Path, data: bytes) -> None:
    """Writes a file that is encoded already; missing folders are made. Raises `InputError` as `save_picture` does."""
    try:
        write_whole(path, data)
    except OSError as error:
        raise InputError(
            Message("{name} cannot be written ({reason}).", name=path.name, reason=error.strerror),
            "Choose another place.",
        ) from error


def encode_picture(
    picture: Picture,
    suffix: str,
    *,
    quality: int = QUALITY,
    text: Mapping[str, str] | None = None,
    exif: bool = True,
    place_and_camera: bool = True,
    own_profile: bool = True,
    bits: int = 8,
) -> bytes:
    """The bytes of a file with this suffix (a key of `FORMATS`, in any case).

    quality: 1 to 100, for JPEG and AVIF (colour at full resolution) and WebP (lossless at 100); others are lossless.
    text: keyword to text; goes into PNG as iTXt chunks and into JPEG, WebP and AVIF as XMP, where `keeps_text` says so.
    exif: whether the camera's data and all other metadata go along, as far as the format holds them.
    place_and_camera: whether what may tell where a photo was taken, with which camera, or by which program, is in it.
    own_profile: in the colour profile that the picture's file had; else in sRGB, and said to be. BMP holds neither
    profile nor metadata, and is in sRGB. A picture whose file named no profile gets none. Where a format has no
    transparency the picture is laid on white.
    bits: 8, or 16 per channel in PNG and TIFF (the others have 8), with what the photo's file held below its 8-bit
    levels (`deep_levels`).
    Raises `InputError` if suffix, quality, bits or the picture's size do not fit.
    """
    form = format_of(suffix)
    if not 1 <= quality <= 100:
        raise InputError(Message("The quality must be 1 to 100, not {quality}.", quality=quality))
    if bits not in BITS:
        raise InputError(Message("A picture is saved with 8 or 16 bits per channel, not {bits}.", bits=bits))
    if form.longest_side and max(picture.width, picture.height) > form.longest_side:
        raise InputError(
            Message(
                "{format} holds at most {most} pixels a side, not {width} x {height}.",
                format=form.name,
                most=form.longest_side,
                width=picture.width,
                height=picture.height,
            ),
            "Save as PNG instead.",
        )
    profile = picture.profile if own_profile or picture.profile is None else SRGB
    said, about = _said(picture, exif, place_and_camera)
    if profile is not None and not is_srgb(profile):
        said = said.in_space(exif_block.UNCALIBRATED)  # EXIF knows sRGB by name only; of others it says to look there
    deep = bits == 16 and form.has_deep
    in_own = form.has_profile and (own_profile or picture.profile is None or is_srgb(picture.profile))
    if deep:
        pixels = deep_levels(picture) if in_own else sixteen(picture.pixels)
    else:
        pixels = own_levels(picture) if form.has_profile and own_profile else picture.pixels
    if form.name == "TIFF":
        return _tiff(pixels, picture.alpha, said, about, profile)
    options = _options(form, quality, text or {}, about)
    if form.has_profile and profile:
        options["icc_profile"] = profile
    block = said.to_bytes()
    packets = photos_own.xmp_packets(text or {}, about.xmp, form.longest_text) if form.text == "xmp" else []
    if form.name != "JPEG":
        options |= {"exif": block} if block and "exif" in form.holds else {}
        options |= {"xmp": packets[-1]} if packets else {}
    buffer = BytesIO()
    if deep:  # Pillow writes no colour of 16 bits, but everything around it
        Image.new("RGB", (1, 1)).save(buffer, form.name, **options)
        return with_chunks(encoded_png(pixels, picture.alpha), buffer.getvalue())
    _image(pixels, picture.alpha, form).save(buffer, form.name, **options)
    if form.name != "JPEG":
        return buffer.getvalue()
    iptc = about.iptc and photos_own.photoshop_resources(about.iptc)
    return jpeg.with_segments(buffer.getvalue(), block, packets, iptc, about.comment)


def format_of(suffix: str) -> Format:
    """Raises `InputError` for a suffix that cannot be written."""
    form = FORMATS.get(suffix.lower())
    if form is None:
        asked = Message('as "{suffix}"', suffix=suffix) if suffix else Message("under a name without a suffix")
        raise InputError(
            Message("Pictures cannot be saved {asked}.", asked=asked),
            Message("Use one of {names}.", names=", ".join(FORMATS)),
        )
    return form


def _said(picture: Picture, exif: bool, place_and_camera: bool) -> tuple[Exif, Metadata]:
    """What goes along of what the picture's file said."""
    if not exif:
        return Exif(), Metadata()
    said = exif_block.parse(picture.exif) if picture.exif else Exif()
    if place_and_camera:
        return said, picture.metadata
    return said.without_place_and_camera(), picture.metadata.without_place_and_camera()


def keeps_text(suffix: str, text: Mapping[str, str]) -> bool:
    """Whether a file with this suffix holds these texts: PNG, WebP, AVIF do, JPEG short ones, others never."""
    form = FORMATS[suffix.lower()]
    kept = form.text == "xmp" and (not text or bool(photos_own.xmp_packets(text, None, form.longest_text)))
    return form.text == "chunks" or kept


def _options(form: Format, quality: int, text: Mapping[str, str], about: Metadata) -> dict[str, Any]:
    options = form.options(quality)
    if about.dpi and form.name != "WEBP":
        options["dpi"] = about.dpi
    if form.text == "chunks":
        options["pnginfo"] = _png_chunks(text, about)
    return options


def _png_chunks(text: Mapping[str, str], about: Metadata) -> PngInfo:
    chunks = PngInfo()
    for keyword, value in text.items():
        chunks.add_itxt(keyword, value)
    ours = {keyword.encode() for keyword in text}
    kept = [(kind, content) for kind, content in about.texts if content.split(b"\0", 1)[0] not in ours]
    if about.comment:
        kept.append((b"tEXt", b"Comment\0" + about.comment.replace(b"\0", b"")))
    if about.iptc:
        kept.append(photos_own.raw_profile(about.iptc))
    if about.xmp:
        kept.append((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + about.xmp))
    for kind, content in kept:
        chunks.add(kind, content)
    return chunks


def _tiff(pixels: np.ndarray, opacity: np.ndarray | None, said: Exif, about: Metadata, profile: bytes | None) -> bytes:
    """Uncompressed, in one strip. Pillow would take EXIF's values apart, and put them together as its own types."""
    is_deep = pixels.dtype == np.uint16
    alpha = sixteen(opacity) if opacity is not None and is_deep else opacity
    levels = np.ascontiguousarray(pixels if alpha is None else np.dstack([pixels, alpha]))
    height, width, channels = levels.shape
    entries = {
        256: said.long(width),
        257: said.long(height),
        258: said.short(*[8 * levels.itemsize] * channels),
        259: said.short(1),  # no compression
        262: said.short(2),  # RGB
        273: said.long(8),  # the strip begins right behind the header
        277: said.short(channels),
        278: said.long(height),
        279: said.long(levels.nbytes),
        284: said.short(1),  # red, green and blue side by side
        **({338: said.short(2)} if opacity is not None else {}),  # alpha that colours are not multiplied with
        **({34675: Entry(exif_block.UNDEFINED, len(profile), profile)} if profile else {}),
        **photos_own.tiff_entries(about),
    }
    if about.dpi and 282 not in said.main:
        entries |= {282: said.ratio(about.dpi[0]), 283: said.ratio(about.dpi[1]), 296: said.short(2)}
    filling = bytes(levels.nbytes % 2)
    first = 8 + levels.nbytes + len(filling)
    is_big = said.order == ">"
    strip = levels.astype(levels.dtype.newbyteorder(">" if is_big else "<"), copy=False).tobytes()
    return b"".join([exif_block.header(said.order, first), strip, filling, said.directories(first, entries)])


def _image(pixels: np.ndarray, opacity: np.ndarray | None, form: Format) -> Image.Image:
    """RGB, or RGBA for a picture with alpha in a format that has it."""
    if opacity is None:
        return Image.fromarray(pixels)
    if form.has_alpha:
        return Image.fromarray(np.dstack([pixels, opacity]))
    colour, alpha = Image.fromarray(pixels), Image.fromarray(opacity)
    return Image.composite(colour, Image.new("RGB", colour.size, "white"), alpha)


def read_text(path: str | os.PathLike[str], keyword: str, longest: int) -> str | None:
    """The text under that keyword in a PNG, JPEG, WebP or AVIF file; None where there is none, and for any other file.

    longest: bytes; a longer text raises `ValueError`, as a damaged one does. Raises `OSError` for unreadable files.
    """
    with Path(path).open("rb") as file:
        start = file.read(len(SIGNATURE))
        found = _from_png(file, keyword.encode(), longest) if start == SIGNATURE else _from_xmp(file, keyword)
    if found is not None and len(found) > longest:
        raise ValueError(f"more than {longest} bytes")
    return None if found is None else found.decode()


def _from_png(file: BinaryIO, keyword: bytes, longest: int) -> bytes | None:
    """The first iTXt chunk of that keyword: wherever it stands, as saving anew may move it behind the pixels."""
    for _ in range(MOST_CHUNKS):
        head = file.read(8)
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        if len(head) < 8 or kind == b"IEND":
            return None
        name = file.read(min(length, len(keyword) + 1)) if kind == b"iTXt" else b""
        if name == keyword + b"\0":
            if length > longest + 4096:  # space for the keyword, and for a translation of it
                raise ValueError(f"more than {longest} bytes")
            rest = file.read(length - len(name))
            if file.read(4) != zlib.crc32(kind + name + rest).to_bytes(4, "big"):
                raise ValueError("the chunk is damaged")
            return _text_of(rest, longest)
        file.seek(length - len(name) + 4, os.SEEK_CUR)
    return None


def _text_of(chunk: bytes, longest: int) -> bytes:
    """What follows an iTXt keyword: flags, language, translated keyword, text."""
    if len(chunk) < 4:
        raise ValueError("the chunk is cut off")
    *_, text = chunk[2:].split(b"\0", 2)
    if not chunk[0]:
        return text
    try:
        return zlib.decompressobj().decompress(text, longest + 1)
    except zlib.error as error:
        raise ValueError("the chunk is damaged") from error


def _from_xmp(file: BinaryIO, keyword: str) -> bytes | None:
    file.seek(0)
    try:
        with Image.open(file, formats=("JPEG", "WEBP", "AVIF")) as image:
            packet = image.info.get("xmp")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None
    if not isinstance(packet, bytes) or not photos_own.is_ours(packet):
        return None
    found = re.search(rb"<studio:%s>([A-Za-z0-9+/=]*)</studio:" % re.escape(keyword.encode()), packet)
    try:
        return base64.b64decode(found[1], validate=True) if found else None
    except binascii.Error as error:
        raise ValueError("the packet is damaged") from error
