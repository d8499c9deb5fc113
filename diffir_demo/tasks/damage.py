"""Damage, defined once, on tensors: for training batches, evaluation sets, tests and the page's test damage alike.

Every function takes whole batches on any device and says, where that is worth reading later, how bad it was. Kernels
and masks are drawn beforehand and kept on the device. `single.py` applies the same functions to one picture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ..deconvolve import GAMMA

HIDDEN = (0.01, 0.35)
"""Share of a crop that its hole should take. Fuller crops mostly show holes that leave the crop, and teach to extend a
picture rather than to join the rims of a hole."""
TRIES = 6
"""Crops of masks to choose from, each."""
GREY, SMOOTH = 0.15, 0.35
"""Where the kinds of noise end, see `camera_noise`."""
SEVERITIES = ("noise", "softness", "compression")
"""What a network can be asked to read off a picture, in the order of `Parameters.severity`."""


@dataclass(frozen=True, eq=False)
class Parameters:
    """How each picture of a batch is to be damaged. What a kind of damage does not have is None."""

    noise: Tensor | None = None
    """(b,) standard deviation, levels of 255."""
    grain: Tensor | None = None
    """(b,) in [0, 1): which kind of noise, see `camera_noise`."""
    softness: Tensor | None = None
    """(b,) standard deviation of the blur, pixels of the sharp picture, root mean square over all directions."""
    quality: Tensor | None = None
    """(b,) JPEG quality, whole numbers 1..100; above 100: not compressed."""
    kernels: Tensor | None = None
    """(b, k, k) what the picture is blurred with, each summing to 1."""

    def severity(self, scale: int = 1) -> Tensor:
        """(b, 3), columns `SEVERITIES`: noise in levels, softness in pixels of a picture reduced by `scale`, and
        100 - JPEG quality, 0 where nothing is compressed. Raises `ValueError` for damage of another kind."""
        if self.noise is None or self.softness is None or self.quality is None:
            raise ValueError("this damage has no noise, softness and JPEG quality")
        return torch.stack([self.noise, self.softness / scale, (100 - self.quality).clamp_min(0)], dim=1)


@dataclass(frozen=True)
class Damage:
    """One kind of damage, or a mix."""

    draw: Callable[[int, torch.Generator], Parameters]
    """(count, generator) -> parameters for so many pictures, on the generator's device."""
    apply: Callable[[Tensor, Parameters, torch.Generator], Tensor]
    """(sharp (b, 3, H, W) float32 in [0, 1], parameters, generator) -> network input (b, c, H / scale, W / scale), in
    256 levels. The generator draws what differs from pixel to pixel."""


def to_levels(x: Tensor) -> Tensor:
    """Rounds to the 256 levels that files have, in [0, 1]."""
    return x.mul(255).round_().clamp_(0, 255).div_(255)


def uniform(low: float, high: float, count: int, generator: torch.Generator) -> Tensor:
    """(count,) float32."""
    return low + (high - low) * torch.rand(count, generator=generator, device=generator.device)


def reduced(sharp: Tensor, scale: int) -> Tensor:
    """Antialiased bicubic reduction (a = -0.5), as MATLAB's `imresize` and Pillow do; not rounded."""
    return F.interpolate(sharp, scale_factor=1 / scale, mode="bicubic", antialias=True, align_corners=False)


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


def gaussian_kernels(along: Tensor, across: Tensor, angle: Tensor, radius: int) -> Tensor:
    """(b, k, k) with k = 2 radius + 1, each summing to 1. along, across: (b,) standard deviations, pixels.

    Deviations near zero leave one pixel: no blur.
    """
    steps = torch.arange(-radius, radius + 1, device=along.device, dtype=torch.float32)
    y, x = torch.meshgrid(steps, steps, indexing="ij")
    cosine, sine = (part[:, None, None] for part in (torch.cos(angle), torch.sin(angle)))
    first = (cosine * x + sine * y) / along.clamp_min(0.1)[:, None, None]
    second = (cosine * y - sine * x) / across.clamp_min(0.1)[:, None, None]
    kernels = torch.exp(-0.5 * (first.square() + second.square()))
    return kernels / kernels.sum((1, 2), keepdim=True)


def white_noise(x: Tensor, levels: Tensor, generator: torch.Generator) -> Tensor:
    """Gaussian noise, independent in every pixel and channel, of a standard deviation (b,) in levels of 255."""
    noise = torch.randn(x.shape, generator=generator, device=x.device)
    return x + noise * (levels / 255).view(-1, 1, 1, 1)


def camera_noise(x: Tensor, levels: Tensor, grain: Tensor, generator: torch.Generator) -> Tensor:
    """Gaussian noise of a standard deviation (b,) in levels of 255 in every channel, of three kinds.

    grain: (b,); from 0: grey, as analogue photos have it; from `GREY`: neighbours alike, as demosaicing leaves them;
    from `SMOOTH`: white.
    """
    noise = torch.randn(x.shape, generator=generator, device=x.device)
    kind = grain.view(-1, 1, 1, 1)
    line = torch.tensor([0.25, 0.5, 0.25], device=x.device)
    smooth = F.conv2d(noise.flatten(0, 1)[:, None], (line[:, None] * line)[None, None], padding=1)
    smooth = smooth.view_as(noise) / line.square().sum()
    noise = torch.where(kind < GREY, noise[:, :1], torch.where(kind < SMOOTH, smooth, noise))
    return x + noise * (levels / 255).view(-1, 1, 1, 1)


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
