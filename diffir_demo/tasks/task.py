"""What a user may ask for: the types that a task is made of."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import torch
from torch import Tensor

from ..deconvolve import Blur
from ..errors import InputError
from ..imaging.picture import Picture
from ..model.config import ModelConfig
from ..weights.folder import find_default
from .damage import SEVERITIES, Damage

Degrade: TypeAlias = Callable[[Picture, np.random.Generator], "Damaged"]
"""Clean picture -> a case whose answer is known."""
DrawDamage: TypeAlias = Callable[[torch.device, np.random.Generator], Damage]
"""Damage for whole batches on that device; the generator draws what is kept there."""
Fill: TypeAlias = Literal["network", "texture", "auto"]
"""What fills a hole: the network alone, copies from elsewhere in the photo which the network matches to the rim, or for
each hole what suits it."""
MAX_FEATHER = 10_000
"""Pixels."""


@dataclass(frozen=True, eq=False)
class Request:
    """One picture to restore."""

    picture: Picture
    mask: np.ndarray | None = None
    """(h, w) bool, True = hole to fill; only for tasks that want one."""
    seed: int = 0
    """Seeds x_T, the vector that diffusion starts from, and where copies are looked for: all of a run's randomness.
    0 .. 2**63 - 1."""
    feather: int = 0
    """Width in pixels of the hole's rim in which the painting fades into the photo; `mask` includes the rim.

    `Request(picture, grown(hole, feather), seed, feather)` keeps all of `hole` painted and softens what is around it.
    """
    fill: Fill = "network"
    """What fills the hole; where there is none, it says nothing."""
    blur: Blur | None = None
    """Deblurring by the camera's path: what the photo was blurred with, where that is known; None: it is looked for."""
    strength: float | None = None
    """Likewise: the share of the deconvolved photo beside the one that came, in [0, 1]; None: as far as the path can be
    trusted."""

    def __post_init__(self) -> None:
        """Raises `InputError` for a mask that is no (h, w) bool array, and for a seed, feather, fill or strength out of
        range."""
        if self.mask is not None and (self.mask.dtype != bool or self.mask.ndim != 2):
            raise InputError(
                f"A mask must be a (height, width) array of bool, not {self.mask.shape} {self.mask.dtype}.",
                "`mask >= 128` makes one from grey levels.",
            )
        try:
            seed = operator.index(self.seed)
        except TypeError:
            seed = -1
        if not 0 <= seed < 2**63:
            raise InputError(f"The seed must be a whole number from 0 to 2^63 - 1, not {self.seed}.")
        object.__setattr__(self, "seed", seed)
        if not (isinstance(self.feather, int) and 0 <= self.feather <= MAX_FEATHER):
            raise InputError(f"The soft edge must be a whole number of pixels from 0 to {MAX_FEATHER}.")
        if self.fill not in get_args(Fill):
            raise InputError(f"A hole is filled by one of {', '.join(get_args(Fill))}, not by '{self.fill}'.")
        if self.strength is not None and not 0 <= self.strength <= 1:
            raise InputError(f"The strength must be a number from 0 to 1, not {self.strength}.")


@dataclass(frozen=True, eq=False)
class Damaged:
    """A clean picture that was damaged on purpose, and what a perfect restoration would give back."""

    request: Request
    reference: Picture
    kernel: np.ndarray | None = None
    """What it was blurred with, (k, k) summing to 1, where it was: oracles in tests and comparisons may look."""
    severity: np.ndarray | None = None
    """(3,) how noisy, soft and compressed it was made (`damage.SEVERITIES`), where the damage is of that kind."""


@dataclass(frozen=True)
class Preset:
    """One of the ways a task is done: which photos it is for, its weight file, and what that is trained on."""

    key: str
    """What it is called on the command line; presets of one task that differ in their scale alone share it."""
    title: str
    summary: str
    """One sentence: what photos it is for."""
    weights: str
    """File name in the checkpoints folder; the file need not be there."""
    config: ModelConfig
    """Its network, which also decides the scale."""
    fill: Fill = "network"
    """What fills holes; presets that differ in this alone share their weight file."""
    damage: DrawDamage | None = None
    """What training on it draws; None: what the task draws, and then its `margin` and `reads` stay the task's, too."""
    margin: int = 0
    reads: tuple[str, ...] = ()
    degrade: Degrade | None = None
    """As `Task.degrade`; None: the task's."""
    sets: Mapping[str, Degrade] | None = field(default=None, hash=False)
    """What it is measured on; None: the task's sets."""

    @property
    def scale(self) -> int:
        """Output side over input side."""
        return self.config.scale

    @property
    def wants_path(self) -> bool:
        """Whether the camera's path is looked for and undone, so that what is told of it is of use."""
        return self.config.wants_path


