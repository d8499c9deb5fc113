"""Undoing a known blur on planes of light: Wiener's filter, and a prior of sparse gradients.

Blur is multiplication for the Fourier transform, which wraps around. What lies beyond the border is filled in with
what the estimate so far would have let be seen there (expectation maximisation): first by rounds of Wiener's filter,
which cost little, then by the sparse prior's own. By the true paths of Kodak24 the first rounds are worth 0.2 dB where
these are weak and 0.8 dB where they are strong (`tools.evaluation.shake`), and combs near the border are gone."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from ..tick import Tick, no_tick

SMOOTH_SIZES = (2, 3, 5)
"""Prime factors of the sides that are transformed quickly."""
EXPONENT = 2 / 3
"""Of the hyper-Laplacian: natural gradients have heavy tails."""
WEIGHTS = (1.0, 4.0, 16.0, 64.0, 256.0)
"""Of the coupling between the picture's gradients and their sparse copies, growing; Krishnan and Fergus's beta."""
LEAST_ROUGH = 0.02
"""That every frequency counts as having in Wiener's penalty."""
BORDER_ROUNDS, BORDER_NOISE = 8, 0.05
"""Of Wiener's filter, and the weight of its penalty on gradients. More rounds change little."""
BORDER_SHARE = 0.2
"""Of the time, about."""
ROUNDS = 2
"""Fixed-point rounds of `shrunk`; their error is below a hundredth of the threshold then."""


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


def power_of(spectrum: Tensor) -> Tensor:
    """Squared absolute values of complex numbers: `abs` would take the root first, which is slow."""
    parts = torch.view_as_real(spectrum.resolve_conj())
    return parts[..., 0].square().addcmul_(parts[..., 1], parts[..., 1])


def roughness(height: int, width: int) -> Tensor:
    """(height, width // 2 + 1): the squared gradient of each frequency, for `gradients` and `divergence`."""
    rows, columns = torch.fft.fftfreq(height)[:, None], torch.fft.rfftfreq(width)
    return 4 * ((math.pi * rows).sin().square() + (math.pi * columns).sin().square())


def gradients(x: Tensor) -> tuple[Tensor, Tensor]:
    """Differences to the next pixel down and to the right of (.., h, w), wrapping around."""
    down, right = torch.empty_like(x), torch.empty_like(x)
    torch.sub(x[..., 1:, :], x[..., :-1, :], out=down[..., :-1, :])
    torch.sub(x[..., :1, :], x[..., -1:, :], out=down[..., -1:, :])
    torch.sub(x[..., 1:], x[..., :-1], out=right[..., :-1])
    torch.sub(x[..., :1], x[..., -1:], out=right[..., -1:])
    return down, right


def divergence(down: Tensor, right: Tensor) -> Tensor:
    """The transpose of `gradients`."""
    found = torch.empty_like(down)
    torch.sub(down[..., :-1, :], down[..., 1:, :], out=found[..., 1:, :])
    torch.sub(down[..., -1:, :], down[..., :1, :], out=found[..., :1, :])
    found[..., 1:] += right[..., :-1]
    found[..., :1] += right[..., -1:]
    return found.sub_(right)


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


def wiener(light: Tensor, kernel: Tensor, noise: float) -> Tensor:
    """light (c, h, w), kernel (k, k) -> (c, h, w): least squares with a small penalty on gradients.

    noise: weight of the penalty, > 0; the larger, the smoother.
    """
    wide, top, left = surrounded(light, kernel.shape[-1])
    height, width = wide.shape[-2:]
    blur = transfer(kernel, height, width)
    inverse = blur.conj() * (power_of(blur) + noise * (roughness(height, width) + LEAST_ROUGH)).reciprocal_()
    sharp = torch.fft.irfft2(torch.fft.rfft2(wide) * inverse, s=(height, width))
    return sharp[..., top : top + light.shape[-2], left : left + light.shape[-1]]


def hyper_laplacian(light: Tensor, kernel: Tensor, fidelity: float, tick: Tick = no_tick) -> Tensor:
    """light (c, h, w), kernel (k, k) -> (c, h, w), not clipped; ticks with the share done.

    Krishnan and Fergus, "Fast image deconvolution using hyper-Laplacian priors" (NIPS 2009): minimises
    fidelity / 2 |k * x - y|^2 + |grad x|^(2/3) by half-quadratic splitting. fidelity: > 0; the larger, the less is
    taken for noise.
    """
    margin = kernel.shape[-1]
    height, width = surrounded(light[:1], margin)[0].shape[-2:]
    blur = transfer(kernel, height, width)
    power, rough = power_of(blur), roughness(height, width)
    let_through = power / (power + BORDER_NOISE * (rough + LEAST_ROUGH))
    found = torch.empty_like(light)
    for channel, plane in enumerate(light):
        seen, top, left = surrounded(plane, margin)
        inside = (slice(top, top + plane.shape[0]), slice(left, left + plane.shape[1]))
        shown = seen
        for number in range(BORDER_ROUNDS):
            shown = torch.fft.irfft2(torch.fft.rfft2(shown).mul_(let_through), s=(height, width))
            shown[inside] = plane
            tick((channel + BORDER_SHARE * (number + 1) / BORDER_ROUNDS) / len(light))
        x = shown
        for number, weight in enumerate(WEIGHTS):
            sparse = divergence(*(shrunk(step, weight) for step in gradients(x)))
            ratio = fidelity / weight
            data = torch.fft.rfft2(shown).mul_(blur.conj()).mul_(ratio).add_(torch.fft.rfft2(sparse))
            spectrum = data.mul_((power * ratio).add_(rough).add_(1e-8).reciprocal_())
            x = torch.fft.irfft2(spectrum, s=(height, width))
            if number + 1 < len(WEIGHTS):
                shown = torch.fft.irfft2(spectrum * blur, s=(height, width))
                shown[inside] = plane
            done = BORDER_SHARE + (1 - BORDER_SHARE) * (number + 1) / len(WEIGHTS)
            tick((channel + done) / len(light))
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
        slope = found.clamp_min(1e-3).pow_(EXPONENT - 1)
        found = torch.sub(size, slope, alpha=EXPONENT / weight).clamp_min_(0)
    return found.mul_(size.gt_(threshold)).copysign_(steps)
