"""The timeline without a browser: what a run's film says, and what the page may ask of the panel."""

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
from diffir_demo.events import Event, Finished, PriorStep, Started
from diffir_demo.restore import restore, stream
from diffir_demo.trace import Trace
from diffir_demo.ui.film import Film
from diffir_demo.ui.panels.inside import InsidePanel, _asked_numbers
from diffir_demo.ui.words import inside as words
from tests.test_stream import case
from tests.tiny import engine


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))


def filmed(key: str = "deblur", **options: Any) -> Iterator[tuple[Event, Film]]:
    """A run's events, each with the film after it."""
    film = None
    for event in stream(key, case(key), engine(key), **options):
        film = Film(Trace.started(event)) if isinstance(event, Started) else film.after(event)  # pyright: ignore
        yield event, film


def last(key: str = "deblur", **options: Any) -> Film:
    return list(filmed(key, **options))[-1][1]


def test_the_value_is_text_and_plain_numbers() -> None:
    film = last()
    value, moments = film.value(), film.trace.moments
    assert [row["title"] for row in value["rows"]] == ["Noise", "Step 1", "Step 2", "Step 3", "Step 4"]
    assert value["total"] == 5 and value["finished"] and value["bound"] == film.trace.bound
    for row, moment in zip(value["rows"], moments, strict=True):
        assert row["numbers"] == pytest.approx(moment.ipr.tolist(), abs=1e-4)
        assert dict(row["facts"])[words.NORM] == f"{moment.norm:.2f}"
        assert len(row["facts"]) == 5 and len(row["short"]) == 3, "the page keeps still"
        assert "–" not in row["label"]
    assert dict(value["rows"][2]["facts"])[words.CHANGE] == f"{moments[2].change:.2f}"
    assert dict(value["rows"][4]["facts"])[words.COSINE] == "1.000"
    assert value["rows"][4]["apart"] == words.IS_RESULT and value["rows"][1]["apart"] == ""
    json.dumps(value)


def test_an_event_adds_a_few_kilobytes() -> None:
    """Gradio sends what changed: the new row, and the cosines once the last step is there."""
    sizes = [
        len(json.dumps(film.value()["rows"][-1]))
        for event, film in filmed(previews=True)
        if isinstance(event, Started | PriorStep | Finished)
    ]
    assert len(sizes) == 6 and max(sizes) < 6000


def test_pictures_are_files_without_loss(tmp_path: Path) -> None:
    film = last(previews=True)
    assert sorted(film.files) == [1, 2, 3, 4] and film.value()["rows"][0]["picture"] is None
    for number, file in film.files.items():
        assert Path(file["path"]).is_relative_to(tmp_path) and file["meta"] == {"_type": "gradio.FileData"}
        with Image.open(file["path"]) as image:
            assert np.array_equal(np.asarray(image), film.trace.pictures[number].pixels)


def test_previews_show_before_the_result_is_there() -> None:
    event, film = next((event, film) for event, film in filmed(previews=True) if isinstance(event, PriorStep))
    row = film.value()["rows"][1]
    assert row["picture"] and row["apart"] == "" and not film.value()["finished"]
    assert "runs on 256 numbers" in film.value()["sentence"]


def test_a_picture_painted_afterwards_is_measured_and_said_honestly() -> None:
    film = last("inpaint")
    run = film.restoration
    noise = restore("inpaint", run.request, engine("inpaint"), ipr=film.trace.noise).picture
    row = film.painted(0, noise).value()["rows"][0]
    difference = film.trace.painted(0, noise).moments[0].difference
    assert f"{difference:.2f} of 255 levels" in row["apart"] and "inside the hole" in row["apart"]
    assert film.painted(1, run.picture).value()["rows"][1]["apart"] == words.SAME_RESULT
    slightly = run.picture.with_pixels(run.picture.pixels ^ 1)
    assert words.HARDLY in film.painted(1, slightly).value()["rows"][1]["apart"]


def test_the_cost_is_told_in_words_and_for_engineers() -> None:
    film = last()
    assert "4 steps on 256 numbers" in film.value()["sentence"] and film.value()["details"] == []
    counted = replace(film, cost=engine("deblur").cost(film.restoration))
    assert counted.value()["sentence"].startswith("Diffusion: 0.79 million multiplications in")
    assert "times as many" in counted.value()["sentence"]
    details = " ".join(counted.value()["details"])
    assert "56 × 40 pixels, padded to 64 × 48" in details and "4 steps at 196,864 MACs" in details
    assert "37.25 × 10¹²" in details and "not measured here" in details
    assert words.ONCE in details
    assert words.OFTEN.format(count=2) in counted.painted(1, film.restoration.picture).value()["details"]


def test_a_run_whose_numbers_were_given_claims_no_diffusion() -> None:
    film = last(ipr=np.zeros(256, np.float32))
    value = replace(film, cost=engine("deblur").cost(film.restoration)).value()
    assert "no diffusion ran" in value["sentence"] and len(value["rows"]) == 1
    assert not any("Denoiser" in text for text in value["details"])


# --- what the page may ask -------------------------------------------------------------------------------


