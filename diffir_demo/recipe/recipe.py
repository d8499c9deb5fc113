"""Everything needed to repeat a run. The app, the command line, the API and batches all make their request from it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from ..errors import InputError
from ..events import Restoration
from ..imaging import Picture, grown, load_mask, mask_bytes
from ..imaging.strokes import Stroke, feather_pixels, rasterise
from ..tasks import TASKS, Request, get_task
from ..version import VERSION
from ..weights import WeightsInfo, survey
from .parts import (
    Drawing,
    KnownPath,
    Photo,
    UsedWeights,
    drawing_in,
    mask_in,
    path_fields,
    path_in,
    photo_in,
    plain_name,
    steered_in,
    stroke_fields,
    weights_in,
)
from .strict import Fields, parsed

T = TypeVar("T")
FORMAT = 3
"""Goes up when a reader of today could no longer understand what is written. 2: `steered`; 3: `path` or `strength`;
what has none of them is still 1."""
MARK = "diffir_recipe"
"""The field that tells a recipe from any other JSON; its value is the format."""
MAX_BYTES = 20_000_000
"""Of the JSON: the largest mask, and as many strokes as a canvas takes."""
MOST_STEPS = 1000
MOST_SCALE = 100
_HINT = "Use a result that was saved here, or another copy of it."


@dataclass(frozen=True)
class Recipe:
    """A run that can be done again: on the same photo with the same pixels, on any other with the same settings."""

    task: str
    seed: int = 0
    weights: UsedWeights | None = None
    """None: whatever the task's own are."""
    steps: int | None = None
    """Diffusion steps; None: as the network was trained."""
    steered: Mapping[str, float] = field(default_factory=dict, hash=False)
    """How the IPR is moved before the painting, as `stream` takes it; {}: painted as it was estimated."""
    drawing: Drawing | None = None
    mask: bytes | None = None
    """A mask file beneath the strokes: PNG, white for the hole."""
    photo: Photo | None = None
    version: str = VERSION
    """Of the program that wrote it."""
    preset: str | None = None
    """Which of the task's presets it was, by name: it is found where the very file is not there."""
    scale: int | None = None
    """How far that enlarges."""
    path: KnownPath | None = None
    """The camera's path that was given; None: it is looked for, where the preset does so."""
    strength: float | None = None
    """How much of the deconvolved photo was asked for, in [0, 1]; None: as far as the path can be trusted."""

    @property
    def strokes(self) -> tuple[Stroke, ...]:
        return self.drawing.strokes if self.drawing else ()

    @property
    def has_mask(self) -> bool:
        return bool(self.mask or self.strokes)

    @property
    def how(self) -> dict[str, Any]:
        """What `stream` and `restore` take beside the request: `restore(task, request, engine, **recipe.how)`."""
        return {"steps": self.steps, "steered": dict(self.steered)}

    def request(self, picture: Picture, mask: np.ndarray | None = None) -> Request:
        """What is asked of the network for this picture.

        mask: (h, w) bool, True = hole, in place of the recipe's own. Raises `InputError` where the task wants a mask
        and there is none, or where the recipe's is damaged.
        """
        task = get_task(self.task)
        fill = task.fill_of(self.preset)
        if not task.wants_mask:
            blur = self.path.blur if self.path else None
            return Request(picture, mask, self.seed, fill=fill, blur=blur, strength=self.strength)
        hole = self.hole(picture.height, picture.width) if mask is None else mask
        feather = feather_pixels(self.drawing.feather if self.drawing else 0.0, picture.width)
        return Request(picture, grown(hole, feather), self.seed, feather, fill)

    def hole(self, height: int, width: int) -> np.ndarray:
        """(h, w) bool, as drawn: not yet widened by the feather.

        A mask file of another size comes back as it is, so that both sizes can be told. Raises `InputError`.
        """
        if not self.has_mask:
            raise InputError("The recipe holds no mask.", "Give a mask beside it.")
        base = None if self.mask is None else _opened(self.mask)
        if base is not None and base.shape != (height, width):
            return base
        return rasterise(self.strokes, height, width, base)

    def done(self, run: Restoration, name: str) -> Recipe | None:
        """The recipe with the facts of a run that it led to. name: the photo's file name.

        None where no recipe would repeat the run: it was a baseline's, or painted with an IPR of somebody's own.
        """
        if run.info is None or not run.steps:
            return None
        picture, scale = run.request.picture, run.info.config.scale
        preset = get_task(self.task).preset_behind(run.info.file, scale, run.request.fill)
        return replace(
            self,
            steered=dict(run.steered),
            weights=UsedWeights(run.info.file, run.info.sha256, run.info.badge),
            preset=preset.key if preset else None,
            scale=scale,
            photo=Photo(plain_name(name), picture.width, picture.height, picture.sha256),
            version=VERSION,
            path=KnownPath.of(run.request.blur) if run.request.blur else None,
            strength=run.request.strength,
        )

    def find_weights(self) -> Path | None:
        """The recipe's network in the checkpoints folder, as `among` finds it; None for the task's own."""
        if self.weights is None and self.preset is None and self.scale is None:
            return None
        usable = {path: info for path, info in survey().items() if isinstance(info, WeightsInfo)}
        return self.among((path, info.sha256, path.name) for path, info in usable.items())

    def among(self, offered: Iterable[tuple[T, str, str]]) -> T | None:
        """Finds its network: by what the file is, else its preset, else by the file's name, else by the scale.

        offered: (anything, sha256, file name) of each file. None where there is nothing of the kind.
        """
        offered = list(offered)
        presets = get_task(self.task).presets
        wanted = [each.weights for each in presets if each.key == self.preset and self.scale in (None, each.scale)]
        alike = [each.weights for each in presets if self.scale is not None and each.scale == self.scale]
        names = [*wanted, *([self.weights.file] if self.weights else []), *alike]
        same = (each for each, sha256, _ in offered if self.weights is not None and sha256 == self.weights.sha256)
        named = (each for name in names for each, _, found in offered if found == name)
        return next(chain(same, named), None)

    def notices(self, used: WeightsInfo) -> tuple[str, ...]:
        """What differs when it is run with these weights, one sentence each."""
        if self.weights is not None:
            if self.weights.sha256 == used.sha256:
                return ()
            meant, found = (f"{w.file} ({w.sha256[:12]})" for w in (self.weights, used))
        else:
            scale = used.config.scale
            presets = [preset.key for preset in get_task(self.task).presets_of(used.file, scale)]
            if self.preset in (None, *presets) and self.scale in (None, scale):
                return ()
            meant = " ".join([*([f"the preset {self.preset}"] if self.preset else []), f"x{self.scale or scale}"])
            found = used.file
        return (f"The recipe was made with {meant}, which is not here; {found} was used instead.",)

    def to_json(self, indent: int | None = None) -> str:
        """The same recipe gives the same text."""
        told_of_path = self.path is not None or self.strength is not None
        mark = FORMAT if told_of_path else 2 if self.steered else 1
        fields: dict[str, Any] = {MARK: mark, "version": self.version, "task": self.task, "seed": self.seed}
        fields |= {"preset": self.preset, "scale": self.scale, "steps": self.steps}
        fields["steered"] = dict(self.steered) or None
        fields |= {"path": path_fields(self.path) if self.path else None, "strength": self.strength}
        fields["weights"] = vars(self.weights) if self.weights else None
        fields["photo"] = vars(self.photo) if self.photo else None
        if self.drawing:
            strokes = [stroke_fields(stroke) for stroke in self.drawing.strokes]
            fields["drawing"] = {"strokes": strokes, "feather": self.drawing.feather}
        fields["mask"] = base64.b64encode(self.mask).decode() if self.mask else None
        return json.dumps({key: value for key, value in fields.items() if value is not None}, indent=indent)

    @classmethod
    def from_json(cls, text: str | bytes) -> Recipe:
        """Raises `InputError` for what is no recipe, for a damaged one, and for one of a newer version."""
        if len(text) > MAX_BYTES:
            raise InputError(f"The recipe is larger than {MAX_BYTES // 1_000_000} megabytes.", _HINT)
        try:
            found = parsed(text)
        except ValueError as error:
            raise InputError("This is no recipe of DiffIR Studio.", _HINT) from error
        return cls.from_fields(found)

    @classmethod
    def from_fields(cls, found: Any) -> Recipe:
        """`from_json` for what a JSON parser has read."""
        if not isinstance(found, dict) or type(form := found.get(MARK)) is not int or form < 1:
            raise InputError("This is no recipe of DiffIR Studio.", _HINT)
        if form > FORMAT:
            raise InputError("This recipe was written by a newer version of DiffIR Studio.", "Update this one.")
        try:
            return _recipe(Fields(found, MARK))
        except ValueError as error:
            raise InputError(f"The recipe is damaged: its field '{str(error)[:40]}' makes no sense.", _HINT) from error


