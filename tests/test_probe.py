"""The probe: filters that see damage, a linear reading of it, and runs that are trained with both."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from diffir_demo.errors import InputError
from diffir_demo.model import DiffIR, DIRformer, ModulatedShrinkage, Teacher
from diffir_demo.model.prior import PriorEncoder
from diffir_demo.tasks import TASKS
from diffir_demo.tasks.damage import SEVERITIES
from diffir_demo.training import probe as probing
from diffir_demo.training.data import GRID, Batch, PairStream, PhotoPool, TrainData
from diffir_demo.training.init_from import InitFrom, make_stage
from diffir_demo.training.initial import NOISE_FLOOR, init_damage_filters, transfer_unet, whiten_prior
from diffir_demo.training.probe import Probe, fit_shrinkage, ridge
from diffir_demo.training.stages import Stage1, Stage2
from diffir_demo.training.state import RollbackGuard, RunState
from diffir_demo.training.trainer import CONVOLUTIONS_ALONE, make_optimiser, train
from tests.test_training import ALONE, assert_same_weights, config, photos, ticking, tiny_task, train_data

__all__ = ["ticking"]  # pytest finds the fixture by its name here

CLEAN = tiny_task("clean")
CONFIG = CLEAN.config


def stream(seed: int = 0, side: int = 160) -> PairStream:
    """Of pictures with edges and shading, whose own detail differs: what noise has to be told from."""
    rng = np.random.default_rng(0)
    pool = []
    for i in range(12):
        size = (4, 8, 16, 32)[i % 4]
        cells = rng.integers(0, 256, (side // size, side // size, 3))
        slope = np.linspace(0, 60, side)[:, None, None]
        pool.append(np.clip(np.kron(cells, np.ones((size, size, 1))) * rng.uniform(0.2, 0.8) + slope, 0, 255))
    return PairStream(TrainData.prepare(CLEAN, PhotoPool([p.astype(np.uint8) for p in pool])), seed)


def batches(count: int, seed: int = 0) -> list[Batch]:
    source = stream(seed)
    return [source.batch(8, 96) for _ in range(count)]


@torch.no_grad()
def seen(encoder: PriorEncoder, found: list[Batch]) -> tuple[Tensor, Tensor]:
    """IPRs (m, n) and what was done to the pictures (m, 3)."""
    iprs = torch.cat([encoder(b.damaged, b.target if encoder.sees_target else None) for b in found])
    return iprs, torch.cat([b.severity for b in found if b.severity is not None])


def read_well(encoder: PriorEncoder) -> Tensor:
    """(3,) the share of the variance that a linear reading explains, on batches that it was not fitted to."""
    probe = Probe(CONFIG.ipr_length, 3)
    probe.fit(*seen(encoder, batches(16)))
    iprs, severities = seen(encoder, batches(8, seed=1))
    told = probe(iprs) * probe.deviation + probe.mean
    return (1 - (told - severities).square().mean(dim=0) / severities.var(dim=0)).detach()


def test_ridge_finds_a_linear_law_and_shrinks_it_by_its_strength() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(400, 6, generator=generator) + 3
    weight = torch.randn(2, 6, generator=generator)
    y = x @ weight.T + torch.tensor([5.0, -1.0])
    found, bias = ridge(x, y, 1e-9)
    torch.testing.assert_close(found, weight, atol=1e-3, rtol=0)
    torch.testing.assert_close(bias, torch.tensor([5.0, -1.0]), atol=1e-2, rtol=0)
    assert float(ridge(x, y, 1.0)[0].norm()) < 0.7 * float(weight.norm())


@pytest.mark.parametrize("sees_target", [False, True], ids=["restorer", "teacher"])
def test_an_untrained_encoder_sees_noise(sees_target: bool) -> None:
    torch.manual_seed(0)
    encoder = (Teacher if sees_target else DiffIR)(CONFIG).encoder.requires_grad_(False)
    calibration = batches(8, seed=2)
    init_damage_filters(encoder, calibration)
    whiten_prior(encoder, calibration, centre=1.0, floor=NOISE_FLOOR)
    assert read_well(encoder)[SEVERITIES.index("noise")] > 0.5


def test_random_filters_see_less() -> None:
    """Otherwise the filters would not be worth their lines."""
    found = []
    for filters in (True, False):
        torch.manual_seed(0)
        encoder = DiffIR(CONFIG).encoder.requires_grad_(False)
        if filters:
            init_damage_filters(encoder, batches(8, seed=2))
        whiten_prior(encoder, batches(8, seed=2), centre=1.0, floor=NOISE_FLOOR)
        found.append(read_well(encoder).clamp_min(0).mean())
    assert found[0] > found[1] + 0.1


def test_the_probe_s_loss_is_the_share_that_it_leaves_unexplained() -> None:
    torch.manual_seed(0)
    probe, encoder, found = Probe(CONFIG.ipr_length, 3), DiffIR(CONFIG).encoder, batches(6)
    iprs, severities = seen(encoder, found)
    probe.fit(iprs, severities)
    whole = Batch(found[0].damaged, found[0].target, found[0].noise, severities)
    assert float(probe.loss(iprs, whole).detach()) < 1
    probe.linear.weight.data.zero_()
    probe.linear.bias.data.zero_()
    assert float(probe.loss(iprs, whole).detach()) == pytest.approx(1 - 1 / len(severities), rel=1e-3)
    assert float(probe.distance(iprs, iprs).detach()) == 0


def test_the_learning_rate_rises_and_falls_once_alone_and_once_together() -> None:
    of = config("clean", probe_weight=0.1, prior_only=0.25, warm_up=0.1)
    alone = [of.rate(share) for share in np.linspace(0, 0.2499, 200)]
    joint = [of.rate(share) for share in np.linspace(0.25, 1, 200)]
    for part in (alone, joint):
        peak = int(np.argmax(part))
        assert part[0] < 0.01 and max(part) == pytest.approx(1, abs=0.02) and part[-1] == pytest.approx(0.01, abs=0.01)
        assert part[: peak + 1] == sorted(part[: peak + 1]) and part[peak:] == sorted(part[peak:], reverse=True)
    assert of.rate(0.25 * 0.3) == pytest.approx(of.rate(0.25 + 0.75 * 0.3))
    assert config("clean", prior_only=0.25).begins_alone == 0, "stage 1 has nothing to learn from without a probe"
    assert config("clean", stage=2, prior_only=0.25).begins_alone == 0.25
    assert config("clean", stage=2, prior_only=1.0).rate(0.5) > 0.1


def test_what_makes_and_what_reads_the_ipr_have_rates_of_their_own() -> None:
    of = config("clean", learning_rate=1.0, prior_rate=0.2, steer_rate=0.5, alone_rate=0.01)
    network, probe = Teacher(CONFIG), Probe(CONFIG.ipr_length, 3)
    peaks = {
        id(parameter): (group["peak"], group["alone"])
        for group in make_optimiser(network, of, probe).param_groups
        for parameter in group["params"]
    }
    named = {name: peaks[id(parameter)] for name, parameter in network.named_parameters()}
    assert named["painter.stem.weight"] == (1.0, 1.0)
    assert named["shrinkage.gain.weight"] == (0.2, 0.01)
    assert {rate for name, rate in named.items() if ".steer." in name} == {(0.5, 0.5)}
    assert named["encoder.stem.weight"] == (0.2, pytest.approx(CONVOLUTIONS_ALONE * 0.01))
    assert peaks[id(probe.linear.weight)] == (0.2, 0.01)
    assert len(peaks) == len(list(network.parameters())) + 2


def test_the_painted_window_lies_in_its_surroundings_where_jpeg_s_blocks_begin() -> None:
    source, places = stream(), set()
    for _ in range(40):
        batch = source.batch(1, 32, surroundings=32)
        assert batch.window is not None and batch.damaged.shape[-2:] == (64, 64)
        top, left, side = batch.window
        assert side == 32 and top % GRID == left % GRID == 0 and min(top, left) >= 0 and max(top, left) + side <= 64
        cropped = batch.cropped
        assert torch.equal(cropped.damaged, batch.damaged[..., top : top + 32, left : left + 32])
        assert torch.equal(cropped.target, batch.target[..., top : top + 32, left : left + 32])
        assert cropped.noise is batch.noise and cropped.severity is batch.severity and cropped.window is None
        places |= {top, left}
    assert places == {0, 8, 16, 24, 32}
    assert source.batch(1, 32).cropped.damaged.shape[-1] == 32


def test_a_window_is_enlarged_with_its_picture() -> None:
    batch = PairStream(train_data("sr"), seed=1).batch(2, 32, surroundings=64)
    assert batch.window is not None and batch.damaged.shape[-1] == 24 and batch.severity is None
    top, left, side = batch.window
    assert side == 8 and batch.cropped.target.shape[-1] == 32
    assert torch.equal(batch.cropped.target, batch.target[..., 4 * top : 4 * top + 32, 4 * left : 4 * left + 32])


def test_the_first_restoration_is_fitted_to_what_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """An oracle's IPR tells the noise exactly: the fitted layer removes it, and lets a clean picture pass."""
    torch.manual_seed(0)
    monkeypatch.setattr(probing, "FIT_STEPS", 160)
    layer, probe, source = ModulatedShrinkage(CONFIG.ipr_length), Probe(CONFIG.ipr_length, 3), stream()
    spread = torch.randn(3, CONFIG.ipr_length) / CONFIG.ipr_length**0.5

    def told(batch: Batch) -> Tensor:
        assert batch.severity is not None
        return batch.severity / 20 @ spread

    many = [source.batch(8, 96) for _ in range(6)]
    severities = torch.cat([batch.severity for batch in many if batch.severity is not None])
    probe.fit(torch.cat([told(batch) for batch in many]), severities)
    fit_shrinkage(layer, probe, told, (source.batch(8, 48) for _ in range(10**6)))
    sharp = source.batch(4, 96).target
    noisy = (sharp + 20 / 255 * torch.randn(sharp.shape, generator=torch.Generator().manual_seed(0))).clamp(0, 1)

    @torch.no_grad()
    def error(picture: Tensor, noise: float) -> float:
        ipr = torch.tensor([[noise, 0.0, 0.0]]).expand(4, 3) / 20 @ spread
        return float((layer(picture, ipr) - sharp).square().mean())

    assert error(noisy, 20) < 0.6 * float((noisy - sharp).square().mean())
    assert error(noisy, 20) < 0.8 * error(noisy, 0), "the reading steers it"
    assert error(sharp, 0) < 0.1 * error(sharp, 20)


