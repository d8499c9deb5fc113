"""Between files and the canvas: photos that the app hands out, and the request that the page's values make."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from gradio.data_classes import FileData

from ..errors import InputError
from ..imaging import Picture, encode_picture, load_mask, load_picture, mask_bytes
from ..recipe import Drawing, Recipe, stroke_fields
from ..tasks import Request, Task
from . import words
from .examples import Example
from .mask_canvas import MaskValue, StrokeData
from .outcome import Truth
from .studio import keep

LARGEST_SEED = 2**53 - 1
"""Browsers count no further in whole numbers."""

SHOWN_BY_BROWSERS = frozenset([".png", ".jpg", ".jpeg", ".webp", ".avif", ".gif", ".bmp"])


class NoMask(InputError):
    """There is a photo, and nothing of it is painted over."""

    def __init__(self, task: Task) -> None:
        super().__init__(words.NO_MASK, words.NO_MASK_HINT)
        self.task = task


@dataclass(frozen=True, eq=False)
class Opening:
    """A photo on the canvas, and what is known about it."""

    value: MaskValue
    truth: Truth | None = None
    credit: str = ""


def opening_of(example: Example, task: Task) -> Opening:
    """An example as the canvas takes it: damaged already, its mask painted."""
    picture, reference = example.prepared(task)
    opening = opened(picture, example.file.name, reference)
    opening.value.strokes = [StrokeData.model_validate(stroke) for stroke in example.strokes if task.wants_mask]
    return Opening(opening.value, opening.truth, example.credit)


def opened(picture: Picture, name: str, reference: Picture | None) -> Opening:
    """A picture of ours as the canvas takes it, remembering the clean photo behind it."""
    path = keep(encode_picture(picture, ".png"), f"{Path(name).stem}.png")
    truth = Truth(path, reference, name) if reference is not None else None
    return Opening(MaskValue(file=file_data(path)), truth)


def file_data(path: str) -> FileData:
    return FileData(path=path, orig_name=Path(path).name)


def placed(file: FileData) -> MaskValue:
    """A photo that lies on the server already; where browsers cannot show it, with a preview. Raises `InputError`."""
    value = MaskValue(file=file)
    if Path(file.path).suffix.lower() not in SHOWN_BY_BROWSERS:
        value.preview = file_data(keep(encode_picture(load_picture(file.path), ".png"), "preview.png"))
    return value


def photo_of(canvas: MaskValue) -> Picture:
    """Raises `InputError` where there is none, or where it cannot be read."""
    if canvas.file is None:
        raise InputError(words.NO_PHOTO, words.NO_PHOTO_HINT)
    if not Path(canvas.file.path).is_file():
        raise InputError(words.LOST_FILE, words.LOST_FILE_HINT)
    return load_picture(canvas.file.path)


def truth_behind(canvas: MaskValue, truth: Truth | None) -> Truth | None:
    """What is known of the photo that is on the canvas now, rather than of the one that was there before."""
    is_same = truth is not None and canvas.file is not None and truth.path == canvas.file.path
    return truth if is_same else None


def request_for(task: Task, canvas: MaskValue, seed: float | None) -> Request:
    """From what the page holds to what the network is asked. Raises `InputError`."""
    return asked_for(task, canvas, seed)[1]


def asked_for(
    task: Task, canvas: MaskValue, seed: float | None, steps: int | None = None, preset: str | None = None
) -> tuple[Recipe, Request]:
    """What the page holds, and what that asks of the network. steps, preset: as in `Recipe`. Raises `InputError`."""
    number, photo = checked_seed(seed), photo_of(canvas)
    recipe = recipe_for(task, canvas, number, steps, preset)
    return recipe, recipe.request(photo)


def recipe_for(
    task: Task, canvas: MaskValue, seed: float | None, steps: int | None = None, preset: str | None = None
) -> Recipe:
    """What the page holds, without the photo. steps, preset: as in `Recipe`. Raises `InputError`."""
    recipe = Recipe(task.key, checked_seed(seed), steps=steps, preset=preset)
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
    )


def checked_seed(seed: float | None) -> int:
    if seed is None or not 0 <= seed <= LARGEST_SEED or seed != int(seed):
        raise InputError(words.BAD_SEED)
    return int(seed)
