"""From an opened file to a Picture: decoding, then upright 8-bit sRGB.

Networks, page and scores all work in sRGB. A file's own RGB profile is remembered, and its own levels beside the
converted ones where they differ, so that a result can be saved in the colours it came in (`colour.own_levels`).
"""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import replace
from io import BytesIO

import numpy as np
from PIL import Image

from ..errors import InputError
from ..memory import require_room
from ..messages import Message
from . import heif, jpeg
from .colour import is_deep, split_alpha, to_eight_bit, to_srgb
from .deep import read_deep
from .exif import LONGEST, Exif
from .opening import (
    DECODER_ERRORS,
    MAX_MEGAPIXELS,
    Opened,
    PictureSource,
    from_pillow,
    open_picture,
    read_source,
    too_many_pixels,
)
from .picture import Picture
from .transparency import deep_transparency, scaled_transparency

_FIRST_ONLY = {
    **dict.fromkeys(("GIF", "PNG", "WEBP", "AVIF"), Message("Animated picture: only its first frame is used.")),
    "TIFF": Message("Picture with several pages: only the first is used."),
    "HEIF": Message("Several pictures in one file: only the main one is used."),
}
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF's orientation -> what makes the picture upright."""


def load_picture(source: PictureSource) -> Picture:
    """Opens a path, the bytes of a file, an open binary file, or one in a zip, upright and in sRGB.

    What had to be changed on the way is listed in `Picture.notices`. Raises `InputError` for anything but a whole
    picture of at most `MAX_MEGABYTES` and `MAX_MEGAPIXELS` in one of `FORMATS`, and `DeviceError`, before anything is
    decoded, for one that takes more memory than is free.
    """
    data, name = read_source(source)
    opened = open_picture(data, name)
    with opened.image:
        return replace(_loaded(opened, name), sha256=hashlib.sha256(data).hexdigest())


def load_image(image: Image.Image, name: str = Message("The picture")) -> Picture:
    """The same from an image that Pillow has opened; it is left as it was. `name` is used in error messages."""
    return _loaded(from_pillow(image), name)


def _loaded(opened: Opened, name: str) -> Picture:
    image = opened.image
    if image.width * image.height > MAX_MEGAPIXELS * 1_000_000:
        raise too_many_pixels(name)
    require_room(image.width, image.height)
    notices = [*_notices_before_decoding(image), *opened.notices]
    try:
        decoded = _decoded(opened)
    except MemoryError as error:
        size = f"{image.width} x {image.height}"
        raise InputError(
            Message("{name} ({size} pixels) needs more memory than is free.", name=name, size=size),
            "Make it smaller first.",
        ) from error
    except DECODER_ERRORS as error:
        raise InputError(
            Message("{name} is damaged: its pixels cannot be read to the end.", name=name), "Download or save it again."
        ) from error
    upright = decoded.transpose(_TURNS[opened.orientation]) if opened.orientation in _TURNS else decoded
    colour, alpha = split_alpha(to_eight_bit(upright))
    found = to_srgb(colour, opened.profile, opened.described)
    exif, exif_notices = _kept_exif(opened.exif)
    pixels = np.array(found.image)
    return Picture(
        pixels=pixels,
        alpha=None if alpha is None else np.array(alpha),
        notices=(*notices, *exif_notices, *found.notices),
        exif=exif,
        metadata=opened.metadata,
        profile=found.profile,
        own=found.own,
        deep=read_deep(opened, pixels if found.own is None else found.own),
    )


def _decoded(opened: Opened) -> Image.Image:
    """The pixels, as the file has them and as they are stored. Raises `DECODER_ERRORS`."""
    image = opened.image
    if image.format == "TIFF":
        # Pillow's would turn the picture, and read all directories once more for that.
        setattr(image, "load_end", lambda: None)  # noqa: B010  an attribute of this one object
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            image.load()
        except OSError:
            if image.format not in ("JPEG", "MPO") or (whole := _without_its_end(opened.data)) is None:
                raise
            return whole
    if image.format == "PNG" and opened.data:
        deep = deep_transparency(image, opened.data)
        return scaled_transparency(image, opened.data) if deep is None else deep
    return image


def _without_its_end(data: bytes) -> Image.Image | None:
    """The picture of a JPEG that lacks nothing but the mark at its end, which every viewer shows; None for another.

    Where pixels are missing, too, the decoder makes them of what follows. So it is given two different endings.
    """
    found: list[Image.Image] = []
    for filler in (b"", b"\x55\xaa\x33" * 400):
        image = Image.open(BytesIO(jpeg.taken_apart(data).pixels + filler + jpeg.END), formats=["JPEG"])
        image.load()
        found.append(image)
    return found[0] if found[0].tobytes() == found[1].tobytes() else None


def _notices_before_decoding(image: Image.Image) -> list[str]:
    notices = []
    # A phone's "MPO" is a JPEG with a second view or a depth map behind the photograph: a still, so not in the table.
    if image.format in _FIRST_ONLY and _is_animated(image):
        notices.append(_FIRST_ONLY[image.format])
    if is_deep(image):
        is_32_bit = image.mode == "F" or (image.mode == "I" and image.format == "TIFF")
        notices.append(Message("{bits}-bit picture: worked on in 8 bit.", bits="32" if is_32_bit else "16"))
    if image.format == "HEIF" and heif.bits(image.info) > 8:
        notices.append(Message("{bits}-bit picture: worked on in 8 bit.", bits=str(heif.bits(image.info))))
    return notices


def _is_animated(image: Image.Image) -> bool:
    """Also where the second picture is damaged, on which Pillow looks for it."""
    try:
        return bool(getattr(image, "is_animated", False))
    except DECODER_ERRORS:
        return True


def _kept_exif(found: Exif | None) -> tuple[bytes | None, list[str]]:
    """The EXIF block that is still true of the upright sRGB picture, or None; and what to say about it."""
    if found is None:
        return None, []
    block = found.kept().to_bytes()
    if block is not None and len(block) > LONGEST:
        return None, [Message("Its camera data (EXIF) is too long and was left out.")]
    if not found.damaged:
        return block, []
    if block is None:
        return None, [Message("Its camera data (EXIF) is damaged and was left out.")]
    return block, [Message("Part of its camera data (EXIF) is damaged and was left out.")]
