"""The stage for the eye: its terms teach the network and nothing else, and its discriminator sees what it should.

A small random network stands in for VGG16, so nothing here needs the training extra; one test holds the real one.
"""

from __future__ import annotations

import io
from importlib import metadata

import numpy as np
import pytest
import torch
from torch import nn

from diffir_demo.errors import InputError
from diffir_demo.model import Teacher
from diffir_demo.training import losses
from diffir_demo.training.data import Batch
from diffir_demo.training.losses import (
    Discriminator,
    PerceptualFeatures,
    PerceptualLoss,
    adversarial_loss,
    discriminator_loss,
    judged_hole,
)
from diffir_demo.training.stages import Stage3, Weights, composite
from tests.tiny import CONFIGS, network

TASKS_WITH_STAGE_3 = ("sr", "inpaint")
HAS_WHEEL = any(d.metadata["Name"].replace("_", "-") == losses.PACKAGE for d in metadata.distributions())


def features() -> PerceptualFeatures:
    torch.manual_seed(7)
    layers = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 3, stride=2, padding=1))
    return PerceptualFeatures(layers, (0, 2))


def batch_of(key: str, count: int = 3, side: int = 32) -> Batch:
    """Smooth colours with a grain on top, so that there is something crisp to miss."""
    generator = torch.Generator().manual_seed(1)
    config = CONFIGS[key]
    coarse = torch.rand(count, 3, side // 8, side // 8, generator=generator)
    target = nn.functional.interpolate(coarse, scale_factor=8, mode="bilinear")
    target = (target + 0.2 * torch.rand(target.shape, generator=generator)).clamp(0, 1)
    damaged = nn.functional.avg_pool2d(target, config.scale)
    if config.wants_mask:
        mask = torch.zeros(count, 1, side, side)
        mask[:, :, 8:20, 4:24] = 1
        damaged = torch.cat([target * (1 - mask), mask], dim=1)
    return Batch(damaged, target, torch.randn(count, config.ipr_length, generator=generator))


def stage_of(key: str, *, teacher: bool = False, warm_up: int = 0, weights: Weights | None = None) -> Stage3:
    finished = network(key).requires_grad_(True)
    taught = Teacher(finished.config) if teacher else None
    return Stage3(finished, taught, weights=weights, features=features(), warm_up=warm_up)


@pytest.mark.parametrize("key", TASKS_WITH_STAGE_3)
def test_it_overfits_one_batch(key: str) -> None:
    stage, batch = stage_of(key, warm_up=1000), batch_of(key)
    optimiser = torch.optim.Adam(stage.network.parameters(), 3e-3)
    history = []
    for _ in range(25):
        loss, parts = stage.loss(batch)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        history.append({name: float(value) for name, value in parts.items()})
    assert history[-1]["perceptual"] < 0.9 * history[0]["perceptual"]
    assert history[-1]["pixels"] < history[0]["pixels"]


@pytest.mark.parametrize("key", TASKS_WITH_STAGE_3)
def test_gradients_reach_the_network_and_nothing_else(key: str) -> None:
    stage = stage_of(key, teacher=True, weights=Weights(pixels=0.0, perceptual=0.0, ipr=0.0, adversarial=1.0))
    loss, parts = stage.loss(batch_of(key))
    loss.backward()
    assert set(parts) == {"pixels", "perceptual", "adversarial", "ipr"}
    assert not any(value.requires_grad for value in parts.values())
    silent = [n for n, p in stage.network.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert not silent  # from the adversarial term alone
    others = [p for n, p in stage.named_parameters() if not n.startswith("network.")]
    assert others and all(p.grad is None and not p.requires_grad for p in others)


def test_each_term_pulls() -> None:
    batch, pulls = batch_of("sr"), {}
    for term in ("pixels", "perceptual", "ipr"):
        weights = Weights(**{name: float(name == term) for name in ("pixels", "perceptual", "adversarial", "ipr")})
        stage = stage_of("sr", teacher=True, weights=weights)
        stage.loss(batch)[0].backward()
        pulls[term] = torch.cat([p.grad.flatten() for p in stage.network.encoder.parameters() if p.grad is not None])
        assert pulls[term].abs().sum() > 0
    assert not torch.allclose(pulls["pixels"], pulls["perceptual"])


def test_the_critic_is_listened_to_little_by_little() -> None:
    stage, batch = stage_of("sr", warm_up=2, weights=Weights(0.0, 0.0, adversarial=1.0)), batch_of("sr")
    heard = []
    for _ in range(6):
        loss, parts = stage.loss(batch)
        heard.append(float(loss.detach() / parts["adversarial"]) if "adversarial" in parts else None)
    assert heard == [None, None, pytest.approx(0.5), pytest.approx(1), pytest.approx(1), pytest.approx(1)]


@pytest.mark.parametrize("key", TASKS_WITH_STAGE_3)
def test_the_critic_learns_to_tell_truth_from_restoration(key: str) -> None:
    stage, batch = stage_of(key), batch_of(key)
    stage.discriminator_rate = 2e-3
    before = {name: value.clone() for name, value in stage.network.state_dict().items()}
    parts = [stage.discriminator_step(batch) for _ in range(15)]
    assert parts[-1]["discriminator_gap"] > parts[0]["discriminator_gap"] + 0.5
    assert parts[-1]["discriminator"] < parts[0]["discriminator"]
    assert all(torch.equal(value, before[name]) for name, value in stage.network.state_dict().items())
    assert all(p.grad is None for p in stage.network.parameters())


def test_the_critic_judges_what_was_painted_for_the_same_batch() -> None:
    stage, batch = stage_of("sr"), batch_of("sr")
    calls = []
    stage.network.encoder.register_forward_hook(lambda *_: calls.append(1))
    stage.loss(batch)
    stage.discriminator_step(batch)
    assert len(calls) == 1  # painted once for both
    stage.loss(batch)
    stage.discriminator_step(batch_of("sr"))
    assert len(calls) == 3  # another batch: painted anew


def test_infinite_gradients_teach_the_critic_nothing() -> None:
    stage, batch = stage_of("sr"), batch_of("sr")
    before = {name: value.clone() for name, value in stage.discriminator.named_parameters()}
    stage.discriminator_step(Batch(batch.damaged, batch.target * float("nan"), batch.noise))
    assert all(torch.equal(value, before[name]) for name, value in stage.discriminator.named_parameters())


def test_known_pixels_are_the_photos_own() -> None:
    """What the network paints outside the hole changes neither what the discriminator sees nor the perceptual term."""
    batch = batch_of("inpaint")
    hole = batch.damaged[:, 3:]
    painted = torch.rand_like(batch.target)
    elsewhere = painted + (1 - hole) * torch.rand_like(painted)
    assert torch.equal(composite(painted, batch), composite(elsewhere, batch))
    assert torch.equal(composite(painted, batch) * (1 - hole), batch.target * (1 - hole))
    inside = painted + 0.5 * hole
    assert not torch.equal(composite(painted, batch), composite(inside, batch))


def test_only_the_hole_is_made_up() -> None:
    real, fake = torch.full((1, 1, 8, 8), 3.0), torch.full((1, 1, 8, 8), 3.0)
    hole = torch.zeros(1, 1, 8, 8)
    hole[..., 2:4, 2:4] = 1
    told_apart = torch.where(hole > 0, -3.0, 3.0)
    assert discriminator_loss(real, told_apart, hole) < 0.2  # known places that look real are right
    assert discriminator_loss(real, -fake, hole) > discriminator_loss(real, told_apart, hole)
    assert discriminator_loss(real, fake, hole) > 2
    assert adversarial_loss(told_apart, hole) == pytest.approx(float(adversarial_loss(-fake)))  # known places: no part
    mask = torch.zeros(1, 1, 16, 16)
    mask[..., 5, 5] = 1
    assert judged_hole(mask).sum() == 1 and judged_hole(mask)[0, 0, 2, 2] == 1


def test_losses_of_a_critic_that_knows_nothing() -> None:
    zero, hole = torch.zeros(2, 1, 8, 8), torch.ones(2, 1, 8, 8)
    hole[..., :4] = 0
    for mask in (None, hole):
        assert discriminator_loss(zero, zero, mask) == pytest.approx(2 * np.log(2))
        assert adversarial_loss(zero, mask) == pytest.approx(np.log(2))


@pytest.mark.parametrize("side", [64, 192])
def test_the_critic_is_light_and_tame(side: int) -> None:
    discriminator = Discriminator()
    assert sum(p.numel() for p in discriminator.parameters()) <= 1_500_000
    assert discriminator(torch.rand(1, 3, side, side)).shape == (1, 1, side // 2, side // 2)
    for layer in (discriminator.stem, *discriminator.down, *discriminator.up, discriminator.refine, discriminator.head):
        with torch.no_grad():
            for _ in range(30):
                weight = layer.weight
        assert torch.linalg.matrix_norm(weight.flatten(1), 2) == pytest.approx(1, abs=0.1)


def test_its_state_survives_a_save() -> None:
    batch = batch_of("sr")
    stage, fresh = stage_of("sr", warm_up=1), stage_of("sr", warm_up=1)
    for _ in range(2):
        stage.loss(batch)
        stage.discriminator_step(batch)
    file = io.BytesIO()
    torch.save(stage.extra_state(), file)
    file.seek(0)
    fresh.load_extra_state(torch.load(file, weights_only=True))
    assert fresh.steps == 2 and "adversarial" in fresh.loss(batch)[1]
    stage.loss(batch)
    for one, other in zip(
        (stage.discriminator_step(batch), stage.extra_state()["discriminator"]),
        (fresh.discriminator_step(batch), fresh.extra_state()["discriminator"]),
        strict=True,
    ):
        assert all(torch.allclose(value, other[name], atol=1e-6) for name, value in one.items())


def test_odd_crops_are_refused() -> None:
    with pytest.raises(InputError, match="multiples of 16"):
        stage_of("sr").loss(batch_of("sr", side=40))


def test_it_runs_under_autocast_and_channels_last() -> None:
    stage, batch = stage_of("inpaint"), batch_of("inpaint")
    stage.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    plain = {name: float(value) for name, value in stage.loss(batch)[1].items()}
    with torch.autocast("cpu", torch.bfloat16):
        loss, parts = stage.loss(batch)
        stage.discriminator_step(batch)
    loss.backward()
    assert loss.dtype == torch.float32
    assert {name: float(value) for name, value in parts.items()} == pytest.approx(plain, rel=0.05)


def test_the_perceptual_loss_is_a_distance() -> None:
    loss, batch = PerceptualLoss(features()), batch_of("sr")
    blurred = nn.functional.avg_pool2d(batch.target, 3, stride=1, padding=1)
    more = nn.functional.avg_pool2d(blurred, 3, stride=1, padding=1)
    assert loss(batch.target, batch.target) == 0
    assert 0 < loss(blurred, batch.target) < loss(more, batch.target)


def test_without_the_wheel_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(losses, "PACKAGE", "a-package-that-nobody-has")
    with pytest.raises(InputError, match=r"diffir-studio\[train\]"):
        PerceptualLoss()


@pytest.mark.skipif(not HAS_WHEEL, reason="needs the extra train")
def test_vgg16_from_the_wheel() -> None:
    """Every tensor of the file finds its layer; each depth lies before a ReLU and counts about as the weights say."""
    features = PerceptualFeatures.vgg16()
    maps = features(nn.functional.interpolate(torch.rand(1, 3, 8, 8), scale_factor=8, mode="bicubic"))
    assert [m.shape[1:] for m in maps] == [(64, 64, 64), (128, 33, 33), (256, 17, 17), (512, 9, 9), (512, 5, 5)]
    for depth, found in zip(features.depths, maps, strict=True):
        assert found.min() < 0
        assert 0.1 < found.abs().mean() / losses.SIZES[depth] < 10
