"""A finished run as the session remembers it: the result, its company, and what they are measured against."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

import numpy as np

from ..baselines import baselines_for, get_baseline
from ..events import Restoration
from ..imaging import Picture
from ..metrics import scores

INPUT, ORIGINAL = "input", "original"
"""What may stand left of the slider's line, besides the baselines."""


@dataclass(frozen=True, eq=False)
class Truth:
    """The clean photo behind a damaged file that the app made."""

    path: str
    """The damaged file."""
    reference: Picture
    name: str
    """The name that the clean photo had."""


@dataclass(frozen=True, eq=False)
class Rival:
    """What a baseline made of the same request."""

    picture: Picture
    seconds: float


@dataclass(frozen=True, eq=False)
class Outcome:
    """Frozen: each comparison that is added gives a new one."""

    restoration: Restoration
    name: str
    """The photo's file name on the visitor's disk."""
    path: str
    """The result, as a PNG file."""
    reference: Picture | None = None
    """The clean photo, where it is known and has the result's size."""
    rivals: dict[str, Rival] = field(default_factory=dict)
    """By key of the baseline."""
    weights: str = ""
    """The file of the network that made it, on the server: what goes on from this run uses the same."""

    @property
    def scale(self) -> int:
        return self.restoration.picture.width // self.restoration.request.picture.width

    @property
    def line(self) -> float:
        """Where the slider's line starts, in percent of the width: through the middle of what was painted over."""
        mask = self.restoration.request.mask
        if mask is None or not mask.any():
            return 50.0
        return float(100 * (np.nonzero(mask)[1].mean() + 0.5) / mask.shape[1])

    def with_rival(self, key: str) -> Outcome:
        """Runs that baseline on the same request. Raises `InputError` where it cannot be run."""
        request = self.restoration.request
        began = time.perf_counter()
        picture = get_baseline(key, self.restoration.task).run(request.picture, request.mask, self.scale)
        return replace(self, rivals=self.rivals | {key: Rival(picture, time.perf_counter() - began)})

    def left(self, key: str) -> Picture:
        """The picture left of the line, as large as the result; the input stands in for what is not there."""
        if key == ORIGINAL and self.reference is not None:
            return self.reference
        if key in self.rivals:
            return self.rivals[key].picture
        return enlarged(self.restoration.request.picture, self.scale)

    def scores(self, picture: Picture) -> dict[str, float]:
        """Against the clean photo; {} where there is none."""
        if self.reference is None:
            return {}
        return scores(self.restoration.task, picture.pixels, self.reference.pixels, self.restoration.request.mask)


def first_baseline(task: str) -> str | None:
    """The one that is shown without asking."""
    return next((baseline.key for baseline in baselines_for(task)), None)


def enlarged(picture: Picture, scale: int) -> Picture:
    """Every pixel as a square of `scale`: what the photo holds, without any method's help."""
    if scale == 1:
        return picture
    alpha = None if picture.alpha is None else _repeated(picture.alpha, scale)
    return picture.with_pixels(_repeated(picture.pixels, scale), alpha)


def _repeated(plane: np.ndarray, scale: int) -> np.ndarray:
    return np.repeat(np.repeat(plane, scale, axis=0), scale, axis=1)
