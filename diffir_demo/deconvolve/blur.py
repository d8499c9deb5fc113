"""Blurs: what they average, their kernels, and the path of a camera as points, as a kernel and as a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError
from ..imaging import Picture
from ..imaging.boxes import box_of
from ..messages import Message

Light: TypeAlias = Literal["linear", "sRGB"]
"""What a blur has averaged: the photons on a sensor, or, where software blurred or a camera processed a lot, levels."""
GAMMA = 2.2
"""Close enough to sRGB's curve; what the synthetic blurs of the deblurring task use."""
LUMA = (0.299, 0.587, 0.114)
LARGEST = 101
"""Side of a kernel, pixels."""
ONE = 1e-6
"""By which the sum of a kernel in float32 may miss 1."""
POINTS = 256
"""Positions along a path that was drawn."""
FAINT = 0.02
"""Share of the brightest pixel below which a picture is black: JPEG leaves a haze."""
LIT = 0.1
"""Share of the brightest pixel from which on one counts for the length of a path."""


def to_light(pixels: np.ndarray, light: Light) -> Tensor:
    """(h, w, 3) uint8 -> (3, h, w) float32 in [0, 1]."""
    curve = np.linspace(0, 1, 256) ** (GAMMA if light == "linear" else 1)
    return torch.from_numpy(curve.astype(np.float32)[pixels.transpose(2, 0, 1)])


def to_levels(planes: Tensor, light: Light) -> Tensor:
    """(.., h, w) light of any value -> the same as levels in [0, 255], not rounded."""
    inside = planes.clamp(0, 1)
    return (inside.pow_(1 / GAMMA) if light == "linear" else inside).mul_(255)


def grey(pixels: np.ndarray, light: Light) -> Tensor:
    """(h, w, 3) uint8 -> (h, w): the brightness, from the light of each colour."""
    return (to_light(pixels, light) * torch.tensor(LUMA).view(3, 1, 1)).sum(0)


@dataclass(frozen=True, eq=False)
class Blur:
    """What a photo was blurred with: the path of its camera, or a lens out of focus. Any sum; it is made 1."""

    kernel: np.ndarray
    """(side, side) float32 summing to 1, side odd: as `cv2.filter2D` applies it, so not flipped."""
    light: Light = "linear"
    exact: bool = True
    """Whether it was measured. What was found or drawn is right more or less, and its errors act like noise."""

    def __post_init__(self) -> None:
        """Raises `InputError` for a kernel of another shape, without light, or with values that are none."""
        kernel = np.asarray(self.kernel)
        square = kernel.ndim == 2 and kernel.shape[0] == kernel.shape[1]
        if not square or kernel.shape[0] % 2 == 0 or not 3 <= kernel.shape[0] <= LARGEST:
            raise InputError(
                Message(
                    "A camera path must be a square kernel with an odd side of 3 to {most} pixels, not {shape}.",
                    most=LARGEST,
                    shape=kernel.shape,
                )
            )
        plain = kernel.dtype.kind in "fiu" and bool(np.isfinite(kernel).all())
        if not plain or kernel.min() < 0 or not kernel.sum() > 0:
            raise InputError("A camera path must be finite numbers of 0 and more, and not 0 everywhere.")
        if self.light not in ("linear", "sRGB"):
            raise InputError(
                Message("A blur averages 'linear' light or 'sRGB' levels, not '{light}'.", light=self.light)
            )
        kernel = kernel.astype(np.float64)
        total = float(kernel.sum())  # what is 1 already stays as it is to the last bit, so that a run can be repeated
        light = kernel if abs(total - 1) < ONE else kernel / total
        object.__setattr__(self, "kernel", light.astype(np.float32))

    def __eq__(self, other: object) -> bool:
        """By value, to the last bit, so that settings with a blur can be compared."""
        return isinstance(other, Blur) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    @property
    def _value(self) -> tuple[bytes, int, str, bool]:
        return self.kernel.tobytes(), len(self.kernel), self.light, self.exact


