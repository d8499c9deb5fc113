"""The paper: DiffIR's networks and its diffusion. Needs torch only."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from ..tick import Tick, no_tick
from .base import base_picture
from .config import COMPACT, OFFICIAL, PRESETS, ModelConfig
from .cpu import CpuDIRformer
from .diffusion import DenoisingStep, IPRDiffusion, Schedule, seeded_noise
from .dirformer import DIRformer
from .prior import PriorDenoiser, PriorEncoder
from .shrinkage import ModulatedShrinkage

__all__ = [
    "COMPACT",
    "OFFICIAL",
    "PRESETS",
    "CpuDIRformer",
    "DIRformer",
    "DenoisingStep",
    "DiffIR",
    "IPRDiffusion",
    "ModelConfig",
    "PriorDenoiser",
    "PriorEncoder",
    "Schedule",
    "ModulatedShrinkage",
    "Teacher",
    "UNet",
    "seeded_noise",
]


UNet = Callable[[Tensor, Tensor, Tick], Tensor]
"""`DIRformer`, or the same computed by another backend: (what it sees, IPR, tick) -> the correction."""


class Backbone(nn.Module):
    """What both stages share: the U-Net, and the base picture that it corrects."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.painter = DIRformer(config)  # so named in every file of weights
        self.shrinkage = ModulatedShrinkage(config.ipr_length) if config.shrinkage else None

    @property
    def unet(self) -> DIRformer:
        return self.painter

    def decode(self, damaged: Tensor, ipr: Tensor, unet: UNet | None = None, tick: Tick = no_tick) -> Tensor:
        """damaged (b, c, h, w) in [0, 1], sides multiples of `config.multiple_of`; ipr (b, n) -> the picture
        (b, 3, h * scale, w * scale), not clamped. unet: the backend that computes; None: the plain network.
        """
        seen, base = self.prepare(damaged, ipr, tick)
        correction = (unet or self.unet)(seen, ipr, tick)
        if self.config.wants_path:
            blurred, correction = correction.chunk(2, dim=1)
            correction = torch.addcmul(correction, blurred, 1 - damaged[:, 6:])
        if base is None:
            return correction
        if torch.is_grad_enabled() or correction.dtype != base.dtype:
            return base + correction
        return correction.add_(base)  # spares a large picture's third copy

    def prepare(self, damaged: Tensor, ipr: Tensor, tick: Tick = no_tick) -> tuple[Tensor, Tensor | None]:
        """What is there before the U-Net runs. Ticks with 0.0.

        -> (what the U-Net sees (b, unet_channels, h, w), the base picture (b, 3, h * scale, w * scale) or None).
        """
        if self.shrinkage is not None:
            cleaner = self.shrinkage(damaged, ipr, tick)
            return torch.cat([damaged, cleaner], dim=1), base_picture(cleaner, self.config, tick)
        base = base_picture(damaged, self.config, tick)
        if base is not None and self.config.wants_path:
            return torch.cat([damaged, base], dim=1), base
        if base is not None and self.config.base == "fill":
            return torch.cat([base, damaged[:, 3:]], dim=1), base
        return damaged, base


class Teacher(Backbone):
    """Stage 1: the prior encoder sees the ground truth, so its IPR is an oracle (paper section 3.1)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.encoder = PriorEncoder(config, sees_target=True)

    def forward(self, damaged: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """damaged (b, c, h, w), target (b, 3, h * scale, w * scale) -> (picture, IPR)."""
        ipr = self.encoder(damaged, target)
        return self.decode(damaged, ipr), ipr


class DiffIR(Backbone):
    """Stage 2: diffusion estimates the IPR from the damaged picture alone (paper section 3.2)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.encoder = PriorEncoder(config, sees_target=False)
        self.denoiser = PriorDenoiser(config)
        self.diffusion = IPRDiffusion(config)

    def denoise(self, condition: Tensor, noise: Tensor, steps: int | None = None) -> Iterator[DenoisingStep]:
        """condition (b, n) from `encoder`, noise x_T (b, n) -> the diffusion's steps; the last one's IPR is the result.

        None for a network without diffusion, whose IPR is the condition. steps: another number than the trained one
        (`Schedule.resampled`).
        """
        return self.diffusion.reverse(self.denoiser, condition, noise, steps)

    def estimate(self, damaged: Tensor, noise: Tensor) -> Tensor:
        """damaged (b, c, h, w) in [0, 1], noise x_T (b, n) -> the IPR (b, n) at the end of the diffusion."""
        ipr = self.encoder(damaged)
        for step in self.denoise(ipr, noise):
            ipr = step.ipr
        return ipr

    def forward(self, damaged: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """damaged (b, c, h, w) in [0, 1], noise x_T (b, n) -> (picture (b, 3, h * scale, w * scale), IPR (b, n))."""
        ipr = self.estimate(damaged, noise)
        return self.decode(damaged, ipr), ipr
