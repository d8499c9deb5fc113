"""The JSON of a recipe: every value is of the kind and the size that was expected, or it is refused by name."""

from __future__ import annotations

import base64
import re
import zlib
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from .deconvolve import LARGEST, Blur
from .errors import DiffIRError
from .imaging import MAX_MEGAPIXELS
from .imaging.strokes import MAX_FEATHER, MAX_POINTS, MAX_STROKES, Kind, Stroke
from .settings import Settings
from .tasks.damage import SEVERITIES
from .weights.directions import FURTHEST
from .weights.hub import parsed

MARK = "diffir_recipe"
"""The field by which a recipe is known from any other JSON; its value is the format."""
FORMAT = 5
"""Goes up when a reader of today could no longer understand what is written. 2: `steered`; 3: `path` or `strength`;
4: `before`; 5: weights with a `source`; what has none of them is still 1."""
MAX_MASK = 13_000_000
"""Bytes of PNG: no mask of `MAX_MEGAPIXELS` needs more, at one bit per pixel, however ragged it is."""
_KERNEL = 60_000
"""Letters of the largest kernel: base64 of at most as many bytes as it has in float32, and the little that packing
adds to what cannot be packed."""
_FLOAT = np.dtype("<f4")
_NAME = 255


@dataclass(frozen=True)
class UsedWeights:
    """Which network it was."""

    file: str
    sha256: str
    """Of the file's bytes, 64 hexadecimal digits."""
    badge: str
    """Where its numbers come from, in words."""
    source: str = ""
    """Its address on the Hub, `hf://owner/repo@commit/file`; "" for a file of somebody's machine."""


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


def plain_name(name: str) -> str:
    """A file's name without folders, and without what could not be shown."""
    last = re.split(r"[/\\]", name)[-1]
    return "".join(letter for letter in last if letter.isprintable())[-_NAME:]


def stroke_fields(stroke: Stroke) -> dict[str, Any]:
    """As the canvas writes it."""
    return {"k": stroke.kind, "r": stroke.radius, "e": int(stroke.erase), "p": [list(point) for point in stroke.points]}


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("cannot be shown")
    return text


def _file_name(text: str) -> str:
    if text != plain_name(text):
        raise ValueError("no name of a file")
    return text


def _address(text: str) -> str:
    if text:
        _checked(lambda: parsed(text))
    return text


def _mask(text: str) -> str:
    data = base64.b64decode(text, validate=True)
    if len(data) > MAX_MASK or not data.startswith(b"\x89PNG"):
        raise ValueError("no PNG")
    return text


def _known_severities(steered: dict[str, float | None]) -> dict[str, float | None]:
    if not set(steered) <= set(SEVERITIES):
        raise ValueError("nothing that a network reads")
    return steered


