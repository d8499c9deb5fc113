"""TIFF files of the kinds that Pillow reads wrongly, or not at all: one list of what is trusted to whom.

TIFF holds levels of any size and sign, black or white at zero, interleaved or plane by plane. Pillow is trusted with
what it was seen to read right; tifffile reads the rest, as far as it is a picture; what remains is refused.
"""

from __future__ import annotations

import logging
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from ..errors import InputError
from ..memory import require_room
from ..messages import Message

_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK, _YCBCR, _LAB = 0, 1, 2, 3, 5, 6, 8
_COLOURS = {_WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _RGB: 3, _CMYK: 4}
"""Kinds of colour that are read here, and how many numbers each has."""
_UNSIGNED, _SIGNED, _FLOAT = 1, 2, 3
_ASSOCIATED, _UNASSOCIATED = 1, 2
_PREVIEW = 1
_MODES = {1: "L", 3: "RGB", 4: "CMYK"}


def is_tiff(data: bytes) -> bool:
    return data.startswith(_MAGIC)


def read_apart(data: bytes, name: str, most_pixels: int) -> tuple[Image.Image, list[str]] | None:
    """(8-bit picture as it is stored, what to say about it); None for a file that is left to Pillow.

    name: used in messages. Raises `InputError` for levels that mean no picture, and `DeviceError` for more of them
    than memory has room for.
    """
    page = _first_page(data)
    if page is None or _is_left_to_pillow(page):
        return None
    if page.imagewidth * page.imagelength > most_pixels:
        return None  # Pillow's reader refuses it by its size
    colour, bits, kind = int(page.photometric or 0), int(page.bitspersample or 1), int(page.sampleformat or 1)
    if kind == _SIGNED:
        raise _refused(name, Message("holds numbers with a sign, of which none means black or white"))
    if colour not in _COLOURS or kind not in (_UNSIGNED, _FLOAT) or page.dtype is None:
        raise _refused(
            name,
            Message(
                "is of a kind that is not known here (photometric {colour}, {bits} bits)", colour=colour, bits=bits
            ),
        )
    require_room(page.imagewidth, page.imagelength)
    try:
        levels = _interleaved(page.asarray(), page)
    except Exception as error:  # tifffile lets through what its many decoders raise
        raise _refused(
            name, Message("cannot be read to the end, or is packed in an unusual way ({bits} bits)", bits=bits)
        ) from error
    return _picture(levels, page, _COLOURS[colour]), _said(bits, kind)


def sixteen_bits(data: bytes) -> np.ndarray | None:
    """(h, w, c) uint16 as it is stored, of a grey or RGB picture with 16 bits; None for any other, and for what
    tifffile cannot unpack."""
    page = _first_page(data)
    if page is None or page.bitspersample != 16 or int(page.sampleformat or 1) != _UNSIGNED:
        return None
    if int(page.photometric or 0) not in (_BLACK_IS_ZERO, _RGB):
        return None
    try:
        return _interleaved(page.asarray(), page)
    except Exception:  # tifffile lets through what its many decoders raise
        return None


_NUMBERS = (
    "imagewidth",
    "imagelength",
    "samplesperpixel",
    "photometric",
    "sampleformat",
    "compression",
    "planarconfig",
)
"""What a page says by one number each. In a damaged file it may say several, or a text."""


def _first_page(data: bytes) -> Any:
    """tifffile's first page; None where it finds none that can be followed, which Pillow then says better."""
    import tifffile

    logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # else it writes about damage to standard error
    try:
        page: Any = tifffile.TiffFile(BytesIO(data)).pages[0]
        values = [getattr(page, name) for name in _NUMBERS]
    except Exception:  # as above
        return None
    return page if all(value is None or isinstance(value, int) for value in values) else None


def _is_left_to_pillow(page: Any) -> bool:
    if page.subfiletype & _PREVIEW:
        return True  # a raw file's, which is refused
    if page.parent.is_bigtiff and page.parent.byteorder == ">":
        return False  # Pillow looks for the version in the wrong one of its two bytes
    colour, bits, kind = page.photometric, page.bitspersample, page.sampleformat
    if not isinstance(bits, int):
        return True  # channels of several sizes, of which Pillow knows those that exist
    single, packed = page.samplesperpixel == 1, int(page.compression) != 1
    interleaved = page.planarconfig != 2
    if kind == _UNSIGNED and bits <= 8:
        return colour in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK, _YCBCR, _LAB)
    if kind == _UNSIGNED and bits == 16:
        whole = (colour == _BLACK_IS_ZERO and single) or colour in (_RGB, _CMYK)
        return whole and (interleaved or packed)
    return kind == _FLOAT and bits == 32 and colour == _BLACK_IS_ZERO and single and not packed


def _interleaved(levels: np.ndarray, page: Any) -> np.ndarray:
    """(h, w, c) of what was read plane by plane or not; a volume's first slice.

    Raises `ValueError` where the page is not as large as it says.
    """
    height, width, count = page.imagelength, page.imagewidth, page.samplesperpixel
    shape = (count, -1, height, width) if page.planarconfig == 2 else (-1, height, width, count)
    found = levels.reshape(shape)
    return np.moveaxis(found[:, 0], 0, -1) if page.planarconfig == 2 else found[0]


def _picture(levels: np.ndarray, page: Any, colours: int) -> Image.Image:
    eight = _to_eight_bit(levels[..., :colours], page)
    image = Image.fromarray(eight[..., 0] if colours == 1 else eight, _MODES[colours])
    extra = [int(each) for each in page.extrasamples or ()]
    for place, meaning in enumerate(extra):
        if meaning in (_ASSOCIATED, _UNASSOCIATED) and colours < 4 and colours + place < levels.shape[2]:
            alpha = _share(levels[..., colours + place], page)
            if meaning == _ASSOCIATED:  # colours are multiplied with it
                whole = eight / np.maximum(alpha, 1e-6)[..., None]
                eight = np.rint(np.clip(whole, 0, 255)).astype(np.uint8)
                image = Image.fromarray(eight[..., 0] if colours == 1 else eight, _MODES[colours])
            image.putalpha(Image.fromarray(np.rint(alpha * 255).astype(np.uint8)))
            break
    return image


def _to_eight_bit(levels: np.ndarray, page: Any) -> np.ndarray:
    shares = _share(levels, page)
    if page.photometric == _WHITE_IS_ZERO:
        shares = 1 - shares
    return np.rint(shares * 255).astype(np.uint8)


def _share(levels: np.ndarray, page: Any) -> np.ndarray:
    """In [0, 1], float32. White is the highest level of 8 or 16 bits, or 1.0 for floats; what has more bits and goes
    beyond has its own highest level as white."""
    found = np.nan_to_num(levels.astype(np.float32), nan=0.0, posinf=np.inf)
    usual = 1.0 if page.sampleformat == _FLOAT else 2.0 ** min(page.bitspersample, 16) - 1
    white = max(usual, float(found.max(where=np.isfinite(found), initial=0.0)))
    return np.clip(found / white, 0, 1)


def _said(bits: int, kind: int) -> list[str]:
    deep = kind == _FLOAT or bits > 8
    return [Message("{bits}-bit picture: worked on in 8 bit.", bits=bits)] if deep else []


def _refused(name: str, why: str) -> InputError:
    return InputError(
        Message("{name} is a TIFF that {why}.", name=name, why=why), "Export it as 8-bit or 16-bit RGB, or as PNG."
    )
