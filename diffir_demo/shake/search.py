"""From a photo to what its blur may be: several searches from coarse to fine, each weighed at the end."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from ..clock import Clock, Work
from ..deconvolve import Light, grey
from ..imaging import noise_level
from . import kernels
from .judge import Evidence, agreement, evidence
from .scale import RATIO, ROUNDS, Scale, steps_for

SIDE = 35
"""Of the kernel at full size, pixels: paths may span a little less."""
PRICES = (8e-3, 1.6e-2, 3.2e-2)
"""Of an edge, at the coarsest scale, one search each: the more it costs, the fewer edges are believed at first."""
LIGHTS: tuple[Light, ...] = ("linear", "sRGB")
HALFWAY = 2
"""The scale, a quarter of the area, from which on a kernel gets no more room than the coarser one needs: there is less
noise in it then. On 24 blurs of training photos, the best of three searches rose from a likeness of 0.84 to 0.87."""
REACH, SPARE = 1.15, 1
"""A finer kernel reaches so many times as far as the coarser one found light, and so many pixels further."""
CLIMBING, WEIGHING = 0.42, 0.08
"""Seconds of one thread (2 vCPU): a search, and what speaks for its kernel."""


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


def search(pixels: np.ndarray) -> Work[list[Candidate]]:
    """pixels (h, w, 3) uint8, a window of a photo -> a candidate of each search, the likeliest first."""
    greys: dict[Light, Tensor] = {light: grey(pixels, light) for light in LIGHTS}
    clock = Clock(len(LIGHTS) * len(PRICES) * (CLIMBING + WEIGHING))
    ends: list[tuple[Light, tuple[Tensor, ...]]] = []
    for light, seen in greys.items():
        for price in PRICES:
            ends.append((light, (yield from clock.during(climb(seen, price), CLIMBING))))
    found = yield from _weighed(ends, greys, noise_level(pixels), clock)
    return sorted(found, key=lambda candidate: candidate.evidence.score, reverse=True)


def climb(seen: Tensor, price: float, side: int = SIDE) -> Work[tuple[Tensor, ...]]:
    """One search in (h, w) light, from the coarsest scale to full size -> the kernel after every scale.

    Stops after every round. Where the picture is too small for `side`, the kernel is smaller, too.
    """
    side = min(side, (min(seen.shape) // 2 - 1) | 1)
    top = steps_for(side) - 1
    kernel = kernels.pair(_side(side, top))
    steps: list[Tensor] = []
    for step in range(top, -1, -1):
        if step < top:
            whole = _side(side, step)
            kernel = kernels.fitted(kernel, whole if step > HALFWAY else _room(kernel, whole), 1 / RATIO)
        scale = Scale.of(seen, step, kernel.shape[-1])
        for number in range(ROUNDS):
            kernel, price = scale.round(kernel, price, last=step == 0 and number + 1 == ROUNDS)
            # each scale has twice the pixels of the one before, and takes as long as all of those together
            yield 0.5**step * (0.5 + 0.5 * (number + 1) / ROUNDS)
        steps.append(kernel)
    return tuple(steps)


def _side(side: int, step: int) -> int:
    """What a kernel of `side` at full size has at that scale: odd, 3 at least."""
    return max(3, round(side * RATIO**step) | 1)


def _room(kernel: Tensor, whole: int) -> int:
    """The side at the next scale, `whole` at most: odd, and as large as what was found needs."""
    wanted = kernels.reach(kernel) / RATIO * REACH + SPARE
    return min(whole, max(3, 2 * math.ceil(wanted) + 1))


def _weighed(
    ends: list[tuple[Light, tuple[Tensor, ...]]], greys: Mapping[Light, Tensor], noise: float, clock: Clock
) -> Work[list[Candidate]]:
    side = max(steps[-1].shape[-1] for _, steps in ends)
    scales = {light: Scale.of(seen, 0, side) for light, seen in greys.items()}
    found = []
    for (light, steps), agrees in zip(ends, agreement([steps[-1] for _, steps in ends]), strict=True):
        weighing = evidence(scales[light], steps[-1], light, noise, agrees)
        found.append(Candidate(light, steps, (yield from clock.during(weighing, WEIGHING))))
    return found
