"""The app without a browser: pure views, the canvas's value, and the endpoints that programs call."""

from __future__ import annotations

import base64
import io
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from gradio.data_classes import FileData
from gradio.utils import get_upload_folder
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image
from pydantic import ValidationError

from diffir_demo.api import load
from diffir_demo.deconvolve import picture_of
from diffir_demo.errors import InputError, WeightsError
from diffir_demo.events import Finished, Painting, Started, last
from diffir_demo.imaging import Picture, grown, load_mask, mask_picture, read_text, save_picture
from diffir_demo.imaging.strokes import rasterise
from diffir_demo.planning import Estimate
from diffir_demo.recipe import RUN_KEYWORD, Recipe, read_recipe
from diffir_demo.restoration import PriorStep, Restoration
from diffir_demo.scratches import find_scratches, search
from diffir_demo.tasks import TASKS, Request
from diffir_demo.tasks.deblur import PATH
from diffir_demo.tasks.old_photo import aged
from diffir_demo.ui import cache
from diffir_demo.ui.cache import Searches
from diffir_demo.ui.component import task_words, words_of
from diffir_demo.ui.files import result_name
from diffir_demo.ui.photo.canvas import MaskCanvas, MaskValue, StrokeData
from diffir_demo.ui.photo.examples import MASKS, credits, examples_for, licence_url
from diffir_demo.ui.photo.photos import asked_for, opened, opening_of, recipe_for, request_for
from diffir_demo.ui.photo.server import finder_of, mask_preview_of, percent
from diffir_demo.ui.run.progress import Progress, follow, painting
from diffir_demo.ui.shared import status
from diffir_demo.ui.state import AppState
from diffir_demo.weights import save
from tests.factories import own_folders, photo, served, tiny_weights
from tests.tiny import engine, network_of

KEYS = list(TASKS)
WORDS, PHOTO = words_of(), words_of("photo")


def finished(key: str) -> tuple[Started, list[PriorStep], Restoration]:
    damaged = TASKS[key].degrade(photo(), np.random.default_rng(1))
    events = list(engine(key).stream(damaged.request))
    started, last = events[0], events[-1]
    assert isinstance(started, Started) and isinstance(last, Finished)
    steps = [event for event in events if isinstance(event, PriorStep)]
    return started, steps, last.restoration


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Tiny untrained weights of every task, and Gradio's cache, in folders of their own."""
    folder = tiny_weights(tmp_path_factory.mktemp("checkpoints"))
    save(folder / PATH.weights, network_of(PATH), task="deblur", provenance="untrained", name="tiny path")
    with own_folders(folder, tmp_path_factory.mktemp("cache")):
        yield folder


@pytest.fixture(scope="module")
def address(checkpoints: Path) -> Iterator[str]:
    with served() as url:
        yield url


@pytest.fixture(scope="module")
def client(address: str) -> Client:
    return Client(address, verbose=False)


# --- views -----------------------------------------------------------------------------------------------


def test_status_escapes_and_bounds() -> None:
    text = status("<script>", 1.7, "bad", offer=("<b>", '"'))
    assert "<script>" not in text and "&lt;script&gt;" in text and "<b>" not in text
    assert 'aria-valuenow="100"' in text and "status bad" in text


def test_progress_counts_previews() -> None:
    expected = Estimate((8, 8), (8, 8), read=0, encode=0, paint=1, previews=1, save=0, bytes=0, tiles=1)
    assert 'aria-valuenow="25"' in painting(Painting(0.5, "preview 1 of 1"), Progress(expected), (0, 1))
    assert 'aria-valuenow="75"' in painting(Painting(0.5), Progress(expected), (1, 1))


