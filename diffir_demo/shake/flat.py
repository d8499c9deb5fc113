"""Where a blurred photo is flat: there a deconvolution finds nothing to sharpen, and makes noise stronger."""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np

FLAT, ROUGH = 0.3, 1.2
"""Levels, beyond the noise, by which brightness differs from its mean nearby: up to the first a place counts as flat,
from the second on it does not. Set before anything was measured."""
LEAST = 2.0
"""Pixels of the photo that count as nearby at least."""
REACH = 4
"""Standard deviations that a Gaussian reaches."""


def beside_flat(pixels: np.ndarray, length: float, noise: float) -> Callable[[slice], np.ndarray]:
    """pixels (h, w, 3) uint8, blurred by a path of so many pixels; noise: theirs, levels -> what `undo.mixed` takes:
    rows -> (n, w, 1) float32, how far every place is from flat, [0, 1]."""
    reach = max(LEAST, length / 2)
    margin = 2 * math.ceil(REACH * reach)  # what is around has a say twice: in the mean, and in the difference from it

    def where(rows: slice) -> np.ndarray:
        first, last = max(0, rows.start - margin) // 2 * 2, min(len(pixels), rows.stop + margin)
        return _share(pixels[first:last], reach, noise)[rows.start - first : rows.stop - first, :, None]

    return where


def _share(pixels: np.ndarray, reach: float, noise: float) -> np.ndarray:
    """(h, w) float32 in [0, 1]: how far every place is from flat. Looked for at half the size."""
    height, width = pixels.shape[:2]
    half = max(1, math.ceil(width / 2)), max(1, math.ceil(height / 2))
    grey = cv2.resize(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), half, interpolation=cv2.INTER_AREA).astype(np.float32)
    sigma = reach / 2
    beside = grey - cv2.GaussianBlur(grey, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
    spread = np.sqrt(cv2.GaussianBlur(beside * beside, (0, 0), sigma, borderType=cv2.BORDER_REFLECT))
    own = noise / 2  # means of four pixels
    share = np.clip((spread - own - FLAT) / (ROUGH - FLAT), 0, 1)
    return cv2.resize(share, (width, height), interpolation=cv2.INTER_LINEAR)
