"""Blur as multiplication: kernels, gradients and surroundings for the Fourier transform, which wraps around."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

SMOOTH_SIZES = (2, 3, 5)
"""Prime factors of the sides that are transformed quickly."""


def fast_side(least: int) -> int:
    """The next side that has no prime factor but `SMOOTH_SIZES`."""
    while True:
        rest = least
        for factor in SMOOTH_SIZES:
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return least
        least += 1


def transfer(kernel: Tensor, height: int, width: int) -> Tensor:
    """What blurring with `kernel` (k, k), odd k, summing to 1, multiplies `rfft2` of (height, width) by.

    The kernel is applied as `cv2.filter2D` does, not flipped. Its centroid is taken for its origin, so that neither
    blurring nor undoing it moves a picture, not even by a part of a pixel.
    """
    radius = kernel.shape[-1] // 2
    wide = F.pad(kernel, (0, width - kernel.shape[-1], 0, height - kernel.shape[-2])).roll((-radius, -radius), (0, 1))
    down, right = centroid(kernel)
    rows, columns = torch.fft.fftfreq(height)[:, None], torch.fft.rfftfreq(width)
    phase = -2 * math.pi * (rows * down + columns * right)
    return torch.fft.rfft2(wide).conj() * torch.polar(torch.ones_like(phase), phase)


def centroid(kernel: Tensor) -> tuple[float, float]:
    """(down, right) from the middle pixel of (k, k), pixels."""
    places = torch.arange(kernel.shape[-1], dtype=torch.float32) - kernel.shape[-1] // 2
    total = float(kernel.sum())
    return float((kernel.sum(1) * places).sum()) / total, float((kernel.sum(0) * places).sum()) / total


def spread(kernel: Tensor) -> float:
    """Root mean square distance of the light from its centroid, pixels: 0 for a point, l / sqrt(12) for a line of l."""
    places = torch.arange(kernel.shape[-1], dtype=torch.float32) - kernel.shape[-1] // 2
    down, right = centroid(kernel)
    squares = (places[:, None] - down).square() + (places - right).square()
    return math.sqrt(max(float((kernel * squares).sum() / kernel.sum()), 0.0))


def roughness(height: int, width: int) -> Tensor:
    """(height, width // 2 + 1): the squared gradient of each frequency, for `gradients` and `divergence`."""
    rows, columns = torch.fft.fftfreq(height)[:, None], torch.fft.rfftfreq(width)
    return 4 * ((math.pi * rows).sin().square() + (math.pi * columns).sin().square())


def gradients(x: Tensor) -> tuple[Tensor, Tensor]:
    """Differences to the next pixel down and to the right of (.., h, w), wrapping around."""
    return x.roll(-1, -2) - x, x.roll(-1, -1) - x


def divergence(down: Tensor, right: Tensor) -> Tensor:
    """The transpose of `gradients`."""
    return down.roll(1, -2) - down + right.roll(1, -1) - right


def surrounded(x: Tensor, margin: int) -> tuple[Tensor, int, int]:
    """(.., h, w) in the middle of a larger picture with fast sides, and the (top, left) at which it lies there.

    `margin`: pixels on each side, at least. Around it, its last row and column run evenly into its first, so that
    wrapping around makes no edge (a plain form of Liu and Jia, "Reducing boundary artifacts in image deconvolution",
    ICIP 2008).
    """
    starts = []
    for axis in (-2, -1):
        extra = fast_side(x.shape[axis] + 2 * margin) - x.shape[axis]
        shape = [1] * x.dim()
        shape[axis] = extra
        share = (torch.arange(1, extra + 1, dtype=torch.float32) / (extra + 1)).view(shape)
        first, last = x.narrow(axis, 0, 1), x.narrow(axis, x.shape[axis] - 1, 1)
        x = torch.cat([x, last + share * (first - last)], dim=axis).roll(extra // 2, axis)
        starts.append(extra // 2)
    return x, starts[0], starts[1]
