"""Several runs in a row: as recipes, as one run, on the command line, and as a photo seems to need them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from diffir_demo.api import load
from diffir_demo.chain import Link, chained, in_sentence, propose
from diffir_demo.cli import main
from diffir_demo.errors import InputError
from diffir_demo.events import Started, last
from diffir_demo.imaging import Picture, encode_picture, load_picture, mask_bytes
from diffir_demo.recipe import MOST_RUNS, Recipe, find_recipe, read_recipe
from diffir_demo.settings import Settings
from diffir_demo.tasks import TASKS, old_photo
from diffir_demo.weights import save
from tests.factories import photo
from tests.pictures import noise_file
from tests.tiny import engine, network, training

CLEAN, ENLARGE = Recipe("clean", Settings(seed=1)), Recipe("sr", Settings(seed=2), preset="faithful", scale=4)


@pytest.fixture
def checkpoints(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Tiny weights stand where the shipped ones would."""
    folder = tmp_path_factory.mktemp("checkpoints")
    for key, task in TASKS.items():
        save(folder / task.weights, network(key), task=key, provenance="untrained", name="tiny", training=training(key))
    monkeypatch.setenv("DIFFIR_CHECKPOINTS", str(folder))
    return folder


def run(*arguments: object) -> int:
    return main([str(each) for each in arguments])


def test_a_recipe_knows_the_runs_before_it() -> None:
    both = ENLARGE.after(CLEAN)
    assert both.before == CLEAN and both.runs == (CLEAN, ENLARGE)
    assert CLEAN.after(None) is CLEAN
    assert replace(CLEAN, preset="x").after(both).runs == (CLEAN, ENLARGE, replace(CLEAN, preset="x"))
    assert both.after(both).runs == (CLEAN, ENLARGE, CLEAN, ENLARGE)
    assert Recipe.from_json(both.to_json()) == both and json.loads(both.to_json())["diffir_recipe"] == 4
    assert "before" not in json.loads(CLEAN.to_json()) and json.loads(CLEAN.to_json())["diffir_recipe"] == 1


def test_the_last_runs_of_many_stay() -> None:
    many = CLEAN
    for _ in range(MOST_RUNS + 3):
        many = ENLARGE.after(many)
    assert many.runs == (ENLARGE,) * MOST_RUNS
    assert Recipe.from_json(many.to_json()).runs == many.runs


@pytest.mark.parametrize(
    "before",
    [7, [], {}, {"diffir_recipe": 1}, {"diffir_recipe": 99, "task": "sr"}, json.loads(CLEAN.to_json()) | {"seed": "x"}],
)
def test_damage_before_the_last_run_is_told(before: object) -> None:
    with pytest.raises(InputError):
        Recipe.from_fields(json.loads(ENLARGE.after(CLEAN).to_json()) | {"before": before})


def test_more_runs_than_there_may_be_are_refused() -> None:
    fields = json.loads(CLEAN.to_json())
    for _ in range(MOST_RUNS):
        fields = json.loads(CLEAN.to_json()) | {"diffir_recipe": 4, "before": fields}
    with pytest.raises(InputError, match="'before'"):
        Recipe.from_fields(fields)


def test_a_chain_is_its_runs_one_after_the_other() -> None:
    clean, enlarge, picture = engine("clean"), engine("sr"), photo(24, 32)
    first = clean.restore(CLEAN.request(picture))
    second = enlarge.restore(ENLARGE.request(first.picture))
    links = [Link(CLEAN, clean.stream), Link(ENLARGE, enlarge.stream)]
    events = list(chained(links)(CLEAN.request(picture, name="a.png")))
    both = last(events)
    assert np.array_equal(both.picture.pixels, second.picture.pixels)
    assert [event.task for event in events if isinstance(event, Started)] == ["clean", "sr"]
    recipe = both.recipe()
    assert recipe is not None
    assert [(each.task, each.settings.seed) for each in recipe.runs] == [("clean", 1), ("sr", 2)]
    assert recipe.runs[0].photo is not None and recipe.runs[0].photo.name == "a.png"


def test_a_mask_of_another_size_is_told_in_mid_run() -> None:
    links = [
        Link(ENLARGE, engine("sr").stream),
        Link(Recipe("inpaint", mask=mask_bytes(np.eye(24, 32) > 0)), engine("inpaint").stream),
    ]
    with pytest.raises(InputError, match="32 x 24 pixels, but its photo has 128 x 96"):
        last(chained(links)(ENLARGE.request(photo(24, 32))))


