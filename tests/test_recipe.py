"""Recipes: the same run again, from JSON and from the results themselves; and nothing else gets through."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from diffir_demo.errors import InputError, WeightsError
from diffir_demo.imaging import Picture, encode_picture, grown, load_picture, mask_bytes, save_picture
from diffir_demo.imaging.strokes import Stroke, rasterise
from diffir_demo.recipe import (
    MAX_BYTES,
    Drawing,
    Photo,
    Recipe,
    UsedWeights,
    find_recipe,
    read_recipe,
    text_of,
)
from diffir_demo.recipe_file import FORMAT
from diffir_demo.settings import Settings
from diffir_demo.tasks import TASKS, Request
from diffir_demo.weights import save
from tests.tiny import engine, network

quick = settings(max_examples=60, deadline=None, derandomize=True)
STROKES = (
    Stroke(0.1, ((0.2, 0.2), (0.6, 0.7))),
    Stroke(0.05, ((0.4, 0.45),), erase=True),
    Stroke(0, ((0.5, 0), (1.25, 0.5)), kind="box"),
    Stroke(-0.03, kind="grow"),
)
WHOLE = Recipe(
    "inpaint",
    Settings(seed=2**60 + 1, steps=3),
    weights=UsedWeights("mine's.pth", "0123456789abcdef" * 4, "trained here, 1,000 steps"),
    drawing=Drawing(STROKES, 0.0625),
    mask=mask_bytes(np.eye(30, dtype=bool)),
    photo=Photo("Tür & 門.jpg", 30, 30, "f" * 64),
)


def photo(height: int = 24, width: int = 32) -> Picture:
    rows, columns = np.mgrid[0:height, 0:width]
    return Picture(np.stack([rows * 9 % 256, columns * 7 % 256, (rows + columns) % 256], axis=-1).astype(np.uint8))


def refused(text: str | bytes) -> str:
    with pytest.raises(InputError) as caught:
        Recipe.from_json(text)
    return str(caught.value)


def changed(**fields: Any) -> str:
    return json.dumps(json.loads(WHOLE.to_json()) | fields)


# --- as JSON ----------------------------------------------------------------------------------------------

fractions = st.floats(-1, 2)
points = st.tuples(fractions, fractions)
pulls = st.lists(points, min_size=3, max_size=5).map(tuple)
strokes = (
    st.builds(Stroke, st.floats(0, 0.5, exclude_min=True), pulls, st.booleans())
    | st.builds(Stroke, st.just(0.0), pulls, st.booleans(), st.just("lasso"))
    | st.builds(Stroke, st.just(0.0), st.tuples(points, points), st.booleans(), st.just("box"))
    | st.builds(Stroke, st.sampled_from([-0.1, 0.07]), kind=st.just("grow"))
    | st.just(Stroke(kind="invert"))
)
fingerprints = st.text("0123456789abcdef", min_size=64, max_size=64)
names = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="/\\"), min_size=1, max_size=40)
weights = st.builds(UsedWeights, names, fingerprints, names)
photos = st.builds(Photo, names, st.integers(1, 10_000), st.integers(1, 10_000), st.none() | fingerprints)
seeds = st.integers(0, 2**63 - 1)
recipes = st.builds(
    Recipe,
    st.sampled_from(["sr", "deblur"]),
    st.builds(Settings, seeds, st.none() | st.integers(1, 8)),
    st.none() | weights,
) | st.builds(
    Recipe,
    st.just("inpaint"),
    st.builds(Settings, seeds),
    st.none() | weights,
    drawing=st.none() | st.builds(Drawing, st.lists(strokes, max_size=4).map(tuple), st.floats(0, 0.1)),
    mask=st.none() | st.just(WHOLE.mask),
    photo=st.none() | photos,
)


@quick
@given(recipes, st.sampled_from([None, 1]))
def test_there_and_back_again(recipe: Recipe, indent: int | None) -> None:
    text = recipe.to_json(indent)
    again = Recipe.from_json(text)
    assert again == recipe and again.to_json(indent) == text
    assert Recipe.from_json(text.encode()) == recipe


def test_what_it_says() -> None:
    """The words of the format: other versions, and the browser, will read these."""
    said = json.loads(WHOLE.to_json())
    assert said["diffir_recipe"] == 1 and said["task"] == "inpaint" and said["steps"] == 3
    assert said["drawing"]["strokes"][1] == {"k": "line", "r": 0.05, "e": 1, "p": [[0.4, 0.45]]}
    assert said["weights"]["file"] == "mine's.pth" and said["photo"]["name"] == "Tür & 門.jpg"
    assert Recipe("sr").to_json() == f'{{"diffir_recipe": 1, "version": "{WHOLE.version}", "task": "sr", "seed": 0}}'


@pytest.mark.parametrize(
    "text",
    ["", "null", "[]", "{}", '{"seed": 1}', "{", "[" * 100_000, b"\xff\xfe\xfa", '{"diffir_recipe": true}', "NaN"],
)
def test_what_is_no_recipe(text: str | bytes) -> None:
    assert refused(text).startswith("This is no recipe of DiffIR Studio.")


def test_a_newer_version_is_told() -> None:
    assert "newer version" in refused(changed(diffir_recipe=FORMAT + 1, surprise=[]))


def test_a_huge_one_is_not_even_read() -> None:
    assert "larger than 20 megabytes" in refused(" " * (MAX_BYTES + 1))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("seed", -1),
        ("seed", 1.0),
        ("seed", True),
        ("seed", 2**63),
        ("seed", None),
        ("task", "dehaze"),
        ("task", ["sr"]),
        ("task", "sr"),  # which has no mask
        ("version", "x" * 100),
        ("version", None),
        ("steps", 0),
        ("steps", "3"),
        ("weights", "compact-sr.safetensors"),
        ("weights", {"file": "a", "sha256": "f" * 64}),
        ("weights", {"file": "../../secret", "sha256": "f" * 64, "badge": ""}),
        ("weights", {"file": "a", "sha256": "F" * 64, "badge": ""}),
        ("weights", {"file": "a\n", "sha256": "f" * 64, "badge": ""}),
        ("weights", {"file": "a", "sha256": "f" * 64, "badge": "", "more": 1}),
        ("photo", {"name": "C:\\a.png", "width": 1, "height": 1}),
        ("photo", {"name": "a.png", "width": 0, "height": 1}),
        ("mask", "no base64"),
        ("mask", "QUJD"),
        ("drawing", {"strokes": [], "feather": 5}),
        ("drawing", {"strokes": [{"k": "star", "r": 0.1, "e": 0, "p": [[0, 0]]}], "feather": 0}),
        ("drawing", {"strokes": [{"k": "box", "r": 0.1, "e": 0, "p": [[0, 0]]}], "feather": 0}),
        ("drawing", {"strokes": {}, "feather": 0}),
        ("drawing", {"strokes": [{"k": "line", "r": 0.1, "e": 0, "p": [[0.5]]}], "feather": 0}),
        ("drawing", {"strokes": [{"k": "line", "r": 0.1, "e": 0, "p": [[0.5, 9]]}], "feather": 0}),
        ("drawing", {"strokes": [{"k": "line", "r": 0.1, "e": 7, "p": [[0.5, 0.5]]}], "feather": 0}),
        ("drawing", {"strokes": [{"k": "line", "r": 0.7, "e": 0, "p": [[0.5, 0.5]]}], "feather": 0}),
        ("drawing", {"strokes": [{"k": "line", "r": 0.1, "e": 0, "p": [[0, 0]] * 50_001}], "feather": 0}),
        ("drawing", {"strokes": [{"k": "line", "r": 0.1, "e": 0, "p": [[0, 0]] * 30_000}] * 2, "feather": 0}),
        ("drawing", {"strokes": [{"k": "line", "r": 0.1, "e": 0, "p": [[0, 0]]}] * 2001, "feather": 0}),
        ("surprise", 1),
    ],
)
def test_what_does_not_belong_is_refused(field: str, value: Any) -> None:
    assert refused(changed(**{field: value})).startswith("The recipe is damaged")


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_are_none(word: str) -> None:
    text = changed(drawing={"strokes": [{"k": "line", "r": 0.25, "e": 0, "p": [[0.5, 0.5]]}], "feather": 0})
    assert refused(text.replace("0.25", word))


@quick
@given(st.data())
def test_a_flipped_byte_gives_a_recipe_or_a_sentence(data: st.DataObject) -> None:
    text = bytearray(WHOLE.to_json().encode())
    text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert isinstance(Recipe.from_json(bytes(text)), Recipe)
    except InputError as error:
        assert error.hint


# --- in files ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".avif"])
def test_results_hold_it(suffix: str, tmp_path: Path) -> None:
    path = save_picture(photo(), tmp_path / f"a{suffix}", text=text_of(WHOLE))
    assert find_recipe(path) == read_recipe(path) == WHOLE


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf", b" \n"])
def test_a_file_of_its_own(start: bytes, tmp_path: Path) -> None:
    path = tmp_path / "recipe.json"
    path.write_bytes(start + WHOLE.to_json(indent=1).encode())
    assert read_recipe(path) == WHOLE


def test_files_without_one(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text('{"name": "package", "version": "1.0"}')
    (tmp_path / "notes.txt").write_text("notes")
    (tmp_path / "empty.json").touch()
    save_picture(photo(), tmp_path / "photo.png", text=text_of(None))
    save_picture(photo(), tmp_path / "photo.bmp", text=text_of(WHOLE))
    for path in tmp_path.iterdir():
        assert find_recipe(path) is None, path.name
        with pytest.raises(InputError, match=f"{path.name} holds no recipe"):
            read_recipe(path)
    with pytest.raises(InputError, match=r"no\.png cannot be read") as caught:
        read_recipe(tmp_path / "no.png")
    assert str(tmp_path) not in str(caught.value)


def test_damaged_ones_are_told_from_none(tmp_path: Path) -> None:
    for text in ("{}", WHOLE.to_json()[:-1], '{"task": "sr", "weights": "trained here", "seed": 0}'):
        path = save_picture(photo(), tmp_path / "a.png", text={"DiffIR": text})
        with pytest.raises(InputError, match="recipe"):
            find_recipe(path)
    data = bytearray(encode_picture(photo(), ".png", text=text_of(WHOLE)))
    data[data.index(b"diffir_recipe")] ^= 1
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(InputError, match="recipe in a.png is damaged"):
        find_recipe(tmp_path / "a.png")


def test_the_largest_mask_fits_and_its_result_opens(tmp_path: Path) -> None:
    """As ragged as a mask can be: no compression helps."""
    noise = np.random.default_rng(0).random((3000, 4000)) < 0.5
    recipe = dataclasses.replace(WHOLE, mask=mask_bytes(noise))
    path = save_picture(photo(), tmp_path / "a.png", text=text_of(recipe))
    assert find_recipe(path) == recipe
    load_picture(path)
    assert len(mask_bytes(noise)) * 100 / 12 < 13_000_000, "also at 100 megapixels"


# --- to the same pixels -----------------------------------------------------------------------------------


@pytest.mark.parametrize("key", TASKS)
@pytest.mark.parametrize(("steps", "feather"), [(None, 0), (2, 3)])
def test_a_run_is_repeated_from_its_result(key: str, steps: int | None, feather: int, tmp_path: Path) -> None:
    source = save_picture(photo(), tmp_path / "cat.png")
    picture = load_picture(source)
    request = Request(picture, settings=Settings(seed=7))
    if TASKS[key].wants_mask:
        request = Request(picture, grown(rasterise(STROKES, 24, 32), feather), Settings(seed=7, feather=feather))
    first = engine(key).restore(request, steps=steps)
    result = save_picture(first.picture, tmp_path / "result.png", text=text_of(first.recipe("cat.png")))
    recipe = read_recipe(result)
    assert recipe.settings.steps == steps and recipe.weights and recipe.weights.file == "tiny.safetensors"
    assert recipe.photo == Photo("cat.png", 32, 24, picture.sha256)
    again = engine(key).restore(recipe.request(load_picture(source)))
    assert np.array_equal(again.picture.pixels, first.picture.pixels)


def test_strokes_over_a_mask_file() -> None:
    base = np.zeros((24, 32), bool)
    base[:4] = True
    recipe = Recipe("inpaint", Settings(seed=3), drawing=Drawing(STROKES), mask=mask_bytes(base))
    request = Recipe.from_json(recipe.to_json()).request(photo())
    assert request.settings.seed == 3 and request.mask is not None
    assert np.array_equal(request.mask, rasterise(STROKES, 24, 32, base))
    other = recipe.request(photo(), mask=base)
    assert np.array_equal(other.mask, base), "a mask that is given takes the place of the recipe's"
    soft = dataclasses.replace(recipe, drawing=Drawing(STROKES, 0.1))
    for mask, hole in ((None, request.mask), (base, base)):
        widened = soft.request(photo(), mask)
        assert widened.settings.feather == 3 and np.array_equal(widened.mask, grown(hole, 3))


@quick
@given(arrays.arrays(np.bool_, st.tuples(st.integers(1, 12), st.integers(1, 12))), st.integers(0, 5))
def test_widening_undone_and_done_again_is_widening(hole: np.ndarray, feather: int) -> None:
    """Which is how a run's own mask is told by the hole within."""
    wide = grown(hole, feather)
    assert np.array_equal(grown(grown(wide, -feather), feather), wide)