@pytest.mark.parametrize("previews", [False, True])
@pytest.mark.parametrize("key", KEYS)
def test_the_progress_never_falls(key: str, previews: bool) -> None:
    task, line = TASKS[key], object()
    request = task.degrade(photo(), np.random.default_rng(1)).request
    events, nothing = engine(key).stream(request, previews=previews), lambda event: {}
    updates = list(follow(events, Progress(None), line, nothing, nothing))
    lines = [update[line] for update in updates if line in update]
    shares = [int(found[1]) for line in lines if (found := re.search(r'aria-valuenow="(\d+)"', line))]
    assert shares == sorted(shares) and len(shares) == len(lines)
    assert WORDS.saving in lines[-1] and shares[-1] >= 85
    assert WORDS.encoding in lines[0], "the encoder's time is not taken for the first step's"
    if not previews:
        assert "Painting the picture" in lines[4], "not 'step 4 of 4' while it paints"
        said = [(re.search(r"(\d+) %</span>", line), share) for line, share in zip(lines, shares, strict=True)]
        assert {int(words[1]) - share for words, share in said if words} == {0}, "the words say what the bar shows"
        assert ("64 × 48 pixels" in lines[4]) == (key == "sr")


def test_results_keep_the_name() -> None:
    assert result_name("my cat.jpeg", "4x") == "my cat-4x.png"
    assert result_name("", "4x") == "photo-4x.png"
    assert result_name("cat-inpainted.png", "inpainted") == "cat-inpainted.png"
    assert result_name("cat-2x.png", "2x") == "cat-2x-2x.png"
    assert result_name("inpainted.png", "inpainted") == "inpainted-inpainted.png"


def test_a_new_task_has_words() -> None:
    assert task_words("dehaze").verb == "restored"


# --- the canvas ------------------------------------------------------------------------------------------


def test_painted_and_uploaded_masks_make_one_request(checkpoints: Path, tmp_path: Path) -> None:
    strokes = [StrokeData(r=0.1, p=[(0.2, 0.2), (0.6, 0.7)]), StrokeData(r=0.05, e=1, p=[(0.4, 0.45)])]
    painted = opened(photo(), "cat.png", None).value
    painted.strokes = strokes
    first = request_for(TASKS["inpaint"], painted, 3)
    assert first.mask is not None and first.mask.any() and first.settings.seed == 3
    saved = save_picture(mask_picture(first.mask), tmp_path / "mask.png")
    uploaded = opened(photo(), "cat.png", None).value
    uploaded.mask = FileData(path=str(saved))
    second = request_for(TASKS["inpaint"], uploaded, 3)
    assert second.mask is not None and np.array_equal(first.mask, second.mask)


def test_a_feather_widens_the_hole_that_the_network_sees(checkpoints: Path) -> None:
    value = opened(photo(), "cat.png", None).value
    value.strokes = [StrokeData(k="box", p=[(0.25, 0.25), (0.5, 0.75)])]
    plain = request_for(TASKS["inpaint"], value, 0)
    value.feather = 4 / 64
    soft = request_for(TASKS["inpaint"], value, 0)
    assert plain.mask is not None and soft.mask is not None
    assert (plain.settings.feather, soft.settings.feather) == (0, 4)
    assert np.array_equal(soft.mask, grown(plain.mask, 4)) and soft.mask.sum() > plain.mask.sum()


@pytest.mark.parametrize(
    ("strokes", "expected"),
    [
        ([], False),
        ([{"r": 0.1, "p": [[0.5, 0.5]]}], True),
        ([{"r": 0.1, "e": 1, "p": [[0.5, 0.5]]}], False),
        ([{"k": "box", "p": [[0, 0], [1, 1]]}], True),
        ([{"k": "lasso", "e": 1, "p": [[0, 0], [1, 1], [0, 1]]}], False),
        ([{"k": "grow", "r": 0.1}], False),
        ([{"k": "invert"}], True),
        ([{"r": 0.1, "e": 1, "p": [[0.5, 0.5]]}, {"k": "invert"}], True),
    ],
)
def test_a_mask_is_there_once_something_was_put_in(strokes: list[dict[str, object]], expected: bool) -> None:
    assert MaskValue.model_validate({"strokes": strokes}).has_mask is expected


def test_masks_of_nothing_and_of_everything_are_told_apart(checkpoints: Path) -> None:
    task, value = TASKS["inpaint"], opened(photo(), "cat.png", None).value
    box = {"k": "box", "p": [(0.0, 0.0), (1.0, 1.0)]}
    for strokes, sentence in (
        ([{"k": "invert"}], "covers the whole picture"),
        ([box, box | {"e": 1}], "The mask is empty"),
        ([{"k": "invert"}, {"k": "invert"}], "The mask is empty"),
    ):
        value.strokes = [StrokeData.model_validate(stroke) for stroke in strokes]
        with pytest.raises(InputError, match=sentence):
            task.check(request_for(task, value, 0))


