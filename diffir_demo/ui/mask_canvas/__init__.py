"""The photo, and a mask painted over it: a typed gr.HTML whose value is the untouched file and a list of strokes.

The picture never passes through the browser's decoder on its way to the network, so its colours and EXIF survive; and a
mask is a few hundred bytes however large the photo is.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from gradio.data_classes import FileData, GradioModel
from pydantic import Field

from ...imaging import load_mask
from ...imaging.strokes import MAX_POINTS, MAX_STROKES, Stroke, rasterise
from .. import words
from ..component import parts


class StrokeData(GradioModel):
    """A stroke as the browser sends it; names are short because there may be thousands of points."""

    r: float = Field(allow_inf_nan=False)
    e: int = 0
    p: list[tuple[float, float]] = Field(max_length=MAX_POINTS)


class MaskValue(GradioModel):
    """Files are checked by Gradio: only what was uploaded here, or handed out by the app, can be named."""

    file: FileData | None = None
    """The photo as it was chosen."""
    preview: FileData | None = None
    """The photo in a format that browsers show, where its own is not (TIFF)."""
    mask: FileData | None = None
    """An uploaded mask, beneath the strokes."""
    strokes: list[StrokeData] = Field(default=[], max_length=MAX_STROKES)

    @property
    def name(self) -> str:
        """The name that the photo's file had on the visitor's disk."""
        return "" if self.file is None else self.file.orig_name or Path(self.file.path).name

    @property
    def has_mask(self) -> bool:
        return bool(self.strokes or self.mask)

    def rasterised(self, height: int, width: int) -> np.ndarray:
        """(h, w) bool, True = hole. Raises `InputError` for an unreadable mask, or strokes that no canvas makes."""
        base = load_mask(self.mask.path) if self.mask else None
        if base is not None and base.shape != (height, width):
            return base  # `check_mask` tells both sizes
        return rasterise([Stroke(s.r, s.p, bool(s.e)) for s in self.strokes], height, width, base)


class MaskCanvas(gr.HTML):
    """Shows a photo that is dropped, pasted or chosen; with `paintable`, takes a mask by mouse, pen or touch.

    Event `unreadable`: the browser cannot show the file, so that Python may make a preview or say what is wrong.
    """

    data_model = MaskValue

    def __init__(self, value: MaskValue | None = None, *, paintable: bool = True, **options: Any) -> None:
        settings = parts(Path(__file__).parent, "mask", "controls") | options
        super().__init__(value or MaskValue(), paintable=paintable, words=words.CANVAS, **settings)

    def preprocess(self, payload: MaskValue | None) -> MaskValue:
        return payload or MaskValue()

    def postprocess(self, value: MaskValue | None) -> MaskValue:
        return value or MaskValue()

    def api_info(self) -> dict[str, Any]:
        return MaskValue.model_json_schema()

    def example_payload(self) -> Any:
        return None

    def example_value(self) -> Any:
        return None
