"""The paper: DiffIR's networks and its diffusion. Needs torch only."""

from __future__ import annotations

from collections.abc import Callable, Generator

import torch
from torch import Tensor, nn

from .base import base_picture
from .config import COMPACT, OFFICIAL, PRESETS, ModelConfig
from .diffusion import DenoisingStep, IPRDiffusion, Schedule, seeded_noise
from .dirformer import DIRformer, fold
from .fast import FastDIRformer
from .prior import PriorDenoiser, PriorEncoder
from .shrinkage import SteeredShrinkage

__all__ = [
    "COMPACT",
    "OFFICIAL",
    "PRESETS",
    "DIRformer",
    "DenoisingStep",
    "DiffIR",
    "FastDIRformer",
    "IPRDiffusion",
    "ModelConfig",
    "PriorDenoiser",
    "PriorEncoder",
    "Schedule",
    "SteeredShrinkage",
    "Teacher",
    "fold",
    "seeded_noise",
]


Walk = Callable[[Tensor, Tensor], Generator[float, None, Tensor]]
"""`DIRformer.walk`, or its fast twin's."""


class Painter(nn.Module):
    """What both stages share: the U-Net, and the base picture that it corrects."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.painter = DIRformer(config)
        self.shrinkage = SteeredShrinkage(config.ipr_length) if config.shrinkage else None

    def paint(self, damaged: Tensor, ipr: Tensor, walk: Walk | None = None) -> Generator[float, None, Tensor]:
        """damaged (b, c, h, w) in [0, 1], sides multiples of `config.multiple_of`; ipr (b, n). walk: of a twin.

        Yields the share painted so far, in [0, 1]; returns the picture (b, 3, h * scale, w * scale), not clamped.
        """
        walk = walk or self.painter.walk
        seen, base = yield from self.first(damaged, ipr)
        correction = yield from walk(seen, ipr)
        if self.config.wants_path:
            blurred, correction = correction.chunk(2, dim=1)
            correction = torch.addcmul(correction, blurred, 1 - damaged[:, 6:])
        if base is None:
            return correction
        if torch.is_grad_enabled() or correction.dtype != base.dtype:
            return base + correction
        return correction.add_(base)  # spares a large picture's third copy

    def first(self, damaged: Tensor, ipr: Tensor) -> Generator[float, None, tuple[Tensor, Tensor | None]]:
        """What is there before the U-Net runs; yields 0.0 now and then, as nothing is painted yet.

        -> (what the U-Net sees (b, painter_channels, h, w), the base picture (b, 3, h * scale, w * scale) or None).
        """
        if self.shrinkage is not None:
            cleaner = yield from self.shrinkage.walk(damaged, ipr)
            return torch.cat([damaged, cleaner], dim=1), (yield from base_picture(cleaner, self.config))
        base = yield from base_picture(damaged, self.config)
        if base is not None and self.config.wants_path:
            return torch.cat([damaged, base], dim=1), base
        if base is not None and self.config.base == "fill":
            return torch.cat([base, damaged[:, 3:]], dim=1), base
        return damaged, base


class Teacher(Painter):
    """Stage 1: the prior encoder sees the ground truth, so its IPR is an oracle (paper section 3.1)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.encoder = PriorEncoder(config, sees_target=True)

    def forward(self, damaged: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """damaged (b, c, h, w), target (b, 3, h * scale, w * scale) -> (picture, IPR)."""
        ipr = self.encoder(damaged, target)
        return fold(self.paint(damaged, ipr)), ipr


class DiffIR(Painter):
    """Stage 2: diffusion estimates the IPR from the damaged picture alone (paper section 3.2)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.encoder = PriorEncoder(config, sees_target=False)
        self.denoiser = PriorDenoiser(config)
        self.diffusion = IPRDiffusion(config)

    def denoise(
        self, condition: Tensor, noise: Tensor, steps: int | None = None
    ) -> Generator[DenoisingStep, None, Tensor]:
        """condition (b, n) from `encoder`, noise x_T (b, n). Yields each step; returns the IPR (b, n).

        steps: another number than the trained one (`Schedule.resampled`).
        """
        return (yield from self.diffusion.walk(self.denoiser, condition, noise, steps))

    def estimate(self, damaged: Tensor, noise: Tensor) -> Tensor:
        """damaged (b, c, h, w) in [0, 1], noise x_T (b, n) -> the IPR (b, n) at the end of the diffusion."""
        return fold(self.denoise(self.encoder(damaged), noise))

    def forward(self, damaged: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """damaged (b, c, h, w) in [0, 1], noise x_T (b, n) -> (picture (b, 3, h * scale, w * scale), IPR (b, n))."""
        ipr = self.estimate(damaged, noise)
        return fold(self.paint(damaged, ipr)), ipr
