"""Training: it learns, it stops on time, a stopped run goes on as if it had not stopped, two processes learn as one."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from diffir_demo.errors import DiffIRError, InputError
from diffir_demo.imaging import Picture
from diffir_demo.model import DiffIR, Teacher, fold
from diffir_demo.tasks import TASKS, Task
from diffir_demo.training import loop, pace
from diffir_demo.training.__main__ import main
from diffir_demo.training.campaign import Plan, sources
from diffir_demo.training.data import Batch, Material, PairStream
from diffir_demo.training.initial import keep_steering, tell_apart
from diffir_demo.training.learner import Learner
from diffir_demo.training.loop import train
from diffir_demo.training.losses import pixel_loss, spectrum_loss
from diffir_demo.training.photos import PhotoPool, photo_files
from diffir_demo.training.recipe import Recipe
from diffir_demo.training.runs import Sources
from diffir_demo.training.stages import Stage1, Stage2
from diffir_demo.training.state import Guard, RunState
from diffir_demo.training.world import World
from diffir_demo.weights import inspect, load
from tests.tiny import CONFIGS

ALONE = World(torch.device("cpu"))


def tiny_task(key: str) -> Task:
    return dataclasses.replace(TASKS[key], config=CONFIGS[key])


def photos(count: int = 3, side: int = 120) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    coarse = [rng.integers(0, 256, (side // 8, side // 8, 3)) for _ in range(count)]
    return [np.kron(c, np.ones((8, 8, 1))).astype(np.uint8) for c in coarse]


def material(key: str = "sr") -> Material:
    return Material.prepare(tiny_task(key), PhotoPool(photos()))


def batch_of(key: str, size: int = 4) -> Batch:
    return PairStream(material(key), seed=1).batch(size, 32)


def recipe(key: str = "sr", stage: int = 1, minutes: float = 1.0, **more) -> Recipe:  # noqa: ANN003
    return Recipe(key, stage, minutes, **{"patch": (32,), "batch": (2,)} | more)


@pytest.mark.parametrize("key", list(TASKS))
def test_both_stages_overfit_one_batch(key: str) -> None:
    torch.manual_seed(0)
    task, batch = tiny_task(key), batch_of(key)
    first = Stage1(task.config, recipe(key))
    for make in (lambda: first, lambda: Stage2(task.config, first.network, recipe(key, 2))):
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
    teacher = Stage1(task.config, recipe(key))
    torch.nn.init.normal_(list(teacher.network.painter.head.parameters())[0], std=0.05)
    for stage in (teacher, Stage2(task.config, teacher.network, recipe(key, 2))):
        parameters = dict(stage.network.named_parameters())
        for parameter in parameters.values():
            parameter.requires_grad_(True)
        stage.loss(batch)[0].backward()
        silent = [n for n, p in parameters.items() if p.grad is None or not p.grad.abs().sum() > 0]
        assert not silent


def test_stage_2_starts_where_stage_1_ended_and_leaves_the_teacher_alone() -> None:
    teacher = Stage1(CONFIGS["sr"], recipe()).network
    before = {name: value.clone() for name, value in teacher.state_dict().items()}
    stage = Stage2(CONFIGS["sr"], teacher, recipe(stage=2))
    for name, value in stage.network.painter.state_dict().items():
        assert torch.equal(value, before[f"painter.{name}"])
    stage.loss(batch_of("sr"))[0].backward()
    assert all(parameter.grad is None for parameter in stage.teacher.parameters())


def test_the_untrained_network_returns_its_base_picture() -> None:
    network, batch = Stage1(CONFIGS["deblur"], recipe("deblur")).network.eval(), batch_of("deblur")
    assert torch.allclose(network(batch.damaged, batch.target)[0], batch.damaged)


def test_inpainting_loss_looks_into_the_hole() -> None:
    batch = batch_of("inpaint")
    hole = batch.damaged[:, 3:]
    wrong_hole = batch.target + 0.5 * hole
    wrong_rest = batch.target + 0.5 * (1 - hole)
    assert pixel_loss(wrong_hole, batch) > pixel_loss(wrong_rest, batch)
    assert pixel_loss(batch.target, batch) == 0


def test_a_known_pixel_counts_less_in_the_spectrum_too() -> None:
    batch = batch_of("inpaint")
    hole = batch.damaged[:, 3:]
    assert spectrum_loss(batch.target + 0.5 * hole, batch) > spectrum_loss(batch.target + 0.5 * (1 - hole), batch)
    assert spectrum_loss(batch.target, batch) == 0


def test_charbonnier_is_l1_for_large_errors_and_soft_for_small_ones() -> None:
    batch = batch_of("sr")
    far, near = batch.target + 0.5, batch.target + 1e-4
    assert float(pixel_loss(far, batch, "charbonnier")) == pytest.approx(float(pixel_loss(far, batch)), rel=5e-3)
    assert float(pixel_loss(near, batch, "charbonnier")) < 0.1 * float(pixel_loss(near, batch))
    single, double = (float(pixel_loss(batch.target + e, batch, "charbonnier", 0.5)) for e in (0.01, 0.02))
    assert double == pytest.approx(4 * single, rel=0.01)


def test_the_psnr_loss_counts_every_picture_alike() -> None:
    """Halving the error of the easy or of the hard picture gains the same; of L1's loss the hard one is nearly all."""
    batch = batch_of("sr", 2)
    easy, hard = torch.zeros(2, 1, 1, 1), torch.zeros(2, 1, 1, 1)
    easy[0], hard[1] = 0.05, 0.4
    whole, easier, harder = (
        float(pixel_loss(batch.target + error, batch, "psnr"))
        for error in (easy + hard, easy / 2 + hard, easy + hard / 2)
    )
    assert whole - easier == pytest.approx(whole - harder, rel=0.15) and whole > easier
    assert pixel_loss(batch.target, batch, "psnr") == 0


