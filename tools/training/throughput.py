"""How fast is training, and where does the time go? Pictures per second with and without damage, shares by part.

`python -m diffir_demo.training throughput TASK --data PHOTOS --validation CLEAN_PHOTOS ...`
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch

from diffir_demo.devices import has_fast_bf16
from diffir_demo.figures import markdown_table
from diffir_demo.tasks import TASKS, get_task
from diffir_demo.training.__main__ import add_init_options, add_training_options, config_of, context_of, init_of
from diffir_demo.training.config import TrainConfig
from diffir_demo.training.data import PairStream
from diffir_demo.training.distributed import join
from diffir_demo.training.init_from import InitFrom, make_stage
from diffir_demo.training.runs import TrainContext
from diffir_demo.training.state import Progress
from diffir_demo.training.trainer import Trainer, streams_of

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


def measure(context: TrainContext, config: TrainConfig, init: InitFrom, steps: int = 7) -> list[Throughput]:
    """One entry per phase of the config. Each phase is warmed up first."""
    stage = make_stage(context.data, config, init)
    streams = list(streams_of(config, context.data, context.dist).values())
    trainer = Trainer(stage, config, streams, context.dist, bool(context.compiled))
    phases = range(len(config.patch))
    return [_phase(trainer, config, (phase + 0.5) / len(config.patch), steps) for phase in phases]


def _phase(trainer: Trainer, config: TrainConfig, share: float, steps: int) -> Throughput:
    device, stream = trainer.dist.device, trainer.streams[0]
    patch, count = config.phase(share)
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
            loss, (value, _) = timed(device, lambda batch=batch: trainer.stage.loss(batch))
        gradients, _ = timed(device, lambda value=value: value.backward())
        optimiser, _ = timed(device, trainer.optimiser.step)
        trainer.optimiser.zero_grad(set_to_none=True)
        found.append([crops, damage, loss, gradients, optimiser])
        whole, _ = timed(device, lambda: trainer.step(share, Progress()))
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
    cells = [
        [
            *(row.patch, row.batch, f"{row.sharp_images:.0f}", f"{row.pairs:.0f}", f"{row.images:.1f}"),
            *(f"{row.seconds[part] / sum(row.seconds.values()):.0%}" for part in PARTS),
        ]
        for row in rows
    ]
    head = ["crop", "batch", "sharp crops/s", "pairs/s", "training, pictures/s", *PARTS]
    return f"**{task}, stage {stage}**, pictures per second (medians)\n\n{markdown_table(head, cells)}\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures one stage of a task on this machine and prints a table."""
    parser = argparse.ArgumentParser(prog="python -m diffir_demo.training throughput")
    parser.add_argument("of", choices=list(TASKS))
    parser.add_argument("--stage", type=int, choices=[1, 2, 3], default=1)
    parser.add_argument("--compile", action="store_true", help="blocks through torch.compile")
    add_init_options(parser)
    add_training_options(parser, minutes=1)
    options = parser.parse_args(arguments)
    if options.threads:
        torch.set_num_threads(options.threads)
    config = config_of(options, get_task(options.of), options.stage)
    with join(options.device) as dist:
        rows = measure(context_of(options, config.trained, dist), config, init_of(options))
    print(markdown(options.of, options.stage, rows))
