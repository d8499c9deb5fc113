"""The same three tasks for programs: plain picture and mask files in, the restored PNG out."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import FileData
from gradio.events import api
from pydantic import ValidationError

from ..errors import DiffIRError, InputError
from ..events import last
from ..imaging import encode_picture, grown, load_mask, load_picture
from ..tasks import Request, Task
from . import views, words
from .opening import checked_seed
from .studio import Studio, keep


def add_endpoint(task: Task, studio: Studio, **limits: Any) -> None:
    """/inpaint, /sr, /deblur ..: named after the task, with a mask where it wants one."""

    def restored(image: Any, mask: Any, seed: int, feather: int = 0) -> dict[str, Any]:
        offered = studio.weights_for(task)
        if not offered:
            raise InputError(words.NO_WEIGHTS)
        picture = load_picture(uploaded(image, "image"))
        request = Request(picture, None, checked_seed(seed), feather)
        if task.wants_mask:
            request = replace(request, mask=grown(load_mask(uploaded(mask, "mask")), feather))
        run = last(studio.run(task, request, offered[0].path))
        verb = words.for_task(task.key).verb.format(scale=run.picture.width // picture.width)
        name = views.result_name(image.get("orig_name") or "photo", verb)
        path = keep(encode_picture(run.picture, ".png"), name)
        return FileData(path=path, orig_name=name).model_dump()

    if task.wants_mask:

        def with_mask(image: FileData, mask: FileData, seed: int = 0, feather: int = 0) -> FileData:
            return restored(image, mask, seed, feather)  # pyright: ignore[reportReturnType]

        endpoint: Callable[..., Any] = with_mask
    else:

        def without_mask(image: FileData, seed: int = 0) -> FileData:
            return restored(image, None, seed)  # pyright: ignore[reportReturnType]

        endpoint = without_mask
    endpoint.__name__ = task.key
    endpoint.__annotations__["return"] = FileData  # as a type: Gradio does not look up its name
    hole = "mask: a picture file of the same size, white where the hole is. " if task.wants_mask else ""
    edge = " feather: pixels around the hole that fade into the photo." if task.wants_mask else ""
    endpoint.__doc__ = (
        f"{task.summary} image: a picture file. {hole}seed: start of the diffusion.{edge} Gives a PNG file."
    )
    api(one_sentence(endpoint), api_name=task.key, **limits)


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
