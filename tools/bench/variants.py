"""The variants of the U-Net that are compared: its published form, our readable one, and the CPU backend.

On a GPU the readable network is compared with itself compiled instead, its norms fused and its kernels launched as one
CUDA graph, which pays where many pictures have one size.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from diffir_demo.devices import PRECISIONS, has_fast_bf16
from diffir_demo.model import CpuDIRformer, DiffIR, ModelConfig, UNet
from diffir_demo.model.compiled import compile_blocks
from diffir_demo.tick import Tick, no_tick
from tools.machine import CPU

from .reference import Reference

DTYPES = PRECISIONS | {"tf32": torch.float32}
"""tf32: float32 whose products a GPU may round to 10 bits."""


@dataclass(frozen=True)
class Variant:
    """One way to run the same U-Net."""

    network: str
    """reference (NCHW modules, as published), plain (our readable network, NHWC), blocks (the same, compiled block by
    block, as the app does with `--compile`), compiled (as a whole, with CUDA graphs) or fast."""
    precision: str
    """One of `DTYPES`."""

    @property
    def name(self) -> str:
        return f"{self.network} {self.precision}"

    @classmethod
    def named(cls, name: str) -> Variant:
        """The variant of that `name`."""
        return cls(*name.split())

    @property
    def dtype(self) -> torch.dtype:
        return DTYPES[self.precision]

    @property
    def encoder_precision(self) -> str:
        """Of the prior encoder's convolutions, which come first: float32, except that the CPU backend has its own."""
        return self.precision if self.network == "fast" else "fp32"

    def decoder(self, model: DiffIR) -> Callable[[Tensor, Tensor], Tensor]:
        """damaged (b, c, h, w) in [0, 1], ipr (b, n) -> (b, 3, h * scale, w * scale).

        Made once for a model, since compiling takes a minute. All but the CPU backend autocast to bfloat16.
        """
        unet = self._unet(model)
        bf16 = self.precision == "bf16" and self.network != "fast"

        def decode(damaged: Tensor, ipr: Tensor) -> Tensor:
            with rounding(self.precision), torch.autocast(damaged.device.type, torch.bfloat16, enabled=bf16):
                return model.decode(damaged, ipr, unet)

        return decode

    def _unet(self, model: DiffIR) -> UNet | None:
        if self.network == "fast":
            return CpuDIRformer(model.unet, self.dtype)
        if self.network == "reference":
            return Reference(model.unet)
        if self.network == "blocks":
            network = copy.deepcopy(model.unet)
            compile_blocks(network)
            return network
        return _compiled(model) if self.network == "compiled" else None


def _compiled(model: DiffIR) -> UNet:
    network = torch.compile(model.unet, mode="reduce-overhead", dynamic=False)

    def unet(x: Tensor, ipr: Tensor, tick: Tick = no_tick) -> Tensor:
        return network(x, ipr).clone()  # a CUDA graph writes the next picture to the same place

    return unet


@contextmanager
def rounding(precision: str) -> Iterator[None]:
    """Whether a GPU may round products of float32 numbers: for `tf32` only."""
    kinds: tuple[Any, ...] = (torch.backends.cuda.matmul, torch.backends.cudnn)  # their types hide the switch
    before = [kind.allow_tf32 for kind in kinds]
    for kind in kinds:
        kind.allow_tf32 = precision == "tf32"
    try:
        yield
    finally:
        for kind, allowed in zip(kinds, before, strict=True):
            kind.allow_tf32 = allowed


REFERENCE = Variant("reference", "fp32")
"""What all others are measured against."""
ON_CPU = (REFERENCE, *(Variant(network, precision) for precision in ("fp32", "bf16") for network in ("plain", "fast")))
ON_GPU = (
    *(Variant("reference", precision) for precision in ("fp32", "tf32")),
    *(Variant("plain", precision) for precision in ("fp32", "tf32", "bf16")),
    *(Variant(network, precision) for network in ("blocks", "compiled") for precision in ("tf32", "bf16")),
)


def variants_for(device: torch.device) -> list[Variant]:
    """Without bfloat16 where the hardware would have to emulate it, and without what only NVIDIA's GPUs can do."""
    bf16, cuda = has_fast_bf16(device), device.type == "cuda"
    variants = ON_CPU if device.type == "cpu" else ON_GPU
    able = [each for each in variants if bf16 or each.precision != "bf16"]
    return able if cuda or device.type == "cpu" else [each for each in able if each.precision == "fp32"]


def ipr_of(model: DiffIR, damaged: Tensor, noise: Tensor, precision: str = "fp32") -> Tensor:
    """What comes before the U-Net: (1, n) in float32. precision: the variant's `encoder_precision`."""
    with rounding(precision):
        return model.estimate(damaged.to(DTYPES[precision]), noise)


def case(config: ModelConfig, size: int, device: torch.device = CPU) -> tuple[DiffIR, Tensor, Tensor]:
    """An untrained network, a damaged picture (1, c, size, size) in [0, 1], and noise x_T (1, n)."""
    torch.manual_seed(0)
    model = DiffIR(config).requires_grad_(False).eval()
    damaged, noise = torch.rand(1, config.input_channels, size, size), torch.randn(1, config.ipr_length)
    return model.to(device), damaged.to(device), noise.to(device)