def rasterised(path: np.ndarray) -> np.ndarray:
    """Path (n, 2), x and y in pixels around the origin -> kernel (k, k) float32 summing to 1, odd k.

    Each point is shared between its four neighbours.
    """
    radius = int(np.ceil(np.abs(path).max())) + 1
    kernel = np.zeros((2 * radius + 1, 2 * radius + 1), np.float32)
    corner = np.floor(path).astype(int)
    part = path - corner
    for dx in (0, 1):
        for dy in (0, 1):
            share = np.abs(1 - dx - part[:, 0]) * np.abs(1 - dy - part[:, 1])
            np.add.at(kernel, (corner[:, 1] + dy + radius, corner[:, 0] + dx + radius), share)
    return kernel / kernel.sum()


def drawn(line: np.ndarray) -> np.ndarray:
    """A line of straight pieces, (n, 2), x and y in pixels, followed at a constant speed -> kernel as `rasterised`.

    Where it lies does not matter: its middle becomes the kernel's. Raises `InputError` for no points, for values that
    are no finite numbers, and for a line that spans more than a kernel of `LARGEST` pixels a side holds.
    """
    points = np.asarray(line, np.float64).reshape(-1, 2)
    if not len(points) or not np.isfinite(points).all():
        raise InputError("A camera path is drawn with one point at least, all of them finite numbers.")
    low, high = points.min(axis=0), points.max(axis=0)
    most = LARGEST - 3  # a margin of one pixel, where the light of the ends is shared
    if (high - low).max() > most:
        raise InputError(
            Message("A camera path may span {most} pixels, not {found:.0f}.", most=most, found=(high - low).max()),
            "Draw it smaller.",
        )
    steps = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    places = np.linspace(0, steps[-1], POINTS)
    path = np.stack([np.interp(places, steps, column) for column in points.T], axis=1)
    return rasterised(path - (low + high) / 2)


def span(kernel: np.ndarray) -> float:
    """The largest distance between two lit pixels of (k, k): how long a path is from end to end, in pixels."""
    rows, columns = np.nonzero(kernel >= LIT * kernel.max())
    places = np.stack([rows, columns], axis=1).astype(np.float64)
    rim = places[_on_rim(rows, columns)]
    return float(np.linalg.norm(rim[:, None] - rim, axis=-1).max())


def _on_rim(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Which pixels are the first or the last of their row: the farthest two are among them. (n,) indices."""
    order = np.lexsort((columns, rows))
    row = rows[order]
    first = np.concatenate([[True], row[1:] != row[:-1]])
    last = np.concatenate([row[1:] != row[:-1], [True]])
    return order[first | last]


def framed(kernel: np.ndarray) -> np.ndarray:
    """(h, w) light -> (k, k), odd k, the smallest that holds all of it, in the middle as far as whole pixels allow.

    Raises `InputError` where nothing is lit, or more than `LARGEST` pixels a side.
    """
    box = box_of(kernel)
    if box is None:
        raise InputError("The picture of the camera's path is black.", "Paint the path as light on black.")
    lit = kernel[box]
    side = max(3, max(lit.shape) | 1)
    if side > LARGEST:
        raise InputError(
            Message("The camera's path spans {count} pixels; {most} is the most.", count=max(lit.shape), most=LARGEST),
            "Give a small picture, light on black.",
        )
    padding = [((side - length) // 2, side - length - (side - length) // 2) for length in lit.shape]
    return np.pad(lit, padding)


def blur_of(picture: Picture) -> Blur:
    """What a picture of a path shows, light on black, of any shape: its brightness as it is, without a gamma.

    Sides need not be odd or alike, and black around the path does not count. Raises `InputError` as `framed` does.
    """
    light = picture.pixels.astype(np.float32) @ np.array(LUMA, np.float32)
    return Blur(framed(np.where(light < FAINT * max(float(light.max()), 1.0), 0, light)), exact=False)


def picture_of(kernel: np.ndarray) -> Picture:
    """(k, k) as a picture of the same size, the brightest pixel white: `blur_of` reads it back, in 255 levels."""
    levels = np.rint(255 * (kernel / kernel.max())).astype(np.uint8)
    return Picture(np.repeat(levels[..., None], 3, axis=2))
