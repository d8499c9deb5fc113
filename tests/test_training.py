"""Training: it learns, it stops on time, and a stopped run goes on as if it had not stopped."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from diffir_demo.errors import InputError
from diffir_demo.imaging import Picture
from diffir_demo.model import Teacher
from diffir_demo.tasks import TASKS, Task
from diffir_demo.training import loop
from diffir_demo.training.__main__ import main
from diffir_demo.training.data import Batch, PairSampler, photo_files
from diffir_demo.training.loop import schedule, train
from diffir_demo.training.stages import Stage1, Stage2, pixel_loss
from diffir_demo.training.state import Recipe
from diffir_demo.weights import inspect, load
from tests.tiny import CONFIGS


def tiny_task(key: str) -> Task:
    return dataclasses.replace(TASKS[key], config=CONFIGS[key])


def photos(count: int = 3, side: int = 120) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    coarse = [rng.integers(0, 256, (side // 8, side // 8, 3)) for _ in range(count)]
    return [np.kron(c, np.ones((8, 8, 1))).astype(np.uint8) for c in coarse]


def batch_of(key: str, size: int = 4) -> Batch:
    return next(iter(PairSampler(photos(), tiny_task(key), 32, size, np.random.default_rng(1))))


@pytest.mark.parametrize("key", list(TASKS))
def test_pairs_line_up(key: str) -> None:
    """The network's input and its target show the same crop: the base picture is near the target."""
    task, batch = tiny_task(key), batch_of(key)
    scale = task.config.scale
    assert batch.target.shape == (4, 3, 32, 32)
    assert batch.damaged.shape == (4, task.config.in_channels, 32 // scale, 32 // scale)
    enlarged = torch.nn.functional.interpolate(batch.damaged[:, :3], scale_factor=scale)
    known = 1 - batch.damaged[:, 3:] if task.wants_mask else torch.ones(1)
    aligned = ((enlarged - batch.target).abs() * known).mean()
    shifted = ((enlarged - batch.target.roll((16, 16), (2, 3))).abs() * known).mean()
    assert aligned < 0.9 * shifted


@pytest.mark.parametrize("key", list(TASKS))
def test_both_stages_overfit_one_batch(key: str) -> None:
    torch.manual_seed(0)
    task, batch = tiny_task(key), batch_of(key)
    first = Stage1(task.config)
    for make in (lambda: first, lambda: Stage2(task.config, first.network)):
        stage = make()
        optimiser = torch.optim.Adam(stage.network.parameters(), 3e-3)
        losses = []
        for _ in range(60):
            loss, _ = stage.loss(batch)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(float(loss.detach()))
        assert losses[-1] < 0.9 * losses[0]


@pytest.mark.parametrize("key", list(TASKS))
def test_every_parameter_learns(key: str) -> None:
    torch.manual_seed(0)
    task, batch = tiny_task(key), batch_of(key)
    teacher = Stage1(task.config)
    torch.nn.init.normal_(list(teacher.network.painter.head.parameters())[0], std=0.05)
    for stage in (teacher, Stage2(task.config, teacher.network)):
        parameters = dict(stage.network.named_parameters())
        for parameter in parameters.values():
            parameter.requires_grad_(True)
        stage.loss(batch)[0].backward()
        silent = [n for n, p in parameters.items() if p.grad is None or not p.grad.abs().sum() > 0]
        assert not silent


def test_stage_2_starts_where_stage_1_ended_and_leaves_the_teacher_alone() -> None:
    teacher = Stage1(CONFIGS["sr"]).network
    before = {name: value.clone() for name, value in teacher.state_dict().items()}
    stage = Stage2(CONFIGS["sr"], teacher)
    for name, value in stage.network.painter.state_dict().items():
        assert torch.equal(value, before[f"painter.{name}"])
    stage.loss(batch_of("sr"))[0].backward()
    assert all(parameter.grad is None for parameter in stage.teacher.parameters())


def test_the_untrained_network_returns_its_base_picture() -> None:
    network, batch = Stage1(CONFIGS["deblur"]).network.eval(), batch_of("deblur")
    assert torch.allclose(network(batch.damaged, batch.target)[0], batch.damaged)


def test_inpainting_loss_looks_into_the_hole() -> None:
    batch = batch_of("inpaint")
    hole = batch.damaged[:, 3:]
    wrong_hole = batch.target + 0.5 * hole
    wrong_rest = batch.target + 0.5 * (1 - hole)
    assert pixel_loss(wrong_hole, batch) > pixel_loss(wrong_rest, batch)
    assert pixel_loss(batch.target, batch) == 0


def test_schedule_rises_then_falls() -> None:
    values = [schedule(share, 0.02) for share in np.linspace(0, 1, 501)]
    assert values[0] < 0.01 and max(values) == pytest.approx(1) and values[-1] == pytest.approx(0.01)
    peak = int(np.argmax(values))
    assert values[: peak + 1] == sorted(values[: peak + 1])
    assert values[peak:] == sorted(values[peak:], reverse=True)


class Ticks:
    """A clock that counts looks instead of seconds, so that a stopped and a straight run see the same schedule."""

    def __init__(self, before: float) -> None:
        self.now = before

    def elapsed(self) -> float:
        return self.now


def run(folder: Path, minutes: float, monkeypatch: pytest.MonkeyPatch, stop_after: int | None = None) -> dict:
    """Trains with a clock on which every optimiser step takes one second."""
    torch.manual_seed(0)
    clocks: list[Ticks] = []

    def clock(before: float) -> Ticks:
        clocks.append(Ticks(before))
        return clocks[-1]

    class Counting(torch.optim.AdamW):
        def step(self, closure=None):  # noqa: ANN001, ANN202
            super().step(closure)
            clocks[-1].now += 1
            if stop_after is not None and clocks[-1].now >= stop_after:
                raise KeyboardInterrupt

    monkeypatch.setattr(loop, "_Clock", clock)
    monkeypatch.setattr(torch.optim, "AdamW", Counting)
    task = tiny_task("sr")
    recipe = Recipe("sr", 1, minutes, patch=32, batch=2, save_every=5 / 60)
    list(train(recipe, task, Stage1(task.config), photos(), folder, lambda _: {"psnr_y": 1.0}, device="cpu"))
    return torch.load(folder / "state.pt", weights_only=True)


def test_a_killed_run_resumes_on_the_same_curve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        straight = run(tmp_path / "straight", 18 / 60, patch)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        run(tmp_path / "stopped", 18 / 60, patch, stop_after=15)
    saved = torch.load(tmp_path / "stopped" / "state.pt", weights_only=True)["progress"]["step"]
    assert 15 - 8 < saved < 15  # what a kill loses is at most one save interval
    with monkeypatch.context() as patch:
        resumed = run(tmp_path / "stopped", 18 / 60, patch)
    assert resumed["progress"]["step"] == straight["progress"]["step"] == 18
    for part in ("network", "average"):
        for name, value in straight[part].items():
            assert torch.allclose(value, resumed[part][name], atol=1e-6), name


def test_a_run_is_not_resumed_with_other_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path, 2 / 60, monkeypatch)
    task = tiny_task("sr")
    other = train(Recipe("sr", 1, 1, patch=32, batch=3), task, Stage1(task.config), photos(), tmp_path, lambda _: {})
    with pytest.raises(InputError, match="another batch"):
        next(other)