def test_the_mask_in_use_is_the_one_that_a_run_gets(checkpoints: Path) -> None:
    value = opened(photo(), "cat.png", None).value
    value.strokes = [StrokeData(k="box", p=[(0.25, 0.25), (0.5, 0.75)])]
    value.feather = 3 / 64
    show = mask_preview_of(TASKS["inpaint"])
    answer = show(value.model_dump())
    with Image.open(io.BytesIO(base64.b64decode(answer["picture"].split(",")[1]))) as picture:
        made = np.asarray(picture.convert("L")) > 127
    assert np.array_equal(made, request_for(TASKS["inpaint"], value, 0).mask)
    assert "64 × 48" in answer["text"] and "3 pixels fade" in answer["text"]
    value.strokes = []
    assert PHOTO.no_mask in show(value.model_dump())["problem"]


@pytest.mark.parametrize("field", ["file", "preview", "mask"])
def test_the_mask_in_use_is_made_of_uploaded_files_only(field: str, checkpoints: Path) -> None:
    """Gradio hands the values of server functions on unchecked."""
    secret = Path(__file__).parents[1] / "examples" / "animal-cat-chelsea.jpg"
    uploads = Path(get_upload_folder())
    value = opened(photo(), "cat.png", None).value
    value.strokes = [StrokeData(k="box", p=[(0.25, 0.25), (0.5, 0.75)])]
    for path in (
        str(secret),
        str(uploads / ".." / secret.name),
        os.path.relpath(secret),
        "https://example.com/cat.png",
    ):
        named = value.model_dump() | {field: FileData(path=path).model_dump()}
        assert PHOTO.lost_file in mask_preview_of(TASKS["inpaint"])(named)["problem"]
    for nonsense in (None, 3, "x", {"strokes": [{"k": "smudge"}]}, {field: {"path": str(secret)}}):
        assert WORDS.bug in mask_preview_of(TASKS["inpaint"])(nonsense)["problem"]


@pytest.mark.parametrize("feather", [-0.1, 0.2, float("nan")])
def test_the_canvas_takes_only_feathers_in_range(feather: float) -> None:
    with pytest.raises(ValidationError):
        MaskValue.model_validate({"feather": feather})


@pytest.mark.parametrize("seed", [None, -1, 0.5, 2**53])
def test_bad_seeds_are_refused(seed: float | None) -> None:
    with pytest.raises(InputError, match="seed"):
        request_for(TASKS["sr"], MaskValue(), seed)


def test_a_missing_photo_and_an_empty_mask_are_told(checkpoints: Path) -> None:
    with pytest.raises(InputError, match="no photo"):
        request_for(TASKS["sr"], MaskValue(), 0)
    with pytest.raises(InputError, match="Nothing is painted"):
        request_for(TASKS["inpaint"], opened(photo(), "cat.png", None).value, 0)


@pytest.mark.parametrize(
    "strokes",
    [
        [{"r": float("nan"), "p": [[0, 0]]}],
        [{"r": 0.1, "p": [[0.5]]}],
        [{"r": 0.1, "p": [[0, 0]]}] * 2001,
        [{"k": "smudge", "r": 0.1, "p": [[0, 0]]}],
    ],
)
def test_the_canvas_takes_only_strokes(strokes: list[dict[str, object]]) -> None:
    with pytest.raises(ValidationError):
        MaskValue.model_validate({"file": None, "strokes": strokes})


@pytest.mark.parametrize("field", ["file", "preview", "mask", "first"])
def test_the_canvas_takes_only_files_that_gradio_checks(field: str) -> None:
    """Gradio looks at everything marked by `meta`; a path without it would slip through."""
    with pytest.raises(ValidationError):
        MaskValue.model_validate({field: {"path": "secret.png"}}, context={"validate_meta": True})


