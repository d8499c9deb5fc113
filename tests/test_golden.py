"""Our networks against results of the authors' code, and their key lists against our presets."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from diffir_demo.model import OFFICIAL, CpuDIRformer, DiffIR, Teacher, strips
from diffir_demo.weights.official import read_official
from diffir_demo.weights.store import assemble, blank

from . import official

CASES = ("sq", "rect", "batch")
OUTPUT, IPR, CONDITION = 2e-5, 1e-6, 5e-6  # the authors' code itself varies by up to 5e-6 with threads and layout


@dataclass(frozen=True)
class Golden:
    variant: str
    fill_hash: str
    model: Any
    arrays: dict[str, np.ndarray]

    def inputs(self, case: str) -> tuple[Tensor, Tensor]:
        """The damaged picture (b, c, h, w) and the ground truth (b, 3, h * scale, w * scale)."""
        record = official.key_list(self.variant)
        b, _, h, w = shape = tuple(record["cases"][case])
        damaged = official.uniform(0, shape)
        target = official.uniform(2, (b, 3, h * record["scale"], w * record["scale"]))
        if self.variant == "inpainting":
            target, mask = damaged, self.arrays[f"{case}_mask"].astype(np.float32)
            damaged = np.concatenate([damaged * (1 - mask), mask], axis=1)
        assert zlib.crc32(damaged.tobytes()) == self.arrays[f"{case}_input_crc32"]
        return torch.from_numpy(damaged), torch.from_numpy(target)

    def check_picture(self, case: str, picture: Tensor) -> None:
        """Large pictures are stored as their central 64x64 pixels."""
        assert tuple(picture.shape) == tuple(self.arrays[f"{case}_out_shape"])
        h, w = picture.shape[-2:]
        if max(h, w) > 96:
            picture = picture[..., h // 2 - 32 : h // 2 + 32, w // 2 - 32 : w // 2 + 32]
        self.check(f"{case}_out", picture, OUTPUT)

    def check(self, name: str, found: Tensor, tolerance: float) -> None:
        np.testing.assert_allclose(found.numpy(), self.arrays[name], rtol=0, atol=tolerance, err_msg=name)


def _golden(variant: str, stage: int) -> Golden:
    state = official.filled_state(variant, stage)
    fill_hash = official.fill_hash(state, variant, stage)
    return Golden(variant, fill_hash, assemble(*read_official(state)), official.results(variant, stage))


@pytest.fixture(scope="module", params=official.GOLDEN)
def restorer(request: pytest.FixtureRequest) -> Golden:
    return _golden(request.param, 2)


@pytest.fixture(scope="module", params=official.GOLDEN)
def teacher(request: pytest.FixtureRequest) -> Golden:
    return _golden(request.param, 1)


def test_restorer_weights_are_the_ones_the_results_were_made_with(restorer: Golden) -> None:
    assert restorer.fill_hash == official.key_list(restorer.variant)["S2"]["fill_sha256"]
    assert isinstance(restorer.model, DiffIR)


def test_teacher_weights_are_the_ones_the_results_were_made_with(teacher: Golden) -> None:
    assert teacher.fill_hash == official.key_list(teacher.variant)["S1"]["fill_sha256"]
    assert isinstance(teacher.model, Teacher)


@pytest.mark.parametrize("case", CASES)
@torch.inference_mode()
def test_restoration(restorer: Golden, case: str) -> None:
    damaged, _ = restorer.inputs(case)
    noise = torch.from_numpy(official.normal(1, (len(damaged), 256)))
    np.testing.assert_array_equal(noise.numpy(), restorer.arrays[f"{case}_xT"])

    condition = restorer.model.encoder(damaged)
    restorer.check(f"{case}_condition", condition, CONDITION)
    steps = list(restorer.model.denoise(condition, noise))
    assert [step.t for step in steps] == [3, 2, 1, 0]
    restorer.check(f"{case}_x0_preds", torch.stack([step.x0 for step in steps]), IPR)
    restorer.check(f"{case}_ipr_steps", torch.stack([step.ipr for step in steps]), IPR)

    picture, ipr = restorer.model(damaged, noise)
    assert torch.equal(ipr, steps[-1].ipr)
    restorer.check_picture(case, picture)
    restorer.check_picture(case, restorer.model.decode(damaged, ipr, CpuDIRformer(restorer.model.unet)))


@torch.inference_mode()
def test_the_prior_encoder_in_bfloat16(restorer: Golden) -> None:
    """Its convolutions alone are rounded: the condition comes in float32, and within a hundredth."""
    encoder, (damaged, _) = restorer.model.encoder, restorer.inputs("rect")
    exact, quick = encoder(damaged), encoder(damaged.bfloat16())
    assert quick.dtype == torch.float32
    assert 0 < torch.linalg.norm(quick - exact) < 0.01 * torch.linalg.norm(exact)


def test_the_prior_encoder_in_strips_is_the_one_that_learns(restorer: Golden, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strips, "STRIP", 1)
    encoder, (damaged, _) = restorer.model.encoder, restorer.inputs("batch")
    whole = encoder(damaged)
    with torch.no_grad():
        torch.testing.assert_close(encoder(damaged), whole, atol=1e-6, rtol=0)


@torch.inference_mode()
def test_the_chain_that_training_runs(restorer: Golden) -> None:
    damaged, _ = restorer.inputs("sq")
    teacher_ipr = torch.from_numpy(restorer.arrays["sq_train_z"])
    start = restorer.model.diffusion.diffuse(teacher_ipr, torch.from_numpy(official.normal(1, (1, 256))))
    steps = list(restorer.model.denoise(restorer.model.encoder(damaged), start))
    restorer.check("sq_train_ipr_steps", torch.stack([step.ipr for step in steps]), IPR)


@torch.inference_mode()
def test_another_noise_gives_another_picture(restorer: Golden) -> None:
    """Guards the comparison itself: an IPR path that did nothing would pass everything else."""
    damaged, _ = restorer.inputs("batch")
    ipr = restorer.model.estimate(damaged, torch.from_numpy(official.normal(9, (2, 256))))
    changed = restorer.model.decode(damaged, ipr).numpy()
    assert np.abs(changed - restorer.arrays["batch_out"]).mean() > 100 * OUTPUT


@pytest.mark.parametrize("case", CASES)
@torch.inference_mode()
def test_teacher(teacher: Golden, case: str) -> None:
    picture, ipr = teacher.model(*teacher.inputs(case))
    teacher.check(f"{case}_ipr", ipr, IPR)
    teacher.check_picture(case, picture)


@pytest.mark.parametrize("stage", [1, 2])
@pytest.mark.parametrize("variant", OFFICIAL)
def test_key_list_gives_the_preset(variant: str, stage: int) -> None:
    config, found_stage, state = read_official(official.empty_state(variant, stage))
    assert (config, found_stage) == (OFFICIAL[variant], stage)
    model = blank(config, stage)
    model.load_state_dict(state, strict=True, assign=True)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    assert parameters == official.key_list(variant)[f"S{stage}"]["parameters_unique"]


@pytest.mark.parametrize("stage", [1, 2])
@pytest.mark.parametrize("variant", OFFICIAL)
def test_our_names_turn_back_into_the_key_list(variant: str, stage: int) -> None:
    config = OFFICIAL[variant]
    written = official.as_official(blank(config, stage).state_dict(), config, stage)
    listed = official.key_list(variant)[f"S{stage}"]["keys"]
    assert {name: list(tensor.shape) for name, tensor in written.items()} == dict(listed)