def test_the_budget_is_kept(tmp_path: Path) -> None:
    task = tiny_task("sr")
    rows = list(
        train(Recipe("sr", 1, 2 / 60, patch=32, batch=2), task, Stage1(task.config), photos(), tmp_path, lambda _: {})
    )
    assert rows[-1]["step"] >= 1 and 2 <= rows[-1]["minutes"] * 60 < 10
    assert json.loads((tmp_path / "history.json").read_text())[-1]["step"] == rows[-1]["step"]


def test_the_commands_lead_from_photos_to_a_weight_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stage 1, stage 2 validated through restore(), export: the file loads and tells its history."""
    for i, pixels in enumerate(photos()):
        (tmp_path / "data").mkdir(exist_ok=True)
        Image.fromarray(pixels).save(tmp_path / "data" / f"{i}.png")
    monkeypatch.setitem(TASKS, "sr", tiny_task("sr"))
    common = ["--data", str(tmp_path / "data"), "--validation", str(tmp_path / "data"), "--minutes", "0.03"]
    common += ["--patch", "32", "--batch", "2", "--device", "cpu"]
    runs = [str(tmp_path / name) for name in ("s1", "s2")]
    assert main(["sr", "--stage", "1", *common, "--out", runs[0]]) == 0
    assert main(["sr", "--stage", "2", *common, "--out", runs[1], "--teacher", runs[0]]) == 0
    assert main(["sr", "--stage", "2", *common, "--out", str(tmp_path / "s3")]) == 2
    assert main(["sr", "--stage", "2", *common, "--out", str(tmp_path / "s3"), "--teacher", runs[1]]) == 2
    file = tmp_path / "weights.safetensors"
    note = '{"data": "three squares"}'
    assert main(["export", "--run", runs[0], "--run", runs[1], "--out", str(file), "--note", note]) == 0
    assert main(["curves", "--run", runs[0], "--run", runs[1], "--out", str(tmp_path / "curves.png")]) == 0
    assert Image.open(tmp_path / "curves.png").size == (960, 720)
    info = inspect(file)
    steps = [torch.load(f"{run}/state.pt", weights_only=True)["progress"]["step"] for run in runs]
    assert info.task == "sr" and info.training["steps"] == sum(steps) and info.training["data"] == "three squares"
    assert f"{sum(steps):,}" in info.badge
    assert not isinstance(load(file, task="sr").model, Teacher)


def test_a_folder_without_photos_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no photos"):
        photo_files(tmp_path)


def test_flat_crops_are_drawn_less_often() -> None:
    flat = np.full((200, 200, 3), 128, np.uint8)
    busy = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    sampler = PairSampler([flat, busy], tiny_task("sr"), 32, 1, np.random.default_rng(0))
    drawn = [sampler.pair()[1].std() > 0.01 for _ in range(60)]
    assert np.mean(drawn) > 0.6  # without the preference it would be half


def test_a_clean_picture_is_needed_to_damage_one() -> None:
    with pytest.raises(InputError, match="needs more"):
        TASKS["sr"].degrade(Picture(np.zeros((3, 9, 3), np.uint8)), np.random.default_rng(0))
