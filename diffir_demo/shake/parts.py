"""What differs from part to part of a blurred photo: the path that it has of its own, and how far that is believed.

A subject that moves, a camera that turns about its axis, and things that are near or far each have another path than
the rest. The photo's path is fitted to every part, and weighed there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..clock import Clock, Work
from ..deconvolve import grey
from . import kernels
from .find import Shake, moved, sure
from .grid import Grid
from .judge import BELIEVED, Evidence, evidence
from .scale import RATIO, Scale
from .search import REACH, SIDE
from .window import telling_window

AROUND, LOOK = 64, 428
"""Pixels around a part that are looked at with it, and the longest side of what is looked at in large parts."""
ROUNDS = {1: 4, 0: 6}
"""How often a path is fitted at each scale, half the area first."""
PRICE = 1e-3
"""Of an edge, at first."""
SPARE = 4
"""Pixels by which a path of its own may reach further."""
USUAL = 0.85
"""Likeness of a part's path to the photo's that speaks neither for it nor against it."""
TRACED = 0.1, 0.4
"""Likelihood up to which a part shows no trace of its path, and from which on it does. This and `USUAL` were chosen on
35 blurs of 13 training photos in which a path was found, moving subjects and turning cameras the most of them: over the
photos as they came, one path alike everywhere gained 1.06 dB on average and lost 2.53 at worst, parts gain 1.67 and
lose 0.32."""
FITTING, CERTAIN = 0.75, 0.999
"""Share of the time that goes into fitting, the rest is weighing; and the confidence that counts at most."""


@dataclass(frozen=True, eq=False)
class Parts:
    """What is believed of each part of a photo, row by row."""

    grid: Grid
    paths: tuple[np.ndarray, ...]
    """Kernels as `Shake.kernel`."""
    strengths: tuple[float, ...]
    """Share that each part of the deconvolved picture should have, [0, 1]."""

    @property
    def most(self) -> float:
        """The largest strength."""
        return max(self.strengths)

    def believed(self, rows: slice) -> np.ndarray:
        """(n, width, 1) float32: the strength in those rows of the photo, as a share of the largest."""
        return self.grid.smooth(self.strengths, rows) / np.float32(self.most)


def look_closer(pixels: np.ndarray, shake: Shake, noise: float) -> Work[Parts]:
    """pixels (h, w, 3) uint8 with a path found in them; noise: theirs, levels -> `Parts`.

    As much is looked at in very large photos as in those of a few megapixels. Yields the share done.
    """
    grid = Grid(*pixels.shape[:2])
    looks = []
    for number in range(grid.count):
        near = pixels[grid.around(number, AROUND)]
        looks.append(near[telling_window(near, LOOK)])
    clock = Clock(sum(look.size for look in looks))
    paths, found = list[np.ndarray](), list[Evidence]()
    for look in looks:
        seen = grey(look, shake.light)
        path = yield from clock.during(fitted_to(seen, torch.from_numpy(shake.kernel)), FITTING * look.size)
        weighing = evidence(
            Scale.of(seen, 0, path.shape[-1]), path, shake.light, noise, kernels.likeness(path, shake.kernel)
        )
        found.append((yield from clock.during(weighing, (1 - FITTING) * look.size)))
        paths.append(path.numpy())
    return Parts(grid, tuple(paths), tuple(strengths(found, shake.confidence)))


def strengths(parts: Sequence[Evidence], confidence: float) -> list[float]:
    """Evidence for the path of each part, its agreement being with the photo's path; confidence: in that, [0, 1].

    A part is believed as the photo is, and more where more speaks for its path than in other parts, by the judge's own
    weights; not at all without a trace of that path.
    """
    seen = [
        sum(weight * number for weight, number in zip(BELIEVED[:3], each.numbers[:3], strict=True)) for each in parts
    ]
    usual = sum(seen) / len(seen) - math.log(min(confidence, CERTAIN) / (1 - min(confidence, CERTAIN)))
    least, enough = TRACED
    found = []
    for each, shown in zip(parts, seen, strict=True):
        logit = shown - usual + BELIEVED[3] * (each.agreement - USUAL)
        traced = min(max((each.likelihood - least) / (enough - least), 0.0), 1.0)
        found.append(traced * moved(each.spread) * sure(1 / (1 + math.exp(-logit))))
    return found


def fitted_to(seen: Tensor, shared: Tensor) -> Work[Tensor]:
    """(h, w) light, the photo's kernel -> the kernel of that part, near the photo's. Stops after every round."""
    side = min(SIDE, (min(seen.shape) // 2 - 1) | 1, 2 * math.ceil(kernels.reach(shared) * REACH + SPARE) + 1)
    kernel, price, before = kernels.fitted(shared, side, 1.0), PRICE, 0
    shared = kernel
    clock = Clock(sum(rounds * 0.5**step for step, rounds in ROUNDS.items()))
    for step, rounds in ROUNDS.items():
        small = max(3, round(side * RATIO**step) | 1)
        kernel, near = (
            kernels.fitted(kernel, small, RATIO ** (step - before)),
            kernels.fitted(shared, small, RATIO**step),
        )
        scale, before = Scale.of(seen, step, small), step
        for number in range(rounds):
            kernel, price = scale.round(kernel, price, step == 0 and number + 1 == rounds, near)
            clock.done += 0.5**step
            yield clock.share
    return kernel
