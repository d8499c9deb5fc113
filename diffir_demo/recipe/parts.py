"""What a recipe is made of, and how each part is read from a stranger's JSON."""

from __future__ import annotations

import base64
import re
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..deconvolve import LARGEST, Blur
from ..errors import InputError
from ..imaging import MAX_MEGAPIXELS
from ..imaging.strokes import MAX_FEATHER, MAX_POINTS, MAX_STROKES, Stroke
from ..tasks.damage import SEVERITIES
from ..weights.directions import FURTHEST
from .strict import Fields, number

MAX_MASK = 13_000_000
"""Bytes of PNG: no mask of `MAX_MEGAPIXELS` needs more, at one bit per pixel, however ragged it is."""
_KERNEL = 60_000
"""Letters of the largest kernel: base64 of at most as many bytes as it has in float32, and the little that packing
adds to what cannot be packed."""
_FLOAT = np.dtype("<f4")
_NAME, _BADGE, _FINGERPRINT = 255, 200, re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class UsedWeights:
    """Which network it was."""

    file: str
    sha256: str
    """Of the file's bytes, 64 hexadecimal digits."""
    badge: str
    """Where its numbers come from, in words."""


@dataclass(frozen=True)
class Photo:
    """Which photo it was, so that it is recognised; the photo itself is not in a recipe."""

    name: str
    """Of the file, without a folder."""
    width: int
    height: int
    sha256: str | None = None
    """Of the file's bytes; None where it came from no file."""


@dataclass(frozen=True)
class Drawing:
    """What was painted over, as `imaging.strokes` draws it."""

    strokes: tuple[Stroke, ...] = ()
    feather: float = 0.0
    """Fraction of the picture's width, around the hole, in which the painting fades into the photo."""


@dataclass(frozen=True)
class KnownPath:
    """A camera's path that was given to a run, as `deconvolve.Blur` has it, to the last bit."""

    side: int
    kernel: bytes
    """float32, little-endian, row by row."""
    light: str = "linear"
    exact: bool = True

    @classmethod
    def of(cls, blur: Blur) -> KnownPath:
        return cls(len(blur.kernel), blur.kernel.astype(_FLOAT).tobytes(), blur.light, blur.exact)

    @property
    def blur(self) -> Blur:
        """Raises `InputError` for what is no blur."""
        kernel = np.frombuffer(self.kernel, _FLOAT).reshape(self.side, self.side)
        return Blur(kernel, self.light, self.exact)  # pyright: ignore[reportArgumentType]  # it checks its light itself


def weights_in(fields: Fields) -> UsedWeights:
    return UsedWeights(_file_name(fields, "file"), _sha256(fields), fields.text("badge", _BADGE))


def photo_in(fields: Fields) -> Photo:
    most = MAX_MEGAPIXELS * 1_000_000
    width, height = fields.whole("width", 1, most), fields.whole("height", 1, most)
    return Photo(_file_name(fields, "name"), width, height, fields.maybe("sha256", lambda _: _sha256(fields)))


def drawing_in(fields: Fields) -> Drawing:
    strokes = [Fields(each, "strokes") for each in fields.items("strokes", MAX_STROKES)]
    points = MAX_POINTS
    drawn = []
    for each in strokes:
        drawn.append(_stroke(each, points))
        points -= len(drawn[-1].points)
    return Drawing(tuple(drawn), fields.number("feather", 0, MAX_FEATHER))


def _stroke(fields: Fields, most: int) -> Stroke:
    points = tuple(_point(point) for point in fields.items("p", most))
    radius, erase, kind = fields.number("r", -1, 1), bool(fields.whole("e", 0, 1)), fields.text("k", 10)
    fields.end()
    try:
        return Stroke(radius, points, erase, kind)  # pyright: ignore[reportArgumentType]  # it checks its kind itself
    except InputError as error:
        raise ValueError("strokes") from error


def steered_in(fields: Fields) -> dict[str, float]:
    """Standard deviations by what is told of; nothing that is zero, and no further than networks are moved."""
    found = {name: fields.maybe(name, lambda each: fields.number(each, -FURTHEST, FURTHEST)) for name in SEVERITIES}
    return {name: amount for name, amount in found.items() if amount}


def path_in(fields: Fields) -> KnownPath:
    side, packed = fields.whole("side", 3, LARGEST), fields.text("kernel", _KERNEL)
    light, exact = fields.text("light", 10), bool(fields.whole("exact", 0, 1))
    try:
        unpacking = zlib.decompressobj()
        kernel = unpacking.decompress(base64.b64decode(packed, validate=True), 4 * side * side + 1)
        found = KnownPath(side, kernel, light, exact)
        is_whole = unpacking.eof and found.blur is not None
    except (ValueError, zlib.error, InputError) as error:
        raise ValueError("kernel") from error
    if not is_whole:
        raise ValueError("kernel")
    return found


def path_fields(path: KnownPath) -> dict[str, Any]:
    """As a recipe has it: the kernel packed by zlib, as most of it is black, then base64."""
    packed = base64.b64encode(zlib.compress(path.kernel, 9)).decode()
    return {"side": path.side, "kernel": packed, "light": path.light, "exact": int(path.exact)}


def stroke_fields(stroke: Stroke) -> dict[str, Any]:
    """As the canvas writes it."""
    return {"k": stroke.kind, "r": stroke.radius, "e": int(stroke.erase), "p": [list(point) for point in stroke.points]}


def _point(value: Any) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError("p")
    return number(value[0], "p", -1, 2), number(value[1], "p", -1, 2)


def _sha256(fields: Fields) -> str:
    text = fields.text("sha256", 64)
    if not _FINGERPRINT.fullmatch(text):
        raise ValueError("sha256")
    return text


def _file_name(fields: Fields, name: str) -> str:
    text = fields.text(name, _NAME)
    if text != plain_name(text):
        raise ValueError(name)
    return text


def plain_name(name: str) -> str:
    """A file's name without folders, and without what could not be shown."""
    last = re.split(r"[/\\]", name)[-1]
    return "".join(letter for letter in last if letter.isprintable())[-_NAME:]


def mask_in(text: str, name: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise ValueError(name) from error
    if len(data) > MAX_MASK or not data.startswith(b"\x89PNG"):
        raise ValueError(name)
    return data
