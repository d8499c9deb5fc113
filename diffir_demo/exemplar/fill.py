"""A photo's hole filled with copies from elsewhere in it, part by part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import torch

from ..clock import Clock, Work
from ..imaging import convert, to_tensor
from ..model import base
from .level import depth_of
from .pyramid import MOST_SEARCHED, filled

CONTEXT = 256
"""Pixels around a hole that are copied from; at the edge of a photo, fewer."""
APART = 64
"""Pixels between two holes from which on each is filled by itself."""
SHALLOW = 32
"""Pixels from the rim to the middle of a long hole that is cut in pieces of `PIECE` rather than filled at half size."""
PIECE = 1024
PART_SECONDS, HOLE_SECONDS, CROP_SECONDS = 0.18, 12e-6, 0.5e-6
"""Of one thread (AMD EPYC, 2 vCPU), per part, per pixel of its hole and of the picture around it: small holes take as
many small steps as large ones. Fitted to eight photos of 128 pixels to 12 megapixels by `bench.holes`; strokes take up
to twice of it, as more patches touch them."""
Box = tuple[slice, slice]
"""Rows and columns."""
TOO_LITTLE = "Too little of the photo is visible to copy from, so {what} was filled with smooth colour instead."


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


def fill(pixels: np.ndarray, hole: np.ndarray, seed: int = 0, guide: np.ndarray | None = None) -> Work[Filled]:
    """pixels (h, w, 3) uint8, any size from 1 x 1; hole (h, w) bool, True = to be filled -> `Filled`.

    guide: (h, w, 3) uint8, a picture of the whole whose low frequencies the copies shall have near the rim.
    Stops several times a second to yield the share done, rising to 1; whoever does not go on leaves nothing behind. The
    same seed gives the same picture, another seed another one. Where less than a few whole patches are known, the hole
    is filled smoothly (`harmonic_fill`) and the notice says so. Raises ValueError for arrays of other kinds.
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
    clock = Clock(sum(part.seconds for part in todo))
    for part in todo:
        here = part.window
        waiting = left[here] & ~part.hole
        seen = result[here]
        if waiting.any():
            smooth = yield from clock.during(_smooth(seen, left[here]), 0.0)
            seen = np.where(waiting[..., None], smooth, seen)
        shown = None if guide is None else guide[here]
        painted = yield from clock.during(filled(seen, ~part.hole, ~hole[here], generator, shown), part.seconds)
        if painted is not None:
            result[here][part.hole] = np.clip(np.rint(painted[part.hole]), 0, 255).astype(np.uint8)
            left[here] &= ~part.hole
            copied[here] |= part.hole
    notice = None
    if left.any():
        notice = TOO_LITTLE.format(what="part of the hole" if copied.any() else "the hole")
        smooth = yield from clock.during(_smooth(result, left), 0.0)
        result[left] = smooth[left]
    yield 1.0
    return Filled(result, copied, notice)


def parts(hole: np.ndarray) -> Iterator[Part]:
    """Cuts (h, w) bool where at least `APART` pixels are known between, and where long thin holes get too large."""
    for box, mine in _groups(hole):
        if _area(_around(box, hole.shape)) <= MOST_SEARCHED or depth_of(mine).max() > SHALLOW:
            yield _part(box, mine, hole.shape)
            continue
        for top in range(0, mine.shape[0], PIECE):
            for left in range(0, mine.shape[1], PIECE):
                piece = mine[top : top + PIECE, left : left + PIECE]
                if piece.any():
                    first = box[0].start + top, box[1].start + left
                    inner = _box(piece)
                    yield _part(_moved(inner, *first), piece[inner], hole.shape)


def _groups(hole: np.ndarray) -> Iterator[tuple[Box, np.ndarray]]:
    """Boxes, with their share of the hole, of what lies in square cells of `APART` pixels that touch each other."""
    grown = np.pad(hole, [(0, -side % APART) for side in hole.shape])
    cells = grown.reshape(grown.shape[0] // APART, APART, -1, APART).any(axis=(1, 3))
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(np.asarray(cells, np.uint8), connectivity=8)
    for label, (x, y, wide, high, _) in enumerate(boxes.tolist()):
        if label:
            mine = (labels[y : y + high, x : x + wide] == label).repeat(APART, 0).repeat(APART, 1)
            mine &= grown[y * APART : (y + high) * APART, x * APART : (x + wide) * APART]
            box = _box(mine)
            yield _moved(box, y * APART, x * APART), mine[box]


def _part(box: Box, mine: np.ndarray, shape: tuple[int, ...]) -> Part:
    window = _around(box, shape)
    hole = np.zeros((window[0].stop - window[0].start, window[1].stop - window[1].start), bool)
    hole[_moved(box, -window[0].start, -window[1].start)] = mine
    return Part(window, hole)


def _box(mask: np.ndarray) -> Box:
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _moved(box: Box, down: int, right: int) -> Box:
    rows, columns = box
    return slice(rows.start + down, rows.stop + down), slice(columns.start + right, columns.stop + right)


def _around(box: Box, shape: tuple[int, ...]) -> Box:
    """With `CONTEXT` pixels on each side, as far as the photo goes."""
    rows, columns = (
        slice(max(places.start - CONTEXT, 0), min(places.stop + CONTEXT, side))
        for places, side in zip(box, shape, strict=True)
    )
    return rows, columns


def _area(box: Box) -> int:
    return (box[0].stop - box[0].start) * (box[1].stop - box[1].start)


def _smooth(pixels: np.ndarray, hole: np.ndarray) -> Work[np.ndarray]:
    """`harmonic_fill` of (h, w, 3) uint8, with stops."""
    known = torch.from_numpy(~hole).float()[None, None]
    filled = yield from base.fill(to_tensor(pixels) * known, known)
    return (yield from convert(filled))