def test_only_steps_without_a_picture_are_painted() -> None:
    film = last()
    assert _asked_numbers(film, {"number": None, "noise": False}) == [1, 2, 3]
    assert _asked_numbers(film, {"number": None, "noise": True}) == [0, 1, 2, 3]
    assert _asked_numbers(film, {"number": 0}) == [0]
    assert _asked_numbers(film, {"number": 4}) == [], "the result is there already"


@pytest.mark.parametrize("data", [{"number": 5}, {"number": -1}, {"number": "1"}, {"number": True}, {"number": 1.0}])
def test_other_steps_are_refused(data: dict[str, object]) -> None:
    with pytest.raises(InputError, match="no such step"):
        _asked_numbers(last(), data)


@pytest.mark.parametrize("data", [None, "paint", []])
def test_whatever_else_comes_means_all_steps(data: object) -> None:
    assert _asked_numbers(last(), data) == [1, 2, 3]


class Studio:
    """Stands for the app's: one tiny network, whose runs are counted."""

    def __init__(self) -> None:
        self.engine_of_run, self.asked = engine("deblur"), list[np.ndarray]()

    def run(self, task: Any, request: Any, path: str, previews: bool, ipr: np.ndarray) -> Iterator[Event]:
        self.asked.append(ipr)
        yield from stream(task, request, self.engine_of_run, previews=previews, ipr=ipr)


@pytest.fixture
def panel() -> InsidePanel:
    """Without its components: what they are called is enough."""
    made = object.__new__(InsidePanel)
    made.studio, made.task = Studio(), "deblur"  # pyright: ignore
    made.tab = SimpleNamespace(running=SimpleNamespace(status="status", stop="running stop"))  # pyright: ignore
    made.timeline, made.film, made.file = "timeline", "film", "file"  # pyright: ignore
    return made


def asked(**data: object) -> Any:
    return SimpleNamespace(_data=data)


def test_painting_uses_the_numbers_of_the_run_and_tells_how_far_it_is(panel: InsidePanel) -> None:
    film, outcome = last(), SimpleNamespace(weights="tiny", name="walk.jpg")
    updates = list(panel.paint(film, outcome, asked(number=None, noise=True)))  # pyright: ignore
    found = [update["film"] for update in updates if "film" in update]  # pyright: ignore
    assert [sorted(each.files) for each in found] == [[0, 4], [0, 1, 4], [0, 1, 2, 4], [0, 1, 2, 3, 4]]
    numbers = film.trace.array()
    assert np.array_equal(np.stack(panel.studio.asked), numbers[:4])  # pyright: ignore
    direct = restore("deblur", film.restoration.request, engine("deblur"), ipr=numbers[1])
    assert np.array_equal(found[-1].trace.pictures[1].pixels, direct.picture.pixels)
    busy = [update["timeline"]["busy"] for update in updates]  # pyright: ignore
    assert busy[0] == words.PREPARING and busy[-1] == ""
    assert any(text.startswith("Painting step 1 (2 of 4): ") for text in busy)


def test_what_is_painted_already_keeps_nobody_waiting(panel: InsidePanel) -> None:
    updates = list(panel.paint(last(), SimpleNamespace(weights="tiny", name=""), asked(number=4)))  # pyright: ignore
    assert [update["timeline"]["busy"] for update in updates] == [words.PREPARING, ""]  # pyright: ignore
    assert panel.studio.asked == []  # pyright: ignore


def test_painting_ends_where_it_is_told_to(panel: InsidePanel) -> None:
    updates = panel.paint(last(), SimpleNamespace(weights="tiny", name=""), asked(number=None))  # pyright: ignore
    stop = next(updates)["running stop"]  # pyright: ignore
    next(updates)
    stop.set()
    assert list(updates) == [{"timeline": None, "film": None}], "what is sent last stays on the page"


def test_nothing_is_painted_for_a_photo_that_is_gone(panel: InsidePanel) -> None:
    assert list(panel.paint(None, None, asked(number=1))) == []  # pyright: ignore


@pytest.mark.parametrize("suffix", [".gif", ".png", ".npy"])
def test_saving_names_the_file_after_the_photo(suffix: str, panel: InsidePanel) -> None:
    outcome = SimpleNamespace(weights="tiny", name="my walk.jpg")
    *_, update = panel.save(last(), outcome, asked(suffix=suffix))  # pyright: ignore
    path = Path(update["file"])  # pyright: ignore
    assert path.name == f"my walk-diffusion{suffix}"
    if suffix == ".npy":
        assert np.load(BytesIO(path.read_bytes())).shape == (5, 256)


@pytest.mark.parametrize("data", [{"suffix": "/etc/passwd"}, {"suffix": None}, {}])
def test_only_the_three_formats_are_written(data: dict[str, object], panel: InsidePanel) -> None:
    raw = InsidePanel.save.__wrapped__  # pyright: ignore  # without the toast, which needs a page
    with pytest.raises(InputError, match="GIF, PNG or NPY"):
        list(raw(panel, last(), SimpleNamespace(weights="", name=""), asked(**data)))
    with pytest.raises(InputError, match="no diffusion to save"):
        list(raw(panel, None, None, asked(suffix=".gif")))
