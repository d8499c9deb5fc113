"""From a photo to what its blur may be: several searches from coarse to fine, each weighed at the end (`judge`)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from torch import Tensor

from ..deconvolve import Light, grey
from ..imaging import noise_level
from ..parallel import in_parallel
from ..tick import Stages, Tick, no_tick
from . import kernels
from .judge import Evidence, agreement, distances, evidence
from .scale import RATIO, ROUNDS, SLACKEST, Scale, steps_for

STARTS = ((35, 3.2e-2), (29, 8e-3), (23, 8e-3), (17, 3.2e-2))
"""Of each search in one light: the side of the kernel at full size, pixels, and the price of an edge at the coarsest
scale. The smaller the kernel, the larger is the picture at that scale; the more an edge costs, the fewer are believed
at first. Chosen among 15 on 25 blurs of training photos: the best of these four gave 26.1 dB, of three that differ in
the price alone 24.7."""
SIDE = max(side for side, _ in STARTS)
"""Of a kernel at most, pixels: paths may span a little less."""
LIGHTS: tuple[Light, ...] = ("linear", "sRGB")
FINEST = 4
"""More rounds at full size, for which edges cost as little as they ever do."""
HALFWAY = 2
"""The scale, a quarter of the area, from which on a kernel gets no more space than the coarser one needs: there is less
noise in it then. On 24 blurs of training photos, the best of three searches rose from a likeness of 0.84 to 0.87."""
REACH, SPARE = 1.15, 1
"""A finer kernel reaches so many times as far as the coarser one found light, and so many pixels further."""
CLIMBING, WEIGHING = 0.85, 0.15
"""Shares of the time: the searches, and what speaks for their kernels."""


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
    stages = Stages(tick, CLIMBING + WEIGHING)
    starts: list[tuple[Light, int, float]] = [(light, side, price) for light in LIGHTS for side, price in STARTS]
    climbs = [partial(climb, greys[light], price, side) for light, side, price in starts]
    paths = in_parallel(climbs, stages.stage(CLIMBING))
    lights: list[Light] = [light for light, _, _ in starts]
    found = _weighed(lights, paths, greys, noise_level(pixels), stages.stage(WEIGHING))
    return sorted(found, key=lambda candidate: candidate.evidence.score, reverse=True)


def climb(seen: Tensor, price: float, side: int = SIDE, tick: Tick = no_tick) -> tuple[Tensor, ...]:
    """One search in (h, w) light, from the coarsest scale to full size -> the kernel after every scale.

    Ticks after every round. Where the picture is too small for `side`, the kernel is smaller, too.
    """
    side = min(side, (min(seen.shape) // 2 - 1) | 1)
    top = steps_for(side) - 1
    kernel = kernels.pair(_side(side, top))
    steps: list[Tensor] = []
    stages = Stages(tick, sum(_rounds(step) * 0.5**step for step in range(top + 1)))
    for step in range(top, -1, -1):
        if step < top:
            whole = _side(side, step)
            kernel = kernels.fitted(kernel, whole if step > HALFWAY else _needed_side(kernel, whole), 1 / RATIO)
        scale = Scale.of(seen, step, kernel.shape[-1])
        for number in range(_rounds(step)):
            if number >= ROUNDS:
                price = SLACKEST
            kernel, price = scale.round(kernel, price, last=step == 0 and number + 1 >= ROUNDS)
            stages.stage(0.5**step)(1.0)
        steps.append(kernel)
    return tuple(steps)


def _rounds(step: int) -> int:
    return ROUNDS if step else ROUNDS + FINEST


def _side(side: int, step: int) -> int:
    """What a kernel of `side` at full size has at that scale: odd, 3 at least."""
    return max(3, round(side * RATIO**step) | 1)


def _needed_side(kernel: Tensor, whole: int) -> int:
    """The side at the next scale, `whole` at most: odd, and as large as what was found needs."""
    wanted = kernels.reach(kernel) / RATIO * REACH + SPARE
    return min(whole, max(3, 2 * math.ceil(wanted) + 1))


def _weighed(
    lights: Sequence[Light],
    paths: Sequence[tuple[Tensor, ...]],
    greys: Mapping[Light, Tensor],
    noise: float,
    tick: Tick,
) -> list[Candidate]:
    side = max(steps[-1].shape[-1] for steps in paths)
    scales = {light: Scale.of(seen, 0, side) for light, seen in greys.items()}
    agreed = agreement([steps[-1] for steps in paths])
    speaking = [
        partial(evidence, scales[light], steps[-1], light, noise, agrees)
        for light, steps, agrees in zip(lights, paths, agreed, strict=True)
    ]
    alone = in_parallel(speaking, tick)
    apart = distances([picture for _, picture in alone])
    return [
        Candidate(light, steps, replace(seen, nearest=nearest, distance=distance))
        for light, steps, (seen, _), (nearest, distance) in zip(lights, paths, alone, apart, strict=True)
    ]
