"""Between pixels and tensors: uint8 RGB outside the networks, float RGB in [0, 1] inside; and sides that fit them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..tick import Tick, no_tick

STRIP = 64
"""Rows that are converted at a time: few enough to stay in the cache."""


def to_tensor(pixels: np.ndarray) -> Tensor:
    """(h, w, c) uint8 -> (1, c, h, w) float32 in [0, 1]."""
    height, width, channels = pixels.shape
    image = torch.empty(1, channels, height, width)
    for top in range(0, height, STRIP):
        rows = torch.from_numpy(pixels[top : top + STRIP].copy())  # the pixels themselves may be read-only
        torch.div(rows.permute(2, 0, 1).float(), 255, out=image[0, :, top : top + STRIP])
    return image


def to_pixels(image: Tensor, tick: Tick = no_tick) -> np.ndarray:
    """(1, c, h, w) in [0, 1], clamped here and rounded to nearest -> (h, w, c) uint8. Ticks after every few rows."""
    channels, height, width = image.shape[1:]
    pixels = np.empty((height, width, channels), np.uint8)
    for top in range(0, height, STRIP):
        rows = image[0, :, top : top + STRIP].float().clamp(0, 1).mul_(255).round_().to(torch.uint8)
        torch.from_numpy(pixels[top : top + STRIP]).copy_(rows.permute(1, 2, 0))
        tick(min(top + STRIP, height) / height)
    return pixels


@dataclass(frozen=True)
class Fit:
    """How a picture was padded to the network's multiple, and the way back."""

    height: int
    width: int
    top: int = 0
    left: int = 0
    """Where the picture begins."""

    def undo(self, image: Tensor, scale: int = 1) -> Tensor:
        """Crops (b, c, H, W) back to the picture's own size, times `scale`."""
        rows, columns = (
            slice(start * scale, (start + side) * scale)
            for start, side in ((self.top, self.height), (self.left, self.width))
        )
        return image[..., rows, columns]


def pad_to_multiple(image: Tensor, multiple: int, before: tuple[int, int] = (0, 0)) -> tuple[Tensor, Fit]:
    """Mirrors (b, c, h, w) to the right and below until both sides are multiples; any size from 1x1.

    before: rows above and columns to the left that are mirrored, too.
    The mirror repeats the edge pixel (numpy's "symmetric"), so it needs no minimum size and a flat edge stays flat.
    """
    (top, left), (height, width) = before, image.shape[-2:]
    fit = Fit(height, width, top, left)
    sides = [-(-(start + side) // multiple) * multiple for start, side in ((top, height), (left, width))]
    if sides == [height, width]:
        return image, fit
    padded = image.new_empty(*image.shape[:-2], *sides)
    rows, columns = slice(top, top + height), slice(left, left + width)
    padded[..., rows, columns] = image
    for places, side in ((slice(0, left), width), (slice(left + width, sides[1]), width)):
        padded[..., rows, places] = image.index_select(-1, _mirrored(places, left, side, image.device))
    whole = padded[..., rows, :]
    for places in (slice(0, top), slice(top + height, sides[0])):
        padded[..., places, :] = whole.index_select(-2, _mirrored(places, top, height, image.device))
    return padded, fit


def _mirrored(places: slice, start: int, side: int, device: torch.device) -> Tensor:
    """What lies there in a symmetric extension of a side that begins at `start`: .. 1, 0, 0, 1 .. side-1, side-1 .."""
    position = (torch.arange(places.start, places.stop, device=device) - start) % (2 * side)
    return torch.minimum(position, 2 * side - 1 - position)
