"""Connected parts that may be damage, and figures of each that separate scratches from the picture's own lines.

Parts are taken at several thresholds, nested in each other, as in the component trees of Matas and others, "Robust wide
baseline stereo from maximally stable extremal regions" (2002); hysteresis would have to choose one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from .lines import Strength

LEVELS = (2.8, 4.0, 5.6, 8.0, 12.0)
"""How many times as strong as usual the pixels of a part are, at least. What hangs together at one level may be several
at the next: a scratch that crosses foliage is one part with it first, and a part of its own later."""
FEWEST = 4
"""Pixels of a part."""
FLOOR = 0.8
"""Levels of 255 that are added to what is usual: no picture is smoother than its rounding."""
SPECKS = 0.7
"""What a top-hat counts against a line."""
CORE = 0.35
"""Pixels of a part stand out by this share of its mean, at least; the filters reach a little further than the line."""
CROWD = 61
"""Side of the window in which other parts are counted, pixels."""
GROUND = 13
"""Side of the window whose median is the ground, pixels: nothing thin is left in it."""
NEAR = 31
"""Side of the window whose lightest and darkest ground a part is compared with, pixels."""
FIGURES = (
    "area",
    "strength",  # against what is usual around
    "contrast",
    "length",
    "elongation",
    "width",
    "unevenness",  # of the contrast over the part
    "texture",  # around the part
    "extremeness",  # beyond the lightest or darkest of the photo
    "beyond",  # beyond the lightest or darkest of what is near
    "crowd",  # other parts nearby: texture has many
    "edge",  # how steep the ground is under it
    "sharpness",
    "straightness",
    "tone",  # how much its own level changes: damage has one of its own ..
    "ground",  # .. whatever it lies on
    "tint",  # how far its colour is from the ground's: light and shadow leave it, paper and dust do not
    "dark",
    "level",
)
"""What is measured of a part; logarithms of lengths, areas and contrasts."""


@dataclass(frozen=True, eq=False)
class Parts:
    """The parts of one polarity at one level."""

    dark: bool
    labels: np.ndarray
    """(n,) int64: part of each pixel, 0 .. count - 1. Every part has a pixel at least."""
    places: np.ndarray
    """(n,) int64: where the pixels lie in the flattened picture."""
    figures: np.ndarray
    """(count, len(FIGURES)) float32."""
    colourfulness: float
    """Of the whole photo: logarithm of how far its colours differ, 0 for grey."""


@dataclass(frozen=True, eq=False)
class _Fields:
    """What is known of every pixel, flattened, as damage of one polarity."""

    height: int
    width: int
    ratio: np.ndarray
    """Strength against what is usual, (h, w)."""
    grey: np.ndarray
    strength: Strength
    ground: np.ndarray
    """The picture without anything thin."""
    slope: np.ndarray
    """Steepness of the ground, levels per pixel."""
    fine: np.ndarray
    """Amplitude of the finest detail."""
    extreme: np.ndarray
    beyond: np.ndarray
    tints: tuple[np.ndarray, np.ndarray]
    """Chroma, Cr and Cb, less the ground's."""
    dark: bool
    colourfulness: float


def parts(grey: np.ndarray, chroma: np.ndarray, both: tuple[Strength, Strength]) -> Iterator[Parts]:
    """All parts at all levels, light ones first.

    grey: (h, w) float32, levels of 255. chroma: (h, w, 2) uint8, Cr and Cb. both: of `strengths(grey)`.
    """
    low, high = np.percentile(grey[::3, ::3], (1, 99))
    spread = max(float(high - low), 1.0)
    ground8 = cv2.medianBlur(np.rint(np.clip(grey, 0, 255)).astype(np.uint8), GROUND)
    ground = cv2.GaussianBlur(ground8.astype(np.float32), (0, 0), 1.5)
    slope = cv2.magnitude(cv2.Sobel(ground, -1, 1, 0, scale=0.125), cv2.Sobel(ground, -1, 0, 1, scale=0.125))
    soft = cv2.GaussianBlur(grey, (0, 0), 0.6)
    fine = cv2.absdiff(soft, cv2.GaussianBlur(grey, (0, 0), 1.8))
    red, blue = (np.subtract(c, cv2.medianBlur(c, GROUND), dtype=np.float32) for c in cv2.split(chroma))
    colourfulness = float(np.log(np.hypot(*chroma[::3, ::3].reshape(-1, 2).std(axis=0)) + 1))
    near = np.ones((NEAR, NEAR), np.uint8)
    for dark, strength in enumerate(both):
        most = cv2.erode(ground8, near) if dark else cv2.dilate(ground8, near)
        ratio = np.maximum(
            strength.line / (strength.usual_line + FLOOR) * (strength.top > 0.4 * strength.line),
            SPECKS * strength.top / (strength.usual_top + FLOOR),
        )
        fields = _Fields(
            *grey.shape,
            ratio=ratio,
            grey=grey,
            strength=strength,
            ground=ground,
            slope=slope,
            fine=fine,
            extreme=((low - grey) if dark else (grey - high)) / spread,
            beyond=(most - soft) if dark else (soft - most),
            tints=(red, blue),
            dark=bool(dark),
            colourfulness=colourfulness,
        )
        for level in LEVELS:
            yield _parts(fields, level)