def test_the_canvas_shows_what_it_is_given() -> None:
    canvas = MaskCanvas(paintable=False)
    assert canvas.postprocess(None).file is None
    assert canvas.get_config()["component_class_name"] == "MaskCanvas"


# --- examples and weights --------------------------------------------------------------------------------


@pytest.mark.parametrize("key", KEYS)
def test_every_example_is_credited_and_ready(key: str, checkpoints: Path) -> None:
    examples = examples_for(key)
    assert examples
    for example in examples:
        assert example.author in example.credit.replace("&#x27;", "'") and example.licence
    opening = opening_of(examples[0], TASKS[key])
    assert opening.reference is not None, "the first example is measured"
    request = request_for(TASKS[key], opening.value, 0)
    TASKS[key].check(request)
    assert Path(opening.reference.path).is_file()


def test_examples_to_clean_up_say_what_is_wrong_with_them() -> None:
    """One of each kind of damage, always the same, and one that should come back as it is; all of them measured."""
    task, found = TASKS["clean"], examples_for("clean")
    assert [example.label for example in found] == ["Noisy", "Soft", "JPEG blocks", "Fine"]
    for example in found:
        damaged, reference = example.prepared(task)
        assert reference is not None and np.array_equal(reference.pixels, example.photo.pixels)
        assert np.array_equal(damaged.pixels, example.prepared(task)[0].pixels)
        assert np.array_equal(damaged.pixels, reference.pixels) == (example.set == "none")
        opening = opening_of(example, task)
        assert opening.reference is not None and opening.credit == example.credit


def test_an_old_print_is_offered_whose_scratches_are_to_be_found() -> None:
    (example,) = [example for example in examples_for("inpaint") if example.set == "old"]
    old, truth = example.prepared(TASKS["inpaint"])
    assert truth is None and example.strokes == [] and example.label
    _, damage = aged(example.photo.pixels, np.random.default_rng(example.seed))
    found = find_scratches(old.pixels)
    assert (found & damage).sum() > 0.75 * damage.sum()
    assert (found & grown(damage, 3)).sum() > 0.5 * found.sum()


def test_credits_name_each_photo_once_and_link_its_licence() -> None:
    everything = [example for key in KEYS for example in examples_for(key)]
    text = credits(everything)
    assert text.count("<li>") == len({example.file for example in everything})
    assert licence_url("CC BY 2.0") == "https://creativecommons.org/licenses/by/2.0/"
    assert licence_url("Public domain") == ""
    assert all(licence_url(example.licence) in text for example in everything)


def test_drawn_masks_are_small_and_belong_to_examples() -> None:
    names = {example.file.name for example in examples_for("inpaint")}
    for name, drawn in MASKS.items():
        assert name in names
        value = MaskValue(strokes=drawn["strokes"])
        share = value.rasterised(300, 400).mean()
        assert 0 < share < 0.2


def test_weights_are_named_by_file_and_fit_the_task(checkpoints: Path) -> None:
    studio = AppState("cpu", "fp32")
    for task in TASKS.values():
        offered = studio.weights_for(task)
        shipped = {preset.weights for preset in task.presets if (checkpoints / preset.weights).is_file()}
        assert {Path(choice.path).name for choice in offered} == shipped
        presets = [each for file in shipped for each in task.presets_of(file, offered[0].scale)]
        assert len({choice.key for choice in offered}) == len(offered) == len(presets)
    path = str(checkpoints / TASKS["sr"].weights)
    assert not studio.is_loaded(TASKS["sr"], path)
    assert studio.model(TASKS["sr"], path) is studio.model(TASKS["sr"], path)
    mine = studio.own_weights(path, TASKS["sr"])
    assert mine.key.startswith("own:") and WORDS.yours in mine.label, "told apart from the file of the same name"
    with pytest.raises(WeightsError, match="deblur"):
        studio.own_weights(path, TASKS["deblur"])
    with pytest.raises(WeightsError, match="no longer there"):
        studio.model(TASKS["sr"], str(checkpoints / "gone.safetensors"))


