"""Transform-domain shrinkage that the IPR steers: a first restoration of a noisy, soft or compressed picture.

The picture is divided into overlapping blocks by an orthonormal DCT. In each block, what is small against the
noise is damped and what blur has weakened is lifted; then the blocks are put together again, averaged where they
overlap. How small, and how far to lift, follows for every frequency from a linear function of the IPR. So the numbers
say what is wrong with the picture, and this layer does what follows from it; the U-Net sees the result beside the
picture and corrects it.

Sliding-window DCT denoising (Yu and Sapiro, "DCT image denoising", IPOL 2011) with learned, steered thresholds and
gains. The paper has no such layer; networks without `ModelConfig.shrinkage` run as published.
"""

from __future__ import annotations

import math
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..tick import Tick, no_tick
from .strips import strip_slices

BLOCK = 8
"""Sides of a block, pixels: JPEG's, too."""
STEP = 4
"""Pixels from one block to the next, either way; every pixel lies in (BLOCK / STEP) ** 2 blocks."""
COLOURS = ((1.0, 1.0, 1.0), (1.0, 0.0, -1.0), (1.0, -2.0, 1.0))
"""Brightness and two differences of colour, up to their lengths: orthogonal, so noise keeps its strength in each."""
KINDS = 2
"""Brightness has thresholds and gains of its own, both differences share theirs."""
FIRST_THRESHOLD = 2.0
"""Levels of 255 below which an untrained layer damps, about: next to nothing."""
LEAST_THRESHOLD = 0.05
"""Levels of 255."""
LARGEST_GAIN = 1.8
"""Natural logarithm of the most that a frequency is lifted, or lowered, by."""


def dct_matrix(size: int) -> Tensor:
    """(size, size) float32, orthonormal DCT-II: row u holds the cosine of frequency u."""
    u, x = torch.arange(size, dtype=torch.float64)[:, None], torch.arange(size, dtype=torch.float64)
    cosines = torch.cos(math.pi * (2 * x + 1) * u / (2 * size)) * math.sqrt(2 / size)
    cosines[0] /= math.sqrt(2)
    return cosines.float()


def dct_basis(size: int) -> Tensor:
    """(size^2, size, size) float32: pattern of each frequency pair, row frequency first."""
    rows = dct_matrix(size)
    return torch.einsum("uy,vx->uvyx", rows, rows).reshape(size * size, size, size)


def colour_matrix() -> Tensor:
    """(3, 3) float32, orthonormal: RGB to brightness and two colour differences. Its transpose is its inverse."""
    return F.normalize(torch.tensor(COLOURS), dim=1)


