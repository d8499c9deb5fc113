"""The ways to paint that are compared: the published form of the U-Net, our readable one, and its fast twin."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..devices import PRECISIONS, has_fast_bf16
from ..model import DiffIR, FastDIRformer, ModelConfig, fold
from .reference import Reference


@dataclass(frozen=True)
class Way:
    """One way to paint the same picture."""

    network: str
    """reference (NCHW modules, as published), plain (our readable network, NHWC) or fast."""
    precision: str
    """fp32 or bf16."""

    @property
    def name(self) -> str:
        return f"{self.network} {self.precision}"

    @property
    def dtype(self) -> torch.dtype:
        return PRECISIONS[self.precision]

    def paint(self, model: DiffIR, damaged: Tensor, ipr: Tensor) -> Tensor:
        """damaged (b, c, h, w) in [0, 1], ipr (b, n) -> (b, 3, h * scale, w * scale). The plain network autocasts."""
        if self.network == "fast":
            return fold(model.paint(damaged, ipr, FastDIRformer(model.painter, self.dtype).walk))
        if self.network == "reference":
            return fold(model.paint(damaged, ipr, Reference(model.painter).walk))
        with torch.autocast("cpu", self.dtype, enabled=self.precision == "bf16"):
            return fold(model.paint(damaged, ipr))


REFERENCE = Way("reference", "fp32")
"""What all others are measured against."""
WAYS = (REFERENCE, *(Way(network, precision) for precision in PRECISIONS for network in ("plain", "fast")))


def ways_here() -> list[Way]:
    """Without bfloat16 where the processor would have to emulate it."""
    bf16 = has_fast_bf16(torch.device("cpu"))
    return [way for way in WAYS if bf16 or way.precision == "fp32"]


def case(config: ModelConfig, size: int) -> tuple[DiffIR, Tensor, Tensor]:
    """An untrained network, a damaged picture (1, c, size, size) in [0, 1], and noise x_T (1, n)."""
    torch.manual_seed(0)
    model = DiffIR(config).requires_grad_(False).eval()
    return model, torch.rand(1, config.in_channels, size, size), torch.randn(1, config.ipr_length)
