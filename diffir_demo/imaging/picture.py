"""Picture: uint8 RGB outside the networks, float RGB in [0, 1] inside, and the two steps between."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

STRIP = 64
"""Rows that are converted at a time: few enough to stay in the cache."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A still image as people see it: upright, sRGB, 8 bit."""

    pixels: np.ndarray
    """(h, w, 3) uint8 RGB."""
    alpha: np.ndarray | None = None
    """(h, w) uint8, 255 = opaque; None for a picture without transparency. Never seen by a network."""
    notices: tuple[str, ...] = ()
    """What loading had to change, one sentence each, for people to read."""
    exif: bytes | None = None
    """The file's EXIF block, its orientation already applied and reset."""
    profile: bytes | None = None
    """The RGB colour profile (ICC) that it is saved in; None where its file named none, which means sRGB."""
    own: np.ndarray | None = None
    """(h, w, 3) uint8: the levels as the file has them, in `profile`. None where that is the same as `pixels`."""
    before: Picture | None = None
    """What it was made from, if its file may hold colours that sRGB does not: `colour.own_levels` carries them over."""
    fresh: np.ndarray | None = None
    """(h, w), bool or alpha in [0, 1]: where the content is new, so that nothing is carried over. None: nowhere."""
    sha256: str | None = None
    """Of the file that it was read from, 64 hexadecimal digits; None for what was made here."""

    def __post_init__(self) -> None:
        if self.pixels.dtype != np.uint8 or self.pixels.ndim != 3 or self.pixels.shape[2] != 3:
            raise ValueError(f"pixels must be (h, w, 3) uint8, not {self.pixels.shape} {self.pixels.dtype}")
        if self.alpha is not None and (self.alpha.dtype != np.uint8 or self.alpha.shape != self.pixels.shape[:2]):
            raise ValueError(f"alpha must be {self.pixels.shape[:2]} uint8, not {self.alpha.shape}")

    @property
    def height(self) -> int:
        return self.pixels.shape[0]

    @property
    def width(self) -> int:
        return self.pixels.shape[1]

    @property
    def megapixels(self) -> float:
        return self.height * self.width / 1e6

    def with_pixels(self, pixels: np.ndarray, alpha: np.ndarray | None = None) -> Picture:
        """The same picture's metadata around new pixels."""
        return replace(self, pixels=pixels, alpha=alpha, own=None, before=None, fresh=None, sha256=None)

    def restored(self, pixels: np.ndarray, alpha: np.ndarray | None = None, fresh: np.ndarray | None = None) -> Picture:
        """`with_pixels` for what was made of this whole picture, at any size; saved in the colours of its file."""
        before = self if self.own is not None or self.before is not None else None
        return replace(self.with_pixels(pixels, alpha), before=before, fresh=fresh if before else None)


def to_tensor(pixels: np.ndarray) -> Tensor:
    """(h, w, c) uint8 -> (1, c, h, w) float32 in [0, 1]."""
    height, width, channels = pixels.shape
    image = torch.empty(1, channels, height, width)
    for top in range(0, height, STRIP):
        rows = torch.from_numpy(pixels[top : top + STRIP].copy())  # the pixels themselves may be read-only
        torch.div(rows.permute(2, 0, 1).float(), 255, out=image[0, :, top : top + STRIP])
    return image


def to_pixels(image: Tensor) -> np.ndarray:
    """(1, c, h, w) in [0, 1], clamped here and rounded to nearest -> (h, w, c) uint8."""
    converting = convert(image)
    while True:
        try:
            next(converting)
        except StopIteration as stop:
            return stop.value


def convert(image: Tensor) -> Generator[float, None, np.ndarray]:
    """`to_pixels`, with a stop after every few rows: a large result takes seconds. Yields the share that is done."""
    channels, height, width = image.shape[1:]
    pixels = np.empty((height, width, channels), np.uint8)
    for top in range(0, height, STRIP):
        rows = image[0, :, top : top + STRIP].float().clamp(0, 1).mul_(255).round_().to(torch.uint8)
        torch.from_numpy(pixels[top : top + STRIP]).copy_(rows.permute(1, 2, 0))
        yield min(top + STRIP, height) / height
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
