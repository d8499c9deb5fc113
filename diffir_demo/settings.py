"""How a photo is restored: every option of a run, in one value that the page, the command line, the API, recipes and
tests share."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from .deconvolve import Blur
from .errors import InputError
from .messages import Message
from .tiling import MEMORY_BUDGET

Fill: TypeAlias = Literal["network", "texture", "auto"]
"""What fills a hole: the network alone, copies from elsewhere in the photo which the network matches to the rim, or for
each hole what suits it."""
MAX_FEATHER = 10_000
"""Pixels."""
MAX_STEPS = 8
"""Diffusion steps that may be asked for; the schedule of four is stretched to no more than twice as many."""

AS_ESTIMATED: dict[str, Any] = {"ipr": None, "steered": {}, "previews": False}
"""Options of a run that paints what the diffusion estimates, whatever was done by hand before."""


@dataclass(frozen=True)
class Settings:
    """All options of a run. The same settings give the same pixels for the same photo, mask and network.

    Raises `InputError` for values out of range. What depends on the network (its number of steps, what its IPR can be
    steered by) is checked when it runs.
    """

    seed: int = 0
    """Seeds x_T, the vector that diffusion starts from, and where copies are looked for: all of a run's randomness.
    0 .. 2**63 - 1."""
    steps: int | None = None
    """1 .. `MAX_STEPS` diffusion steps, over the range of noise that the network was trained on (`Schedule.resampled`);
    None: as many as it was trained with."""
    steered: Mapping[str, float] = field(default_factory=dict, hash=False)
    """Standard deviations by which the IPR is moved before the painting, by what it says of damage (`Network.steered`):
    {"noise": 0.5}. Previews are painted unmoved."""
    ipr: Sequence[float] | None = None
    """Finite numbers (n,) to paint with instead of the diffusion's estimate; there are no steps then."""
    fill: Fill | None = None
    """What fills the hole; None: what the loaded preset stands for. Where there is no hole, it says nothing."""
    feather: int = 0
    """Width in pixels of the hole's rim in which the painting fades into the photo; the mask includes the rim.

    `grown(hole, feather)` as the mask keeps all of `hole` painted and softens what is around it.
    """
    blur: Blur | None = None
    """Deblurring by the camera's path: what the photo was blurred with, where that is known; None: it is looked for."""
    strength: float | None = None
    """Likewise: the share of the deconvolved photo beside the one that came, in [0, 1]; None: as far as the path can be
    trusted."""
    previews: bool = False
    """Also paint the picture that every step's IPR leads to; each costs as much time as the result itself."""
    memory_budget: int = MEMORY_BUDGET
    """Bytes; a picture whose painting would take more is painted in overlapping tiles."""
    whole: bool = False
    """Let the network see all of the photo, even where it is large and the hole is small (`around_hole`)."""

    def __post_init__(self) -> None:
        try:
            seed = operator.index(self.seed)
        except TypeError:
            seed = -1
        if not 0 <= seed < 2**63:
            raise InputError(Message("The seed must be a whole number from 0 to 2^63 - 1, not {seed}.", seed=self.seed))
        object.__setattr__(self, "seed", seed)
        object.__setattr__(self, "steered", {name: float(amount) for name, amount in self.steered.items()})
        if self.ipr is not None:
            object.__setattr__(self, "ipr", _plain(self.ipr))
        if not (isinstance(self.feather, int) and 0 <= self.feather <= MAX_FEATHER):
            raise InputError(
                Message("The soft edge must be a whole number of pixels from 0 to {most}.", most=MAX_FEATHER)
            )
        if self.fill not in (None, *get_args(Fill)):
            raise InputError(
                Message(
                    "A hole is filled by one of {names}, not by '{fill}'.",
                    names=", ".join(get_args(Fill)),
                    fill=self.fill,
                )
            )
        if self.strength is not None and not 0 <= self.strength <= 1:
            raise InputError(
                Message("The strength must be a number from 0 to 1, not {strength}.", strength=self.strength)
            )


def _plain(ipr: Sequence[float] | np.ndarray) -> tuple[float, ...]:
    """As a tuple, so that settings can be compared and kept."""
    vector = np.asarray(ipr)
    if vector.ndim != 1 or vector.dtype.kind not in "fiu" or not np.isfinite(vector).all():
        raise InputError(
            Message("An IPR is a row of finite numbers, not {shape} {dtype}.", shape=vector.shape, dtype=vector.dtype)
        )
    return tuple(vector.astype(np.float32).tolist())
