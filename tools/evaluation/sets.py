"""Fixed sets: clean photos of a folder, damaged with fixed seeds by the task itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from diffir_demo.errors import InputError
from diffir_demo.imaging import Picture, load_picture, pictures_in
from diffir_demo.tasks import Case, Task
from diffir_demo.tasks.single import degraded
from diffir_demo.tasks.wear import fixed

MIX = "mix"
"""The name of what `degrade` makes, every kind of damage in one set; measured only when asked for, or where the IPR
says what the damage was."""
UNTOUCHED = "untouched"
"""The name of the set without damage, only reduced where the task enlarges: how much harm is done? Only for tasks whose
IPR says what the damage was, and for those that are measured on damage they were not trained on, too."""


def photos(folder: Path, pictures: int | None = None) -> list[Path]:
    """The folder's pictures in order of name (10 after 9), or the first few of them."""
    if not folder.is_dir():
        raise InputError(f"'{folder.name}' is no folder.", "Name a folder of clean photos.")
    files = sorted(pictures_in(folder), key=_natural)
    if not files:
        raise InputError(f"There are no pictures in '{folder.name}'.", "Name a folder of clean photos.")
    return files[:pictures]


def cases(task: Task, folder: Path, name: str = MIX, pictures: int | None = None) -> Iterator[Case]:
    """The set of that name over a folder: photo i, in order of name, damaged with seed i."""
    damage = (
        task.degrade if name == MIX else _untouched(task) if name == UNTOUCHED else {**task.sets, **task.also}[name]
    )
    for seed, file in enumerate(photos(folder, pictures)):
        yield damage(load_picture(file), np.random.default_rng(seed))


def chosen_sets(tasks: Sequence[Task], names: Sequence[str] | None) -> dict[str, list[str]]:
    """Task key -> the sets to measure: all of its own, or those among `names`; tasks without any are left out.

    Raises `InputError` for a name that none of the tasks has.
    """
    if not names:
        return {task.key: usual_sets(task) for task in tasks}
    known = {task.key: list(dict.fromkeys([*usual_sets(task), MIX])) for task in tasks}
    for name in names:
        if not any(name in own for own in known.values()):
            listed = "; ".join(f"{key}: {', '.join(own)}" for key, own in known.items())
            raise InputError(f"There is no set '{name}'.", f"Choose among {listed}.")
    wanted = {key: [name for name in own if name in names] for key, own in known.items()}
    return {key: own for key, own in wanted.items() if own}


def usual_sets(task: Task) -> list[str]:
    """What is measured where no set is named."""
    untouched = (UNTOUCHED,) if task.reads or task.also else ()
    return [*task.sets, *task.also, *untouched, *((MIX,) if task.reads else ())]


def _untouched(task: Task) -> Callable[[Picture, np.random.Generator], Case]:
    return partial(degraded, damage=fixed(scale=task.config.scale), margin=task.margin, scale=task.config.scale)


def _natural(path: Path) -> tuple[int, str]:
    """10.webp comes after 9.webp."""
    return (int(path.stem), path.name) if path.stem.isdigit() else (2**31, path.name)