def test_then_adds_runs_and_the_result_repeats_them_all(
    checkpoints: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, result, again = noise_file(tmp_path / "a.png"), tmp_path / "b.png", tmp_path / "c.png"
    three = ("restore", "clean", source, "-o", result, "--then", "deblur:faithful", "--then", "sr:faithful")
    assert run(*three) == 0
    assert " s for the last of 3 runs: clean, deblur, sr; " in capsys.readouterr().out
    assert run(*three, "--json") == 0
    assert json.loads(capsys.readouterr().out)["runs"] == ["clean", "deblur", "sr"]
    assert [each.task for each in read_recipe(result).runs] == ["clean", "deblur", "sr"]
    assert run("restore", "chain", source, "-o", again, "--recipe", result) == 0
    assert np.array_equal(load_picture(result).pixels, load_picture(again).pixels)
    assert read_recipe(again).runs == read_recipe(result).runs
    assert Image.open(result).size == (96, 64)


def test_a_result_that_is_restored_again_keeps_what_made_it(checkpoints: Path, tmp_path: Path) -> None:
    source, first, second = noise_file(tmp_path / "a.png"), tmp_path / "b.png", tmp_path / "c.png"
    assert run("restore", "clean", source, "-o", first, "--seed", 5) == 0
    assert run("restore", "sr", first, "-o", second) == 0
    assert [(each.task, each.settings.seed) for each in read_recipe(second).runs] == [("clean", 5), ("sr", 0)]
    assert run("restore", "sr", source, "-o", tmp_path / "d.png", "--recipe", second) == 0  # the last of its runs
    assert len(read_recipe(tmp_path / "d.png").runs) == 1


def test_a_chain_from_a_zip_to_a_zip(checkpoints: Path, tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        noise_file(tmp_path / "in" / name)
    assert run("restore", "clean", tmp_path / "in", "-o", tmp_path / "out.zip", "--then", "sr:faithful") == 0
    assert run("restore", "clean", tmp_path / "in", "-o", f"{tmp_path}/out/", "--then", "sr:faithful") == 0
    for name in ("a.png", "b.png"):
        recipe = find_recipe(tmp_path / "out" / name)
        assert recipe is not None and [each.task for each in recipe.runs] == ["clean", "sr"]
        assert recipe.runs[0].photo is not None and recipe.runs[0].photo.name == name


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("clean", "--then", "inpaint"), "needs a mask of its own, so it can only come first"),
        (("clean", "--then", "sharpen"), "There is no task 'sharpen'"),
        (("clean", "--then", "sr:none"), "'none'"),
        (("chain", "--seed", "3"), "--seed belongs to one run"),
        (("chain", "--preset", "real"), "--preset belongs to one run"),
        (("chain", "--then", "sr"), "Leave --then out"),
        (("clean", *["--then", "clean"] * MOST_RUNS), f"{MOST_RUNS} is the most"),
    ],
)
def test_what_makes_no_sense_is_told(
    checkpoints: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    sentence: str,
) -> None:
    task, *options = arguments
    assert run("restore", task, noise_file(tmp_path / "a.png"), "-o", tmp_path / "b.png", *options) == 2
    assert sentence in capsys.readouterr().err and not (tmp_path / "b.png").exists()


# --- what a photo seems to need, by the shipped network ---------------------------------------------------------------


@pytest.fixture(scope="module")
def portrait() -> Picture:
    return load_picture(Path(__file__).parent.parent / "examples" / "portrait-astronaut.jpg")


def test_a_fine_photo_needs_nothing_but_pixels(portrait: Picture) -> None:
    large = Picture(np.asarray(Image.fromarray(portrait.pixels).resize((1024, 1536), Image.Resampling.BICUBIC)))
    reader = load("clean")
    assert [each.recipe.task for each in propose(portrait, reader)] == ["sr"]
    assert "inpaint" not in {each.recipe.task for each in propose(large, reader)}


def test_an_old_photo_is_filled_cleaned_and_enlarged(portrait: Picture) -> None:
    worn, _ = old_photo.aged(portrait.pixels, np.random.default_rng(5))
    noisy = TASKS["clean"].sets["noise"](Picture(worn), np.random.default_rng(1)).request.picture
    found = propose(noisy, load("clean"))
    assert [each.recipe.task for each in found] == ["inpaint", "clean", "sr"]
    assert found[-1].recipe.scale == 2 and found[0].recipe.has_mask
    assert "scratches" in in_sentence(found) and "grain" in in_sentence(found)
    mask = found[0].recipe.request(noisy).mask
    assert mask is not None and 1e-3 < mask.mean() < 0.1
    marked = np.zeros_like(mask)
    marked[40:60, 30:50] = True
    both = propose(noisy, load("clean"), marked)
    filled = both[0].recipe.request(noisy).mask
    assert filled is not None and np.array_equal(filled, mask | marked)
    assert "scratches" in both[0].reason and "what is marked" in both[0].reason
    with pytest.raises(InputError, match="The mask is"):
        propose(noisy, load("clean"), marked[:-1])
    left = mask.copy()
    left[:, : mask.shape[1] // 2] = False
    assert 0 < left.sum() < mask.sum()
    own = propose(noisy, load("clean"), left, looked_over=True)
    filled = own[0].recipe.request(noisy).mask
    assert filled is not None and np.array_equal(filled, left) and "scratches" not in own[0].reason


def test_what_is_marked_in_a_fine_photo_is_filled(portrait: Picture) -> None:
    marked = np.zeros(portrait.pixels.shape[:2], bool)
    assert [each.recipe.task for each in propose(portrait, load("clean"), marked)] == ["sr"]
    marked[40:60, 30:50] = True
    first, *_ = propose(portrait, load("clean"), marked)
    filled = first.recipe.request(portrait).mask
    assert filled is not None and np.array_equal(filled, marked)


def test_nothing_to_mend_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("diffir_demo.cli.runner.propose", lambda *_: ())
    (tmp_path / "a.png").write_bytes(encode_picture(photo(), ".png"))
    assert run("restore", "chain", tmp_path / "a.png", "-o", tmp_path / "b.png") == 2
    assert "Nothing was found in the photo" in capsys.readouterr().err
