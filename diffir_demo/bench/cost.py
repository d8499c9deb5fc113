"""Multiplications, counted without running anything: of the U-Net, of the prior, and of what the paper does without."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.utils.flop_counter import FlopCounterMode

from ..model import PRESETS, DiffIR, ModelConfig, fold

IMAGE_SPACE_STEPS = 1000
"""Steps of the usual diffusion on pixels (Ho et al., 2020), every one of which runs a network over the whole image."""
PAPER_TERA = {"DiffIR": 0.74, "LDM": 37.25}
"""The paper's own count for real-world super-resolution x4, in 10^12 Mult-Adds."""


@dataclass(frozen=True)
class Cost:
    """Multiply-accumulates of one input, in 10^9."""

    paint: float
    encoder: float
    diffusion: float
    """All steps together."""


@dataclass(frozen=True)
class Efficiency:
    """The paper's point in numbers: what diffusion on the IPR costs, and what it would cost on pixels. 10^9 MACs."""

    preset: str
    size: int
    steps: int
    diffusion: float
    paint: float
    image_space: float
    """`IMAGE_SPACE_STEPS` times the image network: the same U-Net, run at every step of a diffusion on pixels."""


def cost_of(config: ModelConfig, size: int) -> Cost:
    """size: side of the square input, pixels. Convolutions, linear layers and matrix products; no norms, no sums."""
    with torch.device("meta"):
        model = DiffIR(config).requires_grad_(False)
        damaged = torch.empty(1, config.in_channels, size, size)
        vector = torch.empty(1, config.ipr_length)
    return Cost(
        paint=_giga_macs(lambda: model.painter(damaged, vector)),
        encoder=_giga_macs(lambda: model.encoder(damaged)),
        diffusion=_giga_macs(lambda: fold(model.denoise(vector, vector))),
    )


def efficiency(preset: str, size: int, cost: Cost) -> Efficiency:
    steps = PRESETS[preset].timesteps
    return Efficiency(preset, size, steps, cost.diffusion, cost.paint, IMAGE_SPACE_STEPS * cost.paint)


def _giga_macs(work: Callable[[], object]) -> float:
    with FlopCounterMode(display=False) as counter:
        work()
    return counter.get_total_flops() / 2 / 1e9
