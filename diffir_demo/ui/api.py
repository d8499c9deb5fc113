"""The same tasks for programs: plain picture and mask files in, the restored PNG out."""

from __future__ import annotations

import functools
import inspect
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import gradio as gr
import numpy as np
from gradio.data_classes import FileData
from gradio.events import api
from pydantic import ValidationError

from ..deconvolve import LARGEST, blur_of
from ..errors import DiffIRError, InputError
from ..events import Finished
from ..imaging import Picture, encode_picture, load_mask, load_picture, mask_bytes
from ..imaging.strokes import box_stroke, rasterise
from ..recipe import Drawing, Recipe, recipe_before, text_of
from ..server.observer import SCHEMA
from ..settings import MAX_FEATHER
from ..tasks import Task
from .component import task_words, words_of
from .files import keep, result_name
from .languages import plain, said, say
from .photo.photos import LARGEST_SEED
from .run_queue import run_in_thread
from .state import AppState

T = TypeVar("T")
WORDS, PHOTO_WORDS, API_WORDS = words_of(), words_of("photo"), words_of("api")
TYPES: dict[str, Any] = {
    "image": FileData,
    "mask": FileData | None,
    "seed": int | None,
    "feather": int | None,
    "recipe": dict[str, Any] | None,
    "preset": str | None,
    "scale": int | None,
    "strength": float | None,
    "path": FileData | None,
    "boxes": list[list[int]] | None,
}
CHANCE = 0.5
"""Seconds between two chances to leave, for a call that was cancelled or whose caller is gone."""
ABOUT = {
    "image": "a picture file, in any format that the page opens; as an MCP tool, its address or a data URI",
    "mask": "a picture file of the same size, white where the hole is; boxes join it",
    "boxes": "what to remove, as a list of boxes [x, y, width, height] in pixels of the picture, x and y of the upper "
    "left corner",
    "seed": "start of the diffusion, from 0 on; 0 if nothing is said",
    "feather": "pixels around the hole that fade into the photo",
    "recipe": "all settings of a former run, strokes included, as its PNG holds them under 'DiffIR'; its JSON schema "
    "is served at {schema}. What is said beside it wins",
    "preset": "which of the networks: {presets}",
    "scale": "how many times as wide and high the result is: {scales}",
    "strength": "with the preset {able}, how much of the deconvolved photo is used, from 0 to 1; as far as the "
    "camera's path can be trusted if nothing is said",
    "path": "with the preset {able}, a picture file of the camera's path, light on black, {most} pixels a side at "
    "most; it is looked for if there is none",
}
"""What each parameter is, on one line, as Gradio reads it from a docstring."""
RETURNS = (
    "A PNG file that holds the recipe of this run, and under 'DiffIR-run' what there is to know about it: notices, for "
    "holes which share was copied rather than painted, and for camera paths how long and how sure they are."
)


def add_endpoint(task: Task, state: AppState, **limits: Any) -> None:
    """/inpaint, /sr, /deblur ..: named after the task, with the parameters that it has a use for."""
    names = parameters(task)

    def endpoint(*values: Any) -> Iterator[Any]:
        work = _restored(task, state, dict(zip(names, values, strict=True)))
        made = yield from _with_chances(work)
        yield made

    kind, needed = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.empty
    signature = [inspect.Parameter(name, kind, default=needed if name == "image" else None) for name in names]
    endpoint.__signature__ = inspect.Signature(signature, return_annotation=FileData)  # pyright: ignore[reportFunctionMemberAccess]
    endpoint.__annotations__ = {name: TYPES[name] for name in names} | {"return": FileData}
    endpoint.__name__ = task.key
    endpoint.__doc__ = _description(task)
    api(one_sentence(endpoint), api_name=task.key, **limits)


def parameters(task: Task) -> tuple[str, ...]:
    """In the order in which programs may give them."""
    if task.wants_mask:
        return "image", "mask", "seed", "feather", "recipe", "preset", "boxes"
    able = any(preset.wants_path for preset in task.presets)
    presets = ("preset", "scale") if able or len(task.presets) > 1 else ()
    return "image", "seed", "recipe", *presets, *(("strength", "path") if able else ())