def test_masks_that_do_not_serve() -> None:
    with pytest.raises(InputError, match="holds no mask"):
        Recipe("inpaint").request(photo())
    whole = mask_bytes(np.eye(24, dtype=bool))
    with pytest.raises(InputError, match="24 x 24 pixels, but the picture 32 x 24"):
        TASKS["inpaint"].check(Recipe("inpaint", mask=whole).request(photo()))
    with pytest.raises(InputError, match="mask in the recipe is damaged"):
        Recipe("inpaint", mask=whole[:50]).request(photo())


def test_no_recipe_where_none_would_repeat_it() -> None:
    given = engine("deblur").restore(Request(photo()), ipr=np.zeros(256, np.float32))
    assert given.recipe("cat.png") is None
    assert dataclasses.replace(given, info=None).recipe("cat.png") is None


def test_folders_never_get_into_a_recipe() -> None:
    run = engine("deblur").restore(Request(photo()))
    for name in ("/home/ada/cat.png", "C:\\ada\\cat.png", "cat.png\n"):
        recipe = run.recipe(name)
        assert recipe and recipe.photo == Photo("cat.png", 32, 24)
        assert Recipe.from_json(recipe.to_json()) == recipe


def test_the_same_weights_are_found_by_what_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIFFIR_CHECKPOINTS", str(tmp_path))
    files = [tmp_path / "compact-deblur.safetensors", tmp_path / "renamed.safetensors"]
    for i, file in enumerate(files):
        save(file, network("deblur", seed=i), task="deblur", provenance="untrained", name="tiny")
    from diffir_demo.weights import inspect

    crisp = inspect(files[1])
    recipe = Recipe("deblur", weights=UsedWeights("gone.safetensors", crisp.sha256, crisp.badge))
    assert recipe.find_weights() == files[1] and recipe.notices(crisp) == ()
    retrained = dataclasses.replace(recipe, weights=UsedWeights("renamed.safetensors", "0" * 64, ""))
    assert retrained.find_weights() == files[1]
    assert "made with renamed.safetensors (000000000000), which is not here" in retrained.notices(crisp)[0]
    assert dataclasses.replace(recipe, weights=UsedWeights("gone.pth", "0" * 64, "")).find_weights() is None
    assert Recipe("deblur").find_weights() is None


