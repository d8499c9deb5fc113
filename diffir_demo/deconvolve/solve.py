"""Undoing a known blur on planes of light: Wiener's filter, and a prior of sparse gradients.

What lies beyond the border is filled in with what the estimate so far would have let be seen there (expectation
maximisation): on training photos that is worth 0.2 dB, and 0.4 dB within 12 pixels of the border.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..clock import Work
from .fourier import divergence, gradients, roughness, surrounded, transfer

EXPONENT = 2 / 3
"""Of the hyper-Laplacian: natural gradients have heavy tails."""
WEIGHTS = (1.0, 4.0, 16.0, 64.0, 256.0)
"""Of the coupling between the picture's gradients and their sparse copies, growing; Krishnan and Fergus's beta."""
ROUNDS = 2
"""Fixed-point rounds of `shrunk`; their error is below a hundredth of the threshold then."""


def wiener(light: Tensor, kernel: Tensor, noise: float) -> Tensor:
    """light (c, h, w), kernel (k, k) -> (c, h, w): least squares with a small penalty on gradients.

    noise: weight of the penalty, > 0; the larger, the smoother.
    """
    wide, top, left = surrounded(light, kernel.shape[-1])
    height, width = wide.shape[-2:]
    blur = transfer(kernel, height, width)
    inverse = blur.conj() / (blur.abs().square() + noise * (roughness(height, width) + 0.02))
    sharp = torch.fft.irfft2(torch.fft.rfft2(wide) * inverse, s=(height, width))
    return sharp[..., top : top + light.shape[-2], left : left + light.shape[-1]]


def hyper_laplacian(light: Tensor, kernel: Tensor, fidelity: float) -> Work[Tensor]:
    """light (c, h, w), kernel (k, k) -> (c, h, w), not clipped; yields the share done.

    Krishnan and Fergus, "Fast image deconvolution using hyper-Laplacian priors" (NIPS 2009): minimises
    fidelity / 2 |k * x - y|^2 + |grad x|^(2/3) by half-quadratic splitting. fidelity: > 0; the larger, the less is
    taken for noise.
    """
    margin = kernel.shape[-1]
    height, width = surrounded(light[:1], margin)[0].shape[-2:]
    blur = transfer(kernel, height, width)
    power, rough = blur.abs().square(), roughness(height, width)
    found = torch.empty_like(light)
    for channel, plane in enumerate(light):
        seen, top, left = surrounded(plane, margin)
        inside = (slice(top, top + plane.shape[0]), slice(left, left + plane.shape[1]))
        x, shown = seen, seen
        for number, weight in enumerate(WEIGHTS):
            sparse = divergence(*(shrunk(step, weight) for step in gradients(x)))
            ratio = fidelity / weight
            data = torch.fft.rfft2(shown).mul_(blur.conj()).mul_(ratio).add_(torch.fft.rfft2(sparse))
            spectrum = data.div_(power * ratio + rough + 1e-8)
            x = torch.fft.irfft2(spectrum, s=(height, width))
            if number + 1 < len(WEIGHTS):
                shown = torch.fft.irfft2(spectrum * blur, s=(height, width))
                shown[inside] = plane
            yield (channel + (number + 1) / len(WEIGHTS)) / len(light)
        found[channel] = x[inside]
    return found


def shrunk(steps: Tensor, weight: float) -> Tensor:
    """For each v, the w that minimises weight / 2 (w - v)^2 + |w|^EXPONENT: 0, or a little less than v.

    Zuo, Meng, Zhang, Feng and Zhang, "A generalized iterated shrinkage algorithm" (ICCV 2013).
    """
    least = (2 * (1 - EXPONENT) / weight) ** (1 / (2 - EXPONENT))
    threshold = least + EXPONENT / weight * least ** (EXPONENT - 1)
    size = steps.abs()
    found = size
    for _ in range(ROUNDS):
        found = (size - EXPONENT / weight * found.clamp_min(1e-3).pow(EXPONENT - 1)).clamp_min_(0)
    return torch.where(size > threshold, found, 0.0).copysign_(steps)