def test_distilling_the_picture_adds_a_term_that_vanishes_at_the_teacher_s() -> None:
    batch, task = batch_of("sr"), tiny_task("sr")
    teacher = Stage1(task.config, recipe()).network
    stage = Stage2(task.config, teacher, recipe(stage=2, output_weight=1.0))
    total, parts = stage.loss(batch)
    plain = Stage2(task.config, teacher, recipe(stage=2))
    plain.load_state_dict(stage.state_dict())
    assert float(total.detach()) == pytest.approx(float(plain.loss(batch)[0].detach()) + float(parts["output"]))
    picture = fold(teacher.paint(batch.damaged, teacher.encoder(batch.damaged, batch.target)))
    assert pixel_loss(picture, batch, target=picture.detach()) == 0


def test_without_diffusion_the_encoder_s_output_is_the_ipr() -> None:
    task, batch = tiny_task("sr"), batch_of("sr")
    teacher = Stage1(task.config, recipe()).network
    network = Stage2(task.config, teacher, recipe(stage=2, timesteps=0)).network
    condition = network.encoder(batch.damaged)
    assert fold(network.denoise(condition, batch.noise)) is condition
    assert torch.equal(network(batch.damaged, batch.noise)[1], network(batch.damaged, batch.noise + 1)[1])


def test_noise_in_the_reverse_process_is_noise() -> None:
    task, batch = tiny_task("sr"), batch_of("sr")
    teacher = Stage1(task.config, recipe()).network
    for noisy in (False, True):
        network = Stage2(task.config, teacher, recipe(stage=2, reverse_noise=noisy)).network
        first, second = (network(batch.damaged, batch.noise)[1] for _ in range(2))
        assert torch.equal(first, second) is not noisy


