"""From matches to pixels: the mean of what all patches over a pixel say, or a copy of what the best one says."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from ..tick import Tick
from .level import GUIDE_LOW, REACH, SIDE, Level
from .match import Matches

AT_ONCE = 16384
"""Pixels of the hole that are worked on together. Here numpy takes rows several times as fast as torch."""
TYPICAL = 0.75
"""Share of the patches that are nearer to their matches than what the weights fall off by (Wexler et al., 2007)."""
LEAST = float(SIDE**2)
"""Squared distance of patches that count as alike: a level at every pixel."""
OFF_CENTRE = 0.03
"""By how much a patch's distance counts as larger for a pixel one off its centre, relatively; with the square."""


def weights(level: Level, matches: Matches, targets: Tensor) -> Tensor:
    """(pixels,) float32: what each target's word counts; 0 elsewhere."""
    found = matches.distance[targets]
    typical = float(np.quantile(found[:: max(1, len(found) // 100_000)].numpy(), TYPICAL))
    weight = torch.zeros_like(matches.distance)
    weight[targets] = level.trust[targets] * torch.exp(-found / max(typical, LEAST)) + 1e-9
    return weight


def vote(level: Level, matches: Matches, weight: Tensor, hole: Tensor, tick: Tick) -> float:
    """Sets the places `hole` (n,) of the level with weighted means; where no patch has a say they stay.

    weight: (pixels,), as from `weights`. Returns by how much they changed, mean levels of 255.
    """
    image, centres, says = level.image.numpy(), matches.centre.numpy(), weight.numpy()
    result, change = np.empty((len(hole), 4), np.float32), 0.0
    for start in range(0, len(hole), AT_ONCE):
        here = hole[start : start + AT_ONCE].numpy()
        total = np.zeros((len(here), 4), np.float32)
        for step in level.steps.tolist():
            centre = here + step
            total += image.take(centres.take(centre) - step, axis=0) * says.take(centre)[:, None]
        before, counted = image.take(here, axis=0), total[:, 3:]
        fresh = np.where(counted > 0, total / np.maximum(counted, 1e-30), before)
        result[start : start + AT_ONCE] = fresh
        change += float(np.abs(fresh - before).sum(dtype=np.float64)) / 3
        tick(min(start + AT_ONCE, len(hole)) / len(hole))
    level.image[hole] = torch.from_numpy(result)
    if level.guide is not None:
        _follow(level, level.guide, hole)
        tick(1.0)
    _roughen(level, matches, weight, hole)
    tick(1.0)
    level.mirror()
    return change / len(hole)


def _follow(level: Level, guide: np.ndarray, places: Tensor) -> None:
    """Moves the low frequencies of these places (n,) of the hole towards the guide's, as far as its `guidance` goes.

    What the next search looks for is alike in its colours then, too, and not only in its texture.
    """
    image = level.grid(level.image).numpy()[level.box][..., :3]
    voted = np.zeros(level.hidden.shape, bool)
    voted.ravel()[places.numpy()] = True
    here = voted[level.box][..., None]
    lack = cv2.GaussianBlur(np.where(here, guide - image, 0), (0, 0), GUIDE_LOW, borderType=cv2.BORDER_REFLECT)
    image += level.guidance * here * lack


def _roughen(level: Level, matches: Matches, weight: Tensor, hole: Tensor) -> None:
    """Texture features are smooth: those at the matches' centres, averaged over a patch, stand in for votes."""
    counted = hole[weight[hole] > 0]
    level.texture[counted] = level.texture[matches.centre[counted]]
    level.mirror()
    smooth = cv2.blur(level.grid(level.texture).numpy(), (SIDE, SIDE), borderType=cv2.BORDER_REFLECT)
    level.texture[counted] = torch.from_numpy(smooth).view(-1, 2)[counted]


def copies(level: Level, matches: Matches, tick: Tick) -> Tensor:
    """(pixels,) int64: the place that each pixel is copied from. For those outside the hole, their own."""
    origin = torch.arange(len(level.image))
    places, centres, distances = origin.numpy(), matches.centre.numpy(), matches.distance.numpy()
    for start in range(0, len(level.hole), AT_ONCE):
        here = level.hole[start : start + AT_ONCE].numpy()
        least, best = np.full(len(here), np.inf, np.float32), centres.take(here)
        for step, off in zip(level.steps.tolist(), _squares(), strict=True):
            centre = here + step
            found = distances.take(centre) * np.float32(1 + OFF_CENTRE * off)
            best = np.where(found < least, centres.take(centre) - step, best)
            least = np.minimum(found, least)
        places[here] = best
        tick(min(start + AT_ONCE, len(level.hole)) / len(level.hole))
    return origin


def _squares() -> list[int]:
    """Squared distances of a patch's pixels from its centre, in the order of `Level.steps`."""
    line = range(-REACH, REACH + 1)
    return [y * y + x * x for y in line for x in line]


def differences(
    level: Level, origin: Tensor, box: tuple[slice, slice], tick: Tick
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """In a box: the copies (h, w, 3) float32, and what they say of each step to the next pixel, across and down.

    Of two copies beside each other, each says what came after it, or before it, where it was; the mean counts. What
    lies beyond the photo's edge, and known pixels beside the hole, say nothing.
    """
    image, places = level.image.numpy()[:, :3], level.grid(origin).numpy()[box]
    hole, inside = level.hidden[box], level.inside.ravel()
    (height, width), shapes = places.shape, ((0, 0), (0, 1), (1, 0))
    copy, across, down = (np.empty((height - y, width - x, 3), np.float32) for y, x in shapes)
    rows = max(1, AT_ONCE // width)
    for top in range(0, height, rows):
        here = slice(top, top + rows)
        copy[here] = image.take(places[here], axis=0)
        across[here] = _steps(image, inside, places[here], hole[here], 1, 1)
        tick(0.5)
        more = slice(top, top + rows + 1)  # a step down leads to the first row of the next portion
        down[here] = _steps(image, inside, places[more], hole[more], 0, level.width)
        tick(min(top + rows, height) / height)
    return copy, across, down


def _steps(
    image: np.ndarray, inside: np.ndarray, places: np.ndarray, hole: np.ndarray, axis: int, step: int
) -> np.ndarray:
    """(h, w - 1, 3), or (h - 1, w, 3) along axis 0, of `places` and `hole` (h, w); step: to the next pixel."""
    length = places.shape[axis] - 1
    first, second = (places.take(range(start, start + length), axis) for start in (0, 1))
    forward = hole.take(range(length), axis) & inside.take(first + step)
    backward = hole.take(range(1, length + 1), axis) & inside.take(second - step)
    total = (image.take(first + step, axis=0) - image.take(first, axis=0)) * forward[..., None]
    total += (image.take(second, axis=0) - image.take(second - step, axis=0)) * backward[..., None]
    return total / np.maximum(forward.astype(np.float32) + backward, 1)[..., None]
