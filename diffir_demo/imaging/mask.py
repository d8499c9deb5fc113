"""Masks: boolean (h, w), True = hole, the part to paint anew."""

from __future__ import annotations

from io import BytesIO

import cv2
import numpy as np
from PIL import Image

from ..errors import InputError
from .load import PictureSource, load_picture
from .picture import Picture

_SAME_COLOUR = 8  # levels; browsers round the colour of translucent strokes
COPIED, PAINTED = 255, 128
"""Grey levels of a `fill_map`; both are holes to `load_mask`."""
_ROUNDING = 1e-3  # pixels; a radius comes as a fraction of the width


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


def grown(mask: np.ndarray, pixels: float) -> np.ndarray:
    """The hole (h, w) bool, wider by `pixels` all around, or narrower where negative; round at its corners.

    It does not shrink away from the picture's border: what is beyond is nobody's.
    """
    area = _around(mask, abs(pixels) + 1)
    wide = mask.copy()
    if area is None or not pixels:
        return wide
    inside, reach = mask[area], abs(pixels) + _ROUNDING
    wide[area] = ~_within(~inside, reach) if pixels < 0 else _within(inside, reach)
    return wide


def painted_share(mask: np.ndarray, feather: int) -> np.ndarray:
    """How much of each pixel is painted: (h, w) float32, 1 in the hole, 0 around it, between in its outer pixels.

    mask: (h, w) bool. In the outer `feather` pixels the share falls in even steps, from 1 behind the rim to
    1 / (feather + 1) in its outermost pixels. Without a feather it is the mask itself, as bool.
    """
    area = _around(mask, 1)
    if not feather or area is None:
        return mask
    share = mask.astype(np.float32)
    depth = _distance(~mask[area])
    share[area] = np.where(depth <= feather, depth / (feather + 1), share[area])
    return share


def blended(painted: np.ndarray, original: np.ndarray, share: np.ndarray) -> np.ndarray:
    """`painted` where its share (h, w) is 1, `original` bit for bit where it is 0; both (h, w, 3) uint8."""
    pixels = np.where(share[..., None] > 0, painted, original)
    rim = (share > 0) & (share < 1)
    below, above = original[rim].astype(np.float32), painted[rim].astype(np.float32)
    pixels[rim] = np.rint(below + share[rim][:, None] * (above - below)).astype(np.uint8)
    return pixels


def mask_picture(mask: np.ndarray) -> Picture:
    """The mask as a picture to save: hole white, the rest black. `load_mask` reads it back."""
    return Picture(pixels=np.repeat(mask[:, :, None], 3, axis=2).astype(np.uint8) * 255)


def mask_bytes(mask: np.ndarray) -> bytes:
    """The mask as a PNG of one bit per pixel, white for the hole; `load_mask` reads it back."""
    buffer = BytesIO()
    Image.fromarray(mask).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def fill_map(mask: np.ndarray, copied: np.ndarray) -> Picture:
    """Which pixels came from where, as a picture to save: `COPIED`, `PAINTED` by the network, black is untouched.

    mask, copied: (h, w) bool, the hole and what of it was copied from elsewhere in the photo. `load_mask` reads the
    hole back.
    """
    levels = np.where(mask, np.where(copied, np.uint8(COPIED), np.uint8(PAINTED)), np.uint8(0))
    return Picture(pixels=np.repeat(levels[:, :, None], 3, axis=2))


def _around(mask: np.ndarray, margin: float) -> tuple[slice, slice] | None:
    """The part of the picture that holds the hole and `margin` pixels around it; None without a hole."""
    spans = []
    for axis in (1, 0):
        filled = np.flatnonzero(mask.any(axis=axis))
        if not filled.size:
            return None
        spans.append(slice(max(0, int(filled[0] - margin)), int(filled[-1] + margin + 2)))
    return spans[0], spans[1]


def _within(region: np.ndarray, pixels: float) -> np.ndarray:
    """(h, w) bool: what lies at most that far from `region` (h, w) bool."""
    return _distance(region) <= pixels


def _distance(region: np.ndarray) -> np.ndarray:
    """(h, w) float32: exact distance of every pixel's centre to the nearest one of `region`; huge without any."""
    return cv2.distanceTransform((~region).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)


def _is_one_colour(pixels: np.ndarray) -> bool:
    """(n, 3) uint8; true of no pixels at all."""
    return pixels.size == 0 or int(np.ptp(pixels, axis=0).max()) <= _SAME_COLOUR


def _grey_on_black(picture: Picture) -> np.ndarray:
    """(h, w), 0 to 255."""
    grey = np.asarray(Image.fromarray(picture.pixels).convert("L"))
    return grey if picture.alpha is None else grey * (picture.alpha / 255)
