"""The ways to paint that are compared: the published form of the U-Net, our readable one, and its fast twin.

On a GPU there is no twin: there the readable network is compared with itself compiled, its norms fused and its kernels
launched as one CUDA graph, which pays where many pictures have one size.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..devices import PRECISIONS, has_fast_bf16
from ..model import DiffIR, FastDIRformer, ModelConfig, fold
from ..model.compiled import compile_blocks
from .reference import Reference

CPU = torch.device("cpu")
DTYPES = PRECISIONS | {"tf32": torch.float32}
"""tf32: float32 whose products a GPU may round to 10 bits."""


@dataclass(frozen=True)
class Way:
    """One way to paint the same picture."""

    network: str
    """reference (NCHW modules, as published), plain (our readable network, NHWC), blocks (the same, compiled block by
    block, as the app does with `--compile`), compiled (as a whole, with CUDA graphs) or fast."""
    precision: str
    """One of `DTYPES`."""

    @property
    def name(self) -> str:
        return f"{self.network} {self.precision}"

    @classmethod
    def named(cls, name: str) -> Way:
        """The way of that `name`."""
        return cls(*name.split())

    @property
    def dtype(self) -> torch.dtype:
        return DTYPES[self.precision]

    @property
    def encoder_precision(self) -> str:
        """Of the prior encoder's convolutions, which come first: float32, except that the fast twin's goes along."""
        return self.precision if self.network == "fast" else "fp32"

    def painter(self, model: DiffIR) -> Callable[[Tensor, Tensor], Tensor]:
        """damaged (b, c, h, w) in [0, 1], ipr (b, n) -> (b, 3, h * scale, w * scale).

        Made once for a model, since compiling takes a minute. All but the fast twin autocast to bfloat16.
        """
        walk = self._walk(model)
        bf16 = self.precision == "bf16" and self.network != "fast"

        def paint(damaged: Tensor, ipr: Tensor) -> Tensor:
            with rounding(self.precision), torch.autocast(damaged.device.type, torch.bfloat16, enabled=bf16):
                return fold(model.paint(damaged, ipr, walk))

        return paint

    def _walk(self, model: DiffIR) -> Callable[[Tensor, Tensor], Generator[float, None, Tensor]] | None:
        if self.network == "fast":
            return FastDIRformer(model.painter, self.dtype).walk
        if self.network == "reference":
            return Reference(model.painter).walk
        if self.network == "blocks":
            network = copy.deepcopy(model.painter)
            compile_blocks(network)
            return network.walk
        return _compiled(model) if self.network == "compiled" else None


def _compiled(model: DiffIR) -> Callable[[Tensor, Tensor], Generator[float, None, Tensor]]:
    network = torch.compile(model.painter, mode="reduce-overhead", dynamic=False)

    def walk(x: Tensor, ipr: Tensor) -> Generator[float, None, Tensor]:
        yield 0.0
        return network(x, ipr).clone()  # a CUDA graph writes the next picture to the same place

    return walk


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


REFERENCE = Way("reference", "fp32")
"""What all others are measured against."""
ON_CPU = (REFERENCE, *(Way(network, precision) for precision in ("fp32", "bf16") for network in ("plain", "fast")))
ON_GPU = (
    *(Way("reference", precision) for precision in ("fp32", "tf32")),
    *(Way("plain", precision) for precision in ("fp32", "tf32", "bf16")),
    *(Way(network, precision) for network in ("blocks", "compiled") for precision in ("tf32", "bf16")),
)


def ways_on(device: torch.device) -> list[Way]:
    """Without bfloat16 where the hardware would have to emulate it, and without what only NVIDIA's GPUs can do."""
    bf16, cuda = has_fast_bf16(device), device.type == "cuda"
    ways = ON_CPU if device.type == "cpu" else ON_GPU
    able = [way for way in ways if bf16 or way.precision != "bf16"]
    return able if cuda or device.type == "cpu" else [way for way in able if way.precision == "fp32"]


def ipr_of(model: DiffIR, damaged: Tensor, noise: Tensor, precision: str = "fp32") -> Tensor:
    """What comes before all painting: (1, n) in float32. precision: the way's `encoder_precision`."""
    with rounding(precision):
        return fold(model.denoise(model.encoder(damaged.to(DTYPES[precision])), noise))


def case(config: ModelConfig, size: int, device: torch.device = CPU) -> tuple[DiffIR, Tensor, Tensor]:
    """An untrained network, a damaged picture (1, c, size, size) in [0, 1], and noise x_T (1, n)."""
    torch.manual_seed(0)
    model = DiffIR(config).requires_grad_(False).eval()
    damaged, noise = torch.rand(1, config.input_channels, size, size), torch.randn(1, config.ipr_length)
    return model.to(device), damaged.to(device), noise.to(device)
