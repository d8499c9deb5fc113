"""The timeline without a browser: what a run's record says, and what the page may ask of the panel."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from diffir_demo.errors import InputError
from diffir_demo.events import Event, Finished, Started
from diffir_demo.restoration import PriorStep
from diffir_demo.tasks import Request
from diffir_demo.trace import Trace
from diffir_demo.ui.component import words_of
from diffir_demo.ui.timeline import TimelineFeature, asked_numbers
from diffir_demo.ui.timeline.record import Record
from tests.test_stream import case
from tests.tiny import engine

WORDS = words_of("timeline")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))


def recorded(key: str = "deblur", **options: Any) -> Iterator[tuple[Event, Record]]:
    """A run's events, each with the record after it."""
    record = None
    for event in engine(key).stream(case(key), **options):
        record = Record(Trace.started(event)) if isinstance(event, Started) else record.after(event)  # pyright: ignore
        yield event, record


def last(key: str = "deblur", **options: Any) -> Record:
    return list(recorded(key, **options))[-1][1]


def test_the_value_is_text_and_plain_numbers() -> None:
    record = last()
    value, moments = record.value(), record.trace.timeline
    assert [row["title"] for row in value["rows"]] == ["Noise", "Step 1", "Step 2", "Step 3", "Step 4"]
    assert value["total"] == 5 and value["finished"] and value["bound"] == record.trace.bound
    for row, moment in zip(value["rows"], moments, strict=True):
        assert row["numbers"] == pytest.approx(moment.ipr.tolist(), abs=1e-4)
        assert dict(row["facts"])[WORDS.norm] == f"{moment.norm:.2f}"
        assert len(row["facts"]) == 5 and len(row["short"]) == 3, "the page keeps still"
        assert "–" not in row["label"]
    assert dict(value["rows"][2]["facts"])[WORDS.change] == f"{moments[2].change:.2f}"
    assert dict(value["rows"][4]["facts"])[WORDS.cosine] == "1.000"
    assert value["rows"][4]["distance"] == WORDS.is_result and value["rows"][1]["distance"] == ""
    json.dumps(value)


def test_an_event_adds_a_few_kilobytes() -> None:
    """Gradio sends what changed: the new row, and the cosines once the last step is there."""
    sizes = [
        len(json.dumps(record.value()["rows"][-1]))
        for event, record in recorded(previews=True)
        if isinstance(event, Started | PriorStep | Finished)
    ]
    assert len(sizes) == 6 and max(sizes) < 6000


def test_pictures_are_files_without_loss(tmp_path: Path) -> None:
    record = last(previews=True)
    assert sorted(record.files) == [1, 2, 3, 4] and record.value()["rows"][0]["picture"] is None
    for number, file in record.files.items():
        assert Path(file["path"]).is_relative_to(tmp_path) and file["meta"] == {"_type": "gradio.FileData"}
        with Image.open(file["path"]) as image:
            assert np.array_equal(np.asarray(image), record.trace.pictures[number].pixels)


def test_previews_show_before_the_result_is_there() -> None:
    event, record = next((event, record) for event, record in recorded(previews=True) if isinstance(event, PriorStep))
    row = record.value()["rows"][1]
    assert row["picture"] and row["distance"] == "" and not record.value()["finished"]
    assert "runs on 256 numbers" in record.value()["sentence"]


def test_a_picture_painted_afterwards_is_measured_and_said_honestly() -> None:
    record = last("inpaint")
    run = record.restoration
    noise = engine("inpaint").restore(run.request, ipr=record.trace.noise).picture
    row = record.painted(0, noise).value()["rows"][0]
    difference = record.trace.with_picture(0, noise).timeline[0].difference
    assert f"{difference:.2f} of 255 levels" in row["distance"] and "inside the hole" in row["distance"]
    assert record.painted(1, run.picture).value()["rows"][1]["distance"] == WORDS.same_result
    slightly = run.picture.with_pixels(run.picture.pixels ^ 1)
    assert WORDS.hardly in record.painted(1, slightly).value()["rows"][1]["distance"]


def test_the_cost_is_told_in_words_and_for_engineers() -> None:
    record = last()
    assert "4 steps on 256 numbers" in record.value()["sentence"] and record.value()["details"] == []
    counted = replace(record, cost=engine("deblur").cost(record.restoration))
    assert counted.value()["sentence"].startswith("Diffusion: 0.79 million multiplications in")
    assert "times as many" in counted.value()["sentence"]
    details = " ".join(counted.value()["details"])
    assert "56 × 40 pixels, padded to 64 × 48" in details and "4 steps at 196,864 MACs" in details
    assert "37.25 × 10¹²" in details and "not measured here" in details
    assert WORDS.once in details
    assert WORDS.often.format(count=2) in counted.painted(1, record.restoration.picture).value()["details"]


def test_a_run_whose_numbers_were_given_claims_no_diffusion() -> None:
    record = last(ipr=np.zeros(256, np.float32))
    value = replace(record, cost=engine("deblur").cost(record.restoration)).value()
    assert "no diffusion ran" in value["sentence"] and len(value["rows"]) == 1
    assert not any("Denoiser" in text for text in value["details"])


