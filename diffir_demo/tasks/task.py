"""What a user may ask for: the types that a task is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError
from ..imaging.picture import Picture
from ..messages import AND, Message, joined
from ..metrics import scores
from ..model.config import PRESETS, ModelConfig
from ..settings import Fill, Settings
from ..shipped import find_default
from .damage import SEVERITIES, Damage

Degrade: TypeAlias = Callable[[Picture, np.random.Generator], "Case"]
"""Clean picture -> a case whose answer is known."""
DrawDamage: TypeAlias = Callable[[torch.device, np.random.Generator], Damage]
"""Damage for whole batches on that device; the generator draws what is kept there."""


@dataclass(frozen=True, eq=False)
class Request:
    """One photo to restore, and how."""

    picture: Picture
    mask: np.ndarray | None = None
    """(h, w) bool, True = hole to fill; only for tasks that want one."""
    settings: Settings = Settings()
    name: str = ""
    """Of the photo's file, without folders; "" where it came from none."""

    def __post_init__(self) -> None:
        """Raises `InputError` for a mask that is no (h, w) bool array."""
        if self.mask is not None and (self.mask.dtype != bool or self.mask.ndim != 2):
            raise InputError(
                Message(
                    "A mask must be a (height, width) array of bool, not {shape} {dtype}.",
                    shape=self.mask.shape,
                    dtype=self.mask.dtype,
                ),
                "`mask >= 128` makes one from grey levels.",
            )

    def changed(self, **options: Any) -> Request:
        """The same with other settings."""
        return replace(self, settings=replace(self.settings, **options))


@dataclass(frozen=True, eq=False)
class Case:
    """A clean picture that was damaged on purpose, and what a perfect restoration would give back."""

    request: Request
    reference: Picture
    kernel: np.ndarray | None = None
    """What it was blurred with, (k, k) summing to 1, where it was: oracles in tests and comparisons may look."""
    severity: np.ndarray | None = None
    """(3,) how noisy, soft and compressed it was made (`damage.SEVERITIES`), where the damage is of that kind."""


@dataclass(frozen=True)
class Preset:
    """A network and how it is used for a task: which photos it is for, its weight file, and what it is trained on."""

    key: str
    """What it is called on the command line; presets of one task that differ in their scale alone share it."""
    title: str
    summary: str
    """One sentence: what photos it is for."""
    weights: str
    """File name in the checkpoints folder; the file need not be there."""
    network: str
    """Name of its network in `model.config.PRESETS`, which also decides the scale."""
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
    def config(self) -> ModelConfig:
        """Its network."""
        return PRESETS[self.network]

    @property
    def scale(self) -> int:
        """Output side over input side."""
        return self.config.scale

    @property
    def wants_path(self) -> bool:
        """Whether the camera's path is looked for and undone, so that a given path is of use."""
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
    """One sentence for people who do not know the paper."""
    noun: str
    """What it does, in the middle of a sentence: "deblurring"."""
    official: str
    """Name in `model.config.OFFICIAL` of the authors' network for it."""
    network: str
    """Name in `model.config.PRESETS` of the network of `config`."""
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
    """What `degrade` mixes, one by one: named kinds of damage, each measured by itself when weights are evaluated."""
    damage: DrawDamage
    """The damage of `degrade` for whole batches on that device; the generator draws what is kept there."""
    also: Mapping[str, Degrade] = field(default_factory=dict, hash=False, kw_only=True)
    """Further kinds of damage, of which training draws none or only some: measured beside `sets`, never trained on."""
    headline: str
    """The metric (a key of `metrics.scores`) that training watches."""
    margin: int = 0
    """Pixels around a training crop that `damage` needs to see and that are cut off afterwards."""
    reads: tuple[str, ...] = ()
    """What the task's IPR is taught to say of the damage: names among `damage.SEVERITIES`."""
    luma_border: int | None = None
    """For tasks that are measured on luma, as super-resolution papers do: pixels of the border that are left out."""
    perceptual: bool = False
    """Whether evaluation measures ST-LPIPS, which takes seconds a picture: where presets differ in it."""
    measures_blur: bool = False
    """Whether its cases have a blur kernel that evaluation compares with (`Case.kernel`)."""
    sets_text: str = ""
    """How `sets` and `also` are damaged, in Markdown."""

    @property
    def wants_mask(self) -> bool:
        return self.config.wants_mask

    def scores(self, result: np.ndarray, reference: np.ndarray, mask: np.ndarray | None = None) -> dict[str, float]:
        """`metrics.scores` as the task's papers measure: (h, w, 3) uint8 both, mask (h, w) bool."""
        return scores(result, reference, mask, self.luma_border)

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
            raise InputError(
                Message("{title} has no preset '{key}'.", title=self.title, key=key),
                Message("Choose one of: {names}.", names=names),
            )
        fitting = [preset for preset in named if scale in (None, preset.scale)]
        if not fitting:
            owner = Message("The preset '{key}'", key=key) if key else self.title
            scales = joined((f"x{each}" for each in sorted({preset.scale for preset in named})), AND)
            raise InputError(
                Message("{owner} cannot enlarge x{scale}.", owner=owner, scale=scale),
                Message("It works at {scales}.", scales=scales),
            )
        return next((preset for preset in fitting if find_default(preset.weights)), fitting[0])

    def presets_of(self, file: str, scale: int) -> tuple[Preset, ...]:
        """The presets whose weight file has that name, unless the network in it enlarges by something else."""
        return tuple(each for each in self.presets if (each.weights, each.scale) == (file, scale))

    def preset_behind(self, file: str, scale: int, fill: Fill | None = "network") -> Preset | None:
        """The one of `presets_of` that fills holes that way."""
        return next((each for each in self.presets_of(file, scale) if each.fill == fill), None)

    def fill_of(self, key: str | None) -> Fill:
        """What fills holes in the preset of that name; the network where no preset is meant, or none that there is."""
        named = next((each for each in self.presets if each.key == key), None)
        return named.fill if named else "network"

    def title_of(self, preset: Preset) -> str:
        """Its title, with the scale where others of that name have another: "Real photos x2"."""
        shared = any(each.key == preset.key and each.scale != preset.scale for each in self.presets)
        return Message("{title} x{scale}", title=preset.title, scale=preset.scale) if shared else preset.title

    def at_scale(self, scale: int) -> Task:
        """This task itself, or as the first of its presets that enlarges by that. Raises `InputError` without any."""
        return self if scale == self.config.scale else self.as_preset(self.preset(scale=scale))

    def as_preset(self, preset: Preset) -> Task:
        """This task with everything that depends on the network as the preset has it, to train and to measure it."""
        own: dict[str, Any] = {"config": preset.config, "network": preset.network, "weights": preset.weights}
        drawn: dict[str, Any] = {"damage": preset.damage, "margin": preset.margin, "reads": preset.reads}
        shown: dict[str, Any] = {"degrade": preset.degrade, "sets": preset.sets}
        if preset.damage is not None:
            own |= drawn
        if preset.sets is not None:
            own["also"] = {}
        return replace(self, **own, **{name: value for name, value in shown.items() if value is not None})
