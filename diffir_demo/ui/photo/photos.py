"""Between files and the canvas: photos that the app hands out, and the request that the page's values make."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...errors import InputError
from ...imaging import Picture, encode_picture, load_mask, mask_bytes
from ...recipe import Recipe, find_recipe, recipe_before
from ...recipe_file import Drawing, stroke_fields
from ...settings import Settings
from ...tasks import Request, Task
from ..component import words_of
from ..files import file_data, keep
from ..outcome import Reference
from ..shared import Shared, Values
from ..state import WeightsChoice
from .canvas import MaskValue, StrokeData
from .examples import Example
from .reading import photo_of

WORDS = words_of("photo")

LARGEST_SEED = 2**53 - 1
"""Browsers count no further in whole numbers."""


class NoMask(InputError):
    """There is a photo, and nothing of it is painted over."""

    def __init__(self, task: Task) -> None:
        super().__init__(WORDS.no_mask, WORDS.no_mask_hint)
        self.offer = (WORDS.canvas["find"], f"#{task.key}-canvas [data-do=scratches]")


@dataclass(frozen=True, eq=False)
class Opening:
    """A photo on the canvas, and what is known about it."""

    value: MaskValue
    reference: Reference | None = None
    credit: str = ""


def opening_of(example: Example, task: Task) -> Opening:
    """An example as the canvas takes it: damaged already, its mask painted."""
    picture, reference = example.prepared(task)
    opening = opened(picture, example.file.name, reference)
    opening.value.strokes = [StrokeData.model_validate(stroke) for stroke in example.strokes if task.wants_mask]
    return Opening(opening.value, opening.reference, example.credit)


def opened(picture: Picture, name: str, reference: Picture | None) -> Opening:
    """A picture of ours as the canvas takes it, remembering the clean photo behind it."""
    path = keep(encode_picture(picture, ".png"), f"{Path(name).stem}.png")
    known = Reference(path, reference, name) if reference is not None else None
    shown = file_data(path)
    shown.orig_name = name  # what the visitor knows it by: the file that it came from was no PNG
    return Opening(MaskValue(file=shown), known)


def recipe_in(canvas: MaskValue) -> Recipe | None:
    """The recipe in the file on the canvas. Raises `InputError` where it cannot be used."""
    if canvas.file is None or not Path(canvas.file.path).is_file():
        return None
    return find_recipe(canvas.file.path)


def reference_behind(canvas: MaskValue, known: Reference | None) -> Reference | None:
    """What is known of the photo that is on the canvas now, rather than of the one that was there before."""
    is_same = known is not None and canvas.file is not None and known.path == canvas.file.path
    return known if is_same else None


def request_for(task: Task, canvas: MaskValue, seed: float | None) -> Request:
    """From what the page holds to what the network is asked. Raises `InputError`."""
    return asked_for(task, canvas, seed)[1]


def asked_for(
    task: Task, canvas: MaskValue, seed: float | None, steps: int | None = None, preset: str | None = None
) -> tuple[Recipe, Request]:
    """What the page holds, and what that asks of the network. steps, preset: as in `Recipe`. Raises `InputError`."""
    number, photo = checked_seed(seed), photo_of(canvas)
    recipe = recipe_for(task, canvas, number, steps, preset)
    before = recipe_before(canvas.file.path) if canvas.file else None
    return recipe.after(before), recipe.request(photo)


def request_of(shared: Shared, values: Values, chosen: WeightsChoice) -> tuple[Recipe, Request]:
    """What the page holds, and what that asks of the network `chosen`, changed as a restored recipe wants it.

    Raises `InputError`.
    """
    seed, steps, adjusted = values[shared.seed], shared.steps_of(values), values[shared.adjusted]
    recipe, request = asked_for(shared.task, values[shared.canvas], seed, steps, chosen.preset)
    options: dict[str, Any] = {"steered": adjusted.steered}
    if chosen.wants_path:
        options |= {"blur": adjusted.blur, "strength": adjusted.strength}
    return recipe.changed(**options), request.changed(**options)


def recipe_for(
    task: Task, canvas: MaskValue, seed: float | None, steps: int | None = None, preset: str | None = None
) -> Recipe:
    """What the page holds, without the photo. steps, preset: as in `Recipe`. Raises `InputError`."""
    recipe = Recipe(task.key, Settings(seed=checked_seed(seed), steps=steps), preset=preset)
    if not task.wants_mask:
        return recipe
    if not canvas.has_mask:
        raise NoMask(task)
    strokes = tuple(replace(each.stroke, points=tuple(each.p)) for each in canvas.strokes)
    drawing = Drawing(strokes, canvas.feather) if strokes or canvas.feather else None
    base = mask_bytes(load_mask(canvas.mask.path)) if canvas.mask else None
    return replace(recipe, drawing=drawing, mask=base)


def canvas_for(recipe: Recipe, place: MaskValue) -> MaskValue:
    """The photo that is in `place`, under the recipe's mask."""
    drawing = recipe.drawing or Drawing()
    return MaskValue(
        file=place.file,
        preview=place.preview,
        mask=file_data(keep(recipe.mask, "mask.png")) if recipe.mask else None,
        strokes=[StrokeData.model_validate(stroke_fields(stroke)) for stroke in drawing.strokes],
        feather=drawing.feather,
        placed=True,
    )


def checked_seed(seed: float | None) -> int:
    if seed is None or not 0 <= seed <= LARGEST_SEED or seed != int(seed):
        raise InputError(WORDS.bad_seed)
    return int(seed)
