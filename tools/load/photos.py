"""What a visitor brings, and how an answer is known to be theirs: no two visitors' photos look alike, in any size."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from diffir_demo.imaging import load_picture
from diffir_demo.scratches import search

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.jpg"))
SIGNATURE = (12, 9)
"""Pixels that a picture is reduced to before it is compared."""
ALIKE = 0.85
"""Correlation with the own photo that every answer reaches."""

NEAR = 3
"""Pixels by which a hole may be larger than its visitor drew it."""


@dataclass(frozen=True, eq=False)
class Photo:
    """One photo of one visitor, as PNG files, with a hole and scratches at places of its own."""

    visitor: int
    data: bytes
    mask: bytes
    hole: tuple[float, float, float]
    """Centre and radius, as shares of the width and, for the second, the height."""
    signature: np.ndarray = field(repr=False)
    scratches: bytes = field(repr=False)
    """What the library finds in it, as `marks` gives it; nothing, if it finds none."""


def photo_of(visitor: int, number: int, seed: int = 0) -> Photo:
    """Part of an example photo under coarse colours of its own, 96 to 176 pixels wide."""
    rng = np.random.default_rng((seed, visitor, number))
    width, height = (int(8 * rng.integers(low, high)) for low, high in ((12, 23), (10, 17)))
    with Image.open(EXAMPLES[int(rng.integers(len(EXAMPLES)))]) as example:
        left, top = (int(rng.integers(most)) for most in (example.width - width, example.height - height))
        part = np.asarray(example.convert("RGB").crop((left, top, left + width, top + height)), np.float32)
    coarse = Image.fromarray(rng.integers(0, 256, (3, 4, 3), dtype=np.uint8))
    colours = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), np.float32)
    pixels = (0.4 * part + 0.6 * colours).round().astype(np.uint8)
    for column in rng.integers(8, width - 8, 2):
        pixels[:, column] = 255
    hole = (float(rng.uniform(0.3, 0.7)), float(rng.uniform(0.3, 0.7)), 0.08)
    rows, columns = np.mgrid[:height, :width]
    mask = np.hypot(columns - hole[0] * width, rows - hole[1] * height) < hole[2] * width
    data = _png(pixels)
    found = search(load_picture(data).pixels).mask(0.5)
    scratches = marks(found) if found.any() else b""
    return Photo(visitor, data, _png(mask.astype(np.uint8) * 255), hole, signature(pixels), scratches)


def signature(pixels: np.ndarray) -> np.ndarray:
    """(h, w, 3) uint8 -> a vector of length 1, whose product with another one is the correlation of the two."""
    small = np.asarray(Image.fromarray(pixels).resize(SIGNATURE, Image.Resampling.BOX), np.float64)
    vector = (small - small.mean(axis=(0, 1))).ravel()
    return vector / max(float(np.linalg.norm(vector)), 1e-9)


def marks(mask: np.ndarray) -> bytes:
    """(h, w) bool -> what two masks have in common if, and only if, they are the same."""
    return hashlib.sha256(repr(mask.shape).encode() + np.packbits(mask).tobytes()).digest()


def is_hole_of(data: bytes, photo: Photo) -> bool:
    """Whether that mask, as the page shows it, lies in the photo's own hole: the hole, or what was copied into it."""
    with Image.open(io.BytesIO(data)) as image:
        opaque = np.asarray(image.getchannel("A")) >= 128
    height, width = opaque.shape
    rows, columns = np.nonzero(opaque)
    away = np.hypot(columns - photo.hole[0] * width, rows - photo.hole[1] * height)
    return bool((away < photo.hole[2] * width + NEAR).all())


class Register:
    """The photos of all visitors."""

    def __init__(self, visitors: int, each: int = 3, seed: int = 0) -> None:
        self.photos = [[photo_of(visitor, number, seed) for number in range(each)] for visitor in range(visitors)]
        self._all = [photo for photos in self.photos for photo in photos]
        self._signatures = np.stack([photo.signature for photo in self._all])

    def stranger(self, answer: bytes, photo: Photo) -> str:
        """ "" for a picture file that shows this photo, and shows it better than any photo of anybody else; else how
        alike it is."""
        likeness = self._signatures @ signature(pixels_of(answer))
        own = max(value for value, each in zip(likeness, self._all, strict=True) if each is photo)
        others = [value for value, each in zip(likeness, self._all, strict=True) if each.visitor != photo.visitor]
        most = max(others, default=-1.0)
        return "" if own >= ALIKE and own > most else f"{own:.2f} alike, and {most:.2f} like another"


def pixels_of(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


def _png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()
