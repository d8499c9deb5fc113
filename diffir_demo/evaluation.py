"""How good are the weights? Clean photos, damaged with fixed seeds by the task itself, restored, and scored."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .baselines import baselines_for
from .errors import InputError
from .imaging import Picture, load_picture
from .jobs import pictures_in
from .metrics import scores
from .restore import load, restore
from .tasks import Damaged, Request, Task


@dataclass(frozen=True)
class Row:
    """One method's means over the set."""

    method: str
    scores: dict[str, float]
    seconds: float
    """Median per picture."""


@dataclass(frozen=True)
class Table:
    task: str
    pictures: int
    rows: list[Row]


def cases(task: Task, folder: Path) -> Iterator[Damaged]:
    """The fixed synthetic set of a folder: photo i, in order of name, damaged with seed i."""
    files = sorted(pictures_in(folder), key=_natural)
    if not files:
        raise InputError(f"There are no pictures in '{folder.name}'.", "Name a folder of clean photos.")
    for seed, file in enumerate(files):
        yield task.degrade(load_picture(file), np.random.default_rng(seed))


def evaluate(
    task: Task,
    folder: Path,
    weights: Path | None = None,
    *,
    device: str = "auto",
    precision: str = "auto",
) -> Table:
    """Measures the network, every baseline, and doing nothing where that makes a picture of the right size."""
    if not folder.is_dir():
        raise InputError(f"'{folder.name}' is no folder.", "Name a folder of clean photos.")
    engine = load(task, weights, device=device, precision=precision)
    scale = task.config.scale
    if engine.model.config.scale != scale:
        found = engine.model.config.scale
        raise InputError(
            f"The set is made for x{scale}, these weights enlarge x{found}.", f"Evaluate x{scale} weights."
        )
    methods: dict[str, Callable[[Request], Picture]] = {
        f"DiffIR, {engine.info.badge}": lambda request: restore(task, request, engine).picture
    }
    for baseline in baselines_for(task.key):
        methods[baseline.title] = lambda request, run=baseline.run: run(request.picture, request.mask, scale)
    if scale == 1 and not task.wants_mask:
        methods["nothing done"] = lambda request: request.picture
    return Table(task.key, *_measure(task, folder, methods))


def _measure(task: Task, folder: Path, methods: dict[str, Callable[[Request], Picture]]) -> tuple[int, list[Row]]:
    values: dict[str, list[dict[str, float]]] = {name: [] for name in methods}
    seconds: dict[str, list[float]] = {name: [] for name in methods}
    for case in cases(task, folder):
        for name, run in methods.items():
            began = time.perf_counter()
            result = run(case.request)
            seconds[name].append(time.perf_counter() - began)
            values[name].append(scores(task.key, result.pixels, case.reference.pixels, case.request.mask))
    rows = [Row(name, mean_scores(found), float(np.median(seconds[name]))) for name, found in values.items()]
    return len(next(iter(values.values()))), rows


def mean_scores(found: list[dict[str, float]]) -> dict[str, float]:
    """Means over those pictures that have the score: tiny ones have no SSIM."""
    names = dict.fromkeys(name for row in found for name in row)
    return {name: float(np.mean([row[name] for row in found if name in row])) for name in names}


def markdown(table: Table) -> str:
    """The table as GitHub shows it."""
    names = list(table.rows[0].scores)
    lines = [
        f"**{table.task}**, {table.pictures} pictures, means",
        "",
        f"| method | {' | '.join(names)} | seconds |",
        f"|---|{'---|' * (len(names) + 1)}",
    ]
    for row in table.rows:
        cells = [f"{row.scores[name]:.4f}" if "ssim" in name else f"{row.scores[name]:.2f}" for name in names]
        lines.append(f"| {row.method} | {' | '.join(cells)} | {row.seconds:.2f} |")
    return "\n".join(lines) + "\n"


def _natural(path: Path) -> tuple[int, str]:
    """10.webp comes after 9.webp."""
    return (int(path.stem), path.name) if path.stem.isdigit() else (2**31, path.name)
