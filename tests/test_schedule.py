"""The diffusion's constants against their closed form, the published digits and the official buffers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from diffir_demo.model import OFFICIAL, ModelConfig, Schedule
from diffir_demo.model.diffusion import IPRDiffusion
from diffir_demo.model.prior import PriorDenoiser
from diffir_demo.weights.official import schedule_buffers

from . import official

TINY = ModelConfig(ipr_length=8)


def test_betas_are_linear_between_their_square_roots() -> None:
    config = ModelConfig(timesteps=7, beta_start=0.04, beta_end=0.81)
    roots = np.sqrt(Schedule.from_config(config).betas)
    np.testing.assert_allclose(roots, [0.2 + i * 0.7 / 6 for i in range(7)], rtol=1e-14)
    assert roots.dtype == np.float64


@pytest.mark.parametrize("timesteps", [1, 2, 4, 9])
def test_posterior_mean_in_closed_form(timesteps: int) -> None:
    """mean = sqrt(abar') beta / (1 - abar) x0 + sqrt(alpha) (1 - abar') / (1 - abar) x_t, with abar' at t - 1."""
    schedule = Schedule.from_config(ModelConfig(timesteps=timesteps))
    bar = 1.0
    for t, beta in enumerate(schedule.betas):
        before, bar = bar, bar * (1 - beta)
        assert schedule.alpha_bars[t] == pytest.approx(bar, rel=1e-13)
        assert schedule.alpha_bars_before[t] == pytest.approx(before, rel=1e-13)
        assert schedule.x0_weights[t] == pytest.approx(before**0.5 * beta / (1 - bar), rel=1e-12)
        assert schedule.xt_weights[t] == pytest.approx((1 - beta) ** 0.5 * (1 - before) / (1 - bar), rel=1e-12)


def test_published_digits() -> None:
    schedule = Schedule.from_config(ModelConfig())
    published = {
        "betas": [0.1, 0.2942856242, 0.5909522909, 0.99],
        "alpha_bars": [0.9, 0.6351429382, 0.2598037639, 0.0025980376],
        "x0_weights": [1, 0.7651869342, 0.6362697630, 0.5059268117],
        "xt_weights": [0, 0.2302458047, 0.3152556410, 0.0742124303],
    }
    for name, digits in published.items():
        np.testing.assert_allclose(getattr(schedule, name), digits, atol=5e-11, err_msg=name)


@pytest.mark.parametrize("variant", OFFICIAL)
def test_official_buffers_are_the_closed_form(variant: str) -> None:
    stored = official.key_list(variant)["S2"]["buffers"]
    ours = schedule_buffers(OFFICIAL[variant])
    assert set(stored) == {f"diffusion.{name}" for name in ours}
    for name, values in ours.items():
        np.testing.assert_allclose(stored[f"diffusion.{name}"], values, rtol=2e-7, atol=1e-9, err_msg=name)


def test_start_of_the_training_chain() -> None:
    diffusion, one = IPRDiffusion(TINY), torch.ones(1, 1, dtype=torch.float64)
    assert diffusion.diffuse(one, 0 * one).item() == pytest.approx(0.0509709490, abs=5e-11)
    assert diffusion.diffuse(0 * one, one).item() == pytest.approx(0.9987001364, abs=5e-11)


@torch.inference_mode()
def test_last_step_returns_the_estimate_itself() -> None:
    torch.manual_seed(0)
    diffusion, denoiser = IPRDiffusion(TINY), PriorDenoiser(TINY)
    condition, noise = torch.randn(2, 8), torch.randn(2, 8)
    steps = list(diffusion.reverse(denoiser, condition, noise))
    assert [step.t for step in steps] == [3, 2, 1, 0]
    assert torch.equal(steps[-1].ipr, steps[-1].x0)
    x0_weight, xt_weight = Schedule.from_config(TINY).x0_weights[3], Schedule.from_config(TINY).xt_weights[3]
    torch.testing.assert_close(steps[0].ipr, (x0_weight * steps[0].x0 + xt_weight * noise).float())


@pytest.mark.parametrize("steps", range(1, 9))
def test_another_number_of_steps_spans_the_same_noise(steps: int) -> None:
    trained = Schedule.from_config(ModelConfig())
    schedule = trained.resampled(steps)
    assert len(schedule.betas) == len(schedule.times) == steps
    assert schedule.times[-1] == 3 and (steps == 1 or schedule.times[0] == 0)
    assert schedule.alpha_bars[-1] == pytest.approx(trained.alpha_bars[-1], rel=1e-12)
    assert steps == 1 or schedule.alpha_bars[0] == pytest.approx(trained.alpha_bars[0], rel=1e-12)
    assert ((schedule.betas > 0) & (schedule.betas < 1)).all()
    assert (np.diff(schedule.alpha_bars) < 0).all() and (np.diff(schedule.times) > 0).all()


def test_the_trained_number_of_steps_is_the_trained_schedule_itself() -> None:
    trained = Schedule.from_config(ModelConfig())
    assert trained.resampled(4) is trained
    seven = trained.resampled(7)  # every other of its times is a trained one
    np.testing.assert_allclose(seven.alpha_bars[::2], trained.alpha_bars, rtol=1e-12)
    np.testing.assert_array_equal(seven.times[::2], trained.times)
    odds = np.log(seven.alpha_bars / (1 - seven.alpha_bars))
    np.testing.assert_allclose(odds[1::2], (odds[:-1:2] + odds[2::2]) / 2, rtol=1e-9)


@pytest.mark.parametrize(("timesteps", "steps"), [(4, 0), (4, -1), (1, 2), (0, 3)])
def test_a_schedule_that_spans_no_range_cannot_be_resampled(timesteps: int, steps: int) -> None:
    with pytest.raises(ValueError, match="cannot be resampled"):
        Schedule.from_config(ModelConfig(timesteps=timesteps)).resampled(steps)


@torch.inference_mode()
def test_the_reverse_process_in_another_number_of_steps() -> None:
    torch.manual_seed(0)
    diffusion, denoiser = IPRDiffusion(TINY), PriorDenoiser(TINY)
    condition, noise = torch.randn(2, 8), torch.randn(2, 8)
    trained, same = (list(diffusion.reverse(denoiser, condition, noise, steps)) for steps in (None, 4))
    assert all(torch.equal(a.ipr, b.ipr) and torch.equal(a.x0, b.x0) for a, b in zip(trained, same, strict=True))
    assert [step.t for step in diffusion.reverse(denoiser, condition, noise, 6)] == [5, 4, 3, 2, 1, 0]
    (only,) = diffusion.reverse(denoiser, condition, noise, 1)
    assert torch.equal(only.ipr, denoiser(noise, 3, condition))
    first, _ = list(diffusion.reverse(denoiser, condition, noise, 2))
    weights = Schedule.from_config(TINY).resampled(2)
    torch.testing.assert_close(first.ipr, (weights.x0_weights[1] * first.x0 + weights.xt_weights[1] * noise).float())


def test_gradients_flow_through_the_whole_chain() -> None:
    torch.manual_seed(0)
    diffusion, denoiser = IPRDiffusion(TINY), PriorDenoiser(TINY)
    noise = torch.randn(2, 8, requires_grad=True)
    *_, last = diffusion.reverse(denoiser, torch.randn(2, 8), noise)
    last.ipr.sum().backward()
    assert noise.grad is not None and noise.grad.abs().sum() > 0
