"""Training: it learns, it stops on time, a stopped run goes on as if it had not stopped, two processes learn as one."""

from __future__ import annotations

import contextlib
import dataclasses
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

from diffir_demo.errors import DiffIRError, InputError
from diffir_demo.model import DiffIR
from diffir_demo.tasks import TASKS, Task
from diffir_demo.training import state as states
from diffir_demo.training import trainer as loop
from diffir_demo.training.config import FORMER_NAMES, TrainConfig
from diffir_demo.training.data import Batch, PairStream, PhotoPool, TrainData
from diffir_demo.training.distributed import Distributed
from diffir_demo.training.initial import transfer_modulation, whiten_prior
from diffir_demo.training.losses import pixel_loss, spectrum_loss
from diffir_demo.training.stages import Stage1, Stage2
from diffir_demo.training.state import RollbackGuard, RunState, read_state
from diffir_demo.training.trainer import Trainer, train
from tests.tiny import CONFIGS

ALONE = Distributed(torch.device("cpu"))


def tiny_task(key: str) -> Task:
    return dataclasses.replace(TASKS[key], config=CONFIGS[key])


def photos(count: int = 3, side: int = 120) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    coarse = [rng.integers(0, 256, (side // 8, side // 8, 3)) for _ in range(count)]
    return [np.kron(c, np.ones((8, 8, 1))).astype(np.uint8) for c in coarse]


def train_data(key: str = "sr") -> TrainData:
    return TrainData.prepare(tiny_task(key), PhotoPool(photos()))


def batch_of(key: str, size: int = 4) -> Batch:
    return PairStream(train_data(key), seed=1).batch(size, 32)


def config(key: str = "sr", stage: int = 1, minutes: float = 1.0, **more) -> TrainConfig:  # noqa: ANN003
    return TrainConfig(key, stage, minutes, **{"patch": (32,), "batch": (2,)} | more)


@pytest.mark.parametrize("key", list(TASKS))
def test_both_stages_overfit_one_batch(key: str) -> None:
    torch.manual_seed(0)
    task, batch = tiny_task(key), batch_of(key)
    first = Stage1(task.config, config(key))
    for make in (lambda: first, lambda: Stage2(task.config, first.network, config(key, 2))):
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
    teacher = Stage1(task.config, config(key))
    torch.nn.init.normal_(list(teacher.network.unet.head.parameters())[0], std=0.05)
    for stage in (teacher, Stage2(task.config, teacher.network, config(key, 2))):
        parameters = dict(stage.network.named_parameters())
        for parameter in parameters.values():
            parameter.requires_grad_(True)
        stage.loss(batch)[0].backward()
        silent = [n for n, p in parameters.items() if p.grad is None or not p.grad.abs().sum() > 0]
        assert not silent


def test_stage_2_starts_where_stage_1_ended_and_leaves_the_teacher_alone() -> None:
    teacher = Stage1(CONFIGS["sr"], config()).network
    before = {name: value.clone() for name, value in teacher.state_dict().items()}
    stage = Stage2(CONFIGS["sr"], teacher, config(stage=2))
    for name, value in stage.network.unet.state_dict().items():
        assert torch.equal(value, before[f"painter.{name}"])
    stage.loss(batch_of("sr"))[0].backward()
    assert stage.teacher is not None and all(parameter.grad is None for parameter in stage.teacher.parameters())


def test_without_a_teacher_everything_learns_from_the_pixels_of_a_restoration() -> None:
    stage, batch = Stage2(CONFIGS["sr"], None, config(stage=2)), batch_of("sr")
    loss, parts = stage.loss(batch)
    restored = stage.network(batch.damaged, batch.noise)[0]
    assert set(parts) == {"pixels"} and float(parts["pixels"]) == float(pixel_loss(restored.detach(), batch))
    loss.backward()
    for part in (stage.network.encoder, stage.network.denoiser, stage.network.unet):
        assert any(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in part.parameters())


def test_the_untrained_network_returns_its_base_picture() -> None:
    network, batch = Stage1(CONFIGS["deblur"], config("deblur")).network.eval(), batch_of("deblur")
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
    teacher = Stage1(task.config, config()).network
    stage = Stage2(task.config, teacher, config(stage=2, output_weight=1.0))
    total, parts = stage.loss(batch)
    plain = Stage2(task.config, teacher, config(stage=2))
    plain.load_state_dict(stage.state_dict())
    assert float(total.detach()) == pytest.approx(float(plain.loss(batch)[0].detach()) + float(parts["output"]))
    picture = teacher.decode(batch.damaged, teacher.encoder(batch.damaged, batch.target))
    assert pixel_loss(picture, batch, target=picture.detach()) == 0


def test_without_diffusion_the_encoder_s_output_is_the_ipr() -> None:
    task, batch = tiny_task("sr"), batch_of("sr")
    teacher = Stage1(task.config, config()).network
    network = Stage2(task.config, teacher, config(stage=2, timesteps=0)).network
    condition = network.encoder(batch.damaged)
    assert not list(network.denoise(condition, batch.noise))
    assert torch.equal(network.estimate(batch.damaged, batch.noise), condition)
    assert torch.equal(network(batch.damaged, batch.noise)[1], network(batch.damaged, batch.noise + 1)[1])


def test_noise_in_the_reverse_process_is_noise() -> None:
    task, batch = tiny_task("sr"), batch_of("sr")
    teacher = Stage1(task.config, config()).network
    for noisy in (False, True):
        network = Stage2(task.config, teacher, config(stage=2, reverse_noise=noisy)).network
        first, second = (network(batch.damaged, batch.noise)[1] for _ in range(2))
        assert torch.equal(first, second) is not noisy


def test_an_untrained_encoder_is_made_to_tell_photos_apart() -> None:
    torch.manual_seed(0)
    batches = [batch_of("deblur", 8)] + [PairStream(train_data("deblur"), seed).batch(8, 64) for seed in range(8)]
    encoder = Stage1(CONFIGS["deblur"], config("deblur")).network.encoder

    def spread() -> float:
        return float(torch.cat([encoder(b.damaged, b.target) for b in batches]).std(dim=0).mean().detach())

    before = spread()
    whiten_prior(encoder, batches, centre=1.0)
    assert spread() > 3 * before and 0.3 < spread() < 0.8


def test_a_trained_u_net_keeps_its_steering_under_a_new_ipr() -> None:
    torch.manual_seed(0)
    painter = DiffIR(CONFIGS["sr"]).unet
    x, old, new = torch.rand(1, 3, 16, 16), torch.rand(1, 256) + 0.5, torch.rand(1, 256) + 0.5
    before = painter(x, old)
    assert not torch.allclose(painter(x, new), before, atol=1e-3)
    transfer_modulation(painter, old[0], new[0])
    assert torch.allclose(painter(x, new), before, atol=1e-3)
    assert not torch.equal(painter(x, new + torch.randn(1, 256)), before)


def test_schedule_rises_then_falls() -> None:
    values = [config(warm_up=0.02).rate(share) for share in np.linspace(0, 1, 501)]
    assert values[0] < 0.01 and max(values) == pytest.approx(1) and values[-1] == pytest.approx(0.01)
    peak = int(np.argmax(values))
    assert values[: peak + 1] == sorted(values[: peak + 1])
    assert values[peak:] == sorted(values[peak:], reverse=True)


def test_phases_take_equal_shares_of_the_time() -> None:
    three = config(patch=(64, 96, 128), batch=(16, 8, 4))
    assert [three.phase(share) for share in (0, 0.33, 0.34, 0.66, 0.67, 1)] == [
        (64, 16), (64, 16), (96, 8), (96, 8), (128, 4), (128, 4),
    ]  # fmt: skip
    with pytest.raises(InputError, match="2 phases"):
        config(patch=(64, 96))
    with pytest.raises(InputError, match="does not divide"):
        config(accumulation=3)


class Ticks:
    """A clock that counts optimiser steps instead of seconds, so that every run of a config makes the same steps."""

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
    monkeypatch.setattr(states, "RESERVE", 0.0)  # a validation's duration is the one thing that still differs
    monkeypatch.setattr(torch.optim, "AdamW", Counting)
    yield settings


def run(folder: Path, of: TrainConfig, dist: Distributed = ALONE) -> dict:
    torch.manual_seed(0)
    stage = Stage1(CONFIGS[of.task], of)
    list(train(of, train_data(of.task), stage, folder, lambda _: {TASKS[of.task].headline: 1.0}, dist))
    return torch.load(folder / "state.pt", weights_only=True)


def assert_same_weights(first: dict, second: dict) -> None:
    for part in ("network", "average"):
        for name, value in first[part].items():
            assert torch.allclose(value, second[part][name], atol=1e-6), name


def test_a_killed_run_resumes_on_the_same_curve(tmp_path: Path, ticking: dict) -> None:
    of = config(minutes=18 / 60, save_every=4 / 60, patch=(32, 64), batch=(2, 2))
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


def test_a_run_that_an_earlier_version_saved_goes_on(tmp_path: Path, ticking: dict) -> None:
    """Its state has former names in it, of the configuration's fields and of what a stage and its progress keep."""
    of = config(minutes=12 / 60, save_every=4 / 60)
    straight = run(tmp_path / "straight", of)
    ticking["stop_after"] = 9
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "stopped", of)
    ticking["stop_after"] = None
    file = tmp_path / "stopped" / "state.pt"
    state, former = torch.load(file, weights_only=True), {today: then for then, today in FORMER_NAMES.items()}
    state["recipe"], state["progress"] = (
        {former.get(name, name): value for name, value in state.pop(part).items()} for part in ("config", "progress")
    )
    assert {"streams", "softness", "critic_rate"} <= set(state["recipe"]) and "caution" in state["progress"]
    torch.save(state, file)
    assert_same_weights(straight, run(tmp_path / "stopped", of))
    torch.save(state | {"extra": {"critic": {}, "critic_optimiser": {}, "steps": 3}}, file)
    assert set(read_state(file)["extra"]) == {"discriminator", "discriminator_optimiser", "steps"}


def test_a_finished_run_is_not_trained_again(tmp_path: Path, ticking: dict) -> None:
    first = run(tmp_path, config(minutes=5 / 60))
    second = run(tmp_path, config(minutes=5 / 60))
    assert first["progress"] == second["progress"] and first["progress"]["finished"]


def test_a_run_is_not_resumed_with_other_options(tmp_path: Path, ticking: dict) -> None:
    run(tmp_path, config(minutes=3 / 60))
    with pytest.raises(InputError, match="another batch"):
        run(tmp_path, config(batch=(4,)))


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
    state = run(tmp_path, config(minutes=18 / 60))
    progress = state["progress"]
    assert progress["rollbacks"] == 1 and progress["lr_scale"] == RollbackGuard.LR_SCALE
    assert all(torch.isfinite(value).all() for part in ("network", "average") for value in state[part].values())


def test_a_run_that_stays_spoilt_gives_up_with_a_sentence(
    tmp_path: Path, ticking: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Stage1.loss
    monkeypatch.setattr(Stage1, "loss", lambda self, batch, **more: (plain(self, batch)[0] * float("nan"), {}))
    with pytest.raises(DiffIRError, match="infinite 6 times"):
        run(tmp_path, config(minutes=2))


def test_the_budget_is_kept_to_the_second_with_everything_in_it(tmp_path: Path) -> None:
    """Also a slow validation is inside: its time is measured at the start and kept free at the end."""
    began = time.monotonic()

    def slow(_: torch.nn.Module) -> dict[str, float]:
        time.sleep(0.7)
        return {"psnr_y": 1.0}

    of = config(minutes=5 / 60)
    rows = list(train(of, train_data(), Stage1(CONFIGS["sr"], of), tmp_path, slow, ALONE, began=began))
    assert rows[-1]["step"] >= 1 and 3.5 <= time.monotonic() - began <= 5.5
    assert rows[0]["step"] == 0 and rows[-1]["minutes"] * 60 <= 5.5


def test_streams_in_one_process_add_up_their_gradients() -> None:
    """Two streams of two crops are one step on all four."""
    of = config(batch=(4,), accumulation=2)
    torch.manual_seed(0)
    stage = Stage1(CONFIGS["sr"], of)
    streams = [PairStream(train_data(), 0, number) for number in range(2)]
    batches = [PairStream(train_data(), 0, number).batch(2, 32) for number in range(2)]
    whole = Batch(*(torch.cat([getattr(b, name) for b in batches]) for name in ("damaged", "target", "noise")))
    expected = float(stage.loss(whole)[0].detach())
    trainer = Trainer(stage, of, streams, ALONE, compiled=False)
    trainer._bf16 = False
    run_state = RunState(of, stage, trainer.average, trainer.optimiser)
    trainer.step(0.5, run_state.progress)
    assert trainer.meter.take()["loss"] == pytest.approx(expected, rel=1e-5)
    assert run_state.progress.images == 4


TWO = """
import sys, torch
torch.set_num_threads(1)
from pathlib import Path
import diffir_demo.training.state as states, diffir_demo.training.trainer as loop
from diffir_demo.training.trainer import train
from diffir_demo.training.stages import Stage1
from diffir_demo.training.distributed import join
from diffir_demo.tasks import deblur, inpaint
from tests.test_training import CONFIGS, Ticks, train_data, config
loop.Clock, loop.LOOK_EVERY, states.RESERVE = Ticks, 3.0, 0.0
plain = torch.optim.AdamW.step
def step(self, closure=None):
    plain(self, closure); Ticks.latest.now += 1
torch.optim.AdamW.step = step
of = config(minutes=10 / 60, batch=(4,), accumulation=2)
with join("cpu") as dist:
    torch.manual_seed(0)
    rows = list(train(of, train_data(), Stage1(CONFIGS["sr"], of), Path(sys.argv[1]), lambda _: {"psnr_y": 1.0}, dist))
    assert bool(rows) == dist.is_main
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
