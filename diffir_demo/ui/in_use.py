"""The mask as the network gets it, for the canvas to show: the same path as a run's, up to the network's door."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from ..errors import DiffIRError, InputError
from ..imaging import mask_bytes
from ..tasks import Task
from . import words
from .mask_canvas import MaskValue
from .opening import request_for
from .studio import is_ours
from .words.canvas import IN_USE, IN_USE_FEATHER


def shower_of(task: Task) -> Callable[[Any], dict[str, str]]:
    """The server function `mask_in_use` of a task's canvas: its value in, {"picture", "text"} or {"problem"} out."""

    def mask_in_use(value: Any) -> dict[str, str]:
        try:
            return shown(task, checked(value))
        except DiffIRError as error:
            return {"problem": str(error)}

    return mask_in_use


def checked(value: Any) -> MaskValue:
    """The value that a page sent. Gradio hands it to server functions unseen, so its shape and files are checked here.

    Raises `InputError` for what is no value of a canvas, and for a file that was not uploaded to this app.
    """
    try:
        canvas = MaskValue.model_validate(value, context={"validate_meta": True})
    except ValidationError as error:
        raise InputError(words.BUG) from error
    for file in (canvas.file, canvas.preview, canvas.mask):
        if file is not None and not is_ours(file.path):
            raise InputError(words.LOST_FILE, words.LOST_FILE_HINT)
    return canvas


def shown(task: Task, canvas: MaskValue) -> dict[str, str]:
    """Raises `InputError` for what a run would refuse, too."""
    request = request_for(task, canvas, 0)
    task.check(request)
    assert request.mask is not None  # `check` refuses a request without one
    percent = f"{100 * request.mask.mean():.2g}"
    text = IN_USE.format(width=request.picture.width, height=request.picture.height, percent=percent)
    if request.feather:
        text += IN_USE_FEATHER.format(feather=request.feather)
    picture = "data:image/png;base64," + base64.b64encode(mask_bytes(request.mask)).decode()
    return {"picture": picture, "text": text}
