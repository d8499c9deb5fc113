"""Everything needed to repeat a run: as a value, as JSON, and inside the results themselves."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from pydantic import ValidationError

from .errors import InputError, WeightsError
from .imaging import Picture, grown, load_mask, read_text
from .imaging.strokes import Stroke, feather_pixels, rasterise
from .messages import Message
from .recipe_file import FORMAT, MARK, Drawing, Photo, RecipeFile, UsedWeights, written
from .settings import Settings
from .tasks import TASKS, Request, get_task
from .version import VERSION
from .weights import WeightsInfo, inspect, survey

T = TypeVar("T")
KEYWORD, RUN_KEYWORD = "DiffIR", "DiffIR-run"
"""Of the texts in the picture: what repeats the run, and what came of it."""
MOST_RUNS = 16
"""Runs that one recipe may hold, each on the result of the one before."""
MAX_BYTES = 20_000_000
"""Of the JSON: the largest mask, and as many strokes as a canvas takes."""
_JSON_BYTES = 4096
"""In which the mark of a JSON recipe must have appeared."""
_HINT = "Use a result that was saved here, or another copy of it."


@dataclass(frozen=True)
class Recipe:
    """A run that can be done again: on the same photo with the same pixels, on any other with the same settings.

    Of its settings, seed, steps, steered, blur and strength are kept in files. What fills a hole follows from the
    preset, and the width of a soft edge in pixels from the drawing and the photo.
    """

    task: str
    settings: Settings = Settings()
    weights: UsedWeights | None = None
    """None: whatever the task's own are."""
    preset: str | None = None
    """Which of the task's presets it was, by name: it is found where the very file is not there."""
    scale: int | None = None
    """How far that enlarges."""
    drawing: Drawing | None = None
    mask: bytes | None = None
    """A mask file beneath the strokes: PNG, white for the hole."""
    photo: Photo | None = None
    version: str = VERSION
    """Of the program that wrote it."""
    before: Recipe | None = None
    """The run whose result was the photo of this one."""

    @property
    def runs(self) -> tuple[Recipe, ...]:
        """All runs from the first photo on, this one last, each without those before it."""
        return (*(self.before.runs if self.before else ()), replace(self, before=None))

    def after(self, before: Recipe | None) -> Recipe:
        """All its runs on the result of another one; of more than `MOST_RUNS` in a row, the last ones stay."""
        if before is None:
            return self
        first, *others = [*before.runs, *self.runs][-MOST_RUNS:]
        for run in others:
            first = replace(run, before=first)
        return first

    def changed(self, **options: Any) -> Recipe:
        """The same with other settings."""
        return replace(self, settings=replace(self.settings, **options))

    @property
    def strokes(self) -> tuple[Stroke, ...]:
        return self.drawing.strokes if self.drawing else ()

    @property
    def has_mask(self) -> bool:
        return bool(self.mask or self.strokes)

    def request(self, picture: Picture, mask: np.ndarray | None = None, name: str = "") -> Request:
        """What is asked of the network for this picture.

        mask: (h, w) bool, True = hole, in place of the recipe's own. name: of the photo's file. Raises `InputError`
        where the task wants a mask and there is none, or where the recipe's is damaged.
        """
        task = get_task(self.task)
        settings = replace(self.settings, fill=task.fill_of(self.preset))
        if not task.wants_mask:
            return Request(picture, mask, settings, name)
        hole = self.hole(picture.height, picture.width) if mask is None else mask
        feather = feather_pixels(self.drawing.feather if self.drawing else 0.0, picture.width)
        return Request(picture, grown(hole, feather), replace(settings, feather=feather), name)

    def hole(self, height: int, width: int) -> np.ndarray:
        """(h, w) bool, as drawn: not yet widened by the feather.

        A mask file of another size comes back as it is, so that both sizes can be named. Raises `InputError`.
        """
        if not self.has_mask:
            raise InputError("The recipe holds no mask.", "Give a mask beside it.")
        base = None if self.mask is None else _opened(self.mask)
        if base is not None and base.shape != (height, width):
            return base
        return rasterise(self.strokes, height, width, base)

    def find_weights(self) -> Path | None:
        """The recipe's network in the checkpoints folder, as `among` finds it, else from the Hub where it says so; None
        for the task's own. Raises `WeightsError` where the Hub does not give that very file."""
        if self.weights is None and self.preset is None and self.scale is None:
            return None
        usable = {path: info for path, info in survey().items() if isinstance(info, WeightsInfo)}
        if self.weights is not None and self.weights.source:
            if here := next((path for path, info in usable.items() if info.sha256 == self.weights.sha256), None):
                return here
            return _from_hub(self.weights)
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
            meant = Message("x{scale}", scale=self.scale or scale)
            if self.preset:
                meant = Message("the preset {preset} {scale}", preset=self.preset, scale=meant)
            found = used.file
        return (
            Message(
                "The recipe was made with {meant}, which is not here; {found} was used instead.",
                meant=meant,
                found=found,
            ),
        )

    def to_json(self, indent: int | None = None) -> str:
        """The same recipe gives the same text."""
        return json.dumps(self._fields, indent=indent)

    @property
    def _fields(self) -> dict[str, Any]:
        parts: dict[str, Any] = vars(self) | {"before": self.before._fields if self.before else None}
        return written(**parts)

    @classmethod
    def from_json(cls, text: str | bytes) -> Recipe:
        """Raises `InputError` for what is no recipe, for a damaged one, and for one of a newer version."""
        if len(text) > MAX_BYTES:
            raise InputError(Message("The recipe is larger than {most} megabytes.", most=MAX_BYTES // 1_000_000), _HINT)
        try:
            return cls.from_fields(json.loads(text, parse_constant=_refuse_constant))
        except (ValueError, RecursionError) as error:
            raise InputError("This is no recipe of DiffIR Studio.", _HINT) from error

    @classmethod
    def from_fields(cls, found: Any, runs_after: int = 0) -> Recipe:
        """`from_json` for what a JSON parser has read. runs_after: how many others it is a part of."""
        if not isinstance(found, dict) or type(form := found.get(MARK)) is not int or form < 1:
            raise InputError("This is no recipe of DiffIR Studio.", _HINT)
        if form > FORMAT:
            raise InputError("This recipe was written by a newer version of DiffIR Studio.", "Update this one.")
        try:
            file = RecipeFile.model_validate(found)
            recipe = cls(**file.parts)
            _require_sense(recipe)
        except ValidationError as error:
            names = [str(part) for part in error.errors()[0]["loc"] if isinstance(part, str)]
            raise _damaged(names[-1] if names else MARK) from error
        if file.before is None:
            return recipe
        if runs_after >= MOST_RUNS - 1:
            raise _damaged("before")
        return replace(recipe, before=cls.from_fields(file.before, runs_after + 1))


def _from_hub(meant: UsedWeights) -> Path:
    """The address, to be opened as any weight file; its bytes are those that the recipe knows."""
    if inspect(meant.source).sha256 != meant.sha256:
        raise WeightsError(
            Message("{source} is not the file that the recipe was made with.", source=meant.source),
            "Name another --weights.",
        )
    return Path(meant.source)


def text_of(recipe: Recipe | None) -> dict[str, str]:
    """What a result says about itself, for `encode_picture`. None: only what program wrote it."""
    text = {"Software": f"DiffIR Studio {VERSION}"}
    return text if recipe is None else text | {KEYWORD: recipe.to_json()}


def find_recipe(path: str | os.PathLike[str]) -> Recipe | None:
    """The recipe in a result, or in a JSON file; None where it is any other file.

    Raises `InputError` where there is one that cannot be used: a damaged one, or of a newer version.
    """
    path = Path(path)
    try:
        text = read_text(path, KEYWORD, MAX_BYTES)
        if text is None and path.stat().st_size <= MAX_BYTES and _may_be_json(path):
            text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(
            Message("{name} cannot be read ({reason}).", name=path.name, reason=error.strerror), "Check the name."
        ) from error
    except ValueError as error:
        raise InputError(
            Message("The recipe in {name} is damaged.", name=path.name), "Use another copy of the file."
        ) from error
    return None if text is None else Recipe.from_json(text)


def recipe_before(path: str | os.PathLike[str]) -> Recipe | None:
    """What made the photo in that file, as far as it is known: a damaged recipe is none."""
    try:
        return find_recipe(path)
    except InputError:
        return None


def read_recipe(path: str | os.PathLike[str]) -> Recipe:
    """`find_recipe`, where there must be one. Raises `InputError`."""
    recipe = find_recipe(path)
    if recipe is None:
        raise InputError(
            Message("{name} holds no recipe of DiffIR Studio.", name=Path(path).name),
            "Results that were saved here do, unless a program between left it out.",
        )
    return recipe


def _require_sense(recipe: Recipe) -> None:
    """What no field can check by itself."""
    if recipe.task not in TASKS:
        raise _damaged("task")
    task, settings = get_task(recipe.task), recipe.settings
    if (recipe.drawing or recipe.mask) and not task.wants_mask:
        raise _damaged("drawing" if recipe.drawing else "mask")
    if (settings.blur or settings.strength is not None) and not any(preset.wants_path for preset in task.presets):
        raise _damaged("path" if settings.blur else "strength")


def _damaged(field: str) -> InputError:
    return InputError(Message("The recipe is damaged: its field '{field}' makes no sense.", field=field[:40]), _HINT)


def _refuse_constant(word: str) -> None:
    raise ValueError(word)  # NaN and the infinities are no JSON


def _may_be_json(path: Path) -> bool:
    """An object that begins with our mark, so that not every text file is called a damaged recipe."""
    with path.open("rb") as file:
        start = file.read(_JSON_BYTES).removeprefix(b"\xef\xbb\xbf").lstrip()
    return start.startswith(b"{") and f'"{MARK}"'.encode() in start


def _opened(mask: bytes) -> np.ndarray:
    try:
        return load_mask(mask)
    except InputError as error:
        raise InputError("The mask in the recipe is damaged.", "Give the mask beside it.") from error