def test_the_chunk_is_plain_text_that_other_programs_show(tmp_path: Path) -> None:
    path = save_picture(photo(), tmp_path / "a.png", text=text_of(WHOLE))
    with Image.open(path) as image:
        assert json.loads(image.text["DiffIR"])["task"] == "inpaint"  # type: ignore[attr-defined]
        assert image.text["Software"] == f"DiffIR Studio {WHOLE.version}"  # type: ignore[attr-defined]


# --- moved by hand ----------------------------------------------------------------------------------------


def test_a_run_with_a_moved_ipr_is_repeated_from_its_recipe() -> None:
    """The diffusion runs anew, and its estimate is moved: one run does both."""
    ours, request = engine("clean"), Request(photo(), settings=Settings(seed=3))
    plain = ours.restore(request)
    moved = ours.restore(request, steered={"noise": 1.0, "softness": -0.5})
    assert not np.array_equal(moved.picture.pixels, plain.picture.pixels)
    assert np.array_equal(moved.estimate, plain.ipr) and np.array_equal(plain.estimate, plain.ipr)
    assert np.array_equal(moved.ipr, ours.steered(plain.ipr, noise=1.0, softness=-0.5))
    assert any("grain +1, softness -0.5" in notice for notice in moved.notices)
    by_hand = ours.restore(request, ipr=plain.ipr, steered={"noise": 1.0, "softness": -0.5})
    assert np.array_equal(by_hand.picture.pixels, moved.picture.pixels)

    recipe = moved.recipe("a.png")
    assert recipe is not None
    text = recipe.to_json()
    assert json.loads(text)["steered"] == {"noise": 1.0, "softness": -0.5} and json.loads(text)["diffir_recipe"] == 2
    again = Recipe.from_json(text)
    assert again == recipe
    repeated = ours.restore(again.request(photo()))
    assert np.array_equal(repeated.picture.pixels, moved.picture.pixels)
    assert "steered" not in (recipe.changed(steered={}).to_json())


@pytest.mark.parametrize(
    "steered", [{"noise": 1.6}, {"noise": "1"}, {"colour": 0.5}, [0.5], {"noise": True}, {"softness": 1e999}]
)
def test_moves_that_no_page_makes_are_refused(steered: Any) -> None:
    fields = {"diffir_recipe": 2, "version": "0.1.0", "task": "clean", "seed": 0, "steered": steered}
    assert "makes no sense" in refused(json.dumps(fields)) or "no recipe" in refused(json.dumps(fields))


def test_a_network_that_does_not_tell_cannot_be_moved() -> None:
    with pytest.raises(WeightsError, match="never measured"):
        engine("deblur").restore(Request(photo()), steered={"noise": 1.0})
    with pytest.raises(InputError, match="colour"):
        engine("clean").restore(Request(photo()), steered={"colour": 1.0})
