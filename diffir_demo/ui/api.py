"""The same tasks for programs: plain picture and mask files in, the restored PNG out."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, get_type_hints

import gradio as gr
from gradio.data_classes import FileData
from gradio.events import api
from pydantic import ValidationError

from ..deconvolve import LARGEST, blur_of
from ..errors import DiffIRError, InputError
from ..events import last
from ..imaging import encode_picture, load_mask, load_picture, mask_bytes
from ..recipe import Drawing, KnownPath, Recipe, recipe_of, run_text, text_of
from ..tasks import Task
from . import views, words
from .opening import checked_seed
from .studio import Studio, keep
from .words import canvas

PATH = (
    "strength: with the preset {preset}, how much of the deconvolved photo is used, from 0 to 1; as far as the "
    "camera's path can be trusted if nothing is said. path: likewise, a picture file of the camera's path, light on "
    "black, {most} pixels a side at most; it is looked for if there is none. "
)


def add_endpoint(task: Task, studio: Studio, **limits: Any) -> None:
    """/inpaint, /sr, /deblur ..: named after the task, with a mask where it wants one."""
    restored = partial(_restored, task, studio)
    if task.wants_mask:

        def with_mask(
            image: FileData,
            mask: FileData | None = None,
            seed: int | None = None,
            feather: int | None = None,
            recipe: dict[str, Any] | None = None,
            preset: str | None = None,
        ) -> FileData:
            return restored(image, seed, recipe, mask, feather, preset)  # pyright: ignore[reportReturnType]

        endpoint: Callable[..., Any] = with_mask
    elif any(preset.wants_path for preset in task.presets):

        def with_path(
            image: FileData,
            seed: int | None = None,
            recipe: dict[str, Any] | None = None,
            preset: str | None = None,
            scale: int | None = None,
            strength: float | None = None,
            path: FileData | None = None,
        ) -> FileData:
            known = {"preset": preset, "scale": scale, "strength": strength, "path": path}
            return restored(image, seed, recipe, **known)  # pyright: ignore[reportReturnType]

        endpoint = with_path
    elif len(task.presets) > 1:

        def with_presets(
            image: FileData,
            seed: int | None = None,
            recipe: dict[str, Any] | None = None,
            preset: str | None = None,
            scale: int | None = None,
        ) -> FileData:
            return restored(image, seed, recipe, preset=preset, scale=scale)  # pyright: ignore[reportReturnType]

        endpoint = with_presets
    else:

        def without_mask(image: FileData, seed: int | None = None, recipe: dict[str, Any] | None = None) -> FileData:
            return restored(image, seed, recipe)  # pyright: ignore[reportReturnType]

        endpoint = without_mask
    endpoint.__name__ = task.key
    endpoint.__annotations__ = get_type_hints(endpoint)  # as types: Gradio does not look up their names
    endpoint.__doc__ = _description(task)
    api(one_sentence(endpoint), api_name=task.key, **limits)


def _restored(
    task: Task,
    studio: Studio,
    image: Any,
    seed: int | None,
    fields: Any,
    mask: Any = None,
    feather: int | None = None,
    preset: str | None = None,
    scale: int | None = None,
    strength: Any = None,
    path: Any = None,
) -> dict[str, Any]:
    """One run of what was asked: an explicit mask, seed, feather, preset, scale, strength or path goes before the
    recipe's."""
    picture = load_picture(uploaded(image, "image"))
    recipe = _recipe(task, fields, seed)
    if strength is not None:
        recipe = replace(recipe, strength=checked_strength(strength))
    if path is not None:
        recipe = replace(recipe, path=KnownPath.of(blur_of(load_picture(uploaded(path, "path")))))
    if feather is not None:
        recipe = replace(recipe, drawing=Drawing(recipe.strokes, feather / picture.width))
    hole = load_mask(uploaded(mask, "mask")) if mask else None
    if task.wants_mask and hole is None and not recipe.has_mask:
        raise InputError(f"{task.title} needs a mask.", "Give a mask file, or a recipe with strokes.")
    offered = studio.weights_for(task)
    if not offered:
        raise InputError(words.NO_WEIGHTS)
    if preset is not None or scale is not None:
        chosen = studio.shipped(task, preset, scale)
        recipe = replace(recipe, weights=None, preset=chosen.preset, scale=chosen.scale)
    elif fields is None:
        chosen = offered[0]
        recipe = replace(recipe, preset=chosen.preset)
    else:
        chosen = studio.weights_of(recipe, task) or offered[0]
    run = last(studio.run(task, recipe.request(picture, hole), chosen.path, False, None, recipe.steps, recipe.steered))
    for notice in recipe.notices(run.info) if run.info else ():
        gr.Warning(notice)
    for notice in run.notices:
        gr.Info(notice)
    verb = words.for_task(task.key).verb.format(scale=run.picture.width // picture.width)
    photo = image.get("orig_name") or "photo"
    told = recipe.done(run, photo) if hole is None else recipe_of(run, photo)
    name = views.result_name(photo, verb)
    path = keep(encode_picture(run.picture, ".png", text=text_of(told) | run_text(run)), name)
    return FileData(path=path, orig_name=name).model_dump()


def add_scratches(studio: Studio) -> None:
    """/find_scratches: a mask for /inpaint. It runs no network, so it waits for no device."""

    def find_scratches(image: FileData, sensitivity: float = 0.5) -> FileData:
        path = uploaded(image, "image")
        name = views.result_name(image.get("orig_name") or "photo", "mask")  # pyright: ignore[reportAttributeAccessIssue]
        mask = studio.searches.of(path).mask(checked_sensitivity(sensitivity))
        if not mask.any():
            raise InputError(canvas.NOTHING_FOUND, canvas.NOTHING_FOUND_HINT)
        made = FileData(path=keep(mask_bytes(mask), name), orig_name=name)
        return made.model_dump()  # pyright: ignore[reportReturnType]

    find_scratches.__annotations__ = get_type_hints(find_scratches)
    find_scratches.__doc__ = (
        "Find the scratches, dust, folds and date stamps of an old photo. image: a picture file. sensitivity: 0 marks "
        "only what is surely damage, 1 all that may be. Gives a PNG file of the same size, white where something was "
        "found: look it over, wires and twigs look like scratches; then give it to /inpaint as its mask."
    )
    api(one_sentence(find_scratches), api_name="find_scratches")


def checked_sensitivity(value: Any) -> float:
    """A number from a program; `Search.mask` knows which ones will do. Raises `InputError` for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"The sensitivity must be a number from 0 to 1, not {str(value)[:40]!r}.")
    return float(value)


def checked_strength(value: Any) -> float:
    """A number from a program; `Request` knows which ones will do. Raises `InputError` for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"The strength must be a number from 0 to 1, not {str(value)[:40]!r}.")
    return float(value)


