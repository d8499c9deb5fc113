"""Server functions of a canvas: the value that a page sends is checked, and few are answered at once."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from ...errors import InputError
from ..component import words_of
from ..files import is_ours
from .canvas import MaskValue

COMMON, WORDS = words_of(), words_of("photo")

AT_A_TIME = threading.BoundedSemaphore(2)
"""Gradio calls server functions at once, forty at a time: masks of large photos would take all memory."""
PATIENCE = 10.0
"""Seconds to wait for a turn."""


def in_turn(function: Callable[[Any], dict[str, Any]]) -> Callable[[Any], dict[str, Any]]:
    """A server function of which, with all others in turn, only a few run at once."""

    @functools.wraps(function)
    def waiting(value: Any) -> dict[str, Any]:
        if not AT_A_TIME.acquire(timeout=PATIENCE):
            return {"problem": COMMON.busy}
        try:
            return function(value)
        finally:
            AT_A_TIME.release()

    return waiting


def checked(value: Any) -> MaskValue:
    """The value that a page sent. Gradio hands it to server functions unseen, so its shape and files are checked here.

    Raises `InputError` for what is no value of a canvas, and for a file that was not uploaded to this app.
    """
    try:
        canvas = MaskValue.model_validate(value, context={"validate_meta": True})
    except ValidationError as error:
        raise InputError(COMMON.bug) from error
    for file in (canvas.file, canvas.preview, canvas.mask):
        if file is not None and not is_ours(file.path):
            raise InputError(WORDS.lost_file, WORDS.lost_file_hint)
    return canvas
