"""Pictures as a page can hold them: small ones exactly, large ones as a preview whose regions are exact on demand.

A PNG of 100 megapixels takes seconds to write and to send, and more memory to show than many phones have.
"""

from __future__ import annotations

import base64
import io
import secrets
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, floor
from typing import Annotated
from weakref import WeakKeyDictionary, WeakValueDictionary

import numpy as np
from gradio.data_classes import GradioModel
from PIL import Image
from pydantic import Field

from ..imaging import Picture

EXACT = 2048 * 2048
"""Pixels of the largest picture that is shown as it is: writing them takes a quarter of a second."""
LONGEST = 1600
"""Pixels of a preview's longer side: more than a column shows, even on a fine screen."""
LARGEST_REGION = 2048
"""Pixels a side."""
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


@dataclass(frozen=True)
class View:
    """A picture's file for the page."""

    path: str
    width: int
    height: int
    token: str | None
    """What `region` takes, where the file is only a preview; None where it is exact."""


class Region(GradioModel):
    """What a browser asks for: the part of a picture that it shows, and how many pixels it has room for."""

    token: str = Field(max_length=64)
    box: tuple[Share, Share, Share, Share]
    """Left, top, right, bottom, as shares of the picture's sides."""
    room: tuple[int, int]
    """(width, height)"""


class Gallery:
    """One per app. It keeps no picture alive: what a session forgets is gone from here, too.

    keep: writes a file of that name where browsers may fetch it, and gives its path.
    """

    def __init__(self, keep: Callable[[bytes, str], str]) -> None:
        self._keep = keep
        self._views: WeakKeyDictionary[Picture, View] = WeakKeyDictionary()
        self._large: WeakValueDictionary[str, Picture] = WeakValueDictionary()
        self._lock = threading.Lock()

    def view(self, picture: Picture) -> View:
        """The file of that picture, written when it is first asked for."""
        with self._lock:
            found = self._views.get(picture)
        if found is None:
            found = self._written(picture)
            with self._lock:
                self._views[picture] = found
                if found.token:
                    self._large[found.token] = picture
        return found

    def region(self, asked: Region) -> tuple[bytes, tuple[float, float, float, float]] | None:
        """(PNG, the box that it covers): exact pixels while there is room for them, else reduced to the room.

        None for a picture that is gone, or a box without a pixel.
        """
        with self._lock:
            picture = self._large.get(asked.token)
        if picture is None:
            return None
        left, top, right, bottom = asked.box
        columns = slice(floor(left * picture.width), ceil(right * picture.width))
        rows = slice(floor(top * picture.height), ceil(bottom * picture.height))
        if columns.start >= columns.stop or rows.start >= rows.stop:
            return None
        room = [min(max(1, side), LARGEST_REGION) for side in asked.room]
        image = _reduced(_part(picture, rows, columns), room[0], room[1])
        w, h = picture.width, picture.height
        return png_bytes(image), (columns.start / w, rows.start / h, columns.stop / w, rows.stop / h)

    def mask(self, mask: np.ndarray) -> str:
        """The path of a PNG that is opaque where the hole is, (h, w) bool, and of a preview's size at most."""
        step = ceil(max(mask.shape) / LONGEST)
        alpha = mask[::step, ::step].astype(np.uint8) * 255
        return self._keep(png_bytes(Image.fromarray(np.dstack([np.zeros_like(alpha), alpha]))), "mask.png")

    def _written(self, picture: Picture) -> View:
        image = _part(picture, slice(None), slice(None))
        exact = picture.width * picture.height <= EXACT
        if not exact:
            image = _reduced(image, LONGEST, LONGEST)
        path = self._keep(png_bytes(image), "view.png")
        return View(path, *image.size, None if exact else secrets.token_urlsafe(16))


def picture_url(picture: Picture) -> str:
    """A small picture as a data URL, every pixel as it is."""
    return data_url(png_bytes(_part(picture, slice(None), slice(None))))


def data_url(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()


def _part(picture: Picture, rows: slice, columns: slice) -> Image.Image:
    """Transparent parts lie on white, as in a JPEG."""
    colour = Image.fromarray(np.ascontiguousarray(picture.pixels[rows, columns]))
    if picture.alpha is None:
        return colour
    alpha = Image.fromarray(np.ascontiguousarray(picture.alpha[rows, columns]))
    return Image.composite(colour, Image.new("RGB", colour.size, "white"), alpha)


def _reduced(image: Image.Image, width: int, height: int) -> Image.Image:
    share = min(1.0, width / image.width, height / image.height)
    if share == 1:
        return image
    size = (max(1, round(share * image.width)), max(1, round(share * image.height)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2)


def png_bytes(image: Image.Image) -> bytes:
    """Run lengths instead of searches: for photos as small as the slowest setting, and five times as quick."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1, compress_type=zlib.Z_RLE)
    return buffer.getvalue()
