"""Masks: boolean (h, w), True = hole, the part to paint anew."""

from __future__ import annotations

from io import BytesIO

import cv2
import numpy as np
from PIL import Image

from ..errors import InputError
from ..messages import Message
from .boxes import Box, around, box_of
from .load import load_picture
from .opening import PictureSource
from .picture import Picture

_SAME_COLOUR = 8  # levels; browsers round the colour of translucent strokes
_SURELY_COLOURED = 32  # levels between the highest and the lowest channel
_COLOURFUL = 0.2  # share of pixels
_FEW_COLOURS = 16
_ENOUGH = 200_000
COPIED, PAINTED = 255, 128
"""Grey levels of a `fill_map`; both are holes to `load_mask`."""
_ROUNDING = 1e-3  # pixels; a radius comes as a fraction of the width


def load_mask(source: PictureSource) -> np.ndarray:
    """(h, w) bool from a picture in which the hole is white (a grey value of 128 or more).

    A transparent layer painted in few colours, whatever they are, is how painting tools export strokes: there these
    are the hole, counted from half of the strongest opacity. A photo with transparent parts is how editors of masks
    export it: there the hole is what is transparent. Other transparent pictures are laid on black.
    Raises `InputError` as `load_picture` does, and for a photo without transparency: nothing of it is a hole.
    """
    picture = load_picture(source)
    if picture.alpha is not None:
        seen = 2 * picture.alpha.astype(int) > max(1, int(picture.alpha.max()))
        painted = picture.pixels[seen]
        if _is_one_colour(painted) or _is_drawn(_some(painted)):
            return seen
        if _is_photo(_some(painted)):
            return picture.alpha < 128
    elif _is_photo(some := _some(picture.pixels.reshape(-1, 3))) and _colourfulness(some) > _COLOURFUL:
        raise InputError("The mask is a photo without a hole.", "White marks the hole, the rest is black.")
    return _grey_on_black(picture) >= 128


def check_mask(mask: np.ndarray, picture: Picture) -> None:
    """Raises `InputError` unless the mask has the picture's size, a hole, and something around it."""
    height, width = mask.shape
    if (height, width) != (picture.height, picture.width):
        raise InputError(
            Message(
                "The mask is {width} x {height} pixels, but the picture {picture_width} x {picture_height}.",
                width=width,
                height=height,
                picture_width=picture.width,
                picture_height=picture.height,
            ),
            "Make the mask on this very picture.",
        )
    if not mask.any():
        raise InputError("The mask is empty.", "Paint over what should go.")
    if mask.all():
        raise InputError("The mask covers the whole picture.", "Leave some of it unpainted.")


def grown(mask: np.ndarray, pixels: float) -> np.ndarray:
    """The hole (h, w) bool, wider by `pixels` all around, or narrower where negative; round at its corners.

    It does not shrink away from the picture's border: what is beyond does not count.
    """
    area = _around(mask, abs(pixels) + 1)
    wide = mask.copy()
    if area is None or not pixels:
        return wide
    inside, reach = mask[area], abs(pixels) + _ROUNDING
    wide[area] = ~_within(~inside, reach) if pixels < 0 else _within(inside, reach)
    return wide


def soft_mask(mask: np.ndarray, feather: int) -> np.ndarray:
    """How much of each pixel is new: (h, w) float32, 1 in the hole, 0 around it, between in its outer pixels.

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


def blended(restored: np.ndarray, original: np.ndarray, share: np.ndarray) -> np.ndarray:
    """`restored` where its share (h, w) is 1, `original` bit for bit where it is 0; both (h, w, 3) uint8."""
    pixels = np.where(share[..., None] > 0, restored, original)
    rim = (share > 0) & (share < 1)
    below, above = original[rim].astype(np.float32), restored[rim].astype(np.float32)
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


def _around(mask: np.ndarray, margin: float) -> Box | None:
    """The part of the picture that holds the hole and `margin` pixels around it; None without a hole."""
    box = box_of(mask)
    return None if box is None else around(box, int(margin) + 1, mask.shape)


def _within(region: np.ndarray, pixels: float) -> np.ndarray:
    """(h, w) bool: what lies at most that far from `region` (h, w) bool."""
    return _distance(region) <= pixels


def _distance(region: np.ndarray) -> np.ndarray:
    """(h, w) float32: exact distance of every pixel's centre to the nearest one of `region`; huge without any."""
    return cv2.distanceTransform((~region).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)


def _is_one_colour(pixels: np.ndarray) -> bool:
    """(n, 3) uint8; true of no pixels at all."""
    return pixels.size == 0 or int(np.ptp(pixels, axis=0).max()) <= _SAME_COLOUR


def _some(pixels: np.ndarray) -> np.ndarray:
    """Of (n, 3) at most `_ENOUGH`, evenly: what kind of picture it is shows in these."""
    return pixels[:: max(1, -(-len(pixels) // _ENOUGH))]


def _is_drawn(pixels: np.ndarray) -> bool:
    """(n, 3) uint8: coloured strokes, not a picture in black and white."""
    return _colourfulness(pixels) > _COLOURFUL and _count_colours(pixels) <= _FEW_COLOURS


def _is_photo(pixels: np.ndarray) -> bool:
    """(n, 3) uint8: more colours than anybody draws with, and most of it neither black nor white."""
    if _count_colours(pixels) <= _FEW_COLOURS:
        return False
    levels = pixels.max(axis=1)
    return bool(((pixels.min(axis=1) > 247) | (levels < 8)).mean() < 0.5)


def _count_colours(pixels: np.ndarray) -> int:
    """Of 16 levels per channel, those that a thousandth of the pixels have, so that soft edges do not count."""
    cells = pixels.astype(np.int32) >> 4
    counts = np.bincount(cells[:, 0] << 8 | cells[:, 1] << 4 | cells[:, 2], minlength=1)
    return int((counts > len(pixels) / 1000).sum())


def _colourfulness(pixels: np.ndarray) -> float:
    """Share of pixels that are clearly not grey, also after strong compression."""
    return float((np.ptp(pixels, axis=1) > _SURELY_COLOURED).mean()) if len(pixels) else 0.0


def _grey_on_black(picture: Picture) -> np.ndarray:
    """(h, w), 0 to 255."""
    grey = np.asarray(Image.fromarray(picture.pixels).convert("L"))
    return grey if picture.alpha is None else grey * (picture.alpha / 255)
