"""Holes filled with texture: copies from elsewhere in the photo, matched to their surroundings by the network.

The network knows which colours continue the surroundings, and paints them without texture; copies have the texture, and
near the rim now and then the colours of where they come from. So near the rim the low frequencies are the network's and
the high ones the copies'; deep inside, where the network only averages, the copies stay as they are.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import cv2
import numpy as np

from . import exemplar
from .exemplar import depth_of
from .tasks.task import Fill

NEAR, DEEP = 4.0, 20.0
"""Pixels from the rim up to which the low frequencies are all the network's, and from which on all the copies'."""
LOW = 8.0
"""Standard deviation of the Gaussian that separates low from high frequencies, pixels."""
SMOOTH, ROUGH = 1.0, 3.0
"""Levels of 255: the roughness of the surroundings up to which "auto" leaves a hole to the network, and from which on
it takes copies. This and what follows was chosen on 40 crops of training photos, 256 pixels a side, with holes of all
kinds (`tasks.masks`), by the mean ST-LPIPS and the PSNR in the hole: network alone 0.093 and 22.9 dB, copies matched
to it 0.061 and 22.3, this mix 0.060 and 22.5."""
THIN, WIDE = 4.0, 7.0
"""Pixels, half the width of a stroke: up to `THIN` the network has `SHARE_OF_THIN` less to say in copies' place, as it
knows well what lies between two near rims; from `WIDE` on, none."""
SHARE_OF_THIN = 0.3
NEARBY = 12.0
"""Standard deviation of the Gaussian over which roughness is averaged, pixels."""
DOUBT, DISBELIEF = 30.0, 60.0
"""Levels of 255 by which the low frequencies of copies and network differ: from the first on "auto" trusts the network
more, from the second on it alone. Where little of the same kind is left to copy, there would be sky in a wall."""
LARGE_DEPTH, LARGE_SHARE = 0.15, 0.05
"""A hole is very large from this depth on, a share of the photo's shorter side, if it covers this share of the photo.

Depth decides, as it says how far the middle is from all that is known: 14 training photos, 384 pixels high or wide,
had round holes filled with copies. Their coarse shapes (a Gaussian of a quarter of the radius) were off by more than
25 levels, so that something else was seen there, in 1 to 3 photos up to a depth of 0.12, in 6 at 0.15, in 7 at 0.2 and
in 9 at 0.3. The share, a little less than such a disc covers, leaves out corners of the photo: they are deep at once,
as nothing is known beyond its edges."""
COARSE = 512
"""Pixels of the longer side that are looked at for that: the page wants an answer at once, whatever the size."""
LARGE = (
    "The hole is very large: expect {what}, continued from what is around it; no new object or face will appear in it."
)
EXPECTED: dict[Fill, str] = {
    "network": "smooth colour",
    "texture": "repeated texture",
    "auto": "smooth colour or repeated texture",
}
REACH = 8
"""Pixels in which the deepest place tells how wide a stroke is."""


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

    fill: "texture", or "auto", which takes copies by the `share` of each pixel. Yields the share done, in [0, 1].
    """
    part = hole.astype(np.float32) if fill == "texture" else share(pixels, hole)  # of copies
    wanted = part > 0
    if not wanted.any():
        return Textured(painted, np.zeros_like(hole))
    known = np.where((hole & ~wanted)[..., None], painted, pixels)
    found = yield from exemplar.fill(known, wanted, seed)
    low = low_difference(found.pixels, painted, found.copied)
    copies = matched(found.pixels, low, found.copied).astype(np.float32)
    part = part * found.copied
    if fill == "auto":
        apart = np.abs(low).mean(axis=2)
        part *= 1 - np.clip((apart - DOUBT) / (DISBELIEF - DOUBT), 0, 1)
    mixed = np.rint(painted + part[..., None] * (copies - painted)).astype(np.uint8)
    return Textured(mixed, part >= 0.5, (found.notice,) if found.notice else ())


def matched(copies: np.ndarray, low: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Copies (h, w, 3) uint8 with the painting's low frequencies near the rim of hole (h, w) bool.

    low: `low_difference` of the two.
    """
    near = np.clip((DEEP - depth_of(hole)[..., None]) / (DEEP - NEAR), 0, 1)
    return np.clip(np.rint(copies - near * low), 0, 255).astype(np.uint8)


def low_difference(copies: np.ndarray, painted: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """(h, w, 3) float32, levels of 255: the low frequencies of copies minus painting."""
    difference = np.where(hole[..., None], copies.astype(np.float32) - painted, 0)
    return cv2.GaussianBlur(difference, (0, 0), LOW, borderType=cv2.BORDER_REFLECT)


def share(pixels: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """(h, w) float32 in [0, 1]: how much of each pixel "auto" takes from copies; the rest is the network's.

    All where a hole is wide and its surroundings are rough, nothing where they are smooth. What is hidden has no say.
    """
    rough = nearest_known(smoothed(roughness(pixels, hole), ~hole, NEARBY), hole)
    half_width = cv2.dilate(depth_of(hole), np.ones((2 * REACH + 1,) * 2, np.uint8))
    wide = np.clip((half_width - THIN) / (WIDE - THIN), 0, 1)
    found = np.clip((rough - SMOOTH) / (ROUGH - SMOOTH), 0, 1) * (1 - SHARE_OF_THIN * (1 - wide))
    return (found * hole).astype(np.float32)


def roughness(pixels: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """(h, w) float32, levels of 255: how far brightness is from its mean nearby, 0 in the hole, which has no say."""
    known = ~hole
    grey = pixels.astype(np.float32).mean(axis=2)
    return np.abs(grey - smoothed(grey, known, 2.0)) * known


def smoothed(values: np.ndarray, known: np.ndarray, sigma: float) -> np.ndarray:
    """(h, w) float32: Gaussian mean of what is known of values (h, w); near 0 where nothing known is in reach."""
    weight = known.astype(np.float32)
    mean = cv2.GaussianBlur(values.astype(np.float32) * weight, (0, 0), sigma)
    return mean / np.maximum(cv2.GaussianBlur(weight, (0, 0), sigma), 1e-3)


def nearest_known(values: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Values (h, w), in the hole those of the nearest known pixel, so that its depths are judged as its rim is."""
    if hole.all():
        return np.zeros_like(values)
    _, labels = cv2.distanceTransformWithLabels(
        hole.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    at = np.zeros(labels.max() + 1, np.float32)
    at[labels[~hole]] = values[~hole]
    return np.where(hole, at[labels], values)


def expectation(hole: np.ndarray, fill: Fill) -> str | None:
    """What a very large hole (h, w) bool will look like, in one sentence; None for all others."""
    if not is_very_large(hole):
        return None
    return LARGE.format(what=EXPECTED[fill])


def is_very_large(hole: np.ndarray) -> bool:
    """Whether a connected part of (h, w) bool is both deeper than `LARGE_DEPTH` and larger than `LARGE_SHARE`."""
    step = max(1, max(hole.shape) // COARSE)
    coarse = np.ascontiguousarray(hole[::step, ::step])
    depth, needed = depth_of(coarse), LARGE_DEPTH * min(coarse.shape)
    if depth.max(initial=0) < needed:
        return False
    labels = np.asarray(cv2.connectedComponents(coarse.astype(np.uint8), connectivity=4)[1], np.int64)
    area = np.bincount(labels.ravel())
    return bool((area[labels[depth >= needed]] >= LARGE_SHARE * coarse.size).any())
