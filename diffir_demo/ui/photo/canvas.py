"""The photo, and a mask painted over it: a typed gr.HTML whose value is the untouched file and a list of strokes.

The picture never passes through the browser's decoder on its way to the network, so its colours and EXIF survive; and a
mask is a few hundred bytes however large the photo is.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from gradio.data_classes import FileData, GradioModel
from pydantic import Field

from ...imaging import load_mask
from ...imaging.strokes import (
    MAX_FEATHER,
    MAX_GROWTH,
    MAX_POINTS,
    MAX_STROKES,
    Kind,
    Stroke,
    feather_pixels,
    rasterise,
)
from ..component import TypedHTML, Value, parts, words_of
from ..files import ACCEPTED

WORDS = words_of("photo")
SCRIPTS = ("orientation", "photo", "view", "distance", "mask", "tools", "scratches", "controls", "pending", "keys")
LIMITS = {"strokes": MAX_STROKES, "points": MAX_POINTS, "growth": MAX_GROWTH, "feather": MAX_FEATHER}


class StrokeData(GradioModel):
    """A stroke as the browser sends it; names are short because there may be thousands of points."""

    k: Kind = "line"
    r: float = Field(default=0.0, allow_inf_nan=False)
    e: int = 0
    p: list[tuple[float, float]] = Field(default=[], max_length=MAX_POINTS)

    @property
    def stroke(self) -> Stroke:
        """Raises `InputError` for what no canvas makes."""
        return Stroke(self.r, self.p, bool(self.e), self.k)


class MaskValue(Value):
    """Files are checked by Gradio: only what was uploaded here, or handed out by the app, can be named."""

    file: FileData | None = None
    """The photo as it was chosen."""
    preview: FileData | None = None
    """The photo in a format that browsers show, where its own is not (TIFF, HEIC)."""
    mask: FileData | None = None
    """An uploaded mask, beneath the strokes."""
    strokes: list[StrokeData] = Field(default=[], max_length=MAX_STROKES)
    feather: float = Field(default=0.0, ge=0, le=MAX_FEATHER, allow_inf_nan=False)
    """Fraction of the width; what `Request.feather` is at any size."""
    first: FileData | None = None
    """The photo as it was opened, where this one is a result that was made from it."""
    taken: bool = False
    """Whether the photo was on this page before: in another tab, or as a result that is worked on further."""
    emptied: bool = False
    """From Python: the photo is to go. Without it, a value that names no photo leaves the one that is there."""
    placed: bool = False
    """From Python: this very photo is to be here, even the first example, which else gives way to another tab's."""

    @property
    def name(self) -> str:
        """The name that the photo's file had on the visitor's disk."""
        return "" if self.file is None else self.file.orig_name or Path(self.file.path).name

    @property
    def has_mask(self) -> bool:
        """Whether anything was ever put into the mask; it may have been erased since."""
        filled = any(s.k == "invert" or (s.k != "grow" and not s.e) for s in self.strokes)
        return filled or self.mask is not None

    def rasterised(self, height: int, width: int) -> np.ndarray:
        """(h, w) bool, True = hole, as drawn: not yet widened by the feather.

        Raises `InputError` for an unreadable mask, or strokes that no canvas makes.
        """
        base = load_mask(self.mask.path) if self.mask else None
        if base is not None and base.shape != (height, width):
            return base  # `check_mask` names both sizes
        return rasterise([s.stroke for s in self.strokes], height, width, base)

    def feather_pixels(self, width: int) -> int:
        return feather_pixels(self.feather, width)


class MaskCanvas(TypedHTML):
    """Shows a photo that is dropped, pasted or chosen; with `paintable`, takes a mask by mouse, pen or touch.

    run, cancel: the ids of the buttons that Ctrl+Enter and Esc press. makers: of those that put another photo here.
    A paintable canvas needs the server functions `exact_mask`, to show what the network is given, and
    `find_scratches` (both in server.py).
    Events: `opened`, the browser shows another photo; `unreadable`, it cannot show the file, so that Python may make a
    preview or say what is wrong. After these, and after a press of a maker, a press of `run` waits for `answered`.
    `found`, with {"sensitivity": float}: scratches were put into the mask.
    """

    data_model = MaskValue

    def __init__(
        self,
        value: MaskValue | None = None,
        *,
        paintable: bool = True,
        run: str = "",
        cancel: str = "",
        makers: Sequence[str] = (),
        **options: Any,
    ) -> None:
        settings = parts("photo/canvas", "gestures", *(f"photo/{name}" for name in SCRIPTS)) | options
        about = {
            "paintable": paintable,
            "run": run,
            "cancel": cancel,
            "makers": list(makers),
            "words": WORDS.canvas,
            "limits": LIMITS,
            "accept": ACCEPTED,
            "first": value.file.path if value and value.file else "",
        }
        super().__init__(value or MaskValue(), **about | settings)

    def answered(self, handled: Any, maker: str = "file") -> None:
        """handled: the last handler of `opened` or `unreadable`, or that of a press of `maker`.

        After it the server knows of the photo, or of what is wrong with it.
        """
        pad, detail = json.dumps(f"#{self.elem_id} .pad"), json.dumps({"detail": maker})
        handled.then(
            None, js=f"() => document.querySelector({pad}).dispatchEvent(new CustomEvent('answered', {detail}))"
        )