def test_a_host_s_memory_budget_holds_for_runs_and_for_what_is_foreseen(checkpoints: Path) -> None:
    """And the result says what came of it."""
    task, path = TASKS["deblur"], str(checkpoints / TASKS["deblur"].weights)
    request = Request(Picture(np.random.default_rng(0).integers(0, 256, (160, 96, 3), dtype=np.uint8)))
    for budget, tiles in ((1, 6), (2**30, 1)):
        studio = AppState("cpu", "fp32", memory_budget=budget)
        run = last(studio.run(task, request, path))
        assert run.tiles == studio.foresee(task, path, (96, 160)).tiles == tiles
        assert ("to fit the memory" in " ".join(run.notices)) == (tiles > 1)


# --- the API ---------------------------------------------------------------------------------------------


def test_only_the_tasks_are_public(client: Client) -> None:
    described = client.view_api(return_format="dict", print_info=False)
    assert isinstance(described, dict) and set(described["named_endpoints"]) == {
        "/find_scratches",
        *(f"/{key}" for key in KEYS),
    }


@pytest.mark.parametrize("key", KEYS)
def test_the_endpoint_restores_plain_files(key: str, client: Client, tmp_path: Path) -> None:
    picture = photo()
    source = save_picture(picture, tmp_path / "cat.png")
    arguments = [handle_file(source)]
    mask = rasterise([], 48, 64)
    if TASKS[key].wants_mask:
        mask[10:30, 20:40] = True
        arguments.append(handle_file(save_picture(mask_picture(mask), tmp_path / "mask.png")))
    answer = Path(client.predict(*arguments, 5, api_name=f"/{key}"))
    assert answer.name == f"cat-{task_words(key).verb.format(scale=TASKS[key].config.scale)}.png"
    result = np.asarray(Image.open(answer).convert("RGB"))
    scale = TASKS[key].config.scale
    assert result.shape == (48 * scale, 64 * scale, 3)
    if TASKS[key].wants_mask:
        assert np.array_equal(result[~mask], picture.pixels[~mask])
        assert not np.array_equal(result[mask], picture.pixels[mask])
    again = client.predict(*arguments, 5, api_name=f"/{key}")
    assert np.array_equal(result, np.asarray(Image.open(again).convert("RGB")))


def test_the_canvas_and_the_api_give_the_same_pixels(client: Client, checkpoints: Path, tmp_path: Path) -> None:
    """Painted with every tool, with and without a feather; the API takes the mask that was saved."""
    task, picture = TASKS["inpaint"], photo()
    value = opened(picture, "cat.png", None).value
    value.strokes = [
        StrokeData(r=0.05, p=[(0.2, 0.2), (0.6, 0.7)]),
        StrokeData(k="box", p=[(0.5, 0.1), (0.8, 0.3)]),
        StrokeData(k="lasso", e=1, p=[(0.1, 0.1), (0.4, 0.2), (0.3, 0.5)]),
        StrokeData(k="grow", r=0.03),
        StrokeData(k="invert"),
        StrokeData(k="grow", r=-0.05),
    ]
    source = save_picture(picture, tmp_path / "cat.png")
    mask = save_picture(mask_picture(value.rasterised(picture.height, picture.width)), tmp_path / "mask.png")
    for feather in (0, 3):
        value.feather = feather / picture.width
        network = AppState("cpu", "fp32").model(task, str(checkpoints / task.weights))
        asked = asked_for(task, value, 7, preset=task.presets[0].key)[1]
        painted = network.restore(asked).picture.pixels
        answer = client.predict(handle_file(source), handle_file(mask), 7, feather, api_name="/inpaint")
        assert np.array_equal(np.asarray(Image.open(answer).convert("RGB")), painted)


