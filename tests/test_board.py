"""The compare board without a browser: what an outcome holds, what the board is told, and how pictures get there."""

from __future__ import annotations

import gc
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from diffir_demo.baselines import baselines_for
from diffir_demo.errors import InputError
from diffir_demo.imaging import Picture, save_picture
from diffir_demo.tasks import TASKS
from diffir_demo.ui import compare, files
from diffir_demo.ui.compare import CompareFeature, opened_before, perceptual
from diffir_demo.ui.compare.view import board_of, methods
from diffir_demo.ui.component import task_words
from diffir_demo.ui.files import ImageServer, Region, file_data
from diffir_demo.ui.outcome import INPUT, OPENED, ORIGINAL, RESULT, Comparison, Outcome, first_baseline, score_text
from diffir_demo.ui.photo.canvas import MaskValue
from diffir_demo.ui.state import WeightsChoice
from tests.factories import photo
from tests.tiny import engine

KEYS = list(TASKS)


def finished(key: str) -> Outcome:
    damaged = TASKS[key].degrade(photo(), np.random.default_rng(1))
    run = engine(key).restore(damaged.request)
    return Outcome(run, "cat.jpg", reference=damaged.reference, weights="/weights/mine.safetensors")


def choice(name: str, scale: int = 4) -> WeightsChoice:
    return WeightsChoice(name, name, "trained here", f"/weights/{name}", name.partition(".")[0], scale)


@pytest.fixture
def server(tmp_path: Path) -> ImageServer:
    count = iter(range(1000))

    def keep(data: bytes, name: str) -> str:
        path = tmp_path / f"{next(count)}-{name}"
        path.write_bytes(data)
        return str(path)

    return ImageServer(keep)


# --- outcome ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", KEYS)
def test_an_outcome_measures_what_has_the_references_size(key: str) -> None:
    outcome, baseline = finished(key), first_baseline(key)
    assert baseline is not None
    outcome = outcome.with_baseline(baseline)
    expected = {RESULT, baseline} | ({INPUT} if TASKS[key].config.scale == 1 else set())
    assert set(outcome.unmeasured) == expected
    for each in outcome.unmeasured:
        outcome = outcome.measure(each)
    assert outcome.unmeasured == [] and set(outcome.measured) == expected
    run, reference = outcome.restoration, outcome.reference
    assert reference is not None
    assert outcome.measured[RESULT] == TASKS[key].scores(run.picture.pixels, reference.pixels, run.request.mask)
    best = max(outcome.measured[each][TASKS[key].headline] for each in expected)
    assert outcome.best(TASKS[key].headline) == best


def test_an_outcome_is_not_changed_by_what_is_added_to_it() -> None:
    outcome = finished("deblur")
    joined = outcome.with_baseline("unsharp")
    measured = joined.measure("unsharp")
    again = measured.with_comparison("unsharp", Comparison(photo(), 2.0))
    assert not outcome.comparisons and not joined.measured
    assert "unsharp" not in again.measured, "another picture has other scores"
    assert again.seconds("unsharp") == 2.0 and outcome.seconds(INPUT) is None
    spent = outcome.restoration.seconds
    paid = replace(outcome.restoration, seconds=replace(spent, previews=5.0, total=spent.total + 5))
    assert replace(outcome, restoration=paid).seconds(RESULT) == pytest.approx(spent.total), "without the previews"


def test_a_reference_must_have_the_results_size() -> None:
    outcome = replace(finished("deblur"), reference=None)
    assert outcome.unmeasured == [] and ORIGINAL not in outcome.pictures
    with pytest.raises(InputError, match="30 × 20 pixels, the result 64 × 48"):
        outcome.measured_against(photo(20, 30))
    known = outcome.measured_against(photo())
    assert ORIGINAL in known.pictures and known.unmeasured == [INPUT, RESULT]
    assert known.measure(RESULT).measured_against(photo()).measured == {}


def test_the_line_starts_in_the_middle_of_the_mask() -> None:
    outcome = finished("inpaint")
    mask = np.zeros((48, 64), bool)
    mask[:, 40:48] = True
    request = replace(outcome.restoration.request, mask=mask)
    assert replace(outcome, restoration=replace(outcome.restoration, request=request)).line == pytest.approx(68.75)
    assert finished("deblur").line == 50


# --- what the board is told ------------------------------------------------------------------------------


