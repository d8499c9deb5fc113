"""Holes filled with texture: copies from elsewhere in the photo, matched to their surroundings by the network.

The network knows which colours continue the surroundings, and makes them without texture; copies have the texture, and
near the rim now and then the colours of where they come from. So near the rim the low frequencies are the network's and
the high ones the copies'; deep inside, where the network only averages, the copies stay as they are. What is the
network's carries no noise, which the photo around may have: it gets `grain`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from . import exemplar, grain
from .exemplar import depth_of
from .messages import Message
from .tasks.task import Fill
from .tick import Stages, Tick, no_tick, ticking

NEAR, DEEP = 4.0, 20.0
"""Pixels from the rim up to which the low frequencies are all the network's, and from which on all the copies'."""
LOW = 4.0
"""Standard deviation of the Gaussian that separates low from high frequencies, pixels. With half of 8, copies fit
better (0.2 dB) and are as like by ST-LPIPS: 17 crops of training photos of 256 and 384 pixels, holes of all kinds."""
SMOOTH, ROUGH = 0.5, 1.5
"""Levels of 255: the roughness of the surroundings up to which "auto" leaves a hole to the network, and from which on
it takes copies. On those crops, twice these numbers were 0.1 dB better and by 0.001 ST-LPIPS less like the photos; to
doubt copies sooner than below gained 0.1 dB and cost 0.0015. Check with `tools.evaluation.fills`, on other photos."""
THIN, WIDE = 4.0, 7.0
"""Pixels, half the width of a stroke: up to `THIN` the network has `SHARE_OF_THIN` less to say in copies' place, as it
knows well what lies between two near rims; from `WIDE` on, none."""
SHARE_OF_THIN = 0.15
NEARBY = 12.0
"""Standard deviation of the Gaussian over which roughness is averaged, pixels."""
DOUBT, DISBELIEF = 30.0, 60.0
"""Levels of 255 by which the low frequencies of copies and network differ: from the first on "auto" trusts the network
more, from the second on it alone, near the rim. Where little of the same kind is left to copy, there would be sky in a
wall; deep inside, the network has nothing but fog to set against it."""
LARGE_DEPTH, LARGE_SHARE = 0.15, 0.05
"""A hole is very large from this depth on, a share of the photo's shorter side, if it covers this share of the photo.

Depth decides, as it says how far the middle is from all that is known: 14 training photos, 384 pixels high or wide,
had round holes filled with copies. Their coarse shapes (a Gaussian of a quarter of the radius) were off by more than
25 levels, so that something else was seen there, in 1 to 3 photos up to a depth of 0.12, in 6 at 0.15, in 7 at 0.2 and
in 9 at 0.3. The share, a little less than such a disc covers, leaves out corners of the photo: they are deep at once,
as nothing is known beyond its edges."""
COARSE = 512
"""Pixels of the longer side that are looked at for that: the page wants an answer at once, whatever the size."""
LARGE = Message(
    "The hole is very large: expect {what}, continued from what is around it; no new object or face will appear in it."
)
EXPECTED: dict[Fill, str] = {
    "network": Message("smooth colour"),
    "texture": Message("repeated texture"),
    "auto": Message("smooth colour or repeated texture"),
}
REACH = 8
"""Pixels in which the deepest place says how wide a stroke is."""
MARGIN = 64
"""Pixels beyond a band of rows that nothing in the band depends on: 4 standard deviations of any Gaussian here, and
more than `DEEP`."""
AT_ONCE = 1_000_000
"""Pixels of a band: bounds memory, and the time between two stops."""
FILLING = 0.8
"""Share of the time that copying takes, about."""


@dataclass(frozen=True, eq=False)
class Textured:
    """A photo whose holes are filled."""

    pixels: np.ndarray
    """(h, w, 3) uint8."""
    copied: np.ndarray
    """(h, w) bool: what was put together from copies; the rest of the hole is the network's."""
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Band:
    """Rows of a photo that are worked on together, with what has a say in them."""

    rows: slice
    seen: slice
    """Rows of the photo: `rows`, and `MARGIN` more on each side."""

    @property
    def inner(self) -> slice:
        """`rows`, counted from the first that is seen."""
        return slice(self.rows.start - self.seen.start, self.rows.stop - self.seen.start)