FileName = Annotated[str, StringConstraints(max_length=_NAME), AfterValidator(_printable), AfterValidator(_file_name)]
Fingerprint = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
Word = Annotated[str, StringConstraints(max_length=40), AfterValidator(_printable)]
Words = Annotated[str, StringConstraints(max_length=200), AfterValidator(_printable)]
Address = Annotated[str, StringConstraints(max_length=300), AfterValidator(_address)]
Flag = Annotated[int, Field(ge=0, le=1)]
Pixels = Annotated[int, Field(ge=1, le=MAX_MEGAPIXELS * 1_000_000)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Coordinate = Annotated[float, Field(ge=-1, le=2, allow_inf_nan=False)]
Points = Annotated[list[Annotated[list[Coordinate], Field(min_length=2, max_length=2)]], Field(max_length=MAX_POINTS)]
Amount = Annotated[float, Field(ge=-FURTHEST, le=FURTHEST, allow_inf_nan=False)]
Steered = Annotated[dict[str, Amount | None], AfterValidator(_known_severities)]
Mask = Annotated[str, StringConstraints(max_length=MAX_MASK * 3 // 2), AfterValidator(_mask)]


class _Strict(BaseModel):
    """No conversions between types, and nothing that is not named."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class _WeightsFields(_Strict):
    file: FileName
    sha256: Fingerprint
    badge: Words
    source: Address = ""


class _PhotoFields(_Strict):
    name: FileName
    width: Pixels
    height: Pixels
    sha256: Fingerprint | None = None


class _StrokeFields(_Strict):
    k: Kind
    r: Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]
    e: Flag
    p: Points

    @property
    def stroke(self) -> Stroke:
        return Stroke(self.r, tuple((x, y) for x, y in self.p), bool(self.e), self.k)


def _drawable(strokes: list[_StrokeFields]) -> list[_StrokeFields]:
    if sum(len(each.p) for each in strokes) > MAX_POINTS:
        raise ValueError("too many points")
    for each in strokes:
        _checked(lambda each=each: each.stroke)
    return strokes


class _DrawingFields(_Strict):
    strokes: Annotated[list[_StrokeFields], Field(max_length=MAX_STROKES), AfterValidator(_drawable)]
    feather: Annotated[float, Field(ge=0, le=MAX_FEATHER, allow_inf_nan=False)]


class _PathFields(_Strict):
    """`Blur`, its kernel packed by zlib, as most of it is black, then base64."""

    side: Annotated[int, Field(ge=3, le=LARGEST)]
    kernel: Annotated[str, StringConstraints(max_length=_KERNEL)]
    light: Literal["linear", "sRGB"]
    exact: Flag

    @classmethod
    def of(cls, blur: Blur) -> _PathFields:
        packed = base64.b64encode(zlib.compress(blur.kernel.astype(_FLOAT).tobytes(), 9)).decode()
        return cls(side=len(blur.kernel), kernel=packed, light=blur.light, exact=int(blur.exact))

    @property
    def blur(self) -> Blur:
        """Raises `ValueError` for what is no blur."""
        unpacking, size = zlib.decompressobj(), _FLOAT.itemsize * self.side**2
        try:
            kernel = unpacking.decompress(base64.b64decode(self.kernel, validate=True), size + 1)
        except zlib.error as error:
            raise ValueError("kernel") from error
        if not unpacking.eof or len(kernel) != size:
            raise ValueError("kernel")
        pixels = np.frombuffer(kernel, _FLOAT).reshape(self.side, self.side)
        return _checked(lambda: Blur(pixels, self.light, bool(self.exact)))


def _checked(make: Any) -> Any:
    """What our own classes refuse is a damaged field here."""
    try:
        return make()
    except DiffIRError as error:
        raise ValueError(str(error)) from error


def _blurring(path: _PathFields) -> _PathFields:
    _ = path.blur
    return path


class RecipeFile(_Strict):
    """The fields of the JSON, in the order in which they are written."""

    diffir_recipe: Annotated[int, Field(ge=1, le=FORMAT)]
    version: Word
    task: Word
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)]
    preset: Word | None = None
    scale: Annotated[int, Field(ge=1, le=100)] | None = None
    steps: Annotated[int, Field(ge=1, le=1000)] | None = None
    steered: Steered | None = None
    path: Annotated[_PathFields, AfterValidator(_blurring)] | None = None
    strength: Share | None = None
    weights: _WeightsFields | None = None
    photo: _PhotoFields | None = None
    drawing: _DrawingFields | None = None
    mask: Mask | None = None
    before: dict[str, Any] | None = None
    """The fields of another recipe, whose result went in."""

    @property
    def parts(self) -> dict[str, Any]:
        """What a `Recipe` is made of, by name; without the one before it."""
        steered = {name: amount for name, amount in (self.steered or {}).items() if amount}
        blur = self.path.blur if self.path else None
        drawing = self.drawing
        return {
            "task": self.task,
            "settings": Settings(self.seed, self.steps, steered, blur=blur, strength=self.strength),
            "weights": UsedWeights(**vars(self.weights)) if self.weights else None,
            "preset": self.preset,
            "scale": self.scale,
            "drawing": Drawing(tuple(each.stroke for each in drawing.strokes), drawing.feather) if drawing else None,
            "mask": base64.b64decode(self.mask) if self.mask else None,
            "photo": Photo(**vars(self.photo)) if self.photo else None,
            "version": self.version,
        }


def json_schema() -> dict[str, Any]:
    """Of a recipe's JSON, as JSON Schema (draft 2020-12)."""
    schema = RecipeFile.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Recipe of DiffIR Studio"}


def written(
    task: str,
    settings: Settings,
    weights: UsedWeights | None,
    preset: str | None,
    scale: int | None,
    drawing: Drawing | None,
    mask: bytes | None,
    photo: Photo | None,
    version: str,
    before: dict[str, Any] | None,
) -> dict[str, Any]:
    """The JSON fields of a recipe, what it does not say left out; the format is the lowest that has them all.

    before: those of the recipe before it.
    """
    of_path = settings.blur is not None or settings.strength is not None
    path = _PathFields.of(settings.blur) if settings.blur else None
    fields: dict[str, Any] = {
        MARK: FORMAT if weights and weights.source else 4 if before else 3 if of_path else 2 if settings.steered else 1,
        "version": version,
        "task": task,
        "seed": settings.seed,
        "preset": preset,
        "scale": scale,
        "steps": settings.steps,
        "steered": dict(settings.steered) or None,
        "path": vars(path) if path else None,
        "strength": settings.strength,
        "weights": {name: value for name, value in vars(weights).items() if value} if weights else None,
        "photo": vars(photo) if photo else None,
        "drawing": {"strokes": [stroke_fields(stroke) for stroke in drawing.strokes], "feather": drawing.feather}
        if drawing
        else None,
        "mask": base64.b64encode(mask).decode() if mask else None,
        "before": before,
    }
    return {name: value for name, value in fields.items() if value is not None}