def test_a_trained_unet_is_taken_over_by_one_that_sees_more() -> None:
    torch.manual_seed(0)
    former = DIRformer(tiny_task("deblur").config)
    wider = DIRformer(dataclasses.replace(former.config, shrinkage=True))
    transfer_unet(wider, former)
    picture, ipr = torch.rand(1, 3, 32, 32), torch.ones(1, former.config.ipr_length)
    more = torch.cat([picture, torch.rand(1, 3, 32, 32)], dim=1)
    torch.testing.assert_close(wider(more, ipr), former(picture, ipr))
    with pytest.raises(InputError, match="another shape"):
        transfer_unet(wider, DIRformer(dataclasses.replace(former.config, refinement_blocks=3)))


def test_nothing_is_painted_while_the_prior_learns_alone() -> None:
    torch.manual_seed(0)
    stage = Stage1(CONFIG, config("clean", probe_weight=0.1))
    stage.probe = Probe(CONFIG.ipr_length, 3)
    batch = stream().batch(2, 32, surroundings=32)
    loss, parts = stage.loss(batch, joint=False)
    loss.backward()
    assert set(parts) == {"probe", "first"}
    assert all(parameter.grad is None for parameter in stage.network.unet.parameters())
    assert stage.network.encoder.stem.weight.grad is not None and stage.probe.linear.weight.grad is not None
    both, parts = stage.loss(batch)
    assert set(parts) == {"pixels", "probe"}
    assert float(both.detach()) == pytest.approx(float(parts["pixels"] + 0.1 * parts["probe"]), rel=1e-5)


