"""Copied or painted, another try, very large holes: the same facts on page, API, command line and library."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
from gradio_client import Client, handle_file
from PIL import Image

from diffir_demo.cli import main
from diffir_demo.imaging import Picture, fill_map, load_mask, mask_bytes, mask_picture, read_text, save_picture
from diffir_demo.recipe import RUN_KEYWORD, find_recipe
from diffir_demo.restoration import Restoration
from diffir_demo.settings import Settings
from diffir_demo.tasks import TASKS, Fill, Request
from diffir_demo.texture import EXPECTED, expectation, is_very_large
from diffir_demo.ui.compare.view import board_of
from diffir_demo.ui.component import words_of
from diffir_demo.ui.files import ImageServer
from diffir_demo.ui.history import RunList
from diffir_demo.ui.outcome import Outcome
from diffir_demo.ui.photo.canvas import StrokeData
from diffir_demo.ui.photo.photos import LARGEST_SEED, opened
from diffir_demo.ui.run_queue import RunHandle
from diffir_demo.ui.state import AppState
from diffir_demo.ui.tab import Tab
from diffir_demo.weights import save
from tests.factories import served
from tests.test_texture import bricks, hole_in
from tests.tiny import engine, network

INPAINT = TASKS["inpaint"]
PHOTO, HOLE = Picture(bricks()), hole_in(160, 60, 100)


@pytest.fixture(scope="module")
def runs() -> dict[Fill, Restoration]:
    fills: tuple[Fill, ...] = ("network", "texture")
    return {fill: engine("inpaint").restore(Request(PHOTO, HOLE, Settings(seed=3, fill=fill))) for fill in fills}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Weights for inpainting, a photo with its mask, and Gradio's cache."""
    monkeypatch.setenv("DIFFIR_CHECKPOINTS", str(tmp_path))
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    save(tmp_path / INPAINT.weights, network("inpaint"), task="inpaint", provenance="untrained", name="tiny")
    save_picture(PHOTO, tmp_path / "photo.png")
    save_picture(mask_picture(HOLE), tmp_path / "mask.png")
    return tmp_path


@pytest.fixture
def tab(folder: Path) -> Tab:
    with gr.Blocks():
        return Tab(INPAINT, AppState("cpu", "fp32"), RunList())


# --- copied or painted -------------------------------------------------------------------------------------


def test_a_fill_map_tells_three_things_apart() -> None:
    copied = HOLE.copy()
    copied[:80] = False
    levels = fill_map(HOLE, copied).pixels[:, :, 0]
    assert [levels[place] for place in ((0, 0), (70, 80), (90, 80))] == [0, 128, 255]
    assert np.array_equal(load_mask(mask_bytes(levels >= 128)), HOLE)


def test_what_was_copied_is_a_share_of_the_hole(runs: dict[Fill, Restoration]) -> None:
    copied, painted = runs["texture"], runs["network"]
    assert copied.copied_share == 1 and painted.copied_share == 0
    assert copied.fill_map is not None and painted.fill_map is not None
    assert set(np.unique(copied.fill_map.pixels)) == {0, 255} and set(np.unique(painted.fill_map.pixels)) == {0, 128}
    other = engine("deblur").restore(Request(PHOTO))
    assert other.copied_share is None and other.fill_map is None


def test_the_board_shows_it_or_says_that_there_is_nothing_to_show(
    runs: dict[Fill, Restoration], tmp_path: Path
) -> None:
    def keep(data: bytes, name: str) -> str:
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}-{name}"
        path.write_bytes(data)
        return str(path)

    shown = board_of(Outcome(runs["texture"], "wall.png"), ImageServer(keep))
    assert shown.origins is not None and "100 % of the hole" in shown.origins.copied_text
    assert np.array_equal(np.asarray(Image.open(shown.origins.copied.path))[..., -1] > 0, HOLE)
    assert words_of("compare").all_painted not in shown.notes
    plain = board_of(Outcome(runs["network"], "wall.png"), ImageServer(keep))
    assert plain.origins is None and words_of("compare").all_painted in plain.notes
    other = board_of(Outcome(engine("deblur").restore(Request(PHOTO)), "wall.png"), ImageServer(keep))
    assert other.origins is None and words_of("compare").all_painted not in other.notes


