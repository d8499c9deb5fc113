"""What differs from part to part of a blurred photo: the path that it has of its own, and how far that is believed.

A subject that moves, a camera that turns about its axis, and things that are near or far each have another path than
the rest. The photo's path is fitted to every part, and weighed there. Parts fade into each other, so no seam shows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import torch
from torch import Tensor

from ..deconvolve import grey
from ..imaging.boxes import Box
from ..parallel import in_parallel
from ..tick import Stages, Tick, no_tick
from . import kernels
from .find import Shake, informative_window, moved, sure
from .judge import Evidence, evidence
from .scale import RATIO, Scale
from .search import REACH, SIDE

PART, MOST = 300, 32
"""Side of a part, pixels; in photos that would have more than so many parts, they are larger."""
RAMP = 32
"""Pixels on both sides of a border between two parts over which one takes over from the other."""
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
SPEAKING, LIKE = (-0.38, -1.40, 0.21), 2.87
"""Logits of the first three of `Evidence.numbers`, and of a likeness to the photo's path: fitted by
`tools.training.shake` while the judge knew no others."""
TRACED = 0.1, 0.4
"""Likelihood up to which a part shows no trace of its path, and from which on it does. This and `USUAL` were chosen on
35 blurs of 13 training photos in which a path was found, moving subjects and turning cameras the most of them: over the
photos as they came, one path alike everywhere gained 1.06 dB on average and lost 2.53 at worst, parts gain 1.67 and
lose 0.32."""
FITTING, CERTAIN = 0.75, 0.999
"""Share of the time that goes into fitting, the rest is weighing; and the confidence that counts at most."""


@dataclass(frozen=True)
class Grid:
    """Equal parts of a photo, row by row."""

    height: int
    width: int

    @cached_property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of parts."""
        side = max(PART, math.sqrt(self.height * self.width / MOST))
        rows = min(max(1, round(self.height / side)), MOST)
        return rows, min(max(1, round(self.width / side)), MOST // rows)

    @property
    def count(self) -> int:
        """How many parts there are."""
        return self.shape[0] * self.shape[1]

    def around(self, number: int, margin: int = RAMP) -> Box:
        """The rows and columns of a part and of so many pixels around it; of `RAMP`, it has no weight beyond those."""
        row, column = divmod(number, self.shape[1])
        return _places(self.height, self.shape[0], row, margin), _places(self.width, self.shape[1], column, margin)

    def weights(self, number: int) -> np.ndarray:
        """(h, w, 1) float32 in [0, 1] over `around(number)`; those of all parts sum to 1 everywhere."""
        rows, columns = self.around(number)
        row, column = divmod(number, self.shape[1])
        down = _shares(self.height, self.shape[0], rows)[:, row]
        across = _shares(self.width, self.shape[1], columns)[:, column]
        return np.outer(down, across)[..., None]

    def smooth(self, values: Sequence[float], rows: slice) -> np.ndarray:
        """A value of each part -> (n, width, 1) float32: what they come to in those rows of the photo."""
        down = _shares(self.height, self.shape[0], rows)
        across = _shares(self.width, self.shape[1], slice(0, self.width))
        return (down @ np.asarray(values, np.float32).reshape(self.shape) @ across.T)[..., None]


def _places(side: int, parts: int, number: int, margin: int) -> slice:
    start, stop = side * number // parts - margin, side * (number + 1) // parts + margin
    return slice(max(start, 0), min(stop, side))


def _shares(side: int, parts: int, places: slice) -> np.ndarray:
    """(n, parts) float32: how much of each pixel each part has, along one side."""
    middles = np.arange(places.start, places.stop, dtype=np.float32)[:, None] + 0.5
    borders = np.array([side * number // parts for number in range(1, parts)], np.float32)
    beyond = np.clip((middles - borders) / (2 * RAMP) + 0.5, 0, 1)
    ones, none = np.ones_like(middles), np.zeros_like(middles)
    return np.hstack([ones, beyond]) - np.hstack([beyond, none])


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


def fit_parts(pixels: np.ndarray, shake: Shake, noise: float, tick: Tick = no_tick) -> Parts:
    """pixels (h, w, 3) uint8 with a path found in them; noise: theirs, levels -> `Parts`.

    As much is looked at in very large photos as in those of a few megapixels. Ticks with the share
    done.
    """
    grid = Grid(*pixels.shape[:2])
    looks = []
    for number in range(grid.count):
        near = pixels[grid.around(number, AROUND)]
        looks.append(near[informative_window(near, LOOK)])
    fits = in_parallel([partial(_fit, look, shake, noise) for look in looks], tick)
    paths, found = zip(*fits, strict=True)
    return Parts(grid, paths, tuple(strengths(found, shake.confidence)))


def _fit(look: np.ndarray, shake: Shake, noise: float, tick: Tick) -> tuple[np.ndarray, Evidence]:
    """What was looked at for one part -> its path, and what speaks for that."""
    stages, seen = Stages(tick, 1.0), grey(look, shake.light)
    path = fitted_to(seen, torch.from_numpy(shake.kernel), stages.stage(FITTING))
    scale, agrees = Scale.of(seen, 0, path.shape[-1]), kernels.likeness(path, shake.kernel)
    speaking, _ = evidence(scale, path, shake.light, noise, agrees, stages.stage(1 - FITTING))
    return path.numpy(), speaking


def strengths(parts: Sequence[Evidence], confidence: float) -> list[float]:
    """Evidence for the path of each part, its agreement being with the photo's path; confidence: in that, [0, 1].

    A part is believed as the photo is, and more where more speaks for its path than in other parts, by `SPEAKING`;
    not at all without a trace of that path.
    """
    seen = [sum(weight * number for weight, number in zip(SPEAKING, each.numbers[:3], strict=True)) for each in parts]
    usual = sum(seen) / len(seen) - math.log(min(confidence, CERTAIN) / (1 - min(confidence, CERTAIN)))
    least, enough = TRACED
    found = []
    for each, shown in zip(parts, seen, strict=True):
        logit = shown - usual + LIKE * (each.agreement - USUAL)
        traced = min(max((each.likelihood - least) / (enough - least), 0.0), 1.0)
        found.append(traced * moved(each.spread) * sure(1 / (1 + math.exp(-logit))))
    return found


def fitted_to(seen: Tensor, shared: Tensor, tick: Tick = no_tick) -> Tensor:
    """(h, w) light, the photo's kernel -> the kernel of that part, near the photo's. Ticks after every round."""
    side = min(SIDE, (min(seen.shape) // 2 - 1) | 1, 2 * math.ceil(kernels.reach(shared) * REACH + SPARE) + 1)
    kernel, price, before = kernels.fitted(shared, side, 1.0), PRICE, 0
    shared = kernel
    stages = Stages(tick, sum(rounds * 0.5**step for step, rounds in ROUNDS.items()))
    for step, rounds in ROUNDS.items():
        small = max(3, round(side * RATIO**step) | 1)
        kernel, near = (
            kernels.fitted(kernel, small, RATIO ** (step - before)),
            kernels.fitted(shared, small, RATIO**step),
        )
        scale, before = Scale.of(seen, step, small), step
        for number in range(rounds):
            kernel, price = scale.round(kernel, price, step == 0 and number + 1 == rounds, near)
            stages.stage(0.5**step)(1.0)
    return kernel
