"""The photos of a batch: dropped here, and what becomes of each, row by row."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from gradio.data_classes import FileData, GradioModel
from pydantic import Field

from ...batch import MAX_MEGABYTES, MAX_PHOTOS
from ...imaging import MAX_MEGABYTES as MAX_FILE_MEGABYTES
from ..component import TypedHTML, parts
from ..words import batch as words

MAX_FILES = 2 * MAX_PHOTOS
"""In one drop: every photo may bring a mask."""


class RowData(GradioModel):
    """One photo."""

    name: str
    state: Literal["waiting", "working", "done", "failed"] = "waiting"
    note: str = ""
    """What stands beside the state."""
    share: float = 0.0
    """Of the work on it that is done."""
    glance: str | None = None
    """The result as a data URL."""


class PhotoListValue(GradioModel):
    """From the browser: `files` that were just uploaded. To the browser: all the rest."""

    files: list[FileData] = Field(default=[], max_length=MAX_FILES)
    """Checked by Gradio: only what was uploaded here can be named."""
    rows: list[RowData] = Field(default=[], max_length=MAX_PHOTOS)
    line: str = ""
    """How the whole of it is doing, in a sentence."""
    tone: Literal["idle", "busy", "good", "bad"] = "idle"
    share: float | None = None
    """Of the whole batch; None while none is going."""


class PhotoList(TypedHTML):
    """Events: `added` (the value holds the files), `cleared`, and `removed`, with data {"index": int, "kept": bool}.

    kept: the list has taken the row out by itself, so that the others keep what they say.
    """

    data_model = PhotoListValue

    def __init__(self, **options: Any) -> None:
        hint = words.LIST["drop_hint"].format(photos=MAX_PHOTOS, megabytes=f"{MAX_MEGABYTES:,}", zip=MAX_FILE_MEGABYTES)
        limits = {"files": MAX_FILES, "megabytes": MAX_FILE_MEGABYTES}
        settings = parts(Path(__file__).parent) | options
        said = words.LIST | {"drop_hint": hint}
        super().__init__(PhotoListValue(), words=said, states=words.STATES, limits=limits, **settings)
