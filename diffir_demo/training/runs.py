"""One run and how it is shown; a campaign of them; and the weight files at the end.

A campaign is the whole way in one command: every task, every stage, within one budget. The time that is left is divided
anew before each stage, so a stage that ran long or was resumed shortens the rest, and the last one ends when the budget
does. A weight file has the averaged weights and the record of everything that led to them.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from ..errors import InputError
from ..model import DiffIR, Teacher
from ..tasks import Task
from ..weights import WeightsInfo, inspect, load, save
from ..weights.directions import FIELD
from .config import TrainConfig
from .data import PhotoPool, TrainData, photo_files, read_photos
from .distributed import Distributed
from .init_from import InitFrom, make_stage
from .progress import Monitor
from .state import read_state
from .trainer import Row, train
from .validation import Validator

SHARES = {1: 0.3, 2: 0.7, 3: 0.25}
"""Parts of a task's time that its stages get, over the sum of those that are asked for."""
RATES = {1: 1.0, 2: 0.75, 3: 0.15}
"""Factors on the learning rate: a network that is trained already, and one that a discriminator pulls at, learn more
slowly."""
SHORTEST = 0.05
"""Minutes below which a stage is not begun."""
ALWAYS_NAMED = {"task", "stage", "minutes", "patch", "batch", "learning_rate", "seed"}
"""Fields of a config that its record names even where they have their default values."""


@dataclass(frozen=True)
class TrainContext:
    """What all runs of a task share: made once, whatever is trained."""

    data: TrainData
    validator: Validator
    dist: Distributed
    compiled: bool | None = None

    @property
    def task(self) -> Task:
        return self.data.task


def open_pool(folder: Path, dist: Distributed) -> PhotoPool:
    """All photos below the folder, on the training device."""
    return PhotoPool(list(read_photos(photo_files(folder))), dist.device)


def run(
    context: TrainContext, config: TrainConfig, init: InitFrom, folder: Path, *, began: float | None = None
) -> Iterator[Row]:
    """Trains or resumes one stage in `folder`; passes its rows on, shows them, draws a sheet at each validation."""
    began = time.monotonic() if began is None else began
    task, dist = context.task, context.dist
    stage = make_stage(context.data, config, init)
    headline, best = task.headline, float("nan")
    rows = train(config, context.data, stage, folder, context.validator, dist, began=began, compiled=context.compiled)
    title = f"{task.key}, stage {config.stage}"
    hidden = None if dist.is_main else True
    with (
        Monitor(folder, task.key, config.to_dict(), headline=headline) if dist.is_main else nullcontext() as monitor,
        tqdm(total=round(config.minutes, 2), unit="min", desc=title, disable=hidden) as shown,
    ):
        for row in rows:
            best = row.get(headline, best)
            shown.n = min(round(row["minutes"], 2), config.minutes)
            loss = f"loss {row['loss']:.4f}, " if "loss" in row else ""
            shown.set_postfix_str(f"{loss}{headline} {best:.2f} dB, {row.get('images_per_second', 0):.1f} pictures/s")
            if monitor is not None:
                monitor.add(row)
                if headline in row:
                    monitor.sheet(context.validator.samples)
            yield row