@pytest.mark.parametrize("key", KEYS)
def test_the_board_lists_all_that_can_be_compared(key: str, server: ImageServer) -> None:
    outcome = finished(key)
    value = board_of(outcome, server)
    assert [each.key for each in value.methods] == [
        INPUT,
        RESULT,
        *(baseline.key for baseline in baselines_for(key)),
        ORIGINAL,
    ]
    assert {each.key for each in value.methods if each.view} == {INPUT, RESULT, ORIGINAL}
    run = outcome.restoration
    assert value.size == (run.picture.width, run.picture.height)
    assert (value.mask is not None) == TASKS[key].wants_mask
    for each in value.methods:
        if each.view:
            shown = np.asarray(Image.open(each.view.file.path))
            assert np.array_equal(shown, outcome.pictures[each.key].pixels), "small pictures are shown as they are"


def test_a_result_that_was_worked_on_is_compared_with_the_photo_as_it_was_opened(
    server: ImageServer, tmp_path: Path
) -> None:
    """Of any size, where it has the same proportions; what was scored is what came before: it is the input."""
    opened, outcome = photo(24, 32), finished("sr")
    result = Picture(np.zeros((96, 128, 3), np.uint8))
    here, other = (
        file_data(str(save_picture(each, tmp_path / name)))
        for each, name in ((opened, "first.png"), (photo(24, 24), "other.png"))
    )
    found = opened_before(MaskValue(first=here), result)
    assert found is not None and np.array_equal(found.pixels, opened.pixels)
    for lost in (None, file_data(str(tmp_path / "gone.png")), other):
        assert opened_before(MaskValue(first=lost), result) is None
    value = board_of(replace(outcome, opened=opened), server)
    assert [each.key for each in value.methods][:3] == [OPENED, INPUT, RESULT]
    assert value.methods[0].view is not None and value.methods[0].view.enlarged
    assert OPENED not in replace(outcome, opened=opened).unmeasured


def test_the_board_offers_other_networks_of_the_same_scale(server: ImageServer) -> None:
    networks = (choice("mine.safetensors"), choice("crisp.safetensors"), choice("double.pth", 2))
    outcome = replace(finished("sr"), networks=networks)
    titles = {each.key: each.title for each in methods(outcome)}
    assert titles[RESULT] == "DiffIR, mine" and titles["crisp.safetensors"] == "DiffIR, crisp"
    assert "double.pth" not in titles and "mine.safetensors" not in titles
    assert methods(replace(outcome, networks=networks[:1]))[1].title == "DiffIR"
    assert methods(replace(outcome, networks=networks[::2]))[1].title == "DiffIR, mine", (
        "another scale is a choice, too"
    )
    run = outcome.with_comparison("crisp.safetensors", Comparison(outcome.restoration.picture, 1.26))
    shown = next(each for each in board_of(run, server).methods if each.key == "crisp.safetensors")
    assert shown.view is not None and shown.time == "1.3 s"


def test_the_best_of_each_score_is_marked(server: ImageServer) -> None:
    outcome = finished("deblur").with_baseline("unsharp")
    outcome = outcome.scored(RESULT, {"psnr": 30.0, "st_lpips": 0.2}).scored("unsharp", {"psnr": 20.0, "st_lpips": 0.1})
    value = board_of(outcome, server)
    assert [column.title for column in value.columns] == ["PSNR, dB", "ST-LPIPS"]
    marks = {each.key: [found and (found.text, found.best) for found in each.scores] for each in value.methods}
    assert marks[RESULT] == [("30.00", True), ("0.200", False)] and marks["unsharp"] == [
        ("20.00", False),
        ("0.100", True),
    ]
    assert marks[INPUT] == [None, None]


def test_without_a_clean_photo_there_are_no_scores_but_a_hint(server: ImageServer) -> None:
    value = board_of(replace(finished("deblur"), reference=None), server)
    assert value.columns == [] and task_words("deblur").damage in value.notes[0]


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("psnr", float("inf"), "∞"),
        ("psnr_y", 27.306, "27.31"),
        ("ssim", 0.98765, "0.988"),
        ("st_lpips", 0.0123, "0.012"),
    ],
)
def test_scores_have_the_digits_that_papers_print(name: str, value: float, text: str) -> None:
    assert score_text(name, value) == text


# --- pictures for the page -------------------------------------------------------------------------------


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> Picture:
    """A picture that counts as large."""
    monkeypatch.setattr(files, "EXACT", 64 * 48 - 1)
    monkeypatch.setattr(files, "LONGEST", 16)
    return photo()


def test_a_picture_is_written_once_and_not_kept_alive(server: ImageServer, large: Picture) -> None:
    view = server.view(large)
    assert server.view(large) is view and view.token is not None
    assert Image.open(view.path).size == (view.width, view.height) == (16, 12)
    asked = Region(token=view.token, box=(0, 0, 1, 1), max_size=(64, 48))
    assert server.region(asked) is not None
    copy = Picture(large.pixels.copy())
    token = server.view(copy).token
    assert token is not None
    del copy
    gc.collect()
    assert server.region(Region(token=token, box=(0, 0, 1, 1), max_size=(64, 48))) is None


