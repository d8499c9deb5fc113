"""What the lab's page is made of, without a browser: the value that travels, texts, teachers in the folder."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from diffir_demo.errors import WeightsError
from diffir_demo.imaging import Picture
from diffir_demo.tasks import TASKS, Case, Request
from diffir_demo.tick import streamed
from diffir_demo.ui.lab import figures
from diffir_demo.ui.lab.donor import _stretched
from diffir_demo.ui.lab.editor import MOST, IprEditor, IprNumbers
from diffir_demo.ui.state import AppState
from diffir_demo.weights import save
from tests.tiny import network, teacher


def test_numbers_travel_exactly() -> None:
    ipr = np.random.default_rng(0).normal(size=256).astype(np.float32)
    value = IprNumbers.of(ipr)
    sent = IprNumbers.model_validate_json(value.model_dump_json())
    assert np.array_equal(np.asarray(sent.numbers, np.float32), ipr) and sent.own == sent.numbers
    assert IprNumbers.of(ipr, ipr * 1e6).numbers[0] == np.sign(ipr[0]) * 1000


@pytest.mark.parametrize("bad", ["NaN", "Infinity", "1e9", '"1"', "null", "[1]"])
def test_numbers_that_no_page_sends_are_refused(bad: str) -> None:
    with pytest.raises(ValidationError):
        IprNumbers.model_validate_json(f'{{"numbers": [0.5, {bad}]}}', strict=True)
    with pytest.raises(ValidationError):
        IprNumbers(numbers=[0.0] * (MOST + 1))


def test_the_schema_tells_programs_what_is_allowed() -> None:
    schema = IprEditor(render=False).api_info()
    assert schema["properties"]["numbers"]["items"] == {"maximum": 1000.0, "minimum": -1000.0, "type": "number"}


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0 %"), (0.0093, "0.93 %"), (0.277, "28 %"), (0.05, "5.0 %"), (1.0, "100 %"), (9.0, "900 %")],
)
def test_shares_are_told_with_the_digits_they_have(share: float, text: str) -> None:
    assert figures.percent(share) == text


def test_figures_escape_what_comes_from_files() -> None:
    name = "<img src=x onerror=alert(1)>"
    picture = Picture(np.zeros((4, 4, 3), np.uint8))
    for html in (
        figures.sentence(name),
        figures.details(name),
        figures.shots((name, picture)),
        figures.table([name], [[name], [figures.Bar(name, 0.5)]]),
        figures.dots(np.ones(4), np.zeros(4), name),
    ):
        assert "<img src=x" not in html and "&lt;img" in html


def test_a_plot_holds_every_number() -> None:
    mean = np.array([1.0, -1.0, 0.0])
    html = figures.band(mean, mean - 0.1, mean + 0.1, "three")
    assert 'viewBox="0 0 3 100"' in html and "−1.10 … +1.10" in html
    assert html.count("M0.5,50V") == 1 and html.count("M1.5,50V") == 1


def test_a_thin_hole_survives_being_stretched() -> None:
    mask = np.zeros((100, 100), bool)
    mask[50, 20:80] = True
    assert _stretched(mask, 10, 20).any() and _stretched(mask, 10, 20).shape == (10, 20)
    assert _stretched(mask, 200, 200).sum() == 4 * mask.sum()


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppState:
    """A folder with one network and one teacher."""
    save(tmp_path / "compact-deblur.safetensors", network("deblur"), task="deblur", provenance="untrained", name="tiny")
    save(tmp_path / "a.safetensors", teacher("deblur"), task="deblur", provenance="untrained", name="tiny")
    monkeypatch.setenv("DIFFIR_CHECKPOINTS", str(tmp_path))
    return AppState("cpu", "fp32")


def test_teachers_are_told_from_networks(studio: AppState, tmp_path: Path) -> None:
    task = TASKS["deblur"]
    assert [each.key for each in studio.teachers_for(task)] == ["a.safetensors"]
    assert {Path(each.path).name for each in studio.weights_for(task)} == {"compact-deblur.safetensors"}
    assert studio.teachers_for(TASKS["sr"]) == []
    mine = studio.own_teacher(str(tmp_path / "a.safetensors"), task)
    assert mine.key.startswith("own:")
    with pytest.raises(WeightsError, match="teacher of stage 1 was asked for"):
        studio.own_teacher(str(tmp_path / "compact-deblur.safetensors"), task)
    with pytest.raises(WeightsError, match="no longer there"):
        list(studio.consult(task, str(tmp_path / "gone.safetensors"), Case(Request(_grey()), _grey())))


def test_a_consulted_teacher_gives_the_device_back(studio: AppState, tmp_path: Path) -> None:
    case = Case(Request(_grey()), _grey())
    ask = partial(studio.consult, TASKS["deblur"], str(tmp_path / "a.safetensors"), case)
    asked = streamed(ask)
    assert 0 < next(asked) < 1
    asked.close()
    assert list(streamed(ask))[-1] == 1


def _grey() -> Picture:
    return Picture(np.full((32, 48, 3), 90, np.uint8))
