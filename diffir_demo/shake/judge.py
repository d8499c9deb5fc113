"""Which of several kernels is right, and how sure is that? Told without the sharp photo."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..clock import Work
from ..deconvolve import Light, fidelity_for, hyper_laplacian, roughness, spread, to_levels, transfer
from .kernels import likeness
from .scale import Scale

BORDER = 20
"""Pixels at the rim of the window that have no say, as what lies beyond is not known."""
MOST_EXCESS = 8.0
"""Levels of excess that count at most."""
PREFERRED = (-0.10, -1.59, 4.48, 12.33, 0.23)
"""Worth in dB of each of `Evidence.numbers` when kernels of one photo are compared."""
BELIEVED, BELIEVED_OFFSET = (-0.38, -1.40, 0.21, 2.87, 1.89), -5.10
"""Of each of `Evidence.numbers`, in logits, to the share that the deconvolved picture should have in the result. Both
are fits of `training.shake` to 36 training photos, blurred in seven ways or left sharp; those that we measure with had
no part in it. With each photo left out of its own fit, the blurred ones came with 23.8 dB; the kernel chosen by this
gives 25.3, mixed by this confidence 25.5, the best of the six kernels 26.4."""

TRACE = 0.3
"""Likelihood below which confidence goes down to none, whatever else speaks for a kernel: noise has no trace of a blur.
Of 31 blurred training photos none had less."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """What speaks for a kernel and against it."""

    excess: float
    """Levels by which what is seen differs from the deconvolved picture blurred again, beyond its noise."""
    overshoot: float
    """Levels by which the deconvolved picture leaves what can be shown, on average: wrong kernels ring."""
    likelihood: float
    """Of the spectrum that is seen, per frequency, over that without any blur (natural logarithm): natural pictures
    have much the same energy in the gradients of all frequencies, and a blur leaves its own trace in that."""
    agreement: float
    """How like the others' kernels it is, see `agreement`."""
    spread: float
    """Of the kernel, pixels."""

    @property
    def numbers(self) -> tuple[float, ...]:
        """What the judge weighs."""
        excess, over = min(self.excess, MOST_EXCESS), math.log1p(self.overshoot)
        return excess, over, self.likelihood, self.agreement, math.log(self.spread + 0.5)

    @property
    def score(self) -> float:
        """For comparisons between kernels of one photo: the higher, the likelier."""
        return sum(worth * number for worth, number in zip(PREFERRED, self.numbers, strict=True))

    @property
    def confidence(self) -> float:
        """In [0, 1]: the share that a picture deconvolved with it should have in the result, as far as can be told."""
        logit = sum(weight * number for weight, number in zip(BELIEVED, self.numbers, strict=True)) + BELIEVED_OFFSET
        return min(max(self.likelihood / TRACE, 0.0), 1.0) / (1 + math.exp(-logit))


def evidence(scale: Scale, kernel: Tensor, light: Light, noise: float, agrees: float) -> Work[Evidence]:
    """kernel (k, k) at full size, as is the scale. noise: of what is seen, levels; agrees: see `agreement`."""
    sharp = yield from hyper_laplacian(scale.seen[None], kernel, fidelity_for(noise))
    shown = sharp.clamp(0, 1)
    rim = min(BORDER, min(scale.seen.shape) // 8)
    inside = (..., slice(rim, -rim), slice(rim, -rim))
    blur = transfer(kernel, *shown.shape[-2:])
    again = torch.fft.irfft2(torch.fft.rfft2(shown) * blur, s=shown.shape[-2:])
    missed = (to_levels(again, light) - to_levels(scale.seen, light))[inside].square().mean().sqrt()
    return Evidence(
        excess=max(float(missed) - noise, 0.0),
        overshoot=float(255 * (sharp - shown)[inside].abs().mean()),
        likelihood=_likelihood(scale, kernel, noise / 255),
        agreement=agrees,
        spread=spread(kernel),
    )


def _likelihood(scale: Scale, kernel: Tensor, noise: float) -> float:
    """noise: as a share of white."""
    height, width = scale.wide.shape
    steps = roughness(height, width)
    energy = scale.spectrum.abs().square() * steps / (height * width)
    grain = noise**2 * steps + 1e-9

    def cost(blur: Tensor) -> float:
        scene = energy.mean() / blur.mean()
        for _ in range(3):  # as strong as the energy that is left says
            scene = scene * (energy / (scene * blur + grain)).mean()
        expected = scene * blur + grain
        return float((expected.log() + energy / expected)[1:, 1:].mean())

    blurred = transfer(kernel, height, width).abs().square()
    return cost(torch.ones_like(blurred)) - cost(blurred)


def agreement(kernels: Sequence[Tensor]) -> list[float]:
    """How like the other kernels each one is on average, the most like half of them: [0, 1]. Searches that went wrong
    end in different places, those that went right in the same one."""
    found = []
    for number, kernel in enumerate(kernels):
        others = sorted(
            (likeness(kernel, other) for other in (*kernels[:number], *kernels[number + 1 :])), reverse=True
        )
        best = others[: max(1, len(others) // 2)]
        found.append(sum(best) / len(best) if best else 0.0)
    return found
