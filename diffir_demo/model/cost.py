"""Multiplications, counted without running anything: of the U-Net, of the prior encoder, and of the diffusion."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from . import DiffIR
from .config import ModelConfig

PAPER_TERA = {"DiffIR": 0.74, "LDM": 37.25}
"""The paper's own count for real-world super-resolution x4, in 10^12 Mult-Adds."""
PAPER_MILLION = {"DiffIR": 26, "LDM": 215, "RePaint": 607}
"""The paper's own count of parameters for inpainting, in 10^6."""


@dataclass(frozen=True)
class Cost:
    """Multiply-accumulates (MACs) of one input, in 10^9."""

    paint: float
    """The U-Net, once."""
    encoder: float
    diffusion: float
    """All steps together."""


@lru_cache(maxsize=256)
def cost_of(config: ModelConfig, height: int, width: int, steps: int | None = None) -> Cost:
    """Convolutions, linear layers and matrix products; no norms, no sums. Takes a tenth of a second.

    height, width: of the network's input, multiples of `config.multiple_of`. steps: None for the trained number.
    """
    with torch.device("meta"):
        model = DiffIR(config).requires_grad_(False)
        damaged = torch.empty(1, config.in_channels, height, width)
        vector = torch.empty(1, config.ipr_length)
    count = config.timesteps if steps is None else steps
    return Cost(
        paint=_giga_macs(lambda: model.painter(damaged, vector)),
        encoder=_giga_macs(lambda: model.encoder(damaged)),
        diffusion=count * _giga_macs(lambda: model.denoiser(vector, 0, vector)),
    )


def _giga_macs(work: Callable[[], object]) -> float:
    with _Multiplications() as counted:
        work()
    return counted.flops / 2 / 1e9


class _Multiplications(TorchDispatchMode):
    """torch's own formulas, without the hooks that its `FlopCounterMode` sets on the modules of every thread.

    An app counts while other visitors' networks run.
    """

    def __init__(self) -> None:
        super().__init__()
        self.flops = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        formula = flop_registry.get(func._overloadpacket)
        if formula is None:
            with self:  # what is made of simpler operations is counted in those
                parts = func.decompose(*args, **kwargs)
            if parts is not NotImplemented:
                return parts
        result = func(*args, **kwargs)
        if formula is not None:
            self.flops += formula(*args, **kwargs, out_val=result)
        return result
