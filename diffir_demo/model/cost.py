"""Multiplications, counted without running anything: of the U-Net, of the prior encoder, and of the diffusion."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch

from . import DiffIR
from .config import ModelConfig

PAPER_TERA = {"DiffIR": 0.74, "LDM": 37.25}
"""The paper's own count for real-world super-resolution x4, in 10^12 Mult-Adds."""
PAPER_MILLION = {"DiffIR": 26, "LDM": 215, "RePaint": 607}
"""The paper's own count of parameters for inpainting, in 10^6."""


@dataclass(frozen=True)
class Cost:
    """Multiply-accumulates (MACs) of one input, in 10^9."""

    unet: float
    """The U-Net, once, and the first restoration that it corrects where there is one."""
    encoder: float
    diffusion: float
    """All steps together."""


@lru_cache(maxsize=256)
def cost_of(config: ModelConfig, height: int, width: int, steps: int | None = None) -> Cost:
    """Convolutions, linear layers and matrix products; no norms, no sums.

    height, width: of the network's input, multiples of `config.multiple_of`. steps: None for the trained number.

    From the layers' sizes: torch's own counter would first import a compiler, seconds of a visitor's first run.
    """
    model, pixels = _shapes(config), height * width
    count = config.timesteps if steps is None else steps
    shrinking = 0.0 if model.shrinkage is None else model.shrinkage.work()
    return Cost(
        unet=(pixels * (sum(model.unet.work()) + shrinking) + model.unet.modulation_work()) / 1e9,
        encoder=model.encoder.work(pixels) / 1e9,
        diffusion=count * model.denoiser.work() / 1e9,
    )


@lru_cache(maxsize=16)
def _shapes(config: ModelConfig) -> DiffIR:
    """The network without its numbers."""
    with torch.device("meta"):
        return DiffIR(config)
