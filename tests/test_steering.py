"""The sliders' handlers without a browser: pieces, whole pictures, what the page is told, and what is refused."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from diffir_demo.deconvolve import Blur
from diffir_demo.errors import InputError
from diffir_demo.imaging import Picture
from diffir_demo.lab import KINDS, as_if, glimpse
from diffir_demo.lab.pictures import GRID
from diffir_demo.settings import Settings
from diffir_demo.tasks import Request
from diffir_demo.trace import Trace
from diffir_demo.ui.adjust import SIDES, Move, side_for, whole
from diffir_demo.ui.compare.view import board_of, reading_of
from diffir_demo.ui.files import ImageServer
from diffir_demo.ui.outcome import RESULT, Outcome, moves
from diffir_demo.ui.timeline.record import Record, _line
from diffir_demo.weights import Value, in_words
from tests.factories import photo
from tests.tiny import directions, engine

PHOTO = photo(120, 200, (9, 7))


def outcome(**moved: float) -> Outcome:
    run = engine("clean").restore(Request(PHOTO), steered=moved)
    return Outcome(run, "photo.png", recipe=run.recipe("photo.png"))


@pytest.mark.parametrize("scale", [1, 4])
@pytest.mark.parametrize("seen", [(0, 0, 1, 1), (0, 0, 0.1, 0.1), (0.9, 0.7, 1, 1), (0.5, 0.5, 0.5, 0.5)])
def test_a_glimpse_lies_where_it_says(seen: tuple[float, float, float, float], scale: int) -> None:
    picture = photo(600, 900)
    piece = glimpse(Request(picture), scale, seen, 256)
    given = piece.request.picture
    assert max(given.width, given.height) * scale <= 256
    enlarged = Picture(np.ascontiguousarray(given.pixels.repeat(scale, 0).repeat(scale, 1)))
    shown = piece.shown(enlarged)
    left, top, right, bottom = piece.box
    x, y = round(left * picture.width), round(top * picture.height)
    assert shown.width == round((right - left) * picture.width) * scale and shown.width > 0
    assert np.array_equal(
        shown.pixels[::scale, ::scale], picture.pixels[y : y + shown.height // scale, x:][:, : shown.width // scale]
    )
    middle = ((seen[0] + seen[2]) / 2, (seen[1] + seen[3]) / 2)
    assert left - 0.02 <= middle[0] <= right + 0.02 and top - 0.02 <= middle[1] <= bottom + 0.02


def test_a_glimpse_keeps_the_grid_and_takes_small_photos_whole() -> None:
    picture = photo(600, 900)
    piece = glimpse(Request(picture), 1, (0.33, 0.21, 0.77, 0.6), 200)
    row = np.flatnonzero((picture.pixels[:, 0] == picture.pixels[0, 0]).all(1))
    assert row.size  # the picture repeats, so the place is found by the box
    start = round(piece.box[1] * 600) - (piece.window[0].start or 0)
    assert start % GRID == 0
    small = glimpse(Request(photo(40, 50)), 1, (0, 0, 1, 1), 256)
    assert small.box == (0, 0, 1, 1) and small.request.picture.width == 50


def test_a_glimpse_is_restored_as_the_photo_was() -> None:
    settings = Settings(blur=Blur(np.ones((3, 3), np.float32)), strength=0.4, feather=3, fill="texture")
    assert glimpse(Request(photo(60, 90), settings=settings), 1, (0.2, 0.2, 0.6, 0.6), 32).request.settings == settings


def test_a_piece_is_as_large_as_the_machine_is_quick() -> None:
    run = outcome().restoration
    quick = dataclasses.replace(run, seconds=dataclasses.replace(run.seconds, paint=1e-6))
    slow = dataclasses.replace(run, seconds=dataclasses.replace(run.seconds, paint=60.0))
    assert (side_for(slow), side_for(quick)) == SIDES


@pytest.mark.parametrize(
    "data",
    [
        None,
        {"amounts": {"noise": 2.0}, "number": 1},
        {"amounts": {"noise": float("nan")}, "number": 1},
        {"amounts": {}, "number": 1, "box": [0, 0, 2, 1]},
        {"amounts": {str(i): 0.1 for i in range(9)}, "number": 1},
    ],
)
def test_what_no_page_asks_is_refused(data: Any) -> None:
    with pytest.raises(ValidationError):
        Move.model_validate(data)


def test_amounts_are_whole_tenths() -> None:
    asked = Move.model_validate({"number": -1, "amounts": {"noise": 0.30000000000000004, "softness": 0.0}})
    assert whole(asked.amounts) == {"noise": 0.3}


def test_a_moved_outcome_keeps_the_run_it_came_from() -> None:
    before = outcome()
    measured = dataclasses.replace(before, measured={RESULT: {"psnr": 1.0}, "input": {"psnr": 2.0}}, path="a.png")
    painted = engine("clean").restore(
        before.restoration.request, ipr=before.restoration.estimate, steered={"noise": 1.0}
    )
    after = measured.moved(painted)
    assert after.run is before.restoration and after.restoration.picture is painted.picture
    assert after.restoration.steps == before.restoration.steps and after.path is None
    assert after.measured == {"input": {"psnr": 2.0}}
    assert after.recipe is not None and after.recipe.settings.steered == {"noise": 1.0}
    spent = after.restoration.seconds
    assert spent.total == pytest.approx(spent.encode + spent.denoise + spent.paint)
    back = after.moved(after.run)
    assert back.restoration is before.restoration and back.recipe == before.recipe


def test_the_board_says_what_was_read_and_how_it_was_moved(tmp_path: Path) -> None:
    kept = ImageServer(lambda data, name: str(tmp_path / name))
    run = outcome().restoration
    value = board_of(Outcome(run, "photo.png"), kept).reading
    assert value is not None and value.moved == "" and "±2 levels of grain" in value.errors
    assert value.says == in_words(directions().reading(run.estimate)) + "."
    moved = outcome(noise=0.5, compression=-1.0).restoration
    value = reading_of(moved)
    assert value is not None
    assert value.says == in_words(directions().reading(run.estimate)) + "."  # of the estimate, not of what it became
    assert value.moved == "Moved by you: grain +0.5, JPEG damage −1 (standard deviations)."
    assert [(each.name, each.amount) for each in value.sliders] == [
        ("noise", 0.5),
        ("softness", 0.0),
        ("compression", -1.0),
    ]
    other = engine("deblur").restore(Request(PHOTO))
    assert reading_of(other) is None


def test_the_timeline_reads_every_step() -> None:
    """The estimate of each, as the noisy numbers cannot be read; nor can the noise that all begins with."""
    ours = engine("clean")
    events = list(ours.stream(Request(PHOTO)))
    trace = Trace.of(events)
    lines = Record(trace, directions=directions()).value()["readings"]
    assert [each["title"] for each in lines] == ["Grain", "Softness", "JPEG quality"]
    assert all(len(each["values"]) == len(trace.steps) == len(each["texts"]) for each in lines)
    first, last = (directions().reading(step.x0) for step in (trace.steps[0], trace.steps[-1]))
    assert lines[0]["values"][0] == pytest.approx(first["noise"].value, abs=1e-3)
    assert lines[0]["values"][-1] == pytest.approx(last["noise"].value, abs=1e-3)
    assert lines[2]["values"][-1] == pytest.approx(100 - last["compression"].value, abs=1e-3)
    assert lines[0]["end"].endswith("of 255 ± 2") and lines[2]["end"].startswith("about ")
    assert Record(trace).value()["readings"] == []


def test_readings_that_do_not_move_say_so() -> None:
    """Their plot would be a flat line. What lies outside of what was learned is no reading, and has no number."""
    still = [Value("noise", 10.0 + 0.3 * step, 2.0) for step in range(4)]
    assert not _line(still)["moves"] and _line([*still, Value("noise", 14.0, 2.0)])["moves"]
    odd = _line([Value("compression", 195.0, 5.0, inside=False), Value("compression", 40.0, 5.0)])
    assert odd["texts"] == ["–", "about 60"] and odd["values"][0] >= 1 and odd["moves"]


def test_words_for_moves() -> None:
    assert moves({"noise": 0.5, "softness": -1.0, "compression": 0.0}) == "grain +0.5, softness −1"


@pytest.mark.parametrize("kind", KINDS)
def test_a_photo_as_if_something_else_were_wrong(kind: str) -> None:
    picture, result = photo(64, 96), photo(128, 192)
    found = as_if(kind, picture, result)
    assert found.pixels.shape == picture.pixels.shape and not np.array_equal(found.pixels, picture.pixels)
    assert np.array_equal(as_if(kind, picture, result).pixels, found.pixels)
    with pytest.raises(InputError, match="noise, soft, jpeg, fine"):
        as_if("torn", picture, result)
