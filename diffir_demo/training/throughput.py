"""How fast is training, and where does the time go? Pictures per second with and without damage, shares by part."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch

from ..devices import has_fast_bf16
from .data import PairStream
from .learner import Learner
from .loop import streams_of
from .recipe import Recipe
from .runs import Workshop
from .starts import Sources, make_stage
from .state import Progress

T = TypeVar("T")
PARTS = ("crops", "damage", "loss", "gradients", "optimiser")


@dataclass(frozen=True)
class Throughput:
    """Medians over the steps that were measured."""

    patch: int
    batch: int
    seconds: dict[str, float]
    """Per step, by part (`PARTS`)."""
    whole: float
    """Seconds of a whole step as training makes it, nothing waited for in between."""

    @property
    def images(self) -> float:
        """Crops per second in training."""
        return self.batch / self.whole

    @property
    def sharp_images(self) -> float:
        """Crops per second that the pool gives, undamaged."""
        return self.batch / self.seconds["crops"]

    @property
    def pairs(self) -> float:
        """Training pairs per second, damage included."""
        return self.batch / (self.seconds["crops"] + self.seconds["damage"])


def measure(workshop: Workshop, recipe: Recipe, sources: Sources, steps: int = 7) -> list[Throughput]:
    """One entry per phase of the recipe. Each phase is warmed up first."""
    stage = make_stage(workshop.material, recipe, sources)
    streams = list(streams_of(recipe, workshop.material, workshop.world).values())
    learner = Learner(stage, recipe, streams, workshop.world, bool(workshop.compiled))
    phases = range(len(recipe.patch))
    return [_phase(learner, recipe, (phase + 0.5) / len(recipe.patch), steps) for phase in phases]


def _phase(learner: Learner, recipe: Recipe, share: float, steps: int) -> Throughput:
    device, stream = learner.world.device, learner.streams[0]
    patch, count = recipe.phase(share)
    bf16 = has_fast_bf16(device)
    found: list[list[float]] = []
    wholes: list[float] = []
    for _ in range(steps + 2):
        if isinstance(stream, PairStream):
            crops, sharp = timed(device, lambda stream=stream: stream.sharp(count, patch))
            damage, batch = timed(device, lambda stream=stream, sharp=sharp: stream.damaged(sharp))
        else:
            crops, batch = timed(device, lambda: stream.batch(count, patch))
            damage = 0.0
        with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            loss, (value, _) = timed(device, lambda batch=batch: learner.stage.loss(batch))
        gradients, _ = timed(device, lambda value=value: value.backward())
        optimiser, _ = timed(device, learner.optimiser.step)
        learner.optimiser.zero_grad(set_to_none=True)
        found.append([crops, damage, loss, gradients, optimiser])
        whole, _ = timed(device, lambda: learner.step(share, Progress()))
        wholes.append(whole)
    medians = np.median(np.array(found[2:]), axis=0).tolist()
    return Throughput(patch, count, dict(zip(PARTS, medians, strict=True)), float(np.median(wholes[2:])))


def timed(device: torch.device, work: Callable[[], T]) -> tuple[float, T]:
    """Seconds that the work took, the device's own included, and what it gave."""
    _wait(device)
    began = time.perf_counter()
    result = work()
    _wait(device)
    return time.perf_counter() - began, result


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def markdown(task: str, stage: int, rows: list[Throughput]) -> str:
    """The table as GitHub shows it."""
    lines = [
        f"**{task}, stage {stage}**, pictures per second (medians)",
        "",
        f"| crop | batch | sharp crops/s | pairs/s | training, pictures/s | {' | '.join(PARTS)} |",
        f"|{'---|' * (5 + len(PARTS))}",
    ]
    for row in rows:
        total = sum(row.seconds.values())
        shares = " | ".join(f"{row.seconds[part] / total:.0%}" for part in PARTS)
        lines.append(
            f"| {row.patch} | {row.batch} | {row.sharp_images:.0f} | {row.pairs:.0f} | {row.images:.1f} | {shares} |"
        )
    return "\n".join(lines) + "\n"