def test_an_untrained_encoder_is_made_to_tell_photos_apart() -> None:
    torch.manual_seed(0)
    batches = [batch_of("deblur", 8)] + [PairStream(material("deblur"), seed).batch(8, 64) for seed in range(8)]
    encoder = Stage1(CONFIGS["deblur"], recipe("deblur")).network.encoder

    def spread() -> float:
        return float(torch.cat([encoder(b.damaged, b.target) for b in batches]).std(dim=0).mean().detach())

    before = spread()
    tell_apart(encoder, batches, centre=1.0)
    assert spread() > 3 * before and 0.3 < spread() < 0.8


def test_a_trained_u_net_keeps_its_steering_under_a_new_ipr() -> None:
    torch.manual_seed(0)
    painter = DiffIR(CONFIGS["sr"]).painter
    x, old, new = torch.rand(1, 3, 16, 16), torch.rand(1, 256) + 0.5, torch.rand(1, 256) + 0.5
    before = painter(x, old)
    assert not torch.allclose(painter(x, new), before, atol=1e-3)
    keep_steering(painter, old[0], new[0])
    assert torch.allclose(painter(x, new), before, atol=1e-3)
    assert not torch.equal(painter(x, new + torch.randn(1, 256)), before)


def test_schedule_rises_then_falls() -> None:
    values = [recipe(warm_up=0.02).rate(share) for share in np.linspace(0, 1, 501)]
    assert values[0] < 0.01 and max(values) == pytest.approx(1) and values[-1] == pytest.approx(0.01)
    peak = int(np.argmax(values))
    assert values[: peak + 1] == sorted(values[: peak + 1])
    assert values[peak:] == sorted(values[peak:], reverse=True)


def test_phases_take_equal_shares_of_the_time() -> None:
    three = recipe(patch=(64, 96, 128), batch=(16, 8, 4))
    assert [three.phase(share) for share in (0, 0.33, 0.34, 0.66, 0.67, 1)] == [
        (64, 16), (64, 16), (96, 8), (96, 8), (128, 4), (128, 4),
    ]  # fmt: skip
    with pytest.raises(InputError, match="2 phases"):
        recipe(patch=(64, 96))
    with pytest.raises(InputError, match="does not divide"):
        recipe(streams=3)


class Ticks:
    """A clock that counts optimiser steps instead of seconds, so that every run of a recipe makes the same steps."""

    latest: Ticks

    def __init__(self, before: float, began: float | None = None) -> None:
        self.now = before
        Ticks.latest = self

    def elapsed(self) -> float:
        return self.now


@pytest.fixture
def ticking(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict]:
    """Every optimiser step takes one second; a run is killed after `stop_after` of them."""
    settings: dict = {"stop_after": None}

    class Counting(torch.optim.AdamW):
        def step(self, closure=None):  # noqa: ANN001, ANN202
            super().step(closure)
            Ticks.latest.now += 1
            if settings["stop_after"] is not None and Ticks.latest.now >= settings["stop_after"]:
                raise KeyboardInterrupt

    monkeypatch.setattr(loop, "Clock", Ticks)
    monkeypatch.setattr(loop, "LOOK_EVERY", 3.0)
    monkeypatch.setattr(pace, "RESERVE", 0.0)  # a validation's duration is the one thing that still differs
    monkeypatch.setattr(torch.optim, "AdamW", Counting)
    yield settings


def run(folder: Path, of: Recipe, world: World = ALONE) -> dict:
    torch.manual_seed(0)
    stage = Stage1(CONFIGS[of.task], of)
    list(train(of, material(of.task), stage, folder, lambda _: {TASKS[of.task].headline: 1.0}, world))
    return torch.load(folder / "state.pt", weights_only=True)


def assert_same_weights(first: dict, second: dict) -> None:
    for part in ("network", "average"):
        for name, value in first[part].items():
            assert torch.allclose(value, second[part][name], atol=1e-6), name


