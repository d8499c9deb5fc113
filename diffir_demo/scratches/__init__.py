"""Find scratches for me: a mask of the cracks, dust, folds and date stamps of an old photo, to look over and to fill.

Three steps. `lines`: how much each pixel looks like part of a thin line or a speck, against what is usual around it.
`parts`: what hangs together, at several levels, and figures of each part. `judge`: whether such a part is damage.
Top-hats first and a small network to separate cracks from the picture's own strokes is how Giakoumis, Nikolaidis and
Pitas clean digitised paintings (IEEE Transactions on Image Processing, 2006); filters, figures and the use of the other
parts are ours. No step knows the sensitivity; it only says how sure one wants to be, so that a greater one adds to the
mask.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ..errors import InputError
from ..imaging import grown
from ..messages import Message
from .judge import largest_odds, shipped
from .lines import strengths
from .parts import Parts, parts

__all__ = ["Search", "candidates", "find_scratches", "search"]

MOST_PIXELS = 3e6
"""Larger photos are searched in a reduced copy of so many pixels: their damage is wider, and memory stays bounded."""
USUAL = 0.8
"""Log odds from which a part is marked at sensitivity 0.5."""
SPAN = 6.0
"""How far the log odds that are asked for fall from sensitivity 0 to 1."""
RIM = 1.0
"""Pixels of the searched copy that the mask is grown by: a line's rim is paler than what was found."""


@dataclass(frozen=True, eq=False)
class Search:
    """What was found in a photo, for a mask of any sensitivity: looking takes long, marking does not."""

    odds: np.ndarray
    """(h, w) float32 of the searched copy: logarithm of the odds that a pixel is part of damage; -inf where nothing
    stands out."""
    height: int
    """Of the photo, pixels."""
    width: int

    def mask(self, sensitivity: float = 0.5) -> np.ndarray:
        """As `find_scratches`."""
        if not 0 <= sensitivity <= 1:
            raise InputError(Message("The sensitivity must be 0 to 1, not {sensitivity:g}.", sensitivity=sensitivity))
        mask = grown(self.odds >= USUAL + SPAN * (0.5 - sensitivity), RIM)
        if mask.shape == (self.height, self.width):
            return mask
        levels = mask.astype(np.uint8) * 255
        return cv2.resize(levels, (self.width, self.height), interpolation=cv2.INTER_LINEAR) >= 128


def find_scratches(pixels: np.ndarray, sensitivity: float = 0.5) -> np.ndarray:
    """(h, w) bool, True where something thin or small seems to lie on the photo that was not in front of the camera.

    pixels: (h, w, 3) uint8 RGB, grey or in colour, any size from 1 x 1. sensitivity: 0 to 1; a larger one marks all
    that a smaller one does, and more. The mask covers lines with their rims. It is a proposal: wires, twigs, hair and
    lettering may look just like scratches. Raises `InputError` for a sensitivity outside 0 to 1.
    """
    return search(pixels).mask(sensitivity)


def search(pixels: np.ndarray) -> Search:
    """Looks through a photo (h, w, 3) uint8 RGB once, in time that grows with its pixels up to `MOST_PIXELS`."""
    height, width = pixels.shape[:2]
    scale = min(1.0, (MOST_PIXELS / (height * width)) ** 0.5)
    if scale < 1:
        pixels = cv2.resize(
            np.ascontiguousarray(pixels),
            (max(1, round(width * scale)), max(1, round(height * scale))),
            interpolation=cv2.INTER_AREA,
        )
    searched = pixels.shape[:2]
    found = candidates(pixels)
    best = largest_odds(found, shipped().odds(found, *searched), searched[0] * searched[1])
    return Search(best.max(axis=0).reshape(searched), height, width)


def candidates(pixels: np.ndarray) -> list[Parts]:
    """What stands out of (h, w, 3) uint8 RGB, at this very size, before it is judged."""
    pixels = np.ascontiguousarray(pixels)
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return list(parts(grey, cv2.cvtColor(pixels, cv2.COLOR_RGB2YCrCb)[..., 1:], strengths(grey)))
