"""Files that try to hurt whoever opens them: a sample of `tools.gauntlet`, and bytes that Hypothesis makes up."""

from __future__ import annotations

import io
import json
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from diffir_demo.errors import DiffIRError
from diffir_demo.imaging import load_picture
from diffir_demo.imaging.strokes import rasterise
from diffir_demo.recipe import Recipe
from diffir_demo.ui.photo.canvas import MaskValue
from diffir_demo.weights import inspect, save
from tests.tiny import network
from tests.weight_files import official_state, saved
from tools import gauntlet
from tools.gauntlet import MEGABYTES, READERS, SECONDS, Case, cases, encoded, tried

EVERY = 4
"""Of so many cases one is tried here, and all that promise much; `python -m tools.gauntlet` tries them all."""
PROMISING = ("claims", "megapixels", "MB", "deep", "million", "runs-code", "bomb", "many", "climbs", "header", "200000")
fuzzed = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Pillow warns of what it reads; that is not what is looked at here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def sample() -> Iterator[Case]:
    for number, case in enumerate(cases()):
        if number % EVERY == 0 or any(word in case.name for word in PROMISING):
            yield case


@pytest.mark.parametrize("group", READERS)
def test_every_file_gives_a_result_or_a_sentence(group: str, tmp_path: Path) -> None:
    tried_here = [case for case in sample() if case.group == group]
    assert len(tried_here) >= 4
    for case in tried_here:
        found, seconds, peak = tried(case, tmp_path)
        assert found in ("result", "sentence"), f"{case.name}: {found}"
        assert seconds < SECONDS and peak < MEGABYTES, f"{case.name}: {seconds:.1f} s, {peak:.0f} MB"
    assert {path.parent for path in tmp_path.rglob("*") if path.is_file()} == {tmp_path / group}, "none wrote elsewhere"


def test_the_gauntlet_sees_a_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The judge is judged: what is no sentence, and what names a folder, is told."""
    for error, said in ((KeyError("x"), "KeyError"), (DiffIRError(f"in {tmp_path}"), "not a plain sentence")):

        def fails(path: Path, error: Exception = error) -> None:
            raise error

        monkeypatch.setitem(gauntlet.READERS, "mask", fails)
        assert tried(Case("mask", "x.png", b""), tmp_path)[0].startswith(said)


def test_the_same_seed_makes_the_same_files() -> None:
    first, again = ([(each.name, each.data) for each in cases(3) if each.group == "picture"] for _ in range(2))
    assert first == again


# --- bytes that were made up ---------------------------------------------------------------------------------------


def whole_files() -> dict[str, bytes]:
    photo = Image.fromarray(np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8))
    return {form: encoded(photo, form) for form in ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF")}


FILES = whole_files()
edits = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=8)), max_size=6)


def edited(data: bytes, changes: list[tuple[float, bytes]], keep: float) -> bytes:
    """Some bytes replaced, at shares of the length, and the end cut off."""
    changed = bytearray(data)
    for place, piece in changes:
        at = int(place * len(changed))
        changed[at : at + len(piece)] = piece
    return bytes(changed[: int(keep * len(changed)) if keep < 1 else None])


def gives_a_result_or_a_sentence(function: Callable[..., Any], *values: Any) -> Any:
    try:
        return function(*values)
    except DiffIRError as error:
        assert str(error) and "\n" not in str(error)
        return None


@fuzzed
@given(st.sampled_from(sorted(FILES)), edits, st.floats(0.2, 1.2))
def test_any_picture(form: str, changes: list[tuple[float, bytes]], keep: float) -> None:
    picture = gives_a_result_or_a_sentence(load_picture, edited(FILES[form], changes, keep))
    assert picture is None or (picture.pixels.dtype == np.uint8 and picture.pixels.shape[2] == 3)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)
coordinates = st.floats(-5, 5) | st.just(1e308)
stroke_values = st.fixed_dictionaries(
    {},
    optional={
        "k": st.sampled_from(["line", "box", "lasso", "grow", "invert", "x"]),
        "r": st.floats(-1, 2) | st.just(1e308),
        "e": st.integers(-1, 2),
        "p": st.lists(st.lists(coordinates, min_size=1, max_size=3), max_size=5),
    },
)


@fuzzed
@given(st.lists(stroke_values | json_values, max_size=4), st.floats(-0.1, 0.5) | st.just(float("nan")))
def test_any_strokes(strokes: list[Any], feather: float) -> None:
    try:
        canvas = MaskValue.model_validate({"strokes": strokes, "feather": feather})
    except ValueError:
        return
    made = gives_a_result_or_a_sentence(lambda: rasterise([each.stroke for each in canvas.strokes], 30, 40))
    assert made is None or (made.shape == (30, 40) and made.dtype == bool)


@fuzzed
@given(st.data())
def test_any_recipe(data: st.DataObject) -> None:
    fields = json.loads(Recipe("inpaint").to_json())
    for name in data.draw(st.sets(st.sampled_from(sorted(fields)), max_size=3)):
        fields[name] = data.draw(json_values, label=name)
    fields |= {"drawing": {"strokes": data.draw(st.lists(stroke_values, max_size=3)), "feather": 0.0}}
    recipe = gives_a_result_or_a_sentence(Recipe.from_fields, fields)
    if recipe is not None:
        assert Recipe.from_json(recipe.to_json()) == recipe


@fuzzed
@given(edits, st.floats(0.2, 1.2))
def test_any_zip(tmp_path: Path, changes: list[tuple[float, bytes]], keep: float) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("a.png", "b/c.jpg", "note.txt"):
            archive.writestr(name, FILES["PNG"])
    (tmp_path / "photos.zip").write_bytes(edited(file.getvalue(), changes, keep))
    gathered = gives_a_result_or_a_sentence(READERS["zip"], tmp_path / "photos.zip")
    for photo in gathered.photos if gathered else ():
        gives_a_result_or_a_sentence(load_picture, photo)
    assert [path.name for path in tmp_path.iterdir()] == ["photos.zip"]


@pytest.fixture(scope="module")
def weight_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("weights")
    save(folder / "ours.safetensors", network("deblur"), task="deblur", provenance="trained", name="x")
    files = [folder / "ours.safetensors", saved(folder, {"params": official_state()}, "theirs.pth")]
    return {path.name: path.read_bytes() for path in files}


@fuzzed
@given(st.sampled_from(["ours.safetensors", "theirs.pth"]), st.booleans(), edits, st.floats(0.2, 1.2))
def test_any_weights(
    tmp_path: Path,
    weight_files: dict[str, bytes],
    kind: str,
    early: bool,
    changes: list[tuple[float, bytes]],
    keep: float,
) -> None:
    """early: where the description stands, rather than among the numbers."""
    data = weight_files[kind]
    head = int.from_bytes(data[:8], "little") + 8 if kind.endswith("safetensors") else 4000
    changed = edited(data[:head], changes, 2) + data[head:] if early else edited(data, changes, keep)
    (tmp_path / kind).write_bytes(changed)
    gives_a_result_or_a_sentence(inspect, tmp_path / kind)
