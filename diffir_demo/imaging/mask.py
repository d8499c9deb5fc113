"""Masks: boolean (h, w), True = hole, the part to paint anew."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image

from ..errors import InputError
from .load import PictureSource, load_picture
from .picture import Picture

_SAME_COLOUR = 8  # levels; browsers round the colour of translucent strokes


def load_mask(source: PictureSource) -> np.ndarray:
    """(h, w) bool from a picture in which the hole is white (a grey value of 128 or more).

    A transparent layer painted in one colour, whatever colour, is how painting tools export strokes: there the strokes
    are the hole, counted from half of the strongest opacity. Other transparent pictures are laid on black.
    Raises `InputError` as `load_picture` does.
    """
    picture = load_picture(source)
    if picture.alpha is not None:
        strokes = 2 * picture.alpha.astype(int) > max(1, int(picture.alpha.max()))
        if _is_one_colour(picture.pixels[strokes]):
            return strokes
    return _grey_on_black(picture) >= 128


def check_mask(mask: np.ndarray, picture: Picture) -> None:
    """Raises `InputError` unless the mask has the picture's size, a hole, and something around it."""
    height, width = mask.shape
    if (height, width) != (picture.height, picture.width):
        raise InputError(
            f"The mask is {width} x {height} pixels, but the picture {picture.width} x {picture.height}.",
            "Make the mask on this very picture.",
        )
    if not mask.any():
        raise InputError("The mask is empty.", "Paint over what should go.")
    if mask.all():
        raise InputError("The mask covers the whole picture.", "Leave some of it unpainted.")


def mask_picture(mask: np.ndarray) -> Picture:
    """The mask as a picture to save: hole white, the rest black. `load_mask` reads it back."""
    return Picture(pixels=np.repeat(mask[:, :, None], 3, axis=2).astype(np.uint8) * 255)


def mask_bytes(mask: np.ndarray) -> bytes:
    """The mask as a PNG of one bit per pixel, white for the hole; `load_mask` reads it back."""
    buffer = BytesIO()
    Image.fromarray(mask).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _is_one_colour(pixels: np.ndarray) -> bool:
    """(n, 3) uint8; true of no pixels at all."""
    return pixels.size == 0 or int(np.ptp(pixels, axis=0).max()) <= _SAME_COLOUR


def _grey_on_black(picture: Picture) -> np.ndarray:
    """(h, w), 0 to 255."""
    grey = np.asarray(Image.fromarray(picture.pixels).convert("L"))
    return grey if picture.alpha is None else grey * (picture.alpha / 255)
