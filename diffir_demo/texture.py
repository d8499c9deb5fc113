"""Holes filled with texture: copies from elsewhere in the photo, matched to their surroundings by the network.

The network knows which colours continue the surroundings, and paints them without texture; copies have the texture, and
near the rim now and then the colours of where they come from. So near the rim the low frequencies are the network's and
the high ones the copies'; deep inside, where the network only averages, the copies stay as they are.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from . import exemplar
from .tasks.task import Fill

NEAR, DEEP = 4.0, 20.0
"""Pixels from the rim up to which the low frequencies are all the network's, and from which on all the copies'."""
LOW = 8.0
"""Standard deviation of the Gaussian that separates low from high frequencies, pixels."""
RING = 16
"""Pixels around a hole whose roughness decides."""
THIN = 3.0
"""Half the width in pixels of a stroke that the network fills better whatever is around it (`chosen`)."""
ROUGH = 6.0
"""Levels of 255 of the roughness from which on deeper holes get texture."""


@dataclass(frozen=True, eq=False)
class Textured:
    """A photo whose holes are filled."""

    pixels: np.ndarray
    """(h, w, 3) uint8."""
    copied: np.ndarray
    """(h, w) bool: what was put together from copies; the rest of the hole is the network's."""
    notices: tuple[str, ...] = ()


def textured(
    pixels: np.ndarray, hole: np.ndarray, painted: np.ndarray, fill: Fill, seed: int = 0
) -> Generator[float, None, Textured]:
    """pixels (h, w, 3) uint8 with hole (h, w) bool, painted (h, w, 3) uint8 by the network -> `Textured`.

    fill: "texture", or "auto", which leaves to the network what `chosen` does not name. Yields the share done.
    """
    wanted = hole if fill == "texture" else chosen(pixels, hole)
    if not wanted.any():
        return Textured(painted, np.zeros_like(hole))
    known = np.where((hole & ~wanted)[..., None], painted, pixels)
    found = yield from exemplar.fill(known, wanted, seed)
    mixed = np.where(found.copied[..., None], matched(found.pixels, painted, found.copied), painted)
    return Textured(mixed, found.copied, (found.notice,) if found.notice else ())


def matched(copies: np.ndarray, painted: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Copies with the painting's low frequencies near the rim; all (h, w, 3) uint8, hole (h, w) bool."""
    around = np.pad(hole, 1, mode="edge").astype(np.uint8)  # the picture's border is no rim
    depth = cv2.distanceTransform(around, cv2.DIST_L2, 5)[1:-1, 1:-1, None]
    share = np.clip((DEEP - depth) / (DEEP - NEAR), 0, 1)
    difference = np.where(hole[..., None], copies.astype(np.float32) - painted, 0)
    low = cv2.GaussianBlur(difference, (0, 0), LOW, borderType=cv2.BORDER_REFLECT)
    return np.clip(np.rint(copies - share * low), 0, 255).astype(np.uint8)


def chosen(pixels: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """(h, w) bool: the parts of the hole that copies fill better than the network.

    Those that are deeper than `THIN` and lie in surroundings rougher than `ROUGH`.
    """
    wanted = np.zeros_like(hole)
    for part, depth, roughness in measured(pixels, hole):
        if depth > THIN and roughness > ROUGH:
            wanted |= part
    return wanted


def measured(pixels: np.ndarray, hole: np.ndarray) -> Iterator[tuple[np.ndarray, float, float]]:
    """Every connected part of the hole: (mask (h, w) bool, its greatest depth in pixels, how rough its surroundings
    are: the mean size of what a blur takes away, levels of 255)."""
    count, labels = cv2.connectedComponents(hole.astype(np.uint8), connectivity=8)
    around = np.pad(hole, 1, mode="edge").astype(np.uint8)
    depth = cv2.distanceTransform(around, cv2.DIST_L2, 5)[1:-1, 1:-1]
    rough = roughness(pixels, hole)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * RING + 1, 2 * RING + 1))
    for label in range(1, count):
        part = labels == label
        ring = cv2.dilate(part.astype(np.uint8), kernel).astype(bool) & ~hole
        yield part, float(depth[part].max()), float(rough[ring].mean()) if ring.any() else 0.0


def roughness(pixels: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """(h, w) float32, levels of 255: how far brightness is from its mean nearby, what is hidden left out."""
    grey, known = pixels.astype(np.float32).mean(axis=2), (~hole).astype(np.float32)
    weight = cv2.GaussianBlur(known, (0, 0), 2.0)
    smooth = cv2.GaussianBlur(grey * known, (0, 0), 2.0) / np.maximum(weight, 1e-3)
    return np.abs(grey - smooth) * known
