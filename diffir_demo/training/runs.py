"""One run: what it shares with others of its task, and how its progress is shown."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from ..tasks import Task
from .data import Material
from .loop import Row, train
from .monitor import Monitor
from .photos import PhotoPool, photo_files, read_photos
from .recipe import Recipe
from .starts import Sources, make_stage
from .validation import Validator
from .world import World


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


def run(
    workshop: Workshop, recipe: Recipe, sources: Sources, folder: Path, *, began: float | None = None
) -> Iterator[Row]:
    """Trains or resumes one stage in `folder`; passes its rows on, shows them, draws a sheet at each validation."""
    began = time.monotonic() if began is None else began
    task, world = workshop.task, workshop.world
    stage = make_stage(workshop.material, recipe, sources)
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