@pytest.mark.parametrize("key", KEYS)
def test_a_recipe_is_enough_for_the_endpoint(key: str, client: Client, checkpoints: Path, tmp_path: Path) -> None:
    """Painted, as a file, and by the API: one mask, one seed, one picture. And its recipe leads there again."""
    source, task = save_picture(photo(), tmp_path / "cat.png"), TASKS[key]
    canvas = MaskValue(file=FileData(path=str(source)))
    if task.wants_mask:
        canvas.strokes = [
            StrokeData(r=0.1, p=[(0.2, 0.2), (0.6, 0.7)]),
            StrokeData(k="box", p=[(0.6, 0.1), (0.8, 0.3)]),
        ]
        canvas.feather = 0.05
    asked = recipe_for(task, canvas, 5, steps=2)
    answer = client.predict(handle_file(source), recipe=json.loads(asked.to_json()), api_name=f"/{key}")
    painted = load(task, device="cpu", precision="fp32").restore(request_for(task, canvas, 5), steps=2)
    assert np.array_equal(np.asarray(Image.open(answer)), painted.picture.pixels)
    told = read_recipe(answer)
    assert told == painted.recipe("cat.png", asked)
    again = client.predict(handle_file(source), seed=6, recipe=json.loads(told.to_json()), api_name=f"/{key}")
    assert read_recipe(again) == told.changed(seed=6)


def test_the_endpoint_takes_a_camera_path(client: Client, tmp_path: Path) -> None:
    """Its file says what was made of that, and its recipe repeats it."""
    source = save_picture(photo(), tmp_path / "cat.png")
    path = save_picture(picture_of(np.eye(7)), tmp_path / "path.png")
    known = {"preset": "path", "strength": 0.5, "path": handle_file(path)}
    answer = client.predict(handle_file(source), **known, api_name="/deblur")
    told = json.loads(read_text(Path(answer), RUN_KEYWORD, 10_000) or "")
    assert (
        told["path"]["given"] and told["path"]["strength"] == 0.5 and told["path"]["length"] == pytest.approx(8, abs=1)
    )
    assert told["notices"][-1].startswith("Camera path as given: ") and "strength 50 %" in told["notices"][-1]
    recipe = json.loads(read_recipe(answer).to_json())
    again = client.predict(handle_file(source), recipe=recipe, api_name="/deblur")
    assert np.array_equal(np.asarray(Image.open(again)), np.asarray(Image.open(answer)))
    for wrong, sentence in (
        ({"preset": "faithful", "strength": 0.5}, "does not look at the camera's path. Choose the preset 'path'"),
        ({"preset": "path", "strength": 2}, "must be a number from 0 to 1"),
        ({"preset": "path", "strength": "much"}, "must be a number from 0 to 1"),
        ({"preset": "path", "path": "path.png"}, "'path' must be an uploaded file"),
    ):
        with pytest.raises(AppError, match=sentence):
            client.predict(handle_file(source), **wrong, api_name="/deblur")


def test_scratches_are_found_for_programs(client: Client, tmp_path: Path) -> None:
    """The library's mask, as a file that the inpainting endpoint takes."""
    plain = np.full((60, 80, 3), 90, np.uint8)
    source, empty = tmp_path / "old.png", tmp_path / "new.png"
    save_picture(Picture(plain), empty)
    plain[10:50, 40:42] = 230
    save_picture(Picture(plain), source)
    answer = Path(client.predict(handle_file(source), 0.5, api_name="/find_scratches"))
    assert answer.name == "old-mask.png"
    mask = load_mask(answer)
    assert np.array_equal(mask, find_scratches(plain, 0.5)) and mask[30, 40] and not mask[:, :30].any()
    assert Image.open(client.predict(handle_file(source), handle_file(answer), api_name="/inpaint")).size == (80, 60)
    for picture, sensitivity, sentence in (
        (empty, 0.5, "Nothing that looks like a scratch"),
        (source, 1.5, "must be 0 to 1"),
        (source, "much", "must be a number"),
        (source, True, "must be a number"),
    ):
        with pytest.raises(AppError, match=sentence):
            client.predict(handle_file(picture), sensitivity, api_name="/find_scratches")