def probed_run(folder: Path, minutes: float) -> dict:
    torch.manual_seed(0)
    of = config(
        "clean", minutes=minutes, save_every=4 / 60, probe_weight=0.1, prior_only=0.3, surroundings=32, patch=(32,)
    )
    stage = Stage1(CONFIG, of)
    stage.probe = Probe(CONFIG.ipr_length, 3)
    pool = PhotoPool(photos(side=160))
    list(train(of, TrainData.prepare(CLEAN, pool), stage, folder, lambda _: {"psnr": 1.0}, ALONE))
    return torch.load(folder / "state.pt", weights_only=True)


def test_a_killed_run_with_a_probe_resumes_on_the_same_curve(tmp_path: Path, ticking: dict) -> None:
    straight = probed_run(tmp_path / "straight", 18 / 60)
    ticking["stop_after"] = 15
    with pytest.raises(KeyboardInterrupt):
        probed_run(tmp_path / "stopped", 18 / 60)
    ticking["stop_after"] = None
    resumed = probed_run(tmp_path / "stopped", 18 / 60)
    assert resumed["progress"]["step"] == straight["progress"]["step"] >= 16
    assert_same_weights(straight, resumed)
    first, second = (state["extra"]["probe"] for state in (straight, resumed))
    assert set(first) == {"linear.weight", "linear.bias", "mean", "deviation"}
    for name, value in first.items():
        assert torch.allclose(value, second[name], atol=1e-6), name


