"""The training commands from photos to weight files: stages, campaign, ablations, and what wrong options are told."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from diffir_demo.errors import InputError
from diffir_demo.imaging import Picture
from diffir_demo.model import Teacher
from diffir_demo.tasks import TASKS
from diffir_demo.training.__main__ import main
from diffir_demo.training.data import photo_files
from diffir_demo.training.init_from import InitFrom
from diffir_demo.training.runs import Plan, init
from diffir_demo.weights import annotate, inspect, load
from tests.test_training import photos, ticking, tiny_task

__all__ = ["ticking"]  # pytest finds the fixture by its name here


@pytest.fixture
def folder_of_photos(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    for i, pixels in enumerate(photos()):
        Image.fromarray(pixels).save(tmp_path / "data" / f"{i}.png")
    return tmp_path / "data"


def common(data: Path, minutes: float) -> list[str]:
    small = "--patch 32 --batch 2 --device cpu --prior-only 0.3"
    return f"--data {data} --validation {data} --minutes {minutes} {small}".split()


def test_the_commands_lead_from_photos_to_a_weight_file(
    tmp_path: Path,
    folder_of_photos: Path,
    ticking: dict,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Stage 1, stage 2 validated through restore(), export: the file loads and tells its history."""
    monkeypatch.setitem(TASKS, "sr", tiny_task("sr"))
    options = common(folder_of_photos, 6 / 60)
    runs = [str(tmp_path / name) for name in ("s1", "s2")]
    assert main(["sr", "--stage", "1", *options, "--out", runs[0]]) == 0
    assert main(["sr", "--stage", "2", *options, "--out", runs[1], "--teacher", runs[0]]) == 0
    assert main(["sr", "--stage", "2", *options, "--out", str(tmp_path / "s3")]) == 2
    assert "Stage 2 learns from a teacher" in capsys.readouterr().err
    assert main(["sr", "--stage", "2", *options, "--out", str(tmp_path / "s3"), "--teacher", runs[1]]) == 2
    assert "'s2' is of sr, stage 2; sr, stage 1 is needed" in capsys.readouterr().err
    alone = ["sr", "--stage", "2", *options, "--out", str(tmp_path / "s2b"), "--start", runs[1]]
    assert main([*alone, "--prior-only", "0.1"]) == 2
    assert "Without a teacher there is only the picture" in capsys.readouterr().err
    assert main([*alone, "--prior-only", "0"]) == 0
    file = tmp_path / "weights.safetensors"
    note = '{"data": "three squares"}'
    assert main(["export", "--run", runs[0], "--run", runs[1], "--out", str(file), "--note", note]) == 0
    assert main(["curves", "--run", runs[0], "--run", runs[1], "--out", str(tmp_path / "curves.png")]) == 0
    assert Image.open(tmp_path / "curves.png").size == (960, 720)
    info = inspect(file)
    steps = [torch.load(f"{run}/state.pt", weights_only=True)["progress"]["step"] for run in runs]
    assert info.task == "sr" and info.training["steps"] == sum(steps) and info.training["data"] == "three squares"
    assert [each["stage"] for each in info.training["runs"]] == [1, 2]
    assert f"{sum(steps):,}" in info.badge
    assert not isinstance(load(file, task="sr").model, Teacher)
    assert Image.open(Path(runs[1]) / "progress.png").width > 600
    history = [json.loads(line) for line in (Path(runs[1]) / "history.jsonl").read_text().splitlines()]
    assert history[0]["step"] == 0 and "psnr_y" in history[-1]
    # Another road begins at that file: its record is carried on, but not what was read off the old IPR.
    annotate(file, file, {"directions": {"names": ["noise"]}})
    again, more = str(tmp_path / "again"), tmp_path / "more.safetensors"
    assert main(["sr", "--stage", "1", *options, "--out", again, "--start", str(file)]) == 0
    assert main(["export", "--run", again, "--out", str(more), "--before", str(file)]) == 0
    assert inspect(more).training["steps"] > sum(steps) and len(inspect(more).training["runs"]) == 3
    assert "directions" in inspect(file).training and "directions" not in inspect(more).training
    # Two networks of one kind blend; of different kinds they do not.
    mixed, pure = tmp_path / "mixed.safetensors", tmp_path / "pure.safetensors"
    blend = ["export", "--run", runs[1], "--out", str(mixed), "--blend", str(file), "--share", "0.25"]
    assert main(["export", "--run", runs[1], "--out", str(pure)]) == 0 and main(blend) == 0
    states = [load(each).model.state_dict() for each in (mixed, pure, file)]
    for name, value in states[0].items():
        assert torch.allclose(value, 0.25 * states[1][name] + 0.75 * states[2][name], atol=2e-3)
    assert inspect(mixed).training["blend"] == {"with": inspect(file).fingerprint, "share": 0.25}
    assert main(["export", "--run", runs[0], "--out", str(mixed), "--blend", str(file)]) == 2
    assert "another network" in capsys.readouterr().err