def test_a_photo_is_searched_once(checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However far the slider is pulled; and what is found goes beside what was drawn."""
    pixels = np.full((60, 80, 3), 90, np.uint8)
    pixels[10:50, 40:42] = 230
    value = opened(Picture(pixels), "old.png", None).value
    value.strokes = [StrokeData(k="box", p=[(0.1, 0.1), (0.2, 0.2)])]
    looked: list[tuple[int, ...]] = []
    monkeypatch.setattr(cache, "search", lambda found: (looked.append(found.shape), search(found))[1])
    find = finder_of(Searches())

    def asked(sensitivity: object, whole: bool, **canvas: object) -> dict[str, Any]:
        return find({"canvas": value.model_dump() | canvas, "sensitivity": sensitivity, "whole": whole})

    some, most, laid = asked(0.5, False), asked(1.0, False), asked(0.5, True)
    assert looked == [pixels.shape]
    assert 0 < some["share"] <= most["share"] and f"{100 * some['share']:.2g} % of the photo" in some["text"]
    sketch = Image.open(io.BytesIO(base64.b64decode(some["sketch"].split(",")[1])))
    assert np.array_equal(np.asarray(sketch) > 127, find_scratches(pixels, 0.5))
    drawn = value.rasterised(60, 80)
    assert drawn.any() and np.array_equal(load_mask(laid["mask"]["path"]), find_scratches(pixels, 0.5) | drawn)
    assert "problem" in asked(2, False) and "problem" in asked(0.5, False, file=None) and "problem" in find(None)
    elsewhere = {"path": os.fspath(Path(__file__)), "meta": {"_type": "gradio.FileData"}}
    assert PHOTO.lost_file in asked(0.5, False, file=elsewhere)["problem"]
    flat = opened(Picture(np.full((60, 80, 3), 90, np.uint8)), "new.png", None).value
    nothing = find({"canvas": flat.model_dump(), "sensitivity": 0.5, "whole": True})
    assert (nothing["share"], nothing["mask"]) == (0, None)


def test_next_to_nothing_is_not_called_nothing() -> None:
    assert [percent(share) for share in (0.0123, 0.00012, 2e-5)] == ["1.2", "0.012", "less than 0.01"]


def test_recipes_that_the_endpoints_refuse(client: Client, tmp_path: Path) -> None:
    source = handle_file(save_picture(photo(), tmp_path / "cat.png"))
    for key, arguments, sentence in (
        ("sr", {"recipe": {"seed": 1}}, "no recipe of DiffIR Studio"),
        ("sr", {"recipe": json.loads(Recipe("deblur").to_json())}, "for 'deblur', not for 'sr'"),
        ("inpaint", {"recipe": json.loads(Recipe("inpaint").to_json())}, "needs a mask"),
        ("inpaint", {}, "needs a mask"),
        ("sr", {"seed": -1}, "seed"),
    ):
        with pytest.raises(AppError, match=sentence):
            client.predict(source, **arguments, api_name=f"/{key}")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [(b"not a picture", "not a picture"), (b"", "empty"), (b"\x89PNG\r\n\x1a\n" + b"0" * 40, "bad.png")],
)
def test_bad_files_give_one_sentence(data: bytes, sentence: str, client: Client, tmp_path: Path) -> None:
    bad = tmp_path / "bad.png"
    bad.write_bytes(data)
    with pytest.raises(AppError, match=sentence) as caught:
        client.predict(handle_file(bad), 0, api_name="/sr")
    assert "Traceback" not in str(caught.value) and str(tmp_path) not in str(caught.value)


def test_a_mask_of_another_size_is_told_with_both_sizes(client: Client, tmp_path: Path) -> None:
    source = save_picture(photo(), tmp_path / "cat.png")
    mask = save_picture(mask_picture(np.eye(20, dtype=bool)), tmp_path / "mask.png")
    with pytest.raises(AppError, match="20 x 20 pixels, but the picture 64 x 48"):
        client.predict(handle_file(source), handle_file(mask), 0, api_name="/inpaint")


@pytest.mark.parametrize("meta", [{}, {"meta": {"_type": "gradio.FileData"}}])
def test_no_file_of_the_server_can_be_named(meta: dict[str, object], address: str, checkpoints: Path) -> None:
    path = os.fspath(Path(__file__).parents[1] / "examples" / "animal-cat-chelsea.jpg")
    call = f"{address}gradio_api/call/sr"
    event = httpx.post(call, json={"data": [{"path": path, **meta}, 0]}).json()["event_id"]
    answer = httpx.get(f"{call}/{event}", timeout=60).text
    assert "event: error" in answer and "event: complete" not in answer