def _with_chances(work: Generator[Any, None, T]) -> Generator[Any, None, T]:
    """Passes on, as updates that change nothing, so many of the chances to leave that `work` gives as there have to be.

    Gives what `work` does. Once this is closed, `work` is, too.
    """
    last = time.monotonic()
    with closing(work):
        while True:
            try:
                next(work)
            except StopIteration as end:
                return end.value
            if time.monotonic() - last >= CHANCE:
                yield gr.skip()
                last = time.monotonic()


def _restored(task: Task, state: AppState, given: dict[str, Any]) -> Generator[Any, None, dict[str, Any]]:
    """One run of what was asked. given: by the names in `TYPES`; an explicit mask, seed, feather, preset, scale,
    strength or path goes before the recipe's."""
    image, mask, feather, preset, scale, strength, path, fields = (
        given.get(name) for name in ("image", "mask", "feather", "preset", "scale", "strength", "path", "recipe")
    )
    picture = yield from run_in_thread(partial(load_picture, uploaded(image, "image")))
    assert image is not None  # it would not have been uploaded
    recipe = _recipe(task, fields, given.get("seed"))
    if strength is not None:
        recipe = recipe.changed(strength=checked_share(strength, "strength"))
    if path is not None:
        recipe = recipe.changed(blur=blur_of(load_picture(uploaded(path, "path"))))
    if feather is not None:
        width = checked_whole(feather, "feather", MAX_FEATHER)
        recipe = replace(recipe, drawing=Drawing(recipe.strokes, width / picture.width))
    hole = load_mask(uploaded(mask, "mask")) if mask else None
    if (boxes := given.get("boxes")) is not None:
        hole, recipe = _with_boxes(picture, hole, recipe, boxes)
    if task.wants_mask and hole is None and not recipe.has_mask:
        raise InputError(API_WORDS.needs_mask.format(title=task.title), API_WORDS.needs_mask_hint)
    offered = state.weights_for(task)
    if not offered:
        raise InputError(WORDS.no_weights)
    if preset is not None or scale is not None:
        chosen = state.shipped(task, preset, scale)
        recipe = replace(recipe, weights=None, preset=chosen.preset, scale=chosen.scale)
    elif fields is None:
        chosen = offered[0]
        recipe = replace(recipe, preset=chosen.preset)
    else:
        chosen = state.weights_of(recipe, task) or offered[0]
    request = recipe.request(picture, hole)
    state.require_possible(task, request, chosen.path)
    run = None
    with closing(state.run(task, request, chosen.path)) as events:
        for event in events:
            run = event.restoration if isinstance(event, Finished) else run
            yield
    assert run is not None  # the grammar of events: last comes `Finished`
    for notice in recipe.notices(run.info) if run.info else ():
        gr.Warning(plain(say(notice)))
    for notice in run.notices:
        gr.Info(plain(say(notice)))
    verb = task_words(task.key).verb.format(scale=run.picture.width // picture.width)
    photo = str(image.get("orig_name") or "photo")
    again = run.recipe(photo, recipe if hole is None else None)
    again = again and again.after(recipe_before(uploaded(image, "image")))
    name = result_name(photo, verb)
    text = text_of(again) | run.text
    path = yield from run_in_thread(lambda: keep(encode_picture(run.picture, ".png", text=text), name))
    return FileData(path=path, orig_name=name).model_dump()


def _with_boxes(
    picture: Picture, hole: np.ndarray | None, recipe: Recipe, boxes: Any
) -> tuple[np.ndarray | None, Recipe]:
    """(the mask that was given, boxes in it; the recipe, which has them where there is no such mask)."""
    if not isinstance(boxes, list):
        raise InputError("'boxes' must be a list of boxes [x, y, width, height] in pixels.")
    strokes = [box_stroke(each, picture.width, picture.height) for each in boxes]
    if hole is not None and hole.shape == (picture.height, picture.width):
        return rasterise(strokes, picture.height, picture.width, hole), recipe
    feather = recipe.drawing.feather if recipe.drawing else 0.0
    return hole, replace(recipe, drawing=Drawing((*recipe.strokes, *strokes), feather))


def add_scratches(state: AppState) -> None:
    """/find_scratches: a mask for /inpaint. It runs no network, so it waits for no device."""

    def find_scratches(image: FileData, sensitivity: float = 0.5) -> FileData:
        path = uploaded(image, "image")
        name = result_name(str(image.get("orig_name") or "photo"), "mask")  # pyright: ignore[reportAttributeAccessIssue]
        mask = state.searches.of(path).mask(checked_share(sensitivity, "sensitivity"))
        if not mask.any():
            raise InputError(PHOTO_WORDS.nothing_found, PHOTO_WORDS.nothing_found_hint)
        made = FileData(path=keep(mask_bytes(mask), name), orig_name=name)
        return made.model_dump()  # pyright: ignore[reportReturnType]

    find_scratches.__annotations__ = get_type_hints(find_scratches)
    find_scratches.__doc__ = documented(
        "Find the scratches, dust, folds and date stamps of an old photo.",
        {
            "image": ABOUT["image"],
            "sensitivity": "0 marks only what is surely damage, 1 all that may be",
        },
        "A PNG file of the same size, white where something was found: look it over, wires and twigs look like "
        "scratches; then give it to /inpaint as its mask.",
    )
    api(one_sentence(find_scratches), api_name="find_scratches")


def checked_share(value: Any, name: str) -> float:
    """A number from a program; where it is used, its range is checked. Raises `InputError` for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(API_WORDS.no_share.format(name=name, value=repr(str(value)[:40])))
    return float(value)


def checked_whole(value: Any, name: str, most: int) -> int:
    """A whole number from a program. Raises `InputError` for what is none from 0 to `most`."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise InputError(API_WORDS.no_whole.format(name=name, most=most, value=repr(str(value)[:40])))
    return value


def _recipe(task: Task, fields: Any, seed: int | None) -> Recipe:
    recipe = Recipe(task.key) if fields is None else Recipe.from_fields(fields).runs[-1]
    if recipe.task != task.key:
        raise InputError(
            API_WORDS.other_task.format(theirs=recipe.task, ours=task.key), API_WORDS.call.format(name=recipe.task)
        )
    return recipe if seed is None else recipe.changed(seed=checked_whole(seed, "seed", LARGEST_SEED))


def _description(task: Task) -> str:
    """A docstring: what the endpoint does, then each parameter on a line, then what comes back."""
    slots = {
        "schema": SCHEMA,
        "presets": ", ".join(dict.fromkeys(each.key for each in task.presets)),
        "scales": " or ".join(str(scale) for scale in task.scales),
        "able": next((each.key for each in task.presets if each.wants_path), None),
        "most": LARGEST,
    }
    return documented(task.summary, {name: ABOUT[name].format(**slots) for name in parameters(task)}, RETURNS)


def documented(summary: str, arguments: dict[str, str], returns: str) -> str:
    """Gradio shows it on its page about the API, and gives it to agents as the tool's description."""
    lines = "".join(f"    {name}: {text}\n" for name, text in arguments.items())
    return f"{summary}\n\nArgs:\n{lines}\nReturns:\n    {returns}"


def one_sentence(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """What a caller can get wrong becomes an error of one sentence. Bugs become one of `Blocks`."""

    @functools.wraps(endpoint)
    def guarded(*values: Any) -> Any:
        try:
            return endpoint(*values)
        except DiffIRError as error:
            raise gr.Error(said(error), print_exception=False) from error

    @functools.wraps(endpoint)
    def guarded_steps(*values: Any) -> Iterator[Any]:
        try:
            yield from endpoint(*values)
        except DiffIRError as error:
            raise gr.Error(said(error), print_exception=False) from error

    return guarded_steps if inspect.isgeneratorfunction(endpoint) else guarded


def uploaded(value: Any, name: str) -> Path:
    """The path of a file that was uploaded here. Gradio checks whatever `meta` marks as a file, so it must be there."""
    try:
        data = FileData.model_validate(value, context={"validate_meta": True})
    except ValidationError as error:
        raise InputError(API_WORDS.no_upload.format(name=name), API_WORDS.no_upload_hint) from error
    return Path(data.path)