def test_a_killed_run_resumes_on_the_same_curve(tmp_path: Path, ticking: dict) -> None:
    of = recipe(minutes=18 / 60, save_every=4 / 60, patch=(32, 64), batch=(2, 2))
    straight = run(tmp_path / "straight", of)
    ticking["stop_after"] = 15
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "stopped", of)
    saved = torch.load(tmp_path / "stopped" / "state.pt", weights_only=True)["progress"]["step"]
    assert 15 - 6 <= saved < 15  # what a kill loses is at most one save interval
    ticking["stop_after"] = None
    resumed = run(tmp_path / "stopped", of)
    assert resumed["progress"]["step"] == straight["progress"]["step"] >= 16
    assert_same_weights(straight, resumed)


def test_a_finished_run_is_not_trained_again(tmp_path: Path, ticking: dict) -> None:
    first = run(tmp_path, recipe(minutes=5 / 60))
    second = run(tmp_path, recipe(minutes=5 / 60))
    assert first["progress"] == second["progress"] and first["progress"]["finished"]


def test_a_run_is_not_resumed_with_other_options(tmp_path: Path, ticking: dict) -> None:
    run(tmp_path, recipe(minutes=3 / 60))
    with pytest.raises(InputError, match="another batch"):
        run(tmp_path, recipe(batch=(4,)))


