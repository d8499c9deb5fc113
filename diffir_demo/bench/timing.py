"""Seconds, measured so that the ways can be compared: in one process, taking turns, after a warm-up."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ..model import ModelConfig, fold
from ..model.cost import Cost
from .memory import Memory
from .ways import Way, case

GEMM_SIDE = 2048
GEMM_TRIES = 8


@dataclass(frozen=True)
class Times:
    """Wall seconds of several rounds."""

    median: float
    low: float
    high: float
    """Quickest and slowest round."""


@dataclass(frozen=True)
class Timed:
    """One network at one size, all ways."""

    preset: str
    size: int
    """Side of the square input, pixels."""
    cost: Cost
    prior: Times
    """Prior encoder and diffusion, in float32: the same for all ways."""
    paint: dict[str, Times]
    """Base picture and U-Net, by the way's name."""
    memory: dict[str, Memory | None]
    """Of a process that restores one picture and does nothing else, by the way's name."""


@torch.inference_mode()
def measure(config: ModelConfig, size: int, ways: Sequence[Way], rounds: int) -> tuple[dict[str, Times], Times]:
    """The ways' seconds by name, and those of prior encoder and diffusion."""
    model, damaged, noise = case(config, size)
    ipr = fold(model.denoise(model.encoder(damaged), noise))
    work: dict[str, Callable[[], object]] = {"prior": lambda: fold(model.denoise(model.encoder(damaged), noise))}
    for way in ways:
        work[way.name] = lambda way=way: way.paint(model, damaged, ipr)
    found: dict[str, list[float]] = {name: [] for name in work}
    for turn in range(rounds + 1):
        for name, run in work.items():
            spent = seconds(run)
            if turn:  # the first is the warm-up
                found[name].append(spent)
    times = {name: Times(float(np.median(spent)), min(spent), max(spent)) for name, spent in found.items()}
    return times, times.pop("prior")


@torch.inference_mode()
def gemm_peak(dtype: torch.dtype) -> float:
    """GFLOP/s of the quickest of several large matrix products: what this machine can reach at all."""
    a, b = (torch.randn(GEMM_SIDE, GEMM_SIDE).to(dtype) for _ in range(2))
    best = min(seconds(lambda: a @ b) for _ in range(GEMM_TRIES))
    return 2 * GEMM_SIDE**3 / best / 1e9


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
