"""What a run shows: rows on the disk at once, a sheet that is whole or not there, a resumed run without doubles."""

from __future__ import annotations

import builtins
import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from diffir_demo.training.progress import MOST_POINTS, Monitor, Sample, crop, points, save_sheet
from tests.pictures import noise


def row(step: int, **values: float) -> dict[str, float]:
    return {"step": step, "minutes": step / 10, "pixels": 1 / (step + 1), **values}


def sample(height: int = 64, width: int = 80, scale: int = 4) -> Sample:
    truth = noise(height, width)
    return truth[::scale, ::scale], truth // 2, truth


def lines(folder: Path) -> list[dict[str, float | None]]:
    return [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]


def test_every_row_is_on_the_disk_at_once(tmp_path: Path) -> None:
    with Monitor(tmp_path, "sr", {"stage": 2, "patch": (64, 96)}, headline="psnr_y") as monitor:
        for step in range(3):
            monitor.add(row(step))
            assert lines(tmp_path)[-1] == row(step)
        monitor.add(row(3, psnr_y=float("inf")))
    assert lines(tmp_path)[-1]["psnr_y"] is None  # JSON has no infinity
    assert json.loads((tmp_path / "config.json").read_text()) == {"stage": 2, "patch": [64, 96]}


def test_rows_that_a_kill_undid_are_gone_after_resuming(tmp_path: Path) -> None:
    with Monitor(tmp_path, "sr", {}, headline="psnr_y") as monitor:
        for step in range(5):
            monitor.add(row(step))
    with (tmp_path / "history.jsonl").open("a") as file:
        file.write('{"step": 5, "minu')  # killed while writing
    with Monitor(tmp_path, "sr", {}, headline="psnr_y") as monitor:
        monitor.add(row(3, psnr_y=20.0))
        monitor.add(row(3))
    assert [line["step"] for line in lines(tmp_path)] == [0, 1, 2, 3, 3]
    assert lines(tmp_path)[3]["psnr_y"] == 20.0
    assert [row["step"] for row in monitor.history] == [0, 1, 2, 3, 3]


def test_it_works_without_tensorboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = builtins.__import__

    def without(name: str, *arguments: object, **options: object) -> object:
        if "tensorboard" in name:
            raise ImportError(name)
        return plain(name, *arguments, **options)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(builtins, "__import__", without)
    with Monitor(tmp_path, "sr", {}, headline="psnr_y") as monitor:
        monitor.add(row(1))
        monitor.sheet([])
    assert sorted(file.name for file in tmp_path.iterdir()) == ["config.json", "history.jsonl", "progress.png"]


def test_tensorboard_reads_the_events(tmp_path: Path) -> None:
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator", reason="an extra")
    with Monitor(tmp_path, "sr", {}, headline="psnr_y") as monitor:
        monitor.add(row(1))
        monitor.add(row(2, psnr_y=20.0))
    events = reader.EventAccumulator(str(tmp_path))
    events.Reload()
    assert [(e.step, round(e.value, 4)) for e in events.Scalars("loss/pixels")] == [(1, 0.5), (2, 0.3333)]
    assert [e.value for e in events.Scalars("run/psnr_y")] == [20.0]


def test_the_sheet_shows_the_crops_pixel_for_pixel(tmp_path: Path) -> None:
    shown = sample()
    with Monitor(tmp_path, "sr", {"stage": 3}, headline="psnr_y") as monitor:
        for step in range(4):
            monitor.add(row(step, psnr_y=20.0 + step, st_lpips=0.3, perceptual=1.0, rollbacks=0.0))
        path = monitor.sheet([shown] * 4)
    sheet = np.asarray(Image.open(path).convert("RGB"))
    for picture in crop(shown):
        assert contains(sheet, picture)


def contains(sheet: np.ndarray, picture: np.ndarray) -> bool:
    height, width = picture.shape[:2]
    corners = np.argwhere((sheet[: 1 - height, : 1 - width] == picture[0, 0]).all(axis=2))
    return any(np.array_equal(sheet[y : y + height, x : x + width], picture) for y, x in corners)


def test_the_crop_is_taken_where_the_damage_is() -> None:
    truth = np.full((300, 400, 3), 90, np.uint8)
    damaged = truth.copy()
    damaged[200:220, 300:330] = 0
    cut, _, whole = crop((damaged, truth, truth))
    assert cut.shape == whole.shape == (192, 192, 3)
    assert (cut == 0).sum() == 20 * 30 * 3


def test_a_sheet_that_fails_leaves_the_former_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "progress.png"
    save_sheet([row(1)], "psnr_y", [sample()], "first", path)
    before = path.read_bytes()

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            save_sheet([row(1), row(2)], "psnr_y", [], "second", path)
    assert path.read_bytes() == before
    save_sheet([row(1), row(2)], "psnr_y", [], "second", path)
    assert path.read_bytes() != before and not list(path.parent.glob(".*.part"))


def test_an_empty_history_is_drawn_too(tmp_path: Path) -> None:
    save_sheet([], "psnr_y", [sample()], "nothing yet", tmp_path / "a.png")
    assert Image.open(tmp_path / "a.png").width == 1280


def test_long_curves_are_averaged() -> None:
    history = [row(step, ipr=float(step % 2)) for step in range(4 * MOST_POINTS)]
    curve = points(history, "ipr")
    assert len(curve) == MOST_POINTS and {value for _, value in curve} == {0.5}
    assert curve[0][0] == pytest.approx(np.mean([0, 0.1, 0.2, 0.3]))
    assert points(history, "unknown") == []