def test_the_command_line_saves_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call = ["restore", "inpaint", "photo.png", "--mask", "mask.png", "-o", "out.png", "--fill-map", "made/map.png"]
    assert main([*call, "--preset", "texture"]) == 0
    assert "fill map -> made/map.png" in capsys.readouterr().out
    assert set(np.unique(np.asarray(Image.open("made/map.png")))) == {0, 255}
    assert np.array_equal(load_mask("made/map.png"), HOLE)
    assert main([*call, "--preset", "faithful", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["copied"] == 0
    assert set(np.unique(np.asarray(Image.open("made/map.png")))) == {0, 128}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["-o", "out.png", "--fill-map", "map.jpg"], "saved as PNG, not as 'map.jpg'"),
        (["-o", "out.png", "--fill-map", "mask.png"], "would overwrite 'mask.png'"),
        (["-o", "out.png", "--fill-map", "out.png"], "would overwrite 'out.png'"),
        (["-o", "out.png", "--fill-map", "map.png", "--trace", "map.png"], "both be saved as 'map.png'"),
        (["-o", "out.png", "--fill-map", "map.png", "--baseline", "telea"], "--fill-map has no use"),
        (["mask.png", "-o", "out/", "--fill-map", "map.png"], "shows one run, not 2"),
    ],
)
def test_a_fill_map_that_makes_no_sense_is_refused_before_any_work(
    arguments: list[str], sentence: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there = sorted(folder.iterdir())
    assert main(["restore", "inpaint", "photo.png", *arguments, "--mask", "mask.png"]) == 2
    assert sentence in capsys.readouterr().err
    assert sorted(folder.iterdir()) == there


def test_other_tasks_fill_no_holes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["restore", "deblur", "photo.png", "-o", "out.png", "--fill-map", "map.png"]) == 2
    assert "fills no hole" in capsys.readouterr().err


def test_the_page_writes_it(tab: Tab, runs: dict[Fill, Restoration]) -> None:
    export = tab.export
    *_, answer = export.save_fill_map(Outcome(runs["texture"], "wall.jpg"))
    assert Path(answer[export.fill_file]).name == "wall-fill-map.png"
    assert np.array_equal(load_mask(answer[export.fill_file]), HOLE)
    shown = {fill: Outcome(run, "wall.jpg", path="wall.png") for fill, run in runs.items()}
    Path("wall.png").touch()
    assert export.update(shown["texture"])[export.fill_map].visible
    assert not export.update(shown["network"])[export.fill_map].visible


# --- another try -------------------------------------------------------------------------------------------


def test_another_try_is_offered_where_it_changes_something(tab: Tab, runs: dict[Fill, Restoration]) -> None:
    result, settings = tab.compare, tab.shared
    copied, painted = (Outcome(runs[fill], "wall.png") for fill in ("texture", "network"))
    assert result.update(copied)[result.another].visible and not result.update(painted)[result.another].visible
    keys = {each.preset: each.key for each in tab.shared.state.weights_for(INPAINT)}
    assert result.offer_another(copied, keys["texture"], {}).visible
    assert not result.offer_another(copied, keys["faithful"], {}).visible, "the network alone copies nothing"
    assert not result.offer_another(None, keys["texture"], {}).visible
    assert not result.reset()[result.another].visible
    assert set(result.update(copied)) <= set(result.outputs) and settings.seed.value == 0


def test_another_try_takes_the_next_seed(tab: Tab, runs: dict[Fill, Restoration]) -> None:
    result, outcome = tab.compare, Outcome(runs["texture"], "wall.png")
    assert result.next_seed(outcome, None, 0) == 4, "the result's own seed counts, which was 3"
    going, done = RunHandle(), RunHandle()
    done.set()
    assert result.next_seed(outcome, going, 7) == 7 and result.next_seed(outcome, done, 7) == 4
    assert result.next_seed(None, None, 7) == 7
    last = engine("inpaint").restore(Request(PHOTO, HOLE, Settings(seed=LARGEST_SEED)))
    assert result.next_seed(Outcome(last, "wall.png"), None, 7) == 0


# --- very large holes --------------------------------------------------------------------------------------


def disc(radius: float, height: int = 300, width: int = 400) -> np.ndarray:
    rows, columns = np.mgrid[:height, :width]
    return np.hypot(rows - height / 2, columns - width / 2) <= radius


