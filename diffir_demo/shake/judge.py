"""Which of several kernels is right, and how sure that is, without a sharp photo to compare with: `Evidence`.

Every kernel is undone in a grey window of the photo. Wrong ones ring: in flat places, beyond black and white, and each
in another way, so that the pictures of right ones are like each other's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import torch
from torch import Tensor

from ..deconvolve import Light, fidelity_for, hyper_laplacian, power_of, roughness, spread, to_levels, transfer
from ..tick import Tick, no_tick
from .kernels import likeness
from .scale import Scale

BORDER = 20
"""Pixels at the rim of the window that have no say, as what lies beyond is not known."""
MOST_EXCESS = 8.0
"""Levels of excess that count at most."""
FLAT, AROUND = 0.25, 3
"""Share of the window that counts as flat; pixels around a place, at least, that say how flat it is."""
GRAIN = 0.3
"""Levels added to steps and changes before their logarithm is taken, as noise is there anyway."""
APART = 0.5
"""Levels added to the distance between two pictures, likewise."""
PREFERRED = (-0.014, -4.074, -0.200, 3.651, 2.260, 3.378, -13.415, 2.850, -0.568, -1.219, 2.229)
"""Worth in dB of each of `Evidence.numbers` when kernels of one photo are compared."""
BELIEVED, BELIEVED_OFFSET = (-0.041, -5.018, 0.298, 1.788, 1.514, 0.042, -0.410, 1.606, 0.288, -0.324, -0.228), -5.787
"""Of each of `Evidence.numbers`, in logits, to the share that the deconvolved picture should have in the result. Both
are fits of `tools.training.shake` to 180 training photos, blurred in eight ways or left sharp; those that we measure
with had no part in it. With each photo left out of its own fit, the blurred ones came with 23.7 dB; the kernel chosen
by this gives 26.8, mixed by this confidence 26.8, the best of the eight kernels 27.3."""
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
    ringing: float = 0.0
    """Mean step between neighbours in the flattest quarter, over that of what is seen (logarithm)."""
    edges: float = 0.0
    """Mean step to the power of 2/3 everywhere, likewise: few large steps make less of it than many small ones."""
    change: float = 0.0
    """Levels by which the deconvolved picture differs from what is seen."""
    pattern: float = 0.0
    """Correlation of neighbours in what the picture blurred again misses: noise has none."""
    nearest: float = 0.0
    """Levels by which the deconvolved picture differs from the two of other kernels that are most like it."""
    distance: float = 0.0
    """The same for all other kernels."""

    @property
    def numbers(self) -> tuple[float, ...]:
        """What is weighed."""
        return (
            min(self.excess, MOST_EXCESS),
            math.log1p(self.overshoot),
            self.likelihood,
            self.agreement,
            math.log(self.spread + 0.5),
            self.ringing,
            self.edges,
            math.log(self.change + GRAIN),
            self.pattern,
            math.log(self.nearest + APART),
            math.log(self.distance + APART),
        )

    @property
    def score(self) -> float:
        """For comparisons between kernels of one photo: the higher, the likelier."""
        return sum(worth * number for worth, number in zip(PREFERRED, self.numbers, strict=True))

    @property
    def confidence(self) -> float:
        """In [0, 1]: the share that a picture deconvolved with it should have in the result, as far as can be known."""
        logit = sum(weight * number for weight, number in zip(BELIEVED, self.numbers, strict=True)) + BELIEVED_OFFSET
        return min(max(self.likelihood / TRACE, 0.0), 1.0) / (1 + math.exp(-logit))


def evidence(
    scale: Scale, kernel: Tensor, light: Light, noise: float, agrees: float, tick: Tick = no_tick
) -> tuple[Evidence, Tensor]:
    """kernel (k, k) at full size, as is the scale -> what it shows alone, and the deconvolved picture, (h', w') levels.

    noise: of what is seen, levels; agrees: see `agreement`.
    """
    sharp = hyper_laplacian(scale.seen[None], kernel, fidelity_for(noise), tick)[0]
    rim = min(BORDER, min(scale.seen.shape) // 8)
    inside = (slice(rim, -rim), slice(rim, -rim))
    shown, blur = sharp.clamp(0, 1), transfer(kernel, *sharp.shape)
    again = torch.fft.irfft2(torch.fft.rfft2(shown) * blur, s=shown.shape)
    seen, picture = to_levels(scale.seen, light)[inside], to_levels(shown, light)[inside]
    missed = to_levels(again, light)[inside] - seen
    radius = spread(kernel)
    ringing, edges = _steps_compared(picture, seen, radius)
    found = Evidence(
        excess=max(float(missed.square().mean().sqrt()) - noise, 0.0),
        overshoot=float(255 * (sharp - shown)[inside].abs().mean()),
        likelihood=_likelihood(scale, kernel, noise / 255),
        agreement=agrees,
        spread=radius,
        ringing=ringing,
        edges=edges,
        change=_apart(picture, seen),
        pattern=_pattern(missed),
    )
    return found, picture


def _steps_compared(picture: Tensor, seen: Tensor, radius: float) -> tuple[float, float]:
    """`Evidence.ringing` and `.edges`; radius: of the kernel, pixels."""
    own, before = _steps(picture), _steps(seen)
    side = 2 * max(AROUND, round(2 * radius)) + 1
    around = torch.from_numpy(cv2.blur(before.numpy(), (side, side)))
    flat = around <= around.flatten()[::7].quantile(FLAT)  # a seventh of them says it as well
    ringing = math.log(float(own[flat].mean() + GRAIN) / float(before[flat].mean() + GRAIN))
    sums = [float(each.pow(2 / 3).mean()) + 1e-3 for each in (own, before)]
    return ringing, math.log(sums[0] / sums[1])


def _steps(picture: Tensor) -> Tensor:
    corner = picture[:-1, :-1]
    return ((picture[1:, :-1] - corner).square() + (picture[:-1, 1:] - corner).square()).sqrt()


def _pattern(missed: Tensor) -> float:
    left = missed - missed.mean()
    both = (left[1:] * left[:-1]).mean() + (left[:, 1:] * left[:, :-1]).mean()
    return float(both / 2 / (left.square().mean() + 1e-9))


def _apart(one: Tensor, other: Tensor) -> float:
    return float((one - other).square().mean().sqrt())


def distances(pictures: Sequence[Tensor]) -> list[tuple[float, float]]:
    """`Evidence.nearest` and `.distance` of each of two or more deconvolved pictures of one window."""
    apart = [[_apart(one, other) for other in pictures] for one in pictures]
    found = []
    for number, row in enumerate(apart):
        others = sorted(row[:number] + row[number + 1 :])
        found.append((sum(others[:2]) / len(others[:2]), sum(others) / len(others)))
    return found


def _likelihood(scale: Scale, kernel: Tensor, noise: float) -> float:
    """noise: as a share of white."""
    height, width = scale.wide.shape
    steps = roughness(height, width)
    energy = power_of(scale.spectrum) * steps / (height * width)
    grain = noise**2 * steps + 1e-9

    def cost(blur: Tensor) -> float:
        scene = energy.mean() / blur.mean()
        for _ in range(3):  # as strong as the energy that is left says
            scene = scene * (energy / (scene * blur + grain)).mean()
        expected = scene * blur + grain
        return float((expected.log() + energy / expected)[1:, 1:].mean())

    blurred = power_of(transfer(kernel, height, width))
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