def test_a_campaign_keeps_its_budget_and_leaves_weight_files(
    tmp_path: Path, folder_of_photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TASKS, "deblur", tiny_task("deblur"))
    command = ["campaign", "--tasks", "deblur", "--out", str(tmp_path / "out"), *common(folder_of_photos, 0.7)]
    began = time.monotonic()
    assert main(command) == 0
    assert 12 < time.monotonic() - began < 120  # what the clock of a busy machine adds is no training
    restoring, teacher = (inspect(tmp_path / "out" / f"{name}-deblur.safetensors") for name in ("compact", "teacher"))
    assert (restoring.stage, restoring.task) == (2, "deblur") and teacher.stage == 1
    assert restoring.training["steps"] > teacher.training["steps"] > 0
    steps = restoring.training["steps"]
    assert main(command) == 0  # all of it is done already
    assert inspect(tmp_path / "out" / "compact-deblur.safetensors").training["steps"] == steps


def test_a_campaign_s_stages_build_on_one_another(tmp_path: Path) -> None:
    """Each goes on from the one before it, or else from the files it is given."""
    task, shipped = TASKS["sr"], tmp_path / "shipped"
    shipped.mkdir()
    for name in ("compact-sr.safetensors", "teacher-sr.safetensors"):
        (shipped / name).touch()

    def plan(*stages: int) -> Plan:
        return Plan((task,), stages, 1.0, tmp_path, start=shipped)

    compact, teacher = shipped / "compact-sr.safetensors", shipped / "teacher-sr.safetensors"
    assert init(plan(1, 2, 3), task, 1) == InitFrom(start=compact)
    assert init(plan(1, 2, 3), task, 2) == InitFrom(teacher=tmp_path / "sr-s1")
    assert init(plan(1, 2, 3), task, 3) == InitFrom(teacher=tmp_path / "sr-s1", start=tmp_path / "sr-s2")
    assert init(plan(2), task, 2) == InitFrom(teacher=teacher, start=compact)
    assert init(plan(3), task, 3) == InitFrom(teacher=teacher, start=compact)


def test_throughput_and_ablations_make_tables(
    tmp_path: Path,
    folder_of_photos: Path,
    ticking: dict,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(TASKS, "sr", tiny_task("sr"))
    assert main(["throughput", "sr", *common(folder_of_photos, 1)]) == 0
    table = capsys.readouterr().out.splitlines()
    cells = [cell.strip() for cell in table[-1 if table[-1] else -2].strip("| ").split("|")]
    assert cells[:2] == ["32", "2"] and all(float(cell) > 0 for cell in cells[2:5])
    assert sum(int(cell.rstrip("%")) for cell in cells[5:]) == pytest.approx(100, abs=3)

    from tools.training import ablations

    monkeypatch.setattr(ablations, "LEARNING", {"base": {}, "softer": {"pixel_loss": "charbonnier"}})
    command = ["ablate", "sr", "--question", "learning", "--out", str(tmp_path), *common(folder_of_photos, 6 / 60)]
    assert main(command) == 0
    table = capsys.readouterr().out
    assert "| base |" in table and "| softer |" in table and "| +0.00 |" in table
    ticking["stop_after"] = 0  # what is known is not trained again
    assert main(command) == 0 and capsys.readouterr().out.strip().splitlines()[-1] == table.strip().splitlines()[-1]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--patch", "40"], "multiples of 32"),
        (["--patch", "32", "64"], "2 phases"),
        (["--data", "nowhere"], "there is no 'nowhere'"),
    ],
)
def test_wrong_options_are_explained(
    tmp_path: Path, folder_of_photos: Path, capsys: pytest.CaptureFixture[str], options: list[str], sentence: str
) -> None:
    assert main(["sr", *common(folder_of_photos, 1), "--out", str(tmp_path / "run"), *options]) == 2
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_folder_without_photos_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no photos"):
        photo_files(tmp_path)


def test_a_clean_picture_is_needed_to_damage_one() -> None:
    with pytest.raises(InputError, match="needs more"):
        TASKS["sr"].degrade(Picture(np.zeros((3, 9, 3), np.uint8)), np.random.default_rng(0))