def recipe_of(run: Restoration, name: str) -> Recipe | None:
    """The recipe of a run that was made without one, as `Recipe.done` gives it; its mask is in it as a file."""
    trained = run.info.config.timesteps if run.info else 0
    steps = None if len(run.steps) == trained else len(run.steps)
    recipe = Recipe(run.task, run.request.seed, steps=steps)
    if run.request.mask is not None:
        feather = run.request.feather  # what widening by it gave, it gives again from the hole within
        drawing = Drawing(feather=feather / run.request.picture.width) if feather else None
        recipe = replace(recipe, mask=mask_bytes(grown(run.request.mask, -feather)), drawing=drawing)
    return recipe.done(run, name)


def _recipe(fields: Fields) -> Recipe:
    fields.whole(MARK, 1, FORMAT)
    recipe = Recipe(
        task=fields.text("task", 40),
        seed=fields.whole("seed", 0, 2**63 - 1),
        weights=fields.maybe("weights", lambda name: fields.part(name, weights_in)),
        preset=fields.maybe("preset", lambda name: fields.text(name, 40)),
        scale=fields.maybe("scale", lambda name: fields.whole(name, 1, MOST_SCALE)),
        steps=fields.maybe("steps", lambda name: fields.whole(name, 1, MOST_STEPS)),
        steered=fields.maybe("steered", lambda name: fields.part(name, steered_in)) or {},
        drawing=fields.maybe("drawing", lambda name: fields.part(name, drawing_in)),
        mask=fields.maybe("mask", lambda name: mask_in(fields.text(name, MAX_BYTES), name)),
        photo=fields.maybe("photo", lambda name: fields.part(name, photo_in)),
        path=fields.maybe("path", lambda name: fields.part(name, path_in)),
        strength=fields.maybe("strength", lambda name: fields.number(name, 0, 1)),
        version=fields.text("version", 40),
    )
    fields.end()
    if recipe.task not in TASKS:
        raise ValueError("task")
    if (recipe.drawing or recipe.mask) and not get_task(recipe.task).wants_mask:
        raise ValueError("drawing" if recipe.drawing else "mask")
    if (recipe.path or recipe.strength is not None) and not any(p.wants_path for p in get_task(recipe.task).presets):
        raise ValueError("path" if recipe.path else "strength")
    return recipe


def _opened(mask: bytes) -> np.ndarray:
    try:
        return load_mask(mask)
    except InputError as error:
        raise InputError("The mask in the recipe is damaged.", "Give the mask beside it.") from error
