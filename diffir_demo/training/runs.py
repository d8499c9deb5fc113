"""From a recipe to a finished run: where a stage's weights come from, and how its progress is shown."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch
from tqdm import tqdm

from ..errors import InputError
from ..model import DiffIR, Teacher
from ..tasks import Task
from ..weights import inspect
from ..weights import load as load_weights
from .data import Batch, Material, PairStream
from .initial import keep_steering, tell_apart
from .loop import Row, train
from .monitor import Monitor
from .photos import PhotoPool, photo_files, read_photos
from .recipe import Recipe
from .stage3 import Stage3, Weights
from .stages import Stage, Stage1, Stage2
from .state import read_state
from .validation import Validator
from .world import World

CALIBRATION = (64, 8, 192)
"""Batches, pairs in each, and their side in pixels, that show an untrained prior encoder how photos differ."""


@dataclass(frozen=True)
class Sources:
    """Where a run begins: run folders or weight files."""

    teacher: Path | None = None
    """Stages 2 and 3: a finished stage 1. A finished stage 2 can go on without one, from its pixels alone."""
    start: Path | None = None
    """Weights to go on from: of the same stage; for stage 1 any (its U-Net is taken); for stage 3 a stage 2."""


@dataclass(frozen=True)
class Workshop:
    """What all runs of a task share: made once, whatever is trained."""

    material: Material
    validator: Validator
    world: World
    compiled: bool | None = None

    @property
    def task(self) -> Task:
        return self.material.task


def open_pool(folder: Path, world: World) -> PhotoPool:
    """All photos below the folder, on the training device."""
    return PhotoPool(list(read_photos(photo_files(folder))), world.device)


def network_of(source: Path, task: Task, stage: int | None = None) -> DiffIR | Teacher:
    """The (averaged) network of a run folder or of a weight file; raises `InputError` for another task or stage."""
    if source.is_file():
        info = inspect(source)
        found = (info.task or "unknown", info.stage)
    else:
        state = read_state(source / "state.pt")
        recipe = Recipe.from_dict(state["recipe"])
        found = (recipe.task, min(recipe.stage, 2))
    if found[0] != task.key or (stage is not None and found[1] != stage):
        wanted = task.key if stage is None else f"{task.key}, stage {stage}"
        raise InputError(f"'{source.name}' is of {found[0]}, stage {found[1]}; {wanted} is needed.")
    if source.is_file():
        return load_weights(source, task=task.key, stage=found[1]).model
    network = (Teacher if found[1] == 1 else DiffIR)(task.config)
    network.load_state_dict(state["average"])
    return network


def make_stage(workshop: Workshop, recipe: Recipe, sources: Sources) -> Stage:
    """The stage with its weights as they are before the first step; raises `InputError` for sources that do not fit."""
    task = workshop.task
    torch.manual_seed(recipe.seed)
    start = None if sources.start is None else network_of(sources.start, task)
    if recipe.stage == 1:
        return _stage1(workshop, recipe, start)
    teacher = None if sources.teacher is None else network_of(sources.teacher, task, 1)
    if recipe.stage == 3:
        if not isinstance(start, DiffIR):
            raise InputError("Stage 3 goes on from a finished stage 2.", "Name it with --start RUN_OR_FILE.")
        weights = Weights(
            perceptual=recipe.perceptual_weight, adversarial=recipe.adversarial_weight, ipr=recipe.ipr_weight
        )
        teacher = teacher if isinstance(teacher, Teacher) else None
        return Stage3(start, teacher, weights=weights, warm_up=recipe.listen_after, critic_rate=recipe.critic_rate)
    teacher = teacher if isinstance(teacher, Teacher) else None
    if teacher is None and start is None:
        raise InputError("Stage 2 learns from a teacher.", "Name the finished stage 1 with --teacher RUN_OR_FILE.")
    if teacher is None and (recipe.prior_only or recipe.output_weight):
        raise InputError(
            "Without a teacher there is only the picture to learn from.", "Add --prior-only 0 --output-weight 0."
        )
    stage = Stage2(task.config, teacher, recipe)
    if start is None:
        centre = 0.0 if stage.network.config.timesteps else 1.0
        tell_apart(stage.network.encoder, _calibration(workshop, recipe), centre=centre)
    elif isinstance(start, DiffIR):
        stage.network.load_state_dict(start.state_dict())
    else:
        raise InputError("Stage 2 goes on from a stage 2 only.", "Leave out --start, or name a stage-2 run or file.")
    return stage


@torch.no_grad()
def _stage1(workshop: Workshop, recipe: Recipe, start: DiffIR | Teacher | None) -> Stage1:
    stage = Stage1(workshop.task.config, recipe)
    if isinstance(start, Teacher):
        stage.network.load_state_dict(start.state_dict())
        return stage
    encoder, batches = stage.network.encoder, list(_calibration(workshop, recipe))
    tell_apart(encoder, batches, centre=1.0)
    if start is not None:
        before = torch.cat([start(batch.damaged, batch.noise)[1] for batch in batches[:8]]).mean(dim=0)
        after = torch.cat([encoder(batch.damaged, batch.target) for batch in batches]).mean(dim=0)
        stage.network.painter.load_state_dict(start.painter.state_dict())
        keep_steering(stage.network.painter, before, after)
    return stage


def _calibration(workshop: Workshop, recipe: Recipe) -> Iterator[Batch]:
    """Pairs on the CPU, where the networks still are."""
    batches, count, side = CALIBRATION
    task, multiple = workshop.task, workshop.task.config.multiple_of * workshop.task.config.scale
    room = (workshop.material.pool.largest_crop - 2 * task.margin) // multiple * multiple
    side = max(min(side, room), recipe.patch[0])
    stream = PairStream(workshop.material, recipe.seed, number=999)
    for _ in range(batches):
        batch = stream.batch(count, side)
        yield Batch(batch.damaged.cpu(), batch.target.cpu(), batch.noise.cpu())


def run(
    workshop: Workshop, recipe: Recipe, sources: Sources, folder: Path, *, began: float | None = None
) -> Iterator[Row]:
    """Trains or resumes one stage in `folder`; passes its rows on, shows them, draws a sheet at each validation."""
    began = time.monotonic() if began is None else began
    task, world = workshop.task, workshop.world
    stage = make_stage(workshop, recipe, sources)
    headline, best = task.headline, float("nan")
    rows = train(
        recipe, workshop.material, stage, folder, workshop.validator, world, began=began, compiled=workshop.compiled
    )
    title = f"{task.key}, stage {recipe.stage}"
    hidden = None if world.leads else True
    with (
        Monitor(folder, task.key, recipe.to_dict(), headline=headline) if world.leads else nullcontext() as monitor,
        tqdm(total=round(recipe.minutes, 2), unit="min", desc=title, disable=hidden) as shown,
    ):
        for row in rows:
            best = row.get(headline, best)
            shown.n = min(round(row["minutes"], 2), recipe.minutes)
            told = f"loss {row['loss']:.4f}, " if "loss" in row else ""
            shown.set_postfix_str(f"{told}{headline} {best:.2f} dB, {row.get('images_per_second', 0):.1f} pictures/s")
            if monitor is not None:
                monitor.add(row)
                if headline in row:
                    monitor.sheet(workshop.validator.samples)
            yield row


def say(row: Row) -> None:
    """One line of a run on standard output, without breaking the bar."""
    text = "  ".join(f"{name} {value:.5g}" for name, value in row.items())
    tqdm.write(text, file=sys.stdout)
