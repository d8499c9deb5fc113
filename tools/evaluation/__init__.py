"""How good are the weights? Clean photos, damaged with fixed seeds, restored by every method there is, and scored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from diffir_demo.devices import choose_device
from diffir_demo.errors import InputError
from diffir_demo.imaging import load_picture
from diffir_demo.model import Teacher
from diffir_demo.stlpips import PACKAGE, StLpips
from diffir_demo.tasks import TASKS, Task
from diffir_demo.training.directions import random_damage
from diffir_demo.weights import inspect
from diffir_demo.weights import load as load_weights

from .ipr import ReadingStudy, donors_of, study_readings
from .measure import Measured, measure
from .methods import Method, methods_for
from .sets import MIX, cases, photos, usual_sets


def evaluate(
    task: Task,
    folder: Path,
    weights: Path | None = None,
    *,
    teacher: Path | None = None,
    sets: Sequence[str] | None = None,
    pictures: int | None = None,
    device: str = "auto",
    precision: str = "auto",
) -> Iterator[Measured]:
    """Measures the task's sets, one after the other: our networks, every baseline, peers, and doing nothing.

    teacher: a stage-1 file of the task, shown as an oracle. sets: names as `chosen_sets` has them; the usual ones where
    None. Where the IPR says what the damage was, each set but the mix gets its row of the swap matrix, whose columns
    are the sets that are measured, and the mix says how well the numbers are read.
    """
    methods, missing = methods_for(task, weights, device=device, precision=precision)
    stage_1 = None
    if teacher is not None:
        stage_1 = load_weights(teacher, task=task.key, stage=1, scale=task.config.scale, device=choose_device(device))
        assert isinstance(stage_1.model, Teacher)  # `load_weights` refuses anything else where stage 1 is asked for
    perceptual = StLpips.installed() if task.perceptual else None
    if task.perceptual and perceptual is None:
        missing.append(f"ST-LPIPS: not installed (pip install {PACKAGE}).")
    notes = [f"{method.name}: {method.note}" for method in methods] + missing
    names = list(sets or usual_sets(task))
    rows = [name for name in names if name != MIX] if task.reads else []
    donors = donors_of(task, methods, {name: cases(task, folder, name, pictures) for name in rows})
    for name in names:
        yield measure(
            task,
            folder,
            name,
            methods,
            teacher=stage_1.model if stage_1 else None,  # pyright: ignore[reportArgumentType]
            pictures=pictures,
            perceptual=perceptual,
            notes=notes,
            donors=donors if name in rows and len(rows) > 1 else None,
            readings=_readings(task, methods, folder, pictures) if task.reads and name == MIX else (),
        )


def _readings(task: Task, methods: Sequence[Method], folder: Path, pictures: int | None) -> list[ReadingStudy]:
    engines = {m.name: m.engine for m in methods if m.engine is not None and m.engine.info.directions is not None}
    if not engines:
        return []
    files = photos(folder, pictures)
    found, damage = random_damage(task, map(load_picture, files), list(engines.values()), len(files))
    return [
        study_readings(task, name, engine.directions, iprs, damage)
        for (name, engine), iprs in zip(engines.items(), found, strict=True)
    ]


def tasks_of(keys: Sequence[str] | None, weights: Path | None, teachers: Sequence[Path]) -> dict[str, Path | None]:
    """Task key -> its teacher file: the tasks that were asked for, else the one that the weights are for, else all.

    Raises `InputError` where a teacher is named for no task that is measured, or two for one.
    """
    made_for = inspect(weights).task if weights is not None else None
    chosen: dict[str, Path | None] = dict.fromkeys(keys or ([made_for] if made_for else list(TASKS)))
    for file in teachers:
        key = inspect(file).task or ""
        if key not in chosen:
            raise InputError(
                f"'{file.name}' is for '{key}', which is not measured.", "Leave it out, or add its --task."
            )
        if chosen[key] is not None:
            raise InputError(f"Two teachers are named for '{key}'.", "Name one.")
        chosen[key] = file
    return chosen
