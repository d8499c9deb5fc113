"""Damage for whole batches, on any device: the twins of what `degrade` does to one picture, for training.

Kernels and masks are drawn by the very generators that `degrade` uses, some hundreds or thousands of them before a run,
and kept on the device; what is left for each batch are a few tensor operations. `tests/test_batched.py` holds the two
forms together.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from .motion import GAMMA

BatchDamage = Callable[[Tensor, torch.Generator], Tensor]
"""(sharp (b, 3, H, W) float32 in [0, 1], generator on its device) -> network input (b, c, H / scale, W / scale)."""

HIDDEN = (0.01, 0.35)
"""Share of a crop that its hole should take. Fuller crops mostly show holes that leave the crop, and teach to extend a
picture rather than to join the rims of a hole."""
TRIES = 6
"""Crops of masks to choose from, each."""


def to_levels(x: Tensor) -> Tensor:
    """Rounds to the 256 levels that files have, in [0, 1]."""
    return x.mul(255).round_().clamp_(0, 255).div_(255)


def shrink(sharp: Tensor, scale: int) -> Tensor:
    """Antialiased bicubic reduction (a = -0.5), as MATLAB's `imresize` and Pillow do, in 8-bit levels."""
    small = F.interpolate(sharp, scale_factor=1 / scale, mode="bicubic", antialias=True, align_corners=False)
    return to_levels(small)


class KernelBank:
    """Motion kernels, drawn once and kept on the device."""

    def __init__(self, kernels: list[np.ndarray], device: torch.device | str = "cpu") -> None:
        """kernels: (k, k) with odd k of any size, each summing to 1."""
        self.radius = max(kernel.shape[0] for kernel in kernels) // 2
        padded = [np.pad(kernel, self.radius - kernel.shape[0] // 2) for kernel in kernels]
        self.kernels = torch.from_numpy(np.stack(padded)).to(device, torch.float32)

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """(count, k, k)."""
        device = self.kernels.device
        chosen = torch.randint(len(self.kernels), (count,), generator=generator, device=device)
        return self.kernels[chosen]


def blur(sharp: Tensor, kernels: Tensor, *, linear_light: bool = True) -> Tensor:
    """Each picture (b, 3, h, w) in [0, 1] with its own kernel (b, k, k), by FFT: the border wraps around.

    Cut off a margin of the kernel's radius afterwards. linear_light: sensors add up photons, not sRGB levels.
    The kernel is applied as `cv2.filter2D` does, not flipped.
    """
    light = sharp.pow(GAMMA) if linear_light else sharp
    height, width = sharp.shape[-2:]
    radius = kernels.shape[-1] // 2
    centred = F.pad(kernels, (0, width - kernels.shape[-1], 0, height - kernels.shape[-2]))
    centred = centred.roll((-radius, -radius), dims=(-2, -1))
    spectrum = torch.fft.rfft2(light) * torch.fft.rfft2(centred).conj()[:, None]
    blurred = torch.fft.irfft2(spectrum, s=(height, width)).clamp_min_(0)
    return blurred.pow_(1 / GAMMA) if linear_light else blurred


def sensor_noise(blurred: Tensor, most: float, generator: torch.Generator) -> Tensor:
    """Gaussian noise of a standard deviation drawn per picture from 0 .. `most` levels of 255."""
    shape = (blurred.shape[0], 1, 1, 1)
    deviation = torch.rand(shape, generator=generator, device=blurred.device) * (most / 255)
    noise = torch.randn(blurred.shape, generator=generator, device=blurred.device)
    return to_levels(blurred + noise * deviation)


class MaskBank:
    """Masks of whole photos, drawn once and kept on the device; batches get crops of them.

    Crops of photo-sized masks show strokes as wide as they lie on users' photos.
    """

    def __init__(self, masks: list[np.ndarray], device: torch.device | str = "cpu") -> None:
        """masks: (h, w) bool of one size, True = hole."""
        self.masks = torch.from_numpy(np.stack(masks)).to(device)

    def draw(self, count: int, side: int, generator: torch.Generator) -> Tensor:
        """(count, 1, side, side) float32, 1 = hole; the share hidden lies within `HIDDEN`, as a rule.

        A few candidates are drawn for each; the first that fits is taken, else the last.
        """
        number, height, width = self.masks.shape
        device = self.masks.device

        def whole(high: int) -> Tensor:
            return torch.randint(high, (TRIES * count,), generator=generator, device=device)

        chosen, top, left = whole(number), whole(height - side + 1), whole(width - side + 1)
        steps = torch.arange(side, device=device)
        rows, columns = top[:, None, None] + steps[:, None], left[:, None, None] + steps
        crops = self.masks[chosen[:, None, None], rows, columns].unflatten(0, (TRIES, count))
        share = crops.float().mean(dim=(2, 3))
        fits = ((share >= HIDDEN[0]) & (share <= HIDDEN[1])).float()
        fits[-1] = 1
        first = fits.argmax(dim=0)
        return crops[first, torch.arange(count, device=device)].float()[:, None]


def hide(sharp: Tensor, holes: Tensor) -> Tensor:
    """RGB (b, 3, h, w) with the hole (b, 1, h, w; 1 = hole) zeroed, and the mask as fourth channel."""
    return torch.cat([sharp * (1 - holes), holes], dim=1)
