"""How much every pixel looks like part of a thin line or a speck, against what is usual around it.

Oriented line filters find lines of a few pixels, a top-hat (Meyer, 1979) finds specks of any outline as well.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

DIRECTIONS = 12
"""Over half a turn."""
FLANKS = (2, 4, 6)
"""Distances from a line's middle to the ground on either side of it, pixels: lines up to twice as wide are found."""
STEPS = 3
"""Doublings: a line is looked at over 2 ** STEPS pixels of its length."""
PAD = 16
"""Pixels around the picture, mirrored, for the filters to reach into."""
UNITS = 32
"""Per level of 255: whole numbers of 16 bit are twice as fast as floats, and hold sums of 2 ** STEPS contrasts."""
STRIP = 128
"""Rows that are worked on together: few enough to stay in the cache."""
CAP = 80
"""Levels beyond which more contrast makes nothing more of a line: one bright pixel is none."""
SPECK = 11
"""Side of the opening that specks do not outlast, pixels."""
AROUND = 41
"""Side of the window in which the usual is measured, pixels."""


@dataclass(frozen=True, eq=False)
class Strength:
    """Of one polarity, light on dark or dark on light; all (h, w) float32 in levels of 255, not negative."""

    line: np.ndarray
    """Contrast to both sides of the best line through the pixel."""
    top: np.ndarray
    """How far the pixel stands out from everything that is wider than a speck (top-hat)."""
    usual_line: np.ndarray
    """`line`, as it is all around."""
    usual_top: np.ndarray


def strengths(grey: np.ndarray) -> tuple[Strength, Strength]:
    """Of light and of dark damage. grey: (h, w) float32, levels of 255."""
    soft = cv2.GaussianBlur(grey, (0, 0), 0.7)
    lines = _lines(soft)
    levels = np.rint(np.clip(soft, 0, 255) * 16).astype(np.uint16)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (SPECK, SPECK))
    tops = [cv2.morphologyEx(levels, kind, disc) for kind in (cv2.MORPH_TOPHAT, cv2.MORPH_BLACKHAT)]
    light, dark = (
        Strength(line, top, usual(line), usual(top))
        for line, top in zip(lines, (top.astype(np.float32) / 16 for top in tops), strict=True)
    )
    return light, dark


def usual(strength: np.ndarray) -> np.ndarray:
    """What is typical of (h, w) float32, not negative, around each pixel; a few large values hardly count."""
    root = np.sqrt(strength)
    return cv2.blur(root, (AROUND, AROUND), borderType=cv2.BORDER_REFLECT) ** 2


def _lines(soft: np.ndarray) -> list[np.ndarray]:
    """Light and dark: at each pixel the largest mean contrast over all directions and widths.

    The contrast to the nearer of both sides is what counts, so that the border between two areas is no line: the
    smaller of two responses, as in Tupin and others, "Detection of linear features in SAR images" (1998).
    """
    height, width = soft.shape
    whole = cv2.copyMakeBorder(soft, PAD, PAD, PAD, PAD, cv2.BORDER_REFLECT)
    whole = np.rint(whole * UNITS).astype(np.int16)
    found = [np.zeros((height, width), np.int16) for _ in range(2)]
    for top in range(0, height, STRIP):
        _lines_of(whole[top : top + STRIP + 2 * PAD], [result[top : top + STRIP] for result in found])
    return [result.astype(np.float32) / (UNITS * 2**STEPS) for result in found]


def _lines_of(whole: np.ndarray, found: list[np.ndarray]) -> None:
    """Fills in `found`, light and dark: sums over a line, in `UNITS`. whole: int16, padded by `PAD`."""
    for number in range(DIRECTIONS):
        angle = np.pi * number / DIRECTIONS
        along = np.array([np.sin(angle), np.cos(angle)])
        across = np.array([along[1], -along[0]])
        for flank in FLANKS:
            dy, dx = (int(v) for v in np.rint(flank * across))
            here = _moved(whole, 0, 0)
            one, other = cv2.subtract(here, _moved(whole, dy, dx)), cv2.subtract(here, _moved(whole, -dy, -dx))
            for result, contrast in zip(found, (cv2.min(one, other), 0 - cv2.max(one, other)), strict=True):
                cv2.max(result, _summed(contrast, along), dst=result)


def _moved(whole: np.ndarray, dy: int, dx: int) -> np.ndarray:
    """The padded picture without half of its padding, moved."""
    edge, (height, width) = PAD // 2, whole.shape
    return whole[edge + dy : height - edge + dy, edge + dx : width - edge + dx]


def _summed(contrast: np.ndarray, along: np.ndarray) -> np.ndarray:
    """Sums over 2 ** STEPS pixels in a direction; the padding is gone. contrast: int16, half the padding around it."""
    total = np.minimum(contrast, np.int16(CAP * UNITS))
    middle = np.zeros(2)
    for step in range(STEPS):
        offset = np.rint(along * (-2) ** step).astype(int)  # back and forth, so that it stays near
        here, there = _overlap(total.shape, offset[0], offset[1])
        longer = total.copy()
        cv2.add(total[here], total[there], dst=longer[here])
        total, middle = longer, middle + offset / 2
    top, left = (PAD // 2 - np.rint(middle)).astype(int)
    height, width = total.shape[0] - PAD, total.shape[1] - PAD
    return total[top : top + height, left : left + width]


def _overlap(shape: tuple[int, ...], dy: int, dx: int) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Where a pixel lies and where the one (dy, dx) from it, for all pixels that have such."""
    height, width = shape
    here = slice(max(0, -dy), height - max(0, dy)), slice(max(0, -dx), width - max(0, dx))
    there = slice(max(0, dy), height - max(0, -dy)), slice(max(0, dx), width - max(0, -dx))
    return here, there