def print_row(row: Row) -> None:
    """One line of a run on standard output, without breaking the bar."""
    text = "  ".join(f"{name} {value:.5g}" for name, value in row.items())
    tqdm.write(text, file=sys.stdout)


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
    plan: Plan,
    base: TrainConfig,
    pool: PhotoPool,
    validation: Path,
    pictures: int | None,
    dist: Distributed,
    began: float,
) -> Iterator[tuple[str, Row]]:
    """Yields (run's name, row). base: the config whose task, stage and minutes are set here for each run.

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
        part = dist.broadcast(remaining * SHARES[stage] / sum(SHARES[each] for _, each in left[number:]))
        if part < SHORTEST:
            raise InputError(f"{plan.minutes:g} minutes are too short for {len(left)} more runs.", "Raise --minutes.")
        minutes, rate = part + spent[task.key, stage][0] / 60, base.learning_rate * RATES[stage]
        config = dataclasses.replace(base, task=task.key, stage=stage, minutes=minutes, learning_rate=rate)
        context = TrainContext(TrainData.prepare(task, pool), Validator(task, validation, pictures), dist)
        for row in run(context, config, init(plan, task, stage), folder, began=begins):
            yield folder.name, row
        if dist.is_main:
            _write(plan, task, stage)


def init(plan: Plan, task: Task, stage: int) -> InitFrom:
    """Each stage goes on from the one before it in this campaign, or else from the files of `plan.start`."""
    shipped = None if plan.start is None else plan.start / task.weights
    shipped = shipped if shipped is not None and shipped.is_file() else None
    teacher = plan.out / _name(task, 1) if 1 in plan.stages else _teacher_file(plan, task)
    if stage == 1:
        return InitFrom(start=shipped)
    if stage == 2:
        return InitFrom(teacher=teacher, start=None if 1 in plan.stages else shipped)
    return InitFrom(teacher=teacher, start=plan.out / _name(task, 2) if 2 in plan.stages else shipped)


def _teacher_file(plan: Plan, task: Task) -> Path | None:
    file = None if plan.start is None else plan.start / f"teacher-{label(task)}.safetensors"
    return file if file is not None and file.is_file() else None


def _write(plan: Plan, task: Task, stage: int) -> None:
    shipped = Path(task.weights).stem
    name = {1: f"teacher-{label(task)}", 2: shipped, 3: f"{shipped}-crisp"}[stage]
    runs = [plan.out / _name(task, each) for each in sorted(plan.stages) if each <= stage]
    before = init(plan, task, min(plan.stages)).start
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


def export(
    runs: list[Path],
    target: Path,
    *,
    note: str = "{}",
    before: Path | None = None,
    blend: Path | None = None,
    share: float = 1.0,
) -> WeightsInfo:
    """Writes the last run's averaged weights with the record of all runs, in the order they were trained.

    before: the weight file that the first run started from; its record comes first, without the regressions of its
    IPR, which say nothing of the new one. note: JSON facts to add, such as the data. blend: a weight file of the same
    network, of which the result takes all but `share`: between a faithful and a crisp network lie such with fewer
    artefacts (network interpolation, Wang et al., ESRGAN, section 3.4).
    Raises `InputError` for a run that is missing, a note that is no JSON object, and a file that cannot be blended.
    """
    if not runs:
        raise InputError("Export needs --run RUN, once per run and in order.")
    states = [read_state(run / "state.pt") for run in runs]
    config = TrainConfig.from_dict(states[-1]["config"])
    task = config.trained
    model = (Teacher if config.stage == 1 else DiffIR)(task.config)
    model.load_state_dict(states[-1]["average"])
    if blend is not None:
        _blend(model, blend, share)
    former = {} if before is None else dict(inspect(before).training)
    former.pop(FIELD, None)
    runs_so_far = [*former.get("runs", []), *(_record(state) for state in states)]
    record = former | {
        "steps": former.get("steps", 0) + sum(state["progress"]["step"] for state in states),
        "minutes": round(former.get("minutes", 0) + sum(state["progress"]["seconds"] for state in states) / 60, 1),
        "runs": runs_so_far,
        **({} if config.preset is None else {"preset": config.preset, "scale": task.config.scale}),
        **({} if blend is None else {"blend": {"with": inspect(blend).fingerprint, "share": share}}),
        **_facts(note),
    }
    save(target, model, task=task.key, provenance="trained", name=target.stem, training=record)
    return inspect(target)


@torch.no_grad()
def _blend(model: DiffIR | Teacher, file: Path, share: float) -> None:
    if not 0 <= share <= 1:
        raise InputError(f"--share must lie between 0 and 1, not {share:g}.")
    info = inspect(file)
    stage = 1 if isinstance(model, Teacher) else 2
    if info.config != model.config or info.stage != stage:
        raise InputError(f"'{file.name}' holds another network.", "Blend with a file of the same task and stage.")
    other = load(file, stage=stage).model.state_dict()
    for name, value in model.state_dict().items():
        value.lerp_(other[name], 1 - share)


def _record(state: dict[str, Any]) -> dict[str, Any]:
    """A run for the record: what differs from the defaults, and how far it got."""
    config = TrainConfig.from_dict(state["config"])
    usual = TrainConfig(config.task, config.stage, config.minutes).to_dict()
    fields = {k: v for k, v in config.to_dict().items() if k in ALWAYS_NAMED or v != usual[k]}
    return fields | {"steps": state["progress"]["step"], "images": state["progress"]["images"]}


def _facts(text: str) -> dict[str, Any]:
    try:
        note = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"--note is no JSON ({error.msg}).") from error
    if not isinstance(note, dict):
        raise InputError("--note must be a JSON object.")
    return note
