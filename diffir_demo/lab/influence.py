"""Which of the numbers do anything, and where: by painting, which is exact, and by the weights, which is quick."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field

import numpy as np
import torch

from ..errors import InputError
from ..imaging import Picture
from ..restore import Engine
from ..tasks import Request
from .estimate import Run
from .hear import heard

WINDOW = 9
"""Side of the squares, in pixels, over which a heat map is averaged: 8-bit pixels move in whole levels, so a small
change shows in how many of them do."""


def steering(engine: Engine) -> np.ndarray:
    """How strongly the U-Net listens to each number: (n,) float32, a fact of the weights alone.

    Every block's two norms turn the IPR into a scale and a shift per channel by a matrix without bias
    (`SteeredNorm.steer`). This is the length of the number's columns in all those matrices together: by how much all
    scales and shifts, taken as one vector, move when the number moves by one. What the layers behind make of it, and
    whether it matters for a photo, only painting can tell (`move`).
    """
    with torch.inference_mode():
        squares = [
            parameter.double().square().sum(dim=0)
            for name, parameter in engine.model.painter.named_parameters()
            if name.endswith("norm.steer.weight")
        ]
        return torch.stack(squares).sum(dim=0).sqrt().float().cpu().numpy()


@dataclass(frozen=True, eq=False)
class Moved:
    """What a number's change does to a picture."""

    dimension: int
    delta: float
    """How far the number was moved, up and down."""
    heat: np.ndarray = field(repr=False)
    """(h, w) float32, levels of 255: half the mean absolute difference of the channels between up and down, averaged
    over `WINDOW` squares."""
    up: Picture = field(repr=False)
    """The picture with the number moved up."""
    mean: float
    """Of the heat over the whole picture, levels."""
    share: float
    """Of the pixels, 0 .. 1, that differ between up and down at all."""


def move(run: Run, request: Request, ipr: np.ndarray, dimension: int, delta: float) -> Generator[float, None, Moved]:
    """Paints with one number moved up, then down, by `delta`. Yields the share done.

    dimension: 0 .. n-1. Raises `InputError` for one that is not there, and for a delta that is not above zero.
    """
    if not 0 <= dimension < len(ipr):
        raise InputError(f"There is no number {dimension + 1}; they go from 1 to {len(ipr)}.")
    if not np.isfinite(delta) or delta <= 0:
        raise InputError("A number must be moved by more than zero.")
    step = np.zeros_like(ipr)
    step[dimension] = delta
    up = yield from heard(run(request, ipr=ipr + step), 0.0, 0.5)
    down = yield from heard(run(request, ipr=ipr - step), 0.5, 0.5)
    apart = np.abs(up.picture.pixels.astype(np.int16) - down.picture.pixels)
    levels = apart.mean(axis=2, dtype=np.float32) / 2
    heat = _averaged(levels)
    return Moved(dimension, float(delta), heat, up.picture, float(levels.mean()), float(apart.any(axis=2).mean()))


def _averaged(plane: np.ndarray) -> np.ndarray:
    """(h, w) float32: the mean over a square around each pixel, mirrored at the border."""
    half = WINDOW // 2
    sums = np.pad(plane.astype(np.float64), half, mode="symmetric")
    for axis in (0, 1):
        sums = np.cumsum(sums, axis=axis)
        first = np.take(sums, [WINDOW - 1], axis=axis)
        later = np.take(sums, range(WINDOW, sums.shape[axis]), axis=axis)
        before = np.take(sums, range(sums.shape[axis] - WINDOW), axis=axis)
        sums = np.concatenate([first, later - before], axis=axis)
    return (sums / WINDOW**2).astype(np.float32)
