"""What is fuzzed: five doors by which bytes come in. Each takes any bytes, and raises nothing but what is a fault."""

from __future__ import annotations

import json
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from diffir_demo.batch.jobs import gather
from diffir_demo.errors import DiffIRError
from diffir_demo.imaging import load_picture, picture_size
from diffir_demo.imaging.strokes import rasterise
from diffir_demo.recipe import Recipe, read_recipe
from diffir_demo.ui.photo.canvas import MaskValue
from diffir_demo.weights import inspect

from .. import gauntlet

PIXELS = 1_000_000
"""Larger pictures are left out: they take the fuzzer's time and show nothing new."""
FOLDER = Path(tempfile.mkdtemp(prefix="diffir-fuzz-"))


def one_sentence(target: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """Lets a plain sentence pass: one line that names no folder."""

    def guarded(data: bytes) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                target(data)
            except DiffIRError as error:
                said = str(error)
                assert said and "\n" not in said and str(FOLDER) not in said, f"no plain sentence: {said!r}"

    return guarded


def _file(name: str, data: bytes) -> Path:
    path = FOLDER / name
    path.write_bytes(data)
    return path


@one_sentence
def picture(data: bytes) -> None:
    """Photos and masks, with all that files say of themselves; and the recipe that a PNG may hold."""
    path = _file("photo.bin", data)
    size = picture_size(path)
    if size is None or size[0] * size[1] <= PIXELS:
        found = load_picture(data)
        assert found.pixels.dtype == "uint8" and found.pixels.shape[2] == 3
    read_recipe(path)


@one_sentence
def strokes(data: bytes) -> None:
    """A canvas, as the page sends it."""
    try:
        canvas = MaskValue.model_validate(json.loads(data))
    except (ValueError, RecursionError, ValidationError):  # what Gradio answers by itself
        return
    made = rasterise([each.stroke for each in canvas.strokes], 24, 32)
    assert made.shape == (24, 32) and made.dtype == bool


@one_sentence
def recipe(data: bytes) -> None:
    """A recipe's text; what is understood means the same when it is read again."""
    found = Recipe.from_json(data.decode("utf-8", "replace"))
    assert Recipe.from_json(found.to_json()) == found


@one_sentence
def packed(data: bytes) -> None:
    """A zip of photos, each of which is read."""
    for photo in gather([_file("photos.zip", data)], with_masks=False).photos:
        try:
            load_picture(photo)
        except DiffIRError:
            continue


@one_sentence
def weights(data: bytes) -> None:
    """A weight file of either kind, as far as it is read without being run."""
    inspect(_file("weights.bin", data))


TARGETS: dict[str, Callable[[bytes], None]] = {
    "picture": picture,
    "strokes": strokes,
    "recipe": recipe,
    "zip": packed,
    "weights": weights,
}
LONGEST: dict[str, int] = {"picture": 4096, "strokes": 4096, "recipe": 8192, "zip": 4096, "weights": 20_000}
"""Bytes of the inputs that are made up."""


def seeds(target: str) -> Iterator[tuple[str, bytes]]:
    """What the fuzzer starts from besides the corpus, with names: the gauntlet's files of that kind, the small ones."""
    if target == "strokes":
        points: list[Any] = [[0.2, 0.3], [0.6, 0.5], [0.4, 0.9]]
        kinds = ("line", "box", "lasso", "grow", "invert")
        drawn = [{"k": kind, "r": 0.05, "e": number % 2, "p": points} for number, kind in enumerate(kinds)]
        yield "good-canvas.json", json.dumps({"strokes": drawn, "feather": 0.1}).encode()
        return
    groups = {target, "mask"} if target == "picture" else {target}
    for each in gauntlet.cases():
        if each.group in groups and len(each.data) <= LONGEST[target]:
            yield f"{each.group}-{each.name}".replace("/", "_"), each.data
