"""Between what the page holds and what functions are given and return: arrays at the photo's full size."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias, TypedDict

import numpy as np
from gradio.data_classes import FileData
from PIL import Image, ImageOps

from ._studio.imaging import Picture, check_mask, grown, load_mask, mask_bytes, soft_mask
from ._studio.ui.files import file_data, keep, png_bytes
from ._studio.ui.photo.canvas import MaskValue
from ._studio.ui.photo.reading import photo_of, place_of, placed


class Painted(TypedDict):
    """What a function is given; all None without a photo."""

    photo: np.ndarray | None
    """(h, w, 3) uint8, upright, sRGB."""
    mask: np.ndarray | None
    """(h, w) uint8: 255 where it is painted, 0 where it is not, between in the soft edge around."""
    file: str | None
    """Path of the photo as it was chosen, with its metadata and all of its bits."""


Image_: TypeAlias = "np.ndarray | Image.Image | str | Path"
Placed: TypeAlias = "MaskValue | Mapping[str, Any] | tuple[Image_, Image_ | None] | Image_ | None"
"""What puts something on the canvas: see `placing`."""


def painted(canvas: MaskValue) -> Painted:
    """Raises `InputError` for a photo or mask that cannot be read, and for strokes that no canvas makes."""
    if canvas.file is None:
        return Painted(photo=None, mask=None, file=None)
    photo = photo_of(canvas)
    return Painted(photo=photo.pixels, mask=levels(canvas, photo), file=canvas.file.path)


def levels(canvas: MaskValue, photo: Picture) -> np.ndarray:
    """The mask at the size of that photo, as in `Painted`. Raises `InputError` as `painted` does."""
    hole = canvas.rasterised(photo.height, photo.width)
    if hole.shape != (photo.height, photo.width):
        check_mask(hole, photo)  # says what is wrong
    feather = canvas.feather_pixels(photo.width)
    share = soft_mask(grown(hole, feather), feather)
    return np.rint(255 * share.astype(np.float32)).astype(np.uint8)


def placing(value: Placed) -> MaskValue:
    """What the page is sent for a photo; for (photo, mask); for {"photo", "mask"}, as functions are given; or for None.

    Photos: (h, w, 3), (h, w, 4) or (h, w) uint8, Pillow's pictures, paths. Masks: the same, of the photo's size, with
    128 or more where it is painted; bool, too. Raises `ValueError` for others, `InputError` for unreadable files.
    """
    if value is None:
        return MaskValue(emptied=True)
    if isinstance(value, MaskValue):
        return value
    photo, mask = value, None
    if isinstance(value, Mapping):
        photo, mask = value.get("photo"), value.get("mask")
    elif isinstance(value, tuple):
        photo, mask = value
    if photo is None:
        return MaskValue(emptied=True)
    canvas = _with_photo(photo)
    if mask is not None:
        canvas.mask = _laid(mask, canvas)
    return canvas


def _with_photo(photo: Any) -> MaskValue:
    if isinstance(photo, (str, Path)):
        return placed(FileData(path=str(photo), orig_name=Path(photo).name))
    picture = _picture(photo)
    picture = picture if picture.mode in ("RGB", "RGBA") else picture.convert("RGB")
    return MaskValue(file=file_data(keep(png_bytes(picture), "photo.png")))


def _laid(mask: Any, canvas: MaskValue) -> FileData | None:
    """The file of a mask for the photo that is on the canvas; None where nothing is painted."""
    is_file = isinstance(mask, (str, Path))
    hole = load_mask(mask) if is_file else np.asarray(_picture(mask).convert("L")) >= 128
    photo = place_of(canvas)
    if hole.shape != (photo.height, photo.width):
        found, wanted = hole.shape[::-1], (photo.width, photo.height)
        raise ValueError(f"a mask has the photo's size, {wanted} pixels, not {found}")
    return file_data(keep(mask_bytes(hole), "mask.png")) if hole.any() else None


def _picture(given: Any) -> Image.Image:
    """Upright. Raises `ValueError` for what is neither an array of levels nor a picture of Pillow's."""
    if isinstance(given, Image.Image):
        return ImageOps.exif_transpose(given)
    levels = np.asarray(given)
    levels = levels.squeeze(axis=2) if levels.ndim == 3 and levels.shape[2] == 1 else levels
    if levels.dtype == bool:
        levels = levels.astype(np.uint8) * 255
    if levels.dtype != np.uint8 or levels.ndim not in (2, 3) or levels.shape[2:] not in ((), (3,), (4,)):
        raise ValueError(
            f"a photo or mask is (h, w), (h, w, 3) or (h, w, 4) of uint8, not {levels.shape} {levels.dtype}"
        )
    return Image.fromarray(levels)