def test_a_region_is_exact_where_there_is_room(server: ImageServer, large: Picture) -> None:
    token = server.view(large).token
    assert token is not None
    found = server.region(Region(token=token, box=(0.26, 0.5, 0.5, 0.76), max_size=(100, 100)))
    assert found is not None
    png, box = found
    assert box == (16 / 64, 24 / 48, 32 / 64, 37 / 48), "whole pixels"
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png))), large.pixels[24:37, 16:32])
    reduced = server.region(Region(token=token, box=(0, 0, 1, 1), max_size=(32, 1000)))
    assert reduced is not None and Image.open(io.BytesIO(reduced[0])).size == (32, 24)
    assert server.region(Region(token=token, box=(0.5, 0.5, 0.5, 0.5), max_size=(9, 9))) is None
    assert server.region(Region(token="guessed", box=(0, 0, 1, 1), max_size=(9, 9))) is None


@pytest.mark.parametrize(
    "change",
    [{"box": (0, 0, 1, 2)}, {"box": (0, 0, 1)}, {"box": (0, float("nan"), 1, 1)}, {"token": "x" * 65}, {"room": "x"}],
)
def test_only_regions_of_the_picture_can_be_asked_for(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Region.model_validate({"token": "x", "box": (0, 0, 1, 1), "room": (9, 9)} | change)


def test_transparent_parts_lie_on_white(server: ImageServer) -> None:
    alpha = np.full((48, 64), 255, np.uint8)
    alpha[:, :10] = 0
    shown = np.asarray(Image.open(server.view(Picture(photo().pixels, alpha)).path))
    assert (shown[:, :10] == 255).all() and np.array_equal(shown[:, 10:], photo().pixels[:, 10:])


def test_the_masks_view_covers_the_hole(server: ImageServer) -> None:
    mask = np.zeros((48, 64), bool)
    mask[10:20, 30:40] = True
    assert np.array_equal(np.asarray(Image.open(server.mask(mask)))[..., 1] == 255, mask)


# --- likeness --------------------------------------------------------------------------------------------


def test_likeness_is_measured_for_all_that_has_scores() -> None:
    if perceptual.metric() is None:
        pytest.skip("stlpips-pytorch is not installed")
    outcome = finished("deblur").measure(RESULT).scored(ORIGINAL, {})
    outcome = perceptual.measured(outcome)
    assert outcome.measured[RESULT]["st_lpips"] > 0 and "st_lpips" not in outcome.measured[ORIGINAL]


def test_likeness_of_a_large_picture_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perceptual, "metric", lambda: object())
    monkeypatch.setattr(perceptual, "LARGEST", 0.001)
    with pytest.raises(InputError, match="megapixels"):
        perceptual.measured(finished("deblur").measure(RESULT))


# --- a result as it fills ----------------------------------------------------------------------------------


class Shown(CompareFeature):
    """Without components: an update is what it shows, and whether that was all of the page."""

    def __init__(self) -> None:
        """Nothing is laid out."""

    def _update_by(self, outcome: Outcome, first_whole: bool) -> dict[Any, Any]:
        return {"outcome": outcome, "all": first_whole}

    def seen(self, stages: Any) -> Iterator[tuple[str | None, bool]]:
        """(the file of the result, whether all of the page is renewed), for each update with a result."""
        for update in self._shown(stages):
            if "outcome" in update:
                yield update["outcome"].path, update["all"]


def filling(problem: Exception | None = None) -> Iterator[Any]:
    """The picture, its file, a baseline, the scores."""
    outcome = finished("deblur")
    yield replace(outcome, path=None)
    yield {}
    for path in ("a.png", "b.png"):
        yield replace(outcome, path=path)
        yield {}
    if problem:
        raise problem
    yield replace(outcome, path="c.png")


def test_a_small_result_comes_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare, "EARLY", 60.0)
    assert list(Shown().seen(filling())) == [("c.png", True)]


def test_of_a_slow_one_the_page_shows_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare, "EARLY", 0.0)
    shown = list(Shown().seen(filling()))
    assert shown == [(None, False), ("a.png", True), ("b.png", False), ("c.png", False)]


def test_a_result_is_shown_where_its_scores_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare, "EARLY", 60.0)
    shown = Shown().seen(filling(InputError("no score")))
    assert next(shown) == ("b.png", True)
    with pytest.raises(InputError, match="no score"):
        next(shown)
