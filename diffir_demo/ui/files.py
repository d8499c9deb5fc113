"""Files and pictures for the browser: where they lie, what a browser may name, and in what size pictures are shown.

Small pictures are shown exactly, large ones as a preview whose regions are exact on demand: a PNG of 100 megapixels
takes seconds to write and to send, and more memory to show than many phones have.
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import secrets
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, floor
from pathlib import Path
from typing import Annotated, Any
from weakref import WeakKeyDictionary, WeakValueDictionary

import numpy as np
from gradio.data_classes import FileData, GradioModel
from gradio.utils import get_upload_folder, is_in_or_equal
from gradio_client.utils import strip_invalid_filename_characters
from PIL import Image
from pydantic import Field

from ..disk import write_whole
from ..errors import DeviceError
from ..imaging import READABLE, Picture
from .component import words_of
from .languages import number

WORDS = words_of()

EXACT = 2048 * 2048
"""Pixels of the largest picture that is shown as it is: writing them takes a quarter of a second."""
LONGEST = 1600
"""Pixels of a preview's longer side: more than a column shows, even on a fine screen."""
LARGEST_REGION = 2048
"""Pixels a side."""
MOST_ASKED = 48
"""Files that are asked about at once: a photo and a result for every run that a browser lists."""
ACCEPTED = ",".join(["image/*", *sorted(READABLE)])
"""What a browser's file dialog offers; some systems do not count all of these suffixes as pictures."""
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


def keep(data: bytes, name: str) -> str:
    """Puts a file into Gradio's cache, from where the browser may fetch it, and gives its path.

    Its folder is named after the content. A file that is there already is not written again, since somebody may be
    fetching it, but counts as new for those who delete old ones. Raises `DeviceError` where it cannot be written.
    """
    place = Path(get_upload_folder()) / hashlib.sha256(data).hexdigest() / strip_invalid_filename_characters(name)
    try:
        if place.exists() and place.stat().st_size == len(data):
            os.utime(place)
        else:
            write_whole(place, data)
    except OSError as error:
        raise DeviceError(WORDS.not_written, WORDS.not_written_hint) from error
    return str(place.resolve())


def place_for(name: str) -> Path:
    """Where in Gradio's cache a file may be written that the browser is to fetch; the folder cannot be guessed."""
    return Path(get_upload_folder()) / secrets.token_hex(16) / name


def is_ours(path: str) -> bool:
    """Whether that lies in Gradio's cache, which is where uploads and results are: no other file may be named."""
    try:
        return is_in_or_equal(path, get_upload_folder())
    except (OSError, ValueError):  # names that no file can have
        return False


def is_kept(path: str) -> bool:
    """Whether that is a file of Gradio's cache, still."""
    return is_ours(path) and Path(path).is_file()


def still_there(paths: Any) -> list[bool]:
    """Whether these files, `MOST_ASKED` at most, are still in Gradio's cache; of any other file it says no."""
    asked = paths if isinstance(paths, list) else []
    return [isinstance(path, str) and is_kept(path) for path in asked[:MOST_ASKED]]


def file_data(path: str) -> FileData:
    return FileData(path=path, orig_name=Path(path).name)


def result_name(original: str, verb: str) -> str:
    """cat.jpeg -> cat-inpainted.png, which stays so when it is inpainted again; but cat-2x.png -> cat-2x-2x.png"""
    stem = Path(original).stem or "photo"
    return f"{stem}.png" if verb.isalpha() and stem.endswith(f"-{verb}") else f"{stem}-{verb}.png"


def size_of(count: int) -> str:
    """Bytes as people read them: 850 -> 1 KB; 1_234_567 -> 1.2 MB."""
    if count < 999_500:
        return f"{max(1, round(count / 1000))} KB"
    return f"{number(count / 1e6, '.1f' if count < 99.95e6 else '.0f')} MB"


# --- pictures ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class View:
    """A picture's file for the page."""

    path: str
    width: int
    height: int
    token: str | None
    """What `region` takes, where the file is only a preview; None where it is exact."""


class Region(GradioModel):
    """What a browser asks for: the part of a picture that it shows, in that many pixels at most."""

    token: str = Field(max_length=64)
    box: tuple[Share, Share, Share, Share]
    """Left, top, right, bottom, as shares of the picture's sides."""
    max_size: tuple[int, int]
    """(width, height), in pixels."""


class ImageServer:
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
        """(PNG, the box that it covers): exact pixels if they fit the size that was asked for, else reduced to it.

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
        width, height = (min(max(1, side), LARGEST_REGION) for side in asked.max_size)
        image = _reduced(_part(picture, rows, columns), width, height)
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


def data_url(data: bytes, form: str = "png") -> str:
    return f"data:image/{form};base64," + base64.b64encode(data).decode()


def thumbnail(picture: Picture, longest: int) -> str:
    """A data URL of a JPEG that is at most `longest` pixels a side."""
    return _reduced_url(picture, longest, "jpeg", 85)


def shown(picture: Picture, longest: int) -> str:
    """A data URL of a WebP that is at most `longest` pixels a side."""
    return _reduced_url(picture, longest, "webp", 90)


def _reduced_url(picture: Picture, longest: int, form: str, quality: int) -> str:
    image = Image.fromarray(picture.pixels)
    image.thumbnail((longest, longest))
    buffer = io.BytesIO()
    image.save(buffer, form, quality=quality)
    return data_url(buffer.getvalue(), form)


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