def several() -> Iterator[tuple[str, np.ndarray, bool]]:
    stripes = np.zeros((300, 400), bool)
    stripes[::12] = stripes[1::12] = stripes[2::12] = stripes[3::12] = True
    dots = np.zeros((300, 400), bool)
    for top in range(0, 300, 50):
        for left in range(0, 400, 50):
            dots[top : top + 40, left : left + 40] = True
    beside = np.zeros((300, 400), bool)
    beside[:, :100] = True
    corner = np.zeros((300, 400), bool)
    corner[:60, :60] = True
    yield "a wire", disc(20), False
    yield "a disc that is not deep enough", disc(44), False
    yield "a disc just deep enough", disc(48), True
    yield "a corner, as deep and smaller", corner, False
    yield "a large disc", disc(80), True
    yield "as large a disc in a large photo", disc(80, 3000, 4000), False
    yield "the large disc in a large photo", disc(800, 3000, 4000), True
    yield "a third of the photo in thin strokes", stripes, False
    yield "most of the photo in many holes", dots, False
    yield "a quarter of the photo at its edge", beside, True
    yield "nothing", np.zeros((300, 400), bool), False
    yield "everything but a corner", ~np.pad(np.ones((5, 5), bool), ((0, 295), (0, 395))), True
    yield "one pixel", np.ones((1, 1), bool), True


@pytest.mark.parametrize(("hole", "expected"), [pytest.param(hole, is_, id=name) for name, hole, is_ in several()])
def test_a_hole_is_very_large_by_its_depth_and_the_share_of_the_photo(hole: np.ndarray, expected: bool) -> None:
    assert is_very_large(hole) == expected


@pytest.mark.parametrize("fill", EXPECTED)
def test_runs_and_page_say_what_a_very_large_hole_will_look_like(fill: Fill, tab: Tab) -> None:
    hole = hole_in(160, 30, 130)
    sentence = expectation(hole, fill)
    assert sentence is not None and EXPECTED[fill] in sentence and "no new object or face" in sentence
    assert sentence in engine("inpaint").restore(Request(PHOTO, hole, Settings(fill=fill))).notices
    small = engine("inpaint").restore(Request(PHOTO, HOLE, Settings(fill=fill)))
    assert not any("very large" in notice for notice in small.notices)
    canvas = opened(PHOTO, "wall.png", None).value
    keys = {
        tab.shared.state.chosen(INPAINT, each.key, {}).fill: each.key for each in tab.shared.state.weights_for(INPAINT)
    }
    values: dict[Any, Any] = {part: part.value for part in tab.shared.inputs}
    values |= {tab.shared.canvas: canvas, tab.shared.weights: keys[fill], tab.shared.own: {}}
    canvas.strokes = [StrokeData(k="box", p=[(30 / 160, 30 / 160), (130 / 160, 130 / 160)])]
    told = tab.preflight.foresee(values)
    assert (
        sentence in told[tab.preflight.text]
        and told[tab.preflight.box].visible
        and not told[tab.preflight.crop].visible
    )
    canvas.strokes = [StrokeData(k="box", p=[(0.4, 0.4), (0.6, 0.6)])]
    told = tab.preflight.foresee(values)
    assert told[tab.preflight.text] == "" and not told[tab.preflight.box].visible


def test_programs_hear_of_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hole = hole_in(160, 30, 130)
    save_picture(mask_picture(hole), folder / "large.png")
    sentence = expectation(hole, "texture")
    call = ["restore", "inpaint", "photo.png", "--mask", "large.png", "-o", "out.png", "--preset", "texture"]
    assert main(call) == 0 and f"note: {sentence}" in capsys.readouterr().out
    assert main([*call, "--json"]) == 0 and sentence in json.loads(capsys.readouterr().out)["notices"]
    with served() as url:
        client = Client(url, verbose=False)
        photo, mask = handle_file("photo.png"), handle_file("large.png")
        answer = client.predict(photo, mask, preset="texture", api_name="/inpaint")
    told = json.loads(read_text(answer, RUN_KEYWORD, 10_000) or "")
    assert sentence in told["notices"] and told["copied"] == 1
    assert find_recipe(answer) is not None


def test_nothing_to_save_before_there_is_a_result(tab: Tab) -> None:
    status = tab.shared.status
    *_, answer = tab.export.save_fill_map(None)
    assert "no result" in answer[status]