def test_a_step_that_spoils_the_weights_is_undone(
    tmp_path: Path, ticking: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One infinite loss at step 7: without the guard every later weight would be NaN."""
    plain, calls = Stage1.loss, []

    def loss(self: Stage1, batch: Batch, *, joint: bool = True):  # noqa: ANN202
        total, parts = plain(self, batch, joint=joint)
        calls.append(1)
        return (total * float("inf") if len(calls) == 7 else total), parts

    monkeypatch.setattr(Stage1, "loss", loss)
    state = run(tmp_path, recipe(minutes=18 / 60))
    progress = state["progress"]
    assert progress["rollbacks"] == 1 and progress["caution"] == Guard.CAUTION
    assert all(torch.isfinite(value).all() for part in ("network", "average") for value in state[part].values())


def test_a_run_that_stays_spoilt_gives_up_with_a_sentence(
    tmp_path: Path, ticking: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Stage1.loss
    monkeypatch.setattr(Stage1, "loss", lambda self, batch, **more: (plain(self, batch)[0] * float("nan"), {}))
    with pytest.raises(DiffIRError, match="infinite 6 times"):
        run(tmp_path, recipe(minutes=2))


def test_the_budget_is_kept_to_the_second_with_everything_in_it(tmp_path: Path) -> None:
    """Also a slow validation is inside: its time is measured at the start and kept free at the end."""
    began = time.monotonic()

    def slow(_: torch.nn.Module) -> dict[str, float]:
        time.sleep(0.7)
        return {"psnr_y": 1.0}

    of = recipe(minutes=5 / 60)
    rows = list(train(of, material(), Stage1(CONFIGS["sr"], of), tmp_path, slow, ALONE, began=began))
    assert rows[-1]["step"] >= 1 and 3.5 <= time.monotonic() - began <= 5.5
    assert rows[0]["step"] == 0 and rows[-1]["minutes"] * 60 <= 5.5


def test_streams_in_one_process_add_up_their_gradients() -> None:
    """Two streams of two crops are one step on all four."""
    of = recipe(batch=(4,), streams=2)
    torch.manual_seed(0)
    stage = Stage1(CONFIGS["sr"], of)
    streams = [PairStream(material(), 0, number) for number in range(2)]
    batches = [PairStream(material(), 0, number).batch(2, 32) for number in range(2)]
    whole = Batch(*(torch.cat([getattr(b, name) for b in batches]) for name in ("damaged", "target", "noise")))
    expected = float(stage.loss(whole)[0].detach())
    learner = Learner(stage, of, streams, ALONE, compiled=False)
    learner._bf16 = False
    run_state = RunState(of, stage, learner.average, learner.optimiser)
    learner.step(0.5, run_state.progress)
    assert learner.tally.take()["loss"] == pytest.approx(expected, rel=1e-5)
    assert run_state.progress.images == 4


TWO = """
import sys, torch
torch.set_num_threads(1)
from pathlib import Path
from diffir_demo.training import loop, pace
from diffir_demo.training.loop import train
from diffir_demo.training.stages import Stage1
from diffir_demo.training.world import join
from diffir_demo.tasks import deblur, inpaint
from tests.test_training import CONFIGS, Ticks, material, recipe
loop.Clock, loop.LOOK_EVERY, pace.RESERVE = Ticks, 3.0, 0.0
plain = torch.optim.AdamW.step
def step(self, closure=None):
    plain(self, closure); Ticks.latest.now += 1
torch.optim.AdamW.step = step
of = recipe(minutes=10 / 60, batch=(4,), streams=2)
with join("cpu") as world:
    torch.manual_seed(0)
    rows = list(train(of, material(), Stage1(CONFIGS["sr"], of), Path(sys.argv[1]), lambda _: {"psnr_y": 1.0}, world))
    assert bool(rows) == world.leads
"""


def test_two_processes_learn_what_one_learns(tmp_path: Path) -> None:
    """The same global batch under torchrun with gloo: the same losses, and the same weights within rounding."""
    script = tmp_path / "two.py"
    script.write_text(TWO)
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent), "OMP_NUM_THREADS": "1"}
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    for launcher, name in ((launch, "two"), ([sys.executable], "one")):
        command = [*launcher, str(script), str(tmp_path / name)]
        with subprocess.Popen(
            command, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
        ) as done:
            try:
                _, errors = done.communicate(timeout=240)
            finally:  # of a launcher that hangs, its workers go too
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(done.pid, signal.SIGKILL)
        assert done.returncode == 0, errors[-2000:]
    one, two = (torch.load(tmp_path / name / "state.pt", weights_only=True) for name in ("one", "two"))
    losses = [[row["loss"] for row in each["progress"]["history"] if "loss" in row] for each in (one, two)]
    assert len(losses[0]) >= 3 and losses[0] == pytest.approx(losses[1], rel=1e-4)
    assert set(one["streams"]) == set(two["streams"]) == {0, 1}
    for number in (0, 1):
        assert torch.equal(one["streams"][number], two["streams"][number])
    # Adam divides by the gradient's size, so rounding in the smallest gradients shows; bf16 rounds at 0.4 %.
    for name, value in one["network"].items():
        assert torch.allclose(value, two["network"][name], atol=5e-3), name


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
    # Another road begins at that file: its record is carried on.
    again, more = str(tmp_path / "again"), tmp_path / "more.safetensors"
    assert main(["sr", "--stage", "1", *options, "--out", again, "--start", str(file)]) == 0
    assert main(["export", "--run", again, "--out", str(more), "--before", str(file)]) == 0
    assert inspect(more).training["steps"] > sum(steps) and len(inspect(more).training["runs"]) == 3
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
    command = ["campaign", "--tasks", "deblur", "--out", str(tmp_path / "out"), *common(folder_of_photos, 0.6)]
    began = time.monotonic()
    assert main(command) == 0
    assert 25 < time.monotonic() - began < 38
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
    assert sources(plan(1, 2, 3), task, 1) == Sources(start=compact)
    assert sources(plan(1, 2, 3), task, 2) == Sources(teacher=tmp_path / "sr-s1")
    assert sources(plan(1, 2, 3), task, 3) == Sources(teacher=tmp_path / "sr-s1", start=tmp_path / "sr-s2")
    assert sources(plan(2), task, 2) == Sources(teacher=teacher, start=compact)
    assert sources(plan(3), task, 3) == Sources(teacher=teacher, start=compact)


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

    from diffir_demo.training import ablations

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
