"""What a run gives back: the picture, and all that is known about how it came about."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from .imaging import Picture, fill_map, grown, mask_bytes, save_picture
from .recipe import RUN_KEYWORD, Recipe, text_of
from .recipe_file import Drawing, Photo, UsedWeights, plain_name
from .settings import Settings
from .shake import Undone, path_facts
from .tasks import Request, get_task
from .version import VERSION
from .weights.directions import Reading
from .weights.info import WeightsInfo


@dataclass(frozen=True, eq=False)
class PriorStep:
    """One denoising step of the IPR."""

    number: int
    """1 .. steps, in the order they happen."""
    t: int
    """Steps to come, steps-1 .. 0: the paper's time where the number of steps is the trained one."""
    x0: np.ndarray = field(repr=False)
    """(n,) float32, the denoiser's estimate of the clean IPR."""
    ipr: np.ndarray = field(repr=False)
    """(n,) float32, the posterior mean: what the next step starts from, and after the last step the result."""
    seconds: float
    preview: Picture | None = field(default=None, repr=False)
    """The picture that `ipr` leads to, when previews were asked for (each costs a full painting). None at the last
    step: that step's picture is the result."""


@dataclass(frozen=True)
class Seconds:
    """Where the time went."""

    encode: float
    """Pixels to tensors, and the prior encoder (CPEN)."""
    denoise: float
    """All diffusion steps on the IPR."""
    paint: float
    """The U-Net, previews left out."""
    previews: float
    total: float
    copy: float = 0.0
    """Looking for texture elsewhere in the photo, and copying it into holes."""
    undo: float = 0.0
    """Looking for the camera's path, and undoing it."""


@dataclass(frozen=True, eq=False)
class Restoration:
    """What came back."""

    picture: Picture = field(repr=False)
    request: Request = field(repr=False)
    task: str
    weights: str
    ipr: np.ndarray = field(repr=False)
    """(n,) float32, the IPR that steered the painting."""
    seconds: Seconds
    device: str
    precision: str
    tiles: int
    steps: tuple[PriorStep, ...] = field(repr=False, default=())
    notices: tuple[str, ...] = ()
    """What people should know about this result, one sentence each."""
    info: WeightsInfo | None = field(repr=False, default=None)
    """The network's file; None for a baseline."""
    painted: tuple[tuple[int, int], ...] = ()
    """(height, width) of every input that the U-Net saw: the padded picture, or its tiles. For `Network.cost`."""
    steered: Mapping[str, float] = field(default_factory=dict)
    """How the IPR was moved before the painting, in standard deviations of what it says; {} where it was not."""
    unsteered: np.ndarray | None = field(repr=False, default=None)
    """(n,) float32, the IPR before it was moved; None where it was not."""
    copied: np.ndarray | None = field(repr=False, default=None)
    """(h, w) bool: what was copied from elsewhere in the photo rather than painted by the network. None where holes
    are the network's alone."""

    before: Recipe | None = field(repr=False, default=None)
    """What made the photo that went in, where that is a result itself, as far as it is known."""
    undone: Undone | None = field(repr=False, default=None)
    """The camera's path and the photo without it; None where it was not looked for."""

    @cached_property
    def deconvolved(self) -> Picture | None:
        """The photo without its blur, as if that were sure; no network has seen it. None where it was not undone."""
        if self.undone is None or self.undone.strength == 0:
            return None
        return self.request.picture.with_pixels(self.undone.sharp, self.request.picture.alpha)

    @property
    def copied_share(self) -> float | None:
        """How much of the hole was copied rather than painted by the network, in [0, 1]; None where there is no hole,
        or no network."""
        hole = self.request.mask
        if hole is None or self.info is None:
            return None
        return 0.0 if self.copied is None else float(self.copied[hole].mean())

    @property
    def fill_map(self) -> Picture | None:
        """`imaging.fill_map` of this result; None where `copied_share` is."""
        hole = self.request.mask
        if hole is None or self.info is None:
            return None
        return fill_map(hole, np.zeros_like(hole) if self.copied is None else self.copied)

    @property
    def estimate(self) -> np.ndarray:
        """(n,) float32: what the diffusion found, or was given in its place, before anyone moved it."""
        return self.ipr if self.unsteered is None else self.unsteered

    @property
    def reading(self) -> Reading | None:
        """What the IPR says is wrong with the photo; None where the network was not taught to say it."""
        directions = None if self.info is None else self.info.directions
        return None if directions is None else directions.reading(self.ipr)

    def recipe(self, name: str | None = None, base: Recipe | None = None) -> Recipe | None:
        """What repeats this run.

        name: of the photo's file; None: the request's. base: the recipe that it was made from, whose strokes are kept;
        None: it is made anew, with the run's mask in it as a file. None is given back where no recipe would repeat the
        run: it was a baseline's, or painted with an IPR of somebody's own.
        """
        if self.info is None or not self.steps:
            return None
        request, settings, scale = self.request, self.request.settings, self.info.config.scale
        preset = get_task(self.task).preset_behind(self.info.file, scale, settings.fill)
        steps = None if len(self.steps) == self.info.config.timesteps else len(self.steps)
        base = base or self._anew()
        anew = replace(
            base,
            settings=Settings(settings.seed, steps, self.steered, blur=settings.blur, strength=settings.strength),
            weights=UsedWeights(self.info.file, self.info.sha256, self.info.badge, self.info.source),
            preset=preset.key if preset else None,
            scale=scale,
            photo=Photo(
                plain_name(request.name if name is None else name),
                request.picture.width,
                request.picture.height,
                request.picture.sha256,
            ),
            version=VERSION,
            before=None,
        )
        return anew.after(self.before or base.before)

    def _anew(self) -> Recipe:
        if self.request.mask is None:
            return Recipe(self.task)
        feather = self.request.settings.feather  # what widening by it gave, it gives again from the hole within
        drawing = Drawing(feather=feather / self.request.picture.width) if feather else None
        return Recipe(self.task, mask=mask_bytes(grown(self.request.mask, -feather)), drawing=drawing)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the picture, with its recipe inside where the format holds text; the suffix decides the format.

        Raises `InputError` as `save_picture` does.
        """
        return save_picture(self.picture, path, text=text_of(self.recipe()))

    @property
    def text(self) -> dict[str, str]:
        """What came of the run, as JSON, for programs that have nothing but the picture: {"notices": sentences,
        "copied": the share of the hole that was not painted by the network, where there is a hole; "path":
        `shake.path_facts`, where the camera's path was undone}."""
        facts: dict[str, object] = {"notices": self.notices}
        if self.copied_share is not None:
            facts["copied"] = round(self.copied_share, 4)
        if self.undone is not None:
            facts["path"] = path_facts(self.undone)
        return {RUN_KEYWORD: json.dumps(facts)}