def _recipe(task: Task, fields: Any, seed: int | None) -> Recipe:
    recipe = Recipe(task.key) if fields is None else Recipe.from_fields(fields)
    if recipe.task != task.key:
        raise InputError(f"This recipe is for '{recipe.task}', not for '{task.key}'.", f"Call /{recipe.task}.")
    return recipe if seed is None else replace(recipe, seed=checked_seed(seed))


def _description(task: Task) -> str:
    mask = "mask: a picture file of the same size, white where the hole is. " if task.wants_mask else ""
    edge = "feather: pixels around the hole that fade into the photo. " if task.wants_mask else ""
    keys = ", ".join(dict.fromkeys(each.key for each in task.presets))
    scales = " or ".join(str(scale) for scale in task.scales)
    which = f"preset: {keys}. " if len(task.presets) > 1 else ""
    which += f"scale: {scales}. " if len(task.scales) > 1 else ""
    able = next((each.key for each in task.presets if each.wants_path), None)
    which += PATH.format(preset=able, most=LARGEST) if able else ""
    return (
        f"{task.summary} image: a picture file. {mask}seed: start of the diffusion, 0 if nothing else is said. {edge}"
        f"{which}recipe: all settings of a former run, strokes included, as its PNG holds them under 'DiffIR'; what is "
        "said beside it wins. Gives a PNG file that holds the recipe of this run, and under 'DiffIR-run' what there is "
        "to know about it: notices, for holes which share was copied rather than painted, and for camera paths how "
        "long and how sure they are."
    )


def one_sentence(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """What a caller can get wrong becomes an error of one sentence; bugs stay errors without one."""

    @functools.wraps(endpoint)
    def guarded(*values: Any) -> Any:
        try:
            return endpoint(*values)
        except DiffIRError as error:
            raise gr.Error(str(error), print_exception=False) from error

    return guarded


def uploaded(value: Any, name: str) -> Path:
    """The path of a file that was uploaded here. Gradio checks whatever `meta` marks as a file, so it must be there."""
    try:
        data = FileData.model_validate(value, context={"validate_meta": True})
    except ValidationError as error:
        raise InputError(
            f"'{name}' must be an uploaded file.", "With gradio_client, pass handle_file(path)."
        ) from error
    return Path(data.path)
