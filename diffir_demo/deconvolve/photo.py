"""A whole photo sharpened: in tiles, so that memory depends on the tile and not on the photo."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

import numpy as np
import torch

from ..imaging.boxes import Box, around, moved, within
from ..parallel import in_parallel
from ..tick import Tick, no_tick
from .blur import Light, to_levels, to_light
from .solve import hyper_laplacian

TILE = 1024
"""Longest side of what one tile leaves in the photo, pixels."""
OVERLAP = 32
"""Pixels beyond the kernel's side that a tile looks at all around: its own border has no say in what it leaves."""
FIDELITY, LEAST_NOISE, POWER = 10_000.0, 0.7, 1.5
"""Fidelity at a noise of one level; noise below which it grows no more; how it falls with noise. Chosen with the true
kernels of 36 training photos (weak and strong blurs of the task, and hands of 9 to 27 pixels): 28.65 dB, where the best
fixed fidelity has 28.14 and the best of each photo 28.96."""


def fidelity_for(noise: float) -> float:
    """The fidelity of `hyper_laplacian` that suits a noise of so many levels of 255 (`imaging.noise_level`)."""
    return FIDELITY / max(noise, LEAST_NOISE) ** POWER


def deconvolve(
    pixels: np.ndarray,
    kernel: np.ndarray,
    light: Light,
    fidelity: float,
    part: Box | None = None,
    tick: Tick = no_tick,
) -> np.ndarray:
    """pixels (h, w, 3) uint8, any size from 1 x 1; kernel (k, k), odd k, not negative -> (h, w, 3) uint8.

    kernel: as `cv2.filter2D` applies it, so not flipped; any positive sum. light: what it has averaged. fidelity: as
    `hyper_laplacian` has it. part: only these rows and columns, seen with what is around them. Ticks with the share
    done several times a second. Raises ValueError for arrays of other kinds.
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise ValueError(f"pixels must be (h, w, 3) uint8, not {pixels.shape} {pixels.dtype}")
    if kernel.ndim != 2 or kernel.shape[0] != kernel.shape[1] or kernel.shape[0] % 2 == 0 or not kernel.sum() > 0:
        raise ValueError(f"a kernel must be square with an odd side and have light in it, not {kernel.shape}")
    blur = torch.from_numpy(np.ascontiguousarray(kernel, np.float32) / np.float32(kernel.sum()))
    rows, columns = part or (slice(0, pixels.shape[0]), slice(0, pixels.shape[1]))
    height, width = rows.stop - rows.start, columns.stop - columns.start
    result = np.empty((height, width, 3), np.uint8)
    corner, margin = (rows.start, columns.start), kernel.shape[0] + OVERLAP

    def plane(place: Box, channel: int, tick: Tick) -> None:
        box = moved(place, *corner)
        seen = around(box, margin, pixels.shape)
        sharp = hyper_laplacian(to_light(pixels[seen][..., channel, None], light), blur, fidelity, tick)
        levels = to_levels(sharp[0][within(box, seen)], light)
        result[place][..., channel] = levels.round_().to(torch.uint8).numpy()

    in_parallel([partial(plane, place, channel) for place in tiles(height, width) for channel in range(3)], tick)
    tick(1.0)
    return result


def tiles(height: int, width: int) -> Iterator[Box]:
    """The photo in equal parts that do not overlap, `TILE` pixels a side at most."""
    rows, columns = math.ceil(height / TILE), math.ceil(width / TILE)
    for row in range(rows):
        for column in range(columns):
            yield (
                slice(height * row // rows, height * (row + 1) // rows),
                slice(width * column // columns, width * (column + 1) // columns),
            )
