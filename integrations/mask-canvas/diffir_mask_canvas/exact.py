"""The mask as functions are given it, for the page's button that shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PIL import Image

from ._studio.errors import DiffIRError
from ._studio.ui.files import data_url, png_bytes
from ._studio.ui.languages import said, speaking
from ._studio.ui.photo.calls import checked, in_turn
from ._studio.ui.photo.reading import place_of
from .values import levels
from .words import OWN


def exact_mask_in(language: str) -> Callable[[Any], dict[str, Any]]:
    """The server function `exact_mask` of a canvas: its value in, {"picture", "text"} or {"problem"} out."""

    @in_turn
    def answered(value: Any) -> dict[str, Any]:
        try:
            canvas = checked(value)
            mask = levels(canvas, place_of(canvas))
        except DiffIRError as error:
            return {"problem": said(error)}
        height, width = mask.shape
        percent = f"{100 * (mask > 0).mean():.2g}"
        text = OWN[language]["exact"].format(width=width, height=height, percent=percent)
        return {"picture": data_url(png_bytes(Image.fromarray(mask))), "text": text}

    def exact_mask(value: Any) -> dict[str, Any]:
        with speaking(language):
            return answered(value)

    return exact_mask