def test_a_bad_step_is_undone_in_the_probe_as_well() -> None:
    of = config("clean", probe_weight=0.1)
    stage = Stage1(CONFIG, of)
    stage.probe = Probe(CONFIG.ipr_length, 3)
    before = stage.probe.linear.weight.detach().clone()
    guard = RollbackGuard(RunState(of, stage, Teacher(CONFIG), make_optimiser(stage.network, of, stage.probe)))
    stage.probe.linear.weight.data.fill_(float("nan"))
    guard.roll_back()
    assert torch.equal(stage.probe.linear.weight, before)


def own_material(key: str = "clean") -> TrainData:
    task = dataclasses.replace(TASKS[key], config=tiny_task(key).config)
    return TrainData.prepare(task, PhotoPool(photos(side=160)))


def test_a_stage_with_a_probe_starts_from_what_is_read_already(tmp_path: Path, ticking: dict) -> None:
    """And stage 2 takes over the finished probe, as it is, from the teacher's folder alone."""
    of = config("clean", probe_weight=0.1, patch=(64,))
    stage = make_stage(own_material(), of, InitFrom())
    assert isinstance(stage, Stage1) and stage.probe is not None
    assert stage.probe.linear.weight.any() and stage.probe.linear.weight.requires_grad
    probed_run(tmp_path / "s1", 4 / 60)
    second = make_stage(own_material(), config("clean", 2, probe_weight=0.1, patch=(64,)), InitFrom(tmp_path / "s1"))
    assert isinstance(second, Stage2) and second.probe is not None and not second.probe.linear.weight.requires_grad
    saved = torch.load(tmp_path / "s1" / "state.pt", weights_only=True)["extra"]["probe"]
    assert torch.equal(second.probe.linear.weight, saved["linear.weight"])
    _, parts = second.loss(stream().batch(2, 32, surroundings=32))
    assert set(parts) == {"pixels", "ipr", "probe"}


def test_a_probe_that_has_nothing_to_read_is_refused() -> None:
    with pytest.raises(InputError, match="damage of sr has nothing that a probe could read"):
        make_stage(own_material("sr"), config("sr", probe_weight=0.1), InitFrom())