def _parts(fields: _Fields, level: float) -> Parts:
    mask = (fields.ratio >= level).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8, ltype=cv2.CV_32S)
    keep = stats[:, cv2.CC_STAT_AREA] >= FEWEST
    keep[0] = False
    places = np.flatnonzero(mask)
    label = labels.reshape(-1)[places].astype(np.int64)
    places, label = places[keep[label]], (np.cumsum(keep) - 1)[label[keep[label]]]
    count = int(keep.sum())
    area = np.bincount(label, minlength=count).astype(np.float64)

    def mean(values: np.ndarray) -> np.ndarray:
        """Over each part, of (h, w) or of values per pixel."""
        chosen = values.reshape(-1)[places] if values.ndim == 2 else values
        return np.bincount(label, chosen, minlength=count) / area

    top = fields.strength.top.reshape(-1)[places]
    core = top >= CORE * mean(top)[label]
    inner, inside = label[core], places[core]
    red, blue = (np.bincount(inner, plane.reshape(-1)[inside], minlength=count) for plane in fields.tints)
    tint = np.hypot(red, blue) / np.bincount(inner, minlength=count)  # of the core: a rim is mixed with the ground
    figures = _figures(fields, mask, label, places, area, mean, tint, level)
    return Parts(fields.dark, inner, inside, figures, fields.colourfulness)


def _figures(
    fields: _Fields,
    mask: np.ndarray,
    label: np.ndarray,
    places: np.ndarray,
    area: np.ndarray,
    mean: Callable[[np.ndarray], np.ndarray],
    tint: np.ndarray,
    level: float,
) -> np.ndarray:
    def deviation(values: np.ndarray) -> np.ndarray:
        chosen = values.reshape(-1)[places].astype(np.float64)
        return np.sqrt(np.maximum(mean(chosen * chosen) - mean(chosen) ** 2, 0))

    y, x = np.divmod(places, fields.width)
    dy, dx = y - mean(y)[label], x - mean(x)[label]
    yy, xx, xy = mean(dy * dy) + 1 / 12, mean(dx * dx) + 1 / 12, mean(dx * dy)
    half, root = (yy + xx) / 2, np.hypot((yy - xx) / 2, xy)
    long, short = np.sqrt(12 * (half + root)), np.sqrt(12 * np.maximum(half - root, 1 / 12))  # sides of such a bar
    inner = mean(cv2.distanceTransform(mask, cv2.DIST_L2, 3))
    width = np.maximum(4 * inner - 1, 1)  # pixels of a bar lie a quarter of its width from its rim, on the average
    length = area / width
    contrast = mean(fields.strength.top) + 1
    crowd = cv2.blur(mask * np.uint8(255), (CROWD, CROWD), borderType=cv2.BORDER_REFLECT)
    around = np.maximum(mean(crowd) / 255 - np.minimum(area, 3 * CROWD) / CROWD**2, 0)
    log = np.log
    return np.stack(
        [
            log(area),
            log(mean(fields.ratio)),
            log(contrast),
            log(length + 1),
            log(long / short),
            log(width),
            deviation(fields.strength.top) / contrast,
            log(mean(fields.strength.usual_top) + 1),
            mean(fields.extreme),
            mean(fields.beyond) / contrast,
            log(around + 0.003),
            log((mean(fields.slope) + 0.1) / contrast),
            log((mean(fields.fine) + 0.1) / contrast),
            log(long / (length + 1)),
            log((deviation(fields.grey) + 1) / contrast),
            log((deviation(fields.ground) + 1) / contrast),
            log((tint + 1) / contrast),
            np.full(len(area), float(fields.dark)),
            np.full(len(area), log(level)),
        ],
        axis=1,
    ).astype(np.float32)