class ModulatedShrinkage(nn.Module):
    """(b, 3, h, w) in [0, 1] and an IPR -> a cleaner, sharper picture of the same size and mean colour."""

    def __init__(self, ipr_length: int) -> None:
        super().__init__()
        self.threshold = nn.Linear(ipr_length, KINDS * BLOCK**2)
        """Each frequency's threshold in levels of 255, before a softplus: it grows evenly with the IPR."""
        self.gain = nn.Linear(ipr_length, KINDS * BLOCK**2)
        """The logarithm of each frequency's gain."""
        for layer, start in ((self.threshold, FIRST_THRESHOLD), (self.gain, 0.0)):
            nn.init.zeros_(layer.weight)
            nn.init.constant_(layer.bias, start)

    def work(self) -> float:
        """Multiplications per pixel: the transform and its inverse."""
        return 2 * 3 * BLOCK**4 / STEP**2

    def curves(self, ipr: Tensor) -> tuple[Tensor, Tensor]:
        """IPR (b, n) -> thresholds in levels of 255 and gains, both (b, KINDS, BLOCK^2) float32."""
        ipr = ipr.float()
        with _precisely(ipr.device):
            return curves_of(self.threshold(ipr), self.gain(ipr))

    def forward(self, picture: Tensor, ipr: Tensor, tick: Tick = no_tick) -> Tensor:
        """picture (b, 3, h, w) in [0, 1], sides multiples of STEP; ipr (b, n) -> (b, 3, h, w), not clamped.

        In float32 throughout; without gradients on a CPU in strips of rows. Ticks with 0.0 after each.
        """
        thresholds, gains = self.curves(ipr)
        border = BLOCK - STEP
        if torch.is_grad_enabled() or picture.device.type != "cpu":
            return shrink(picture, thresholds, gains)
        around = F.pad(picture.float(), (border,) * 4, mode="replicate")
        height = picture.shape[-2]
        out = torch.empty_like(picture, dtype=torch.float32)
        transforms = _transforms(picture.device)
        row = 3 * 4 * BLOCK**2 * around.shape[-1] * len(picture) // STEP  # of coefficients, for a row of blocks
        for rows in strip_slices(height // STEP, row):
            top, bottom = rows.start * STEP, rows.stop * STEP
            out[:, :, top:bottom] = _shrunk(around[:, :, top : bottom + 2 * border], thresholds, gains, transforms)
            tick(0.0)
        return out


def curves_of(threshold: Tensor, gain: Tensor) -> tuple[Tensor, Tensor]:
    """The linear layers' outputs, (b, KINDS * BLOCK^2) each -> thresholds in levels, gains: (b, KINDS, BLOCK^2)."""
    thresholds = F.softplus(threshold) + LEAST_THRESHOLD
    gains = gain.clamp(-LARGEST_GAIN, LARGEST_GAIN).exp()
    return thresholds.unflatten(1, (KINDS, -1)), gains.unflatten(1, (KINDS, -1))


def shrink(picture: Tensor, thresholds: Tensor, gains: Tensor) -> Tensor:
    """(b, 3, h, w) with the curves of `curves_of` -> (b, 3, h, w) float32. The border repeats itself."""
    around = F.pad(picture.float(), (BLOCK - STEP,) * 4, mode="replicate")
    return _shrunk(around, thresholds, gains, _transforms(picture.device))


def _precisely(device: torch.device) -> AbstractContextManager[object]:
    """Without autocast; the meta device, on which layers are only counted, knows none."""
    return nullcontext() if device.type == "meta" else torch.autocast(device.type, enabled=False)


def _transforms(device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """The matrix of the colours, and the kernels of the DCT and its inverse on pixels that are folded by `STEP`.

    A strided convolution is one with stride 1 on folded pixels, which runs several times as fast.
    """
    forward = F.pixel_unshuffle(dct_basis(BLOCK).to(device)[:, None], STEP)
    backward = forward.flip(2, 3).transpose(0, 1) / (BLOCK // STEP) ** 2
    forward, backward = (kernel.contiguous(memory_format=torch.channels_last) for kernel in (forward, backward))
    return colour_matrix().to(device), forward, backward


def _shrunk(around: Tensor, thresholds: Tensor, gains: Tensor, transforms: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    """The picture inside a border of BLOCK - STEP pixels: (b, 3, h + 2 border, w + 2 border) -> (b, 3, h, w)."""
    b, (colours, forward, backward) = len(around), transforms
    with _precisely(around.device):
        planes = torch.einsum("ij,bjhw->bihw", colours, around).flatten(0, 1)[:, None]
        folded = F.pixel_unshuffle(planes, STEP).contiguous(memory_format=torch.channels_last)
        coefficients = F.conv2d(folded, forward)
        kinds = torch.tensor([0, 1, 1], device=around.device)
        scale, lift = (curve[:, kinds].reshape(3 * b, -1, 1, 1) for curve in (255 / thresholds, gains))
        kept = _damped(coefficients, scale, lift)
        whole = F.conv2d(kept, backward)
        planes = F.pixel_shuffle(whole, STEP).unflatten(0, (b, 3))[:, :, 0]
        return torch.einsum("ij,bihw->bjhw", colours, planes)


def _damped(coefficients: Tensor, scale: Tensor, lift: Tensor) -> Tensor:
    """c * lift * u^4 / (1 + u^4) with u = c * scale: all or nothing, nearly. Frequency 0, the mean, stays."""
    strength = (coefficients * scale).clamp(-30, 30).square().square()
    share = strength / (1 + strength) * lift
    share = torch.cat([torch.ones_like(share[:, :1]), share[:, 1:]], dim=1)
    return coefficients * share
