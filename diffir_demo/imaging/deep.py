"""Sixteen bits per channel, around networks that see eight: read beside the picture, and put back below its levels.

What a file holds below its 8-bit levels is carried over to the result as colours beyond sRGB are (`colour.own_levels`):
where a pixel is what it was before, it comes back bit for bit, and where it was changed, soft gradients stay soft.
"""

from __future__ import annotations

import cv2
import numpy as np

from . import png, tiff
from .colour import own_levels
from .opening import Opened
from .picture import Picture

WHITE = 65535
STEP = 257
"""16-bit levels per 8-bit level: 255 becomes 65535."""
_OFF = 1
"""8-bit levels by which both readings of a file may differ: readers cut off or round."""
_TURNS = {
    2: lambda levels: levels[:, ::-1],
    3: lambda levels: levels[::-1, ::-1],
    4: lambda levels: levels[::-1],
    5: lambda levels: levels.swapaxes(0, 1),
    6: lambda levels: np.rot90(levels, -1),
    7: lambda levels: levels[::-1, ::-1].swapaxes(0, 1),
    8: lambda levels: np.rot90(levels),
}
"""EXIF's orientation -> what makes the levels upright."""


def read_deep(opened: Opened, levels: np.ndarray) -> np.ndarray | None:
    """(h, w, 3) uint16, upright: the levels of a PNG or TIFF with 16 bits; None for any other picture.

    levels: (h, w, 3) uint8, the same picture as it was read in 8 bit; where both do not agree, the file is read in one
    way only, so None as well.
    """
    found = None
    if opened.data.startswith(png.SIGNATURE):
        found = _of_png(opened.data)
    elif tiff.is_tiff(opened.data):
        found = tiff.sixteen_bits(opened.data)
    if found is None:
        return None
    colours = np.repeat(found[..., :1], 3, axis=2) if found.shape[2] < 3 else found[..., :3]
    upright = np.ascontiguousarray(_TURNS.get(opened.orientation, lambda same: same)(colours))
    if upright.shape != levels.shape:
        return None
    off = np.abs((upright >> 8).astype(np.int16) - levels).max(initial=0)
    return upright if off <= _OFF else None


def deep_levels(picture: Picture) -> np.ndarray:
    """(h, w, 3) uint16: the picture in its own profile, with what is below its 8-bit levels where that is known."""
    if picture.deep is not None:
        return picture.deep
    levels = own_levels(picture).astype(np.int32) * STEP
    if picture.before is None or not is_deep(picture.before):
        return levels.astype(np.uint16)
    below = (deep_levels(picture.before) - own_levels(picture.before).astype(np.int32) * STEP).astype(np.float32)
    if below.shape != levels.shape:
        below = cv2.resize(below, (picture.width, picture.height), interpolation=cv2.INTER_CUBIC)
    if picture.fresh is not None:
        below *= (1.0 - picture.fresh)[..., None]
    return np.clip(levels + np.rint(below).astype(np.int32), 0, WHITE).astype(np.uint16)


def is_deep(picture: Picture) -> bool:
    """Whether more than 8 bits of it are known, from its file or from that of what it was made from."""
    return picture.deep is not None or (picture.before is not None and is_deep(picture.before))


def encoded_png(levels: np.ndarray, opacity: np.ndarray | None) -> bytes:
    """A PNG of 16 bits with nothing beside its pixels. levels: (h, w, 3) uint16; opacity: (h, w) uint8."""
    planes = levels[..., ::-1] if opacity is None else np.dstack([levels[..., ::-1], sixteen(opacity)])
    done, data = cv2.imencode(".png", np.ascontiguousarray(planes))
    assert done, "OpenCV writes any array of 16 bits as PNG"
    return data.tobytes()


def with_chunks(pixels: bytes, dressed: bytes) -> bytes:
    """A PNG's pixels with the other chunks of another one: its profile, EXIF and texts."""
    kept = [each for each in _pieces(dressed) if each[0] not in (b"IHDR", b"IDAT", b"IEND")]
    head, *rest = [each for each in _pieces(pixels) if each[0] in (b"IHDR", b"IDAT", b"IEND")]
    return png.SIGNATURE + b"".join(piece for _, piece in (head, *kept, *rest))


def sixteen(levels: np.ndarray) -> np.ndarray:
    """uint8 -> uint16 of the same lightness."""
    return levels.astype(np.uint16) * STEP


def _pieces(data: bytes) -> list[tuple[bytes, bytes]]:
    return [(kind, data[at : at + 12 + length]) for kind, at, length in png.chunks(data)]


def _of_png(data: bytes) -> np.ndarray | None:
    """(h, w, c) uint16, c of 1, 3 or 4; None where it has fewer bits, or OpenCV cannot read it."""
    if data[24:25] != b"\x10":  # the depth, in the header
        return None
    try:
        found = cv2.imdecode(np.frombuffer(png.taken_apart(data).pixels, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        return None
    if found is None or found.dtype != np.uint16:
        return None
    return found[..., None] if found.ndim == 2 else found[..., 2::-1]
