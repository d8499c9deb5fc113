"""A photo's hole filled with copies from elsewhere in it, part by part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import torch

from ..imaging.boxes import Box, area, around, box_of, moved, sides, within
from ..messages import Message
from ..model.base import harmonic_fill
from ..model.pixels import to_pixels, to_tensor
from ..tick import Stages, Tick, no_tick
from .level import depth_of
from .pyramid import MOST_SEARCHED, filled

CONTEXT = 256
"""Pixels around a hole that are copied from; at the edge of a photo, fewer."""
GAP = 64
"""Pixels between two holes from which on each is filled by itself."""
SHALLOW = 32
"""Pixels from the rim to the middle of a long hole that is cut in pieces of `PIECE` rather than filled at half size."""
PIECE = 1024
PART_SECONDS, HOLE_SECONDS, CROP_SECONDS = 0.18, 12e-6, 0.5e-6
"""Of one thread (AMD EPYC, 2 vCPU), per part, per pixel of its hole and of the picture around it: small holes take as
many small steps as large ones. Fitted to eight photos of 128 pixels to 12 megapixels by `tools.bench.holes`; strokes
take up to twice of it, as more patches touch them."""
TOO_LITTLE = Message(
    "Too little of the photo is visible to copy from, so {what} was filled with smooth colour instead."
)
PART_OF_IT = Message("part of the hole")
ALL_OF_IT = Message("the hole")


@dataclass(frozen=True, eq=False)
class Filled:
    """A photo without its hole."""

    pixels: np.ndarray
    """(h, w, 3) uint8; as they were outside the hole."""
    copied: np.ndarray
    """(h, w) bool: what was put together from copies. The rest of the hole, if any, is smooth."""
    notice: str | None = None
    """For people, where not all of the hole could be filled with copies."""


@dataclass(frozen=True, eq=False)
class Part:
    """Some of the hole, with what it is filled from."""

    window: Box
    """Rows and columns of the photo."""
    hole: np.ndarray
    """(rows, columns) bool: what is filled. Other parts of the hole may lie in the window, too."""

    @property
    def seconds(self) -> float:
        return cost(int(self.hole.sum()), self.hole.size)


def cost(hole_pixels: int, crop_pixels: int) -> float:
    """About the seconds that one part takes: pixels of the hole, and of what is looked at around it (`parts`)."""
    return PART_SECONDS + HOLE_SECONDS * hole_pixels + CROP_SECONDS * crop_pixels


def fill(
    pixels: np.ndarray, hole: np.ndarray, seed: int = 0, guide: np.ndarray | None = None, tick: Tick = no_tick
) -> Filled:
    """pixels (h, w, 3) uint8, any size from 1 x 1; hole (h, w) bool, True = to be filled -> `Filled`.

    guide: (h, w, 3) uint8, a picture of the whole whose low frequencies the copies shall have near the rim.
    Ticks several times a second with the share done, rising to 1. The same seed gives the same picture, another seed
    another one. Where less than a few whole patches are known, the hole is filled smoothly (`harmonic_fill`) and the
    notice says so. Raises ValueError for arrays of other kinds.
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise ValueError(f"pixels must be (h, w, 3) uint8, not {pixels.shape} {pixels.dtype}")
    if hole.dtype != bool or hole.shape != pixels.shape[:2]:
        raise ValueError(f"hole must be {pixels.shape[:2]} bool, not {hole.shape} {hole.dtype}")
    if guide is not None and (guide.dtype != np.uint8 or guide.shape != pixels.shape):
        raise ValueError(f"guide must be {pixels.shape} uint8, not {guide.shape} {guide.dtype}")
    generator = torch.Generator().manual_seed(seed % 2**63)
    result, left, copied = pixels.copy(), hole.copy(), np.zeros_like(hole)
    todo = list(parts(hole))
    stages = Stages(tick, sum(part.seconds for part in todo))
    for part in todo:
        here = part.window
        waiting = left[here] & ~part.hole
        seen = result[here]
        if waiting.any():
            smooth = _smooth(seen, left[here], stages.stage(0.0))
            seen = np.where(waiting[..., None], smooth, seen)
        shown = None if guide is None else guide[here]
        found = filled(seen, ~part.hole, ~hole[here], generator, shown, stages.stage(part.seconds))
        if found is not None:
            result[here][part.hole] = np.clip(np.rint(found[part.hole]), 0, 255).astype(np.uint8)
            left[here] &= ~part.hole
            copied[here] |= part.hole
    notice = None
    if left.any():
        notice = TOO_LITTLE.format(what=PART_OF_IT if copied.any() else ALL_OF_IT)
        smooth = _smooth(result, left, stages.stage(0.0))
        result[left] = smooth[left]
    tick(1.0)
    return Filled(result, copied, notice)


def parts(hole: np.ndarray) -> Iterator[Part]:
    """Cuts (h, w) bool where at least `GAP` pixels are known between, and where long thin holes get too large."""
    for box, mine in _groups(hole):
        if area(around(box, CONTEXT, hole.shape)) <= MOST_SEARCHED or depth_of(mine).max() > SHALLOW:
            yield _part(box, mine, hole.shape)
            continue
        for top in range(0, mine.shape[0], PIECE):
            for left in range(0, mine.shape[1], PIECE):
                piece = mine[top : top + PIECE, left : left + PIECE]
                if (inner := box_of(piece)) is not None:
                    first = box[0].start + top, box[1].start + left
                    yield _part(moved(inner, *first), piece[inner], hole.shape)


def _groups(hole: np.ndarray) -> Iterator[tuple[Box, np.ndarray]]:
    """Boxes, with their share of the hole, of what lies in square cells of `GAP` pixels that touch each other."""
    grown = np.pad(hole, [(0, -side % GAP) for side in hole.shape])
    cells = grown.reshape(grown.shape[0] // GAP, GAP, -1, GAP).any(axis=(1, 3))
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(np.asarray(cells, np.uint8), connectivity=8)
    for label, (x, y, wide, high, _) in enumerate(boxes.tolist()):
        if label:
            mine = (labels[y : y + high, x : x + wide] == label).repeat(GAP, 0).repeat(GAP, 1)
            mine &= grown[y * GAP : (y + high) * GAP, x * GAP : (x + wide) * GAP]
            box = box_of(mine)
            assert box is not None  # a cell that counts holds some of the hole
            yield moved(box, y * GAP, x * GAP), mine[box]


def _part(box: Box, mine: np.ndarray, shape: tuple[int, ...]) -> Part:
    window = around(box, CONTEXT, shape)
    hole = np.zeros(sides(window), bool)
    hole[within(box, window)] = mine
    return Part(window, hole)


def _smooth(pixels: np.ndarray, hole: np.ndarray, tick: Tick) -> np.ndarray:
    """`harmonic_fill` of (h, w, 3) uint8."""
    known = torch.from_numpy(~hole).float()[None, None]
    return to_pixels(harmonic_fill(to_tensor(pixels) * known, known, tick), tick)
