"""The photo that a canvas holds: its pixels, its size alone, and how browsers are shown what they cannot read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from gradio.data_classes import FileData

from ...errors import InputError
from ...imaging import MAX_MEGAPIXELS, Picture, encode_picture, is_turned_webp, load_picture, picture_size
from ..component import words_of
from ..files import file_data, keep
from .canvas import MaskValue

WORDS = words_of("photo")

SHOWN_BY_BROWSERS = frozenset([".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".avif", ".gif", ".bmp"])


def photo_of(canvas: MaskValue) -> Picture:
    """Raises `InputError` where there is none, or where it cannot be read."""
    if canvas.file is None:
        raise InputError(WORDS.no_photo, WORDS.no_photo_hint)
    if not Path(canvas.file.path).is_file():
        raise InputError(WORDS.lost_file, WORDS.lost_file_hint)
    return load_picture(canvas.file.path)


def place_of(canvas: MaskValue) -> Picture:
    """The photo on the canvas without its pixels, which its header does without. Raises `InputError` as `photo_of`."""
    size = picture_size(canvas.file.path) if canvas.file and Path(canvas.file.path).is_file() else None
    if size is None or size[0] * size[1] > MAX_MEGAPIXELS * 1e6:
        return photo_of(canvas)  # says what is wrong
    return Picture(np.broadcast_to(np.uint8(0), (size[1], size[0], 3)))


def placed(file: FileData) -> MaskValue:
    """A photo that lies on the server already; where browsers cannot show it, with a preview. Raises `InputError`."""
    value = MaskValue(file=file)
    if Path(file.path).suffix.lower() not in SHOWN_BY_BROWSERS or is_turned_webp(Path(file.path)):
        value.preview = preview_of(load_picture(file.path))
    return value


def preview_of(photo: Picture) -> FileData:
    """The photo as a PNG, for browsers that cannot show its own file."""
    return file_data(keep(encode_picture(photo, ".png"), "preview.png"))
