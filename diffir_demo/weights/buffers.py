"""The diffusion constants that official stage-2 files carry: derived numbers, so they are checked and not kept."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from ..errors import WeightsError
from ..model import ModelConfig, Schedule
from .assemble import readable


def schedule_buffers(config: ModelConfig) -> dict[str, np.ndarray]:
    """All twelve, by their official name without `diffusion.`, in closed form: float64 (T,)."""
    schedule = Schedule.from_config(config)
    bar, before = schedule.alpha_bars, schedule.alpha_bars_before
    variance = schedule.betas * (1.0 - before) / (1.0 - bar)
    return {
        "betas": schedule.betas,
        "alphas_cumprod": bar,
        "alphas_cumprod_prev": before,
        "sqrt_alphas_cumprod": np.sqrt(bar),
        "sqrt_one_minus_alphas_cumprod": np.sqrt(1.0 - bar),
        "log_one_minus_alphas_cumprod": np.log(1.0 - bar),
        "sqrt_recip_alphas_cumprod": np.sqrt(1.0 / bar),
        "sqrt_recipm1_alphas_cumprod": np.sqrt(1.0 / bar - 1.0),
        "posterior_variance": variance,
        "posterior_log_variance_clipped": np.log(np.maximum(variance, 1e-20)),
        "posterior_mean_coef1": schedule.x0_weights,
        "posterior_mean_coef2": schedule.xt_weights,
    }


def check_buffers(found: Mapping[str, Tensor], config: ModelConfig) -> None:
    """Raises `WeightsError` for a constant that DiffIR does not have, or that its own betas contradict."""
    closed_form = {f"diffusion.{name}": torch.from_numpy(values) for name, values in schedule_buffers(config).items()}
    for name, tensor in found.items():
        expected = closed_form.get(name)
        if expected is None or tensor.shape != expected.shape:
            raise WeightsError(f"{readable(name)} is no part of the diffusion that DiffIR uses.", "Use another file.")
        tolerance = max(1e-5, 4 * torch.finfo(tensor.dtype).eps)
        if not torch.allclose(tensor.double(), expected, rtol=tolerance, atol=tolerance):
            raise WeightsError(f"{name} contradicts the schedule that diffusion.betas sets.", "Use another file.")