# --- what the page may ask -------------------------------------------------------------------------------


def test_only_steps_without_a_picture_are_painted() -> None:
    record = last()
    assert asked_numbers(record, {"number": None, "noise": False}) == [1, 2, 3]
    assert asked_numbers(record, {"number": None, "noise": True}) == [0, 1, 2, 3]
    assert asked_numbers(record, {"number": 0}) == [0]
    assert asked_numbers(record, {"number": 4}) == [], "the result is there already"


@pytest.mark.parametrize("data", [{"number": 5}, {"number": -1}, {"number": "1"}, {"number": True}, {"number": 1.0}])
def test_other_steps_are_refused(data: dict[str, object]) -> None:
    with pytest.raises(InputError, match="no such step"):
        asked_numbers(last(), data)


@pytest.mark.parametrize("data", [None, "paint", []])
def test_whatever_else_comes_means_all_steps(data: object) -> None:
    assert asked_numbers(last(), data) == [1, 2, 3]


class AppState:
    """Stands for the app's: one tiny network, whose runs are counted."""

    def __init__(self) -> None:
        self.engine_of_run, self.asked = engine("deblur"), list[np.ndarray]()

    def run(self, task: Any, request: Request, path: str) -> Iterator[Event]:
        self.asked.append(np.array(request.settings.ipr, np.float32))
        yield from self.engine_of_run.stream(request)


@pytest.fixture
def panel() -> TimelineFeature:
    """Without its components: what they are called is enough."""
    made = object.__new__(TimelineFeature)
    made.state, made.task = AppState(), "deblur"  # pyright: ignore
    made.shared = SimpleNamespace(status="status", handle="run handle")  # pyright: ignore
    made.timeline, made.record, made.file = "timeline", "record", "file"  # pyright: ignore
    return made


def asked(**data: object) -> Any:
    return SimpleNamespace(_data=data)


def test_painting_uses_the_numbers_of_the_run_and_tells_how_far_it_is(panel: TimelineFeature) -> None:
    record, outcome = last(), SimpleNamespace(weights="tiny", name="walk.jpg")
    updates = list(panel.paint(record, outcome, asked(number=None, noise=True)))  # pyright: ignore
    found = [update["record"] for update in updates if "record" in update]  # pyright: ignore
    assert [sorted(each.files) for each in found] == [[0, 4], [0, 1, 4], [0, 1, 2, 4], [0, 1, 2, 3, 4]]
    numbers = record.trace.array()
    assert np.array_equal(np.stack(panel.state.asked), numbers[:4])  # pyright: ignore
    direct = engine("deblur").restore(record.restoration.request, ipr=numbers[1])
    assert np.array_equal(found[-1].trace.pictures[1].pixels, direct.picture.pixels)
    busy = [update["timeline"]["busy"] for update in updates]  # pyright: ignore
    assert busy[0] == WORDS.preparing and busy[-1] == ""
    assert any(text.startswith("Painting step 1 (2 of 4): ") for text in busy)


def test_what_is_painted_already_keeps_nobody_waiting(panel: TimelineFeature) -> None:
    updates = list(panel.paint(last(), SimpleNamespace(weights="tiny", name=""), asked(number=4)))  # pyright: ignore
    assert [update["timeline"]["busy"] for update in updates] == [WORDS.preparing, ""]  # pyright: ignore
    assert panel.state.asked == []  # pyright: ignore


def test_painting_ends_where_it_is_told_to(panel: TimelineFeature) -> None:
    updates = panel.paint(last(), SimpleNamespace(weights="tiny", name=""), asked(number=None))  # pyright: ignore
    stop = next(updates)["run handle"]  # pyright: ignore
    next(updates)
    stop.set()
    assert list(updates) == [{"timeline": None, "record": None}], "what is sent last stays on the page"


def test_nothing_is_painted_for_a_photo_that_is_gone(panel: TimelineFeature) -> None:
    assert list(panel.paint(None, None, asked(number=1))) == []  # pyright: ignore


@pytest.mark.parametrize("suffix", [".gif", ".png", ".npy"])
def test_saving_names_the_file_after_the_photo(suffix: str, panel: TimelineFeature) -> None:
    outcome = SimpleNamespace(weights="tiny", name="my walk.jpg")
    *_, update = panel.save(last(), outcome, asked(suffix=suffix))  # pyright: ignore
    path = Path(update["file"])  # pyright: ignore
    assert path.name == f"my walk-diffusion{suffix}"
    if suffix == ".npy":
        assert np.load(BytesIO(path.read_bytes())).shape == (5, 256)


@pytest.mark.parametrize("data", [{"suffix": "/etc/passwd"}, {"suffix": None}, {}])
def test_only_the_three_formats_are_written(data: dict[str, object], panel: TimelineFeature) -> None:
    raw = TimelineFeature.save.__wrapped__  # pyright: ignore  # without the toast, which needs a page
    with pytest.raises(InputError, match="GIF, PNG or NPY"):
        list(raw(panel, last(), SimpleNamespace(weights="", name=""), asked(**data)))
    with pytest.raises(InputError, match="no diffusion to save"):
        list(raw(panel, None, None, asked(suffix=".gif")))
