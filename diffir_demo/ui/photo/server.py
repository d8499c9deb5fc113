"""What the canvas asks while a mask is made: for the mask as the network gets it, and for scratches."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from gradio.data_classes import GradioModel
from PIL import Image
from pydantic import Field, ValidationError

from ...errors import DiffIRError, InputError
from ...imaging import mask_bytes
from ...tasks import Task
from ..cache import Searches
from ..component import words_of
from ..files import data_url, file_data, keep, png_bytes
from ..languages import number, said
from .calls import checked, in_turn
from .canvas import MaskValue
from .photos import recipe_for
from .reading import photo_of, place_of

COMMON, WORDS = words_of(), words_of("photo")
SKETCH = 1280
"""Pixels of the longer side of what is shown while the slider is pulled; the canvas bakes its masks no finer."""


# --- the mask as the network gets it -------------------------------------------------------------------------------


def mask_preview_of(task: Task) -> Callable[[Any], dict[str, str]]:
    """The server function `exact_mask` of a task's canvas: its value in, {"picture", "text"} or {"problem"} out."""

    def exact_mask(value: Any) -> dict[str, str]:
        try:
            return exact(task, checked(value))
        except DiffIRError as error:
            return {"problem": said(error)}

    return in_turn(exact_mask)


def exact(task: Task, canvas: MaskValue) -> dict[str, str]:
    """By the same steps as a run. Raises `InputError` for what a run would refuse, too."""
    request = recipe_for(task, canvas, 0).request(place_of(canvas))
    task.check(request)
    assert request.mask is not None  # `check` refuses a request without one
    percent = number(100 * float(request.mask.mean()), ".2g")
    text = WORDS.in_use.format(width=request.picture.width, height=request.picture.height, percent=percent)
    if request.settings.feather:
        text += WORDS.in_use_feather.format(feather=request.settings.feather)
    return {"picture": data_url(mask_bytes(request.mask)), "text": text}


# --- scratches -----------------------------------------------------------------------------------------------------


class Asked(GradioModel):
    """What a canvas sends."""

    canvas: Any
    """Its value, with the mask that the marks are added to."""
    sensitivity: float = Field(ge=0, le=1, allow_inf_nan=False)
    whole: bool = False
    """Whether the mask itself is wanted, not just a look at it."""


def finder_of(searches: Searches) -> Callable[[Any], dict[str, Any]]:
    """The server function `find_scratches` of a canvas: `Asked` in, what `proposed` gives or {"problem"} out."""

    def find_scratches(asked: Any) -> dict[str, Any]:
        try:
            wanted = Asked.model_validate(asked)
            return proposed(searches, checked(wanted.canvas), wanted.sensitivity, wanted.whole)
        except ValidationError:
            return {"problem": COMMON.bug}
        except DiffIRError as error:
            return {"problem": said(error)}

    return in_turn(find_scratches)


def proposed(searches: Searches, canvas: MaskValue, sensitivity: float, whole: bool) -> dict[str, Any]:
    """What looks like damage in the photo on the canvas.

    {"share": of the photo that was found, "text": a sentence about it}, and either "sketch", a small picture of what
    was found, white on black, as a data URL; or, where `whole`, "mask": a file of that and of the canvas's own mask
    together, None where nothing was found. Raises `InputError` without a photo, or where the drawn mask does not fit.
    """
    if canvas.file is None or not Path(canvas.file.path).is_file():
        photo_of(canvas)  # says what is missing
    assert canvas.file is not None
    found = searches.of(canvas.file.path).mask(sensitivity)
    share = float(found.mean())
    said = {"share": share, "text": WORDS.found.format(percent=percent(share)) if share else WORDS.found_nothing}
    if not whole:
        return said | {"sketch": data_url(sketch(found))}
    return said | {"mask": laid(found, canvas) if share else None}


def laid(found: np.ndarray, canvas: MaskValue) -> dict[str, Any]:
    """The file of what was found, (h, w) bool, and of the canvas's own mask, as a page names files."""
    if canvas.has_mask:
        drawn = canvas.rasterised(*found.shape)
        if drawn.shape != found.shape:
            raise InputError(COMMON.bug)
        found = found | drawn
    return file_data(keep(mask_bytes(found), "scratches.png")).model_dump()


def sketch(found: np.ndarray) -> bytes:
    """A grey PNG of (h, w) bool: how much of each of its pixels is marked, so that lines do not fall through."""
    image = Image.fromarray(found.view(np.uint8) * np.uint8(255))
    times = max(1, -(-max(image.size) // SKETCH))
    return png_bytes(image.reduce(times) if times > 1 else image)


def percent(share: float) -> str:
    """0.0123 -> "1.2"; what is next to nothing is not called nothing."""
    return number(100 * share, ".2g") if share >= 1e-4 else WORDS.next_to_nothing
