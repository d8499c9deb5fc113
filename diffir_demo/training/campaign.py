"""One command for the whole road: every task, every stage, within one budget, as weight files at the end.

The time that is left is dealt anew before each stage, so a stage that ran long or was resumed shortens the rest, and
the last one ends when the budget does.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from ..tasks import Task
from .data import Material
from .export import export
from .loop import Row
from .photos import PhotoPool
from .recipe import Recipe
from .runs import Workshop, run
from .starts import Sources
from .state import read_state
from .validation import Validator
from .world import World

SHARES = {1: 0.3, 2: 0.7, 3: 0.25}
"""Parts of a task's time that its stages get, over the sum of those that are asked for."""
RATES = {1: 1.0, 2: 0.75, 3: 0.15}
"""Factors on the learning rate: a network that is trained already, and one that a critic pulls at, go more gently."""
SHORTEST = 0.05
"""Minutes below which a stage is not begun."""


@dataclass(frozen=True)
class Plan:
    """What a campaign does."""

    tasks: tuple[Task, ...]
    stages: tuple[int, ...]
    minutes: float
    out: Path
    """Runs go to `<name>-s<stage>/`, results to `compact-<name>.safetensors` and `teacher-<name>.safetensors`.

    `label` gives the name.
    """
    start: Path | None = None
    """A folder with weight files of the same names to go on from."""
    note: str = "{}"


def campaign(
    plan: Plan, base: Recipe, pool: PhotoPool, validation: Path, pictures: int | None, world: World, began: float
) -> Iterator[tuple[str, Row]]:
    """Yields (run's name, row). base: the recipe whose task, stage and minutes are set here for each run.

    began: the moment (`time.monotonic`) from which the budget counts. A campaign that was stopped goes on where it was.
    """
    if not plan.stages or any(stage not in SHARES for stage in plan.stages):
        raise InputError("A campaign has the stages 1, 2 and 3, or some of them.")
    runs = {(task.key, stage): task for task in plan.tasks for stage in sorted(plan.stages)}
    spent = {each: _spent(plan.out / _name(task, each[1])) for each, task in runs.items()}
    used = sum(seconds for seconds, _ in spent.values())
    left = [(runs[each], each[1]) for each, (_, finished) in spent.items() if not finished]
    for number, (task, stage) in enumerate(left):
        folder, begins = plan.out / _name(task, stage), time.monotonic()
        remaining = plan.minutes - (used + begins - began) / 60
        part = world.agree(remaining * SHARES[stage] / sum(SHARES[each] for _, each in left[number:]))
        if part < SHORTEST:
            raise InputError(f"{plan.minutes:g} minutes are too short for {len(left)} more runs.", "Raise --minutes.")
        minutes, rate = part + spent[task.key, stage][0] / 60, base.learning_rate * RATES[stage]
        recipe = dataclasses.replace(base, task=task.key, stage=stage, minutes=minutes, learning_rate=rate)
        workshop = Workshop(Material.prepare(task, pool), Validator(task, validation, pictures), world)
        for row in run(workshop, recipe, sources(plan, task, stage), folder, began=begins):
            yield folder.name, row
        if world.leads:
            _write(plan, task, stage)


def sources(plan: Plan, task: Task, stage: int) -> Sources:
    """Each stage goes on from the one before it in this campaign, or else from the files of `plan.start`."""
    shipped = None if plan.start is None else plan.start / task.weights
    shipped = shipped if shipped is not None and shipped.is_file() else None
    teacher = plan.out / _name(task, 1) if 1 in plan.stages else _teacher_file(plan, task)
    if stage == 1:
        return Sources(start=shipped)
    if stage == 2:
        return Sources(teacher=teacher, start=None if 1 in plan.stages else shipped)
    return Sources(teacher=teacher, start=plan.out / _name(task, 2) if 2 in plan.stages else shipped)


def _teacher_file(plan: Plan, task: Task) -> Path | None:
    file = None if plan.start is None else plan.start / f"teacher-{label(task)}.safetensors"
    return file if file is not None and file.is_file() else None


def _write(plan: Plan, task: Task, stage: int) -> None:
    shipped = Path(task.weights).stem
    name = {1: f"teacher-{label(task)}", 2: shipped, 3: f"{shipped}-crisp"}[stage]
    runs = [plan.out / _name(task, each) for each in sorted(plan.stages) if each <= stage]
    before = sources(plan, task, min(plan.stages)).start
    export(runs, plan.out / f"{name}.safetensors", note=plan.note, before=before)


def _name(task: Task, stage: int) -> str:
    return f"{label(task)}-s{stage}"


def label(task: Task) -> str:
    """What the files of a task, or of it as one of its presets, are called after: sr, sr-real .."""
    return Path(task.weights).stem.removeprefix("compact-")


def _spent(folder: Path) -> tuple[float, bool]:
    """Seconds that a run of an earlier call has used, and whether it came to its end."""
    file = folder / "state.pt"
    if not file.exists():
        return 0.0, False
    progress = read_state(file)["progress"]
    return float(progress["seconds"]), bool(progress["finished"])