def textured(
    pixels: np.ndarray, hole: np.ndarray, decoded: np.ndarray, fill: Fill, seed: int = 0, tick: Tick = no_tick
) -> Textured:
    """pixels (h, w, 3) uint8 with hole (h, w) bool, decoded (h, w, 3) uint8 by the network -> `Textured`.

    fill: "texture", or "auto", which takes copies by the `share` of each pixel. Ticks with the share done, in [0, 1].
    """
    todo = list(bands(hole))
    part = hole.astype(np.float32) if fill == "texture" else share(pixels, hole, tick)  # of copies
    wanted = part > 0
    copies, notices = decoded, ()
    if wanted.any():
        known = np.where((hole & ~wanted)[..., None], decoded, pixels)
        guide = np.where(hole[..., None], decoded, pixels)
        found = exemplar.fill(known, wanted, seed, guide, Stages(tick, 1.0).stage(FILLING))
        copies, notices = found.pixels, (found.notice,) if found.notice else ()
        part *= found.copied
    result, copied = decoded.copy(), np.zeros_like(hole)
    noise = ticking(lambda: grain.grain_of(pixels, ~hole), tick, FILLING)
    for number, band in enumerate(todo):
        mixed, weight = _mixed(copies[band.seen], decoded[band.seen], part[band.seen], fill)
        mixed, weight = mixed[band.inner], weight[band.inner]
        if noise is not None and noise.strength:
            # Copies carry the photo's noise already; of two independent halves, less is left than of either.
            lack = np.sqrt(1 - weight**2) * hole[band.rows]
            mixed = mixed + grain.drawn(noise, lack, seed + band.rows.start)
        inside = hole[band.rows]
        result[band.rows][inside] = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)[inside]
        copied[band.rows] = weight >= 0.5
        tick(FILLING + (1 - FILLING) * (number + 1) / len(todo))
    return Textured(result, copied, notices)


def bands(hole: np.ndarray) -> Iterator[Band]:
    """The rows of a hole (h, w) bool in portions, those without a part of it left out."""
    height, width = hole.shape
    step = max(AT_ONCE // width - 2 * MARGIN, MARGIN)
    touched = np.flatnonzero(hole.any(axis=1))
    row = 0
    while len(touched := touched[touched >= row]):
        first = int(touched[0])
        row = min(first + step, int(touched[-1]) + 1)
        yield Band(slice(first, row), slice(max(first - MARGIN, 0), min(row + MARGIN, height)))


def _mixed(copies: np.ndarray, decoded: np.ndarray, part: np.ndarray, fill: Fill) -> tuple[np.ndarray, np.ndarray]:
    """(h, w, 3) float32, levels of 255, and the share (h, w) float32 of copies in it."""
    some = part > 0
    low, near = low_difference(copies, decoded, some), nearness(some)
    fit = matched(copies, low, near).astype(np.float32)
    if fill == "auto":
        difference = np.abs(low).mean(axis=2)
        part = part * (1 - near * np.clip((difference - DOUBT) / (DISBELIEF - DOUBT), 0, 1))
    return decoded + part[..., None] * (fit - decoded), part


def matched(copies: np.ndarray, low: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Copies (h, w, 3) uint8 with the network's low frequencies near the rim of a hole.

    low: `low_difference` of the two. near: `nearness` of the hole.
    """
    return np.clip(np.rint(copies - near[..., None] * low), 0, 255).astype(np.uint8)


def nearness(hole: np.ndarray) -> np.ndarray:
    """(h, w) in [0, 1]: 1 up to `NEAR` pixels from the rim of hole (h, w) bool, 0 from `DEEP` on."""
    return np.clip((DEEP - depth_of(hole)) / (DEEP - NEAR), 0, 1)


def low_difference(copies: np.ndarray, decoded: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """(h, w, 3) float32, levels of 255: the low frequencies of copies minus network."""
    difference = np.where(hole[..., None], copies.astype(np.float32) - decoded, 0)
    return cv2.GaussianBlur(difference, (0, 0), LOW, borderType=cv2.BORDER_REFLECT)


def share(pixels: np.ndarray, hole: np.ndarray, tick: Tick = no_tick) -> np.ndarray:
    """(h, w) float32 in [0, 1]: how much of each pixel "auto" takes from copies; the rest is the network's.

    All where a hole is wide and its surroundings are rough, nothing where they are smooth. What is hidden has no say.
    """
    todo, rough = list(bands(hole)), np.zeros(hole.shape, np.float32)
    for band in todo:  # with a row more on each side, where the nearest known pixel may lie
        rows = slice(max(band.rows.start - 1, 0), band.rows.stop + 1)
        inner = slice(rows.start - band.seen.start, rows.stop - band.seen.start)
        seen, hidden = pixels[band.seen], hole[band.seen]
        rough[rows] = smoothed(roughness(seen, hidden), ~hidden, NEARBY)[inner]
        tick(0.0)
    rough, part = ticking(lambda: nearest_known(rough, hole), tick), np.zeros(hole.shape, np.float32)
    for band in todo:
        half_width = cv2.dilate(depth_of(hole[band.seen]), np.ones((2 * REACH + 1,) * 2, np.uint8))[band.inner]
        wide = np.clip((half_width - THIN) / (WIDE - THIN), 0, 1)
        found = np.clip((rough[band.rows] - SMOOTH) / (ROUGH - SMOOTH), 0, 1) * (1 - SHARE_OF_THIN * (1 - wide))
        part[band.rows] = found * hole[band.rows]
        tick(0.0)
    return part


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
    nearest = cv2.distanceTransformWithLabels(
        hole.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    labels = np.asarray(nearest[1], np.int64)
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
