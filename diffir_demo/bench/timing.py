"""Seconds, measured so that the ways can be compared: in one process, taking turns, after a warm-up."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from ..model import ModelConfig
from ..model.cost import Cost
from .memory import Memory
from .ways import CPU, Way, case, ipr_of, rounding

GEMM_SIDE = {"cpu": 2048, "cuda": 8192, "mps": 4096}
GEMM_TRIES = 8


@dataclass(frozen=True)
class Times:
    """Wall seconds of several rounds."""

    median: float
    low: float
    high: float
    """Quickest and slowest round."""

    @classmethod
    def of(cls, spent: Sequence[float]) -> Times:
        """spent: seconds of each round, one at least."""
        return cls(float(np.median(spent)), min(spent), max(spent))


@dataclass(frozen=True)
class Timed:
    """One network at one size, all ways."""

    preset: str
    size: int
    """Side of the square input, pixels."""
    cost: Cost
    prior: dict[str, Times]
    """Prior encoder and diffusion, by the encoder's precision."""
    paint: dict[str, Times]
    """Base picture and U-Net, by the way's name."""
    memory: dict[str, Memory | None]
    """Of a process that restores one picture and does nothing else, by the way's name."""

    def whole(self, way: str) -> float:
        """Seconds of the whole pipeline: IPR and painting."""
        return self.prior[Way.named(way).encoder_precision].median + self.paint[way].median


@torch.inference_mode()
def measure(
    config: ModelConfig, size: int, ways: Sequence[Way], rounds: int, device: torch.device = CPU
) -> tuple[dict[str, Times], dict[str, Times]]:
    """Seconds of painting by the way's name, and of prior encoder and diffusion by the encoder's precision."""
    model, damaged, noise = case(config, size, device)
    ipr = ipr_of(model, damaged, noise)
    priors = list(dict.fromkeys(way.encoder_precision for way in ways))
    work: dict[str, Callable[[], object]] = {p: partial(ipr_of, model, damaged, noise, p) for p in priors}
    work |= {way.name: partial(way.painter(model), damaged, ipr) for way in ways}
    found: dict[str, list[float]] = {name: [] for name in work}
    for turn in range(rounds + 1):
        for name, run in work.items():
            spent = seconds(run, device)
            if turn:  # the first is the warm-up
                found[name].append(spent)
    times = {name: Times.of(spent) for name, spent in found.items()}
    return {way.name: times[way.name] for way in ways}, {precision: times[precision] for precision in priors}


@torch.inference_mode()
def gemm_peak(way: Way, device: torch.device = CPU) -> float:
    """GFLOP/s of the quickest of several large matrix products in a way's precision: the most that can be reached."""
    side = GEMM_SIDE[device.type]
    a, b = (torch.randn(side, side, device=device).to(way.dtype) for _ in range(2))
    with rounding(way.precision):
        best = min(seconds(lambda: a @ b, device) for _ in range(GEMM_TRIES))
    return 2 * side**3 / best / 1e9


def seconds(work: Callable[[], object], device: torch.device = CPU) -> float:
    """Until the device has done it: a GPU takes orders long before it carries them out."""
    began = time.perf_counter()
    work()
    if device.type != "cpu":
        torch.accelerator.synchronize(device)
    return time.perf_counter() - began
