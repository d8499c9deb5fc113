"""From a photo to what its blur may be: several searches from coarse to fine, each weighed at the end.

No sharp photo is known; `Evidence` says without one which of several kernels is right, and how sure that is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..deconvolve import Light, fidelity_for, grey, hyper_laplacian, roughness, spread, to_levels, transfer
from ..imaging import noise_level
from ..tick import Stages, Tick, no_tick
from . import kernels
from .kernels import likeness
from .scale import RATIO, ROUNDS, Scale, steps_for

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
SIDE = 35
"""Of the kernel at full size, pixels: paths may span a little less."""
PRICES = (8e-3, 1.6e-2, 3.2e-2)
"""Of an edge, at the coarsest scale, one search each: the more it costs, the fewer edges are believed at first."""
LIGHTS: tuple[Light, ...] = ("linear", "sRGB")
HALFWAY = 2
"""The scale, a quarter of the area, from which on a kernel gets no more space than the coarser one needs: there is less
noise in it then. On 24 blurs of training photos, the best of three searches rose from a likeness of 0.84 to 0.87."""
REACH, SPARE = 1.15, 1
"""A finer kernel reaches so many times as far as the coarser one found light, and so many pixels further."""
CLIMBING, WEIGHING = 0.42, 0.08
"""Seconds of one thread (2 vCPU): a search, and what speaks for its kernel."""


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
        """What is weighed."""
        excess, over = min(self.excess, MOST_EXCESS), math.log1p(self.overshoot)
        return excess, over, self.likelihood, self.agreement, math.log(self.spread + 0.5)

    @property
    def score(self) -> float:
        """For comparisons between kernels of one photo: the higher, the likelier."""
        return sum(worth * number for worth, number in zip(PREFERRED, self.numbers, strict=True))

    @property
    def confidence(self) -> float:
        """In [0, 1]: the share that a picture deconvolved with it should have in the result, as far as can be known."""
        logit = sum(weight * number for weight, number in zip(BELIEVED, self.numbers, strict=True)) + BELIEVED_OFFSET
        return min(max(self.likelihood / TRACE, 0.0), 1.0) / (1 + math.exp(-logit))


def evidence(scale: Scale, kernel: Tensor, light: Light, noise: float, agrees: float, tick: Tick = no_tick) -> Evidence:
    """kernel (k, k) at full size, as is the scale. noise: of what is seen, levels; agrees: see `agreement`."""
    sharp = hyper_laplacian(scale.seen[None], kernel, fidelity_for(noise), tick)
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


@dataclass(frozen=True, eq=False)
class Candidate:
    """A kernel that a search ended in."""

    light: Light
    steps: tuple[Tensor, ...]
    """The kernel after every scale, coarse to fine."""
    evidence: Evidence

    @property
    def kernel(self) -> Tensor:
        """(k, k) at full size."""
        return self.steps[-1]


def search(pixels: np.ndarray, tick: Tick = no_tick) -> list[Candidate]:
    """pixels (h, w, 3) uint8, a window of a photo -> a candidate of each search, the likeliest first."""
    greys: dict[Light, Tensor] = {light: grey(pixels, light) for light in LIGHTS}
    stages = Stages(tick, len(LIGHTS) * len(PRICES) * (CLIMBING + WEIGHING))
    ends: list[tuple[Light, tuple[Tensor, ...]]] = []
    for light, seen in greys.items():
        for price in PRICES:
            ends.append((light, climb(seen, price, tick=stages.stage(CLIMBING))))
    found = _weighed(ends, greys, noise_level(pixels), stages)
    return sorted(found, key=lambda candidate: candidate.evidence.score, reverse=True)


def climb(seen: Tensor, price: float, side: int = SIDE, tick: Tick = no_tick) -> tuple[Tensor, ...]:
    """One search in (h, w) light, from the coarsest scale to full size -> the kernel after every scale.

    Ticks after every round. Where the picture is too small for `side`, the kernel is smaller, too.
    """
    side = min(side, (min(seen.shape) // 2 - 1) | 1)
    top = steps_for(side) - 1
    kernel = kernels.pair(_side(side, top))
    steps: list[Tensor] = []
    for step in range(top, -1, -1):
        if step < top:
            whole = _side(side, step)
            kernel = kernels.fitted(kernel, whole if step > HALFWAY else _needed_side(kernel, whole), 1 / RATIO)
        scale = Scale.of(seen, step, kernel.shape[-1])
        for number in range(ROUNDS):
            kernel, price = scale.round(kernel, price, last=step == 0 and number + 1 == ROUNDS)
            # each scale has twice the pixels of the one before, and takes as long as all of those together
            tick(0.5**step * (0.5 + 0.5 * (number + 1) / ROUNDS))
        steps.append(kernel)
    return tuple(steps)


def _side(side: int, step: int) -> int:
    """What a kernel of `side` at full size has at that scale: odd, 3 at least."""
    return max(3, round(side * RATIO**step) | 1)


def _needed_side(kernel: Tensor, whole: int) -> int:
    """The side at the next scale, `whole` at most: odd, and as large as what was found needs."""
    wanted = kernels.reach(kernel) / RATIO * REACH + SPARE
    return min(whole, max(3, 2 * math.ceil(wanted) + 1))


def _weighed(
    ends: list[tuple[Light, tuple[Tensor, ...]]], greys: Mapping[Light, Tensor], noise: float, stages: Stages
) -> list[Candidate]:
    side = max(steps[-1].shape[-1] for _, steps in ends)
    scales = {light: Scale.of(seen, 0, side) for light, seen in greys.items()}
    found = []
    for (light, steps), agrees in zip(ends, agreement([steps[-1] for _, steps in ends]), strict=True):
        seen = evidence(scales[light], steps[-1], light, noise, agrees, stages.stage(WEIGHING))
        found.append(Candidate(light, steps, seen))
    return found