@dataclass(frozen=True)
class Task:
    """A restoration task, complete: adding one value to `TASKS` adds its tab, its command and its training target.

    What depends on the network (`config`, `weights`, `damage`, `margin`, `reads`, `degrade`, `sets`) is that of one
    preset; `as_preset` gives the same task with another's.
    """

    key: str
    title: str
    summary: str
    """One sentence for people who have never heard of the paper."""
    config: ModelConfig
    """The network that training makes and evaluation expects where no preset is named."""
    weights: str
    """File name of the weights of that network."""
    presets: tuple[Preset, ...]
    """The networks that ship, one at least. The first whose file is in the checkpoints folder is the default."""
    accepts: Callable[[ModelConfig], bool]
    """Whether a network with this config was made for this task."""
    check: Callable[[Request], None]
    """Raises `InputError` for a request that cannot be run."""
    encode: Callable[[Request], Tensor]
    """Request -> network input (1, c, h, w) float32 in [0, 1], not yet padded."""
    decode: Callable[[np.ndarray, Request], Picture]
    """Network output as pixels (h * scale, w * scale, 3) uint8 -> the restored picture."""
    degrade: Degrade
    """Clean picture -> a case whose answer is known, of every kind: for training, validation, tests and the demo."""
    sets: Mapping[str, Degrade] = field(hash=False)
    """What `degrade` mixes, taken apart: named kinds of damage, each measured by itself when weights are evaluated."""
    damage: DrawDamage
    """The damage of `degrade` for whole batches on that device; the generator draws what is kept there."""
    also: Mapping[str, Degrade] = field(default_factory=dict, hash=False, kw_only=True)
    """Further kinds of damage, of which training draws none or only some: measured beside `sets`, never trained on."""
    headline: str
    """The metric (a key of `metrics.scores`) that training watches."""
    margin: int = 0
    """Pixels around a training crop that `damage` needs to see and that are cut off afterwards."""
    reads: tuple[str, ...] = ()
    """What the task's IPR is taught to tell of the damage: names among `damage.SEVERITIES`."""

    @property
    def wants_mask(self) -> bool:
        return self.config.wants_mask

    @property
    def columns(self) -> list[int]:
        """Where `reads` stand among `SEVERITIES`."""
        return [SEVERITIES.index(name) for name in self.reads]

    @property
    def scales(self) -> tuple[int, ...]:
        """The scales that its presets have, ascending."""
        return tuple(sorted({preset.scale for preset in self.presets}))

    @property
    def available(self) -> tuple[Preset, ...]:
        """The presets whose weight file is in the checkpoints folder just now, the default first."""
        return tuple(preset for preset in self.presets if find_default(preset.weights))

    def preset(self, key: str | None = None, scale: int | None = None) -> Preset:
        """The preset that is meant; None: any. Where several fit, the first whose file is there, else the first.

        Raises `InputError` for a name or a scale that the task's presets do not have, listing those there are.
        """
        named = [preset for preset in self.presets if key in (None, preset.key)]
        if not named:
            names = ", ".join(dict.fromkeys(preset.key for preset in self.presets))
            raise InputError(f"{self.title} has no preset '{key}'.", f"Choose one of: {names}.")
        fitting = [preset for preset in named if scale in (None, preset.scale)]
        if not fitting:
            owner = f"The preset '{key}'" if key else self.title
            scales = " and ".join(f"x{each}" for each in sorted({preset.scale for preset in named}))
            raise InputError(f"{owner} cannot enlarge x{scale}.", f"It works at {scales}.")
        return next((preset for preset in fitting if find_default(preset.weights)), fitting[0])

    def presets_of(self, file: str, scale: int) -> tuple[Preset, ...]:
        """The presets whose weight file has that name, unless the network in it enlarges by something else."""
        return tuple(each for each in self.presets if (each.weights, each.scale) == (file, scale))

    def preset_behind(self, file: str, scale: int, fill: Fill = "network") -> Preset | None:
        """The one of `presets_of` that fills holes that way."""
        return next((each for each in self.presets_of(file, scale) if each.fill == fill), None)

    def fill_of(self, key: str | None) -> Fill:
        """What fills holes in the preset of that name; the network where no preset is meant, or none that there is."""
        named = next((each for each in self.presets if each.key == key), None)
        return named.fill if named else "network"

    def title_of(self, preset: Preset) -> str:
        """Its title, with the scale where others of that name have another: "Real photos x2"."""
        shared = any(each.key == preset.key and each.scale != preset.scale for each in self.presets)
        return f"{preset.title} x{preset.scale}" if shared else preset.title

    def at_scale(self, scale: int) -> Task:
        """This task itself, or as the first of its presets that enlarges by that. Raises `InputError` without any."""
        return self if scale == self.config.scale else self.as_preset(self.preset(scale=scale))

    def as_preset(self, preset: Preset) -> Task:
        """This task with everything that depends on the network as the preset has it, to train and to measure it."""
        own: dict[str, Any] = {"config": preset.config, "weights": preset.weights}
        drawn: dict[str, Any] = {"damage": preset.damage, "margin": preset.margin, "reads": preset.reads}
        shown: dict[str, Any] = {"degrade": preset.degrade, "sets": preset.sets}
        if preset.damage is not None:
            own |= drawn
        if preset.sets is not None:
            own["also"] = {}
        return replace(self, **own, **{name: value for name, value in shown.items() if value is not None})
