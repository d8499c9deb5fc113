"""Measuring: every method on every photo of a set, and the means."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from tqdm import tqdm

from diffir_demo.metrics import aligned_psnr, mean_scores
from diffir_demo.model import Teacher
from diffir_demo.shake import likeness
from diffir_demo.stlpips import ST_LPIPS, StLpips
from diffir_demo.tasks import Case, Task

from .ipr import IprStudy, ReadingStudy, study_ipr
from .methods import Kind, Made, Method, blur_of
from .sets import cases, photos


@dataclass(frozen=True)
class Row:
    """One method on one set."""

    method: str
    kind: Kind
    scores: dict[str, float]
    """Means over the set."""
    seconds: float
    """Median per picture."""
    photos: list[dict[str, float]] = field(repr=False)
    """The scores of each photo."""


@dataclass(frozen=True)
class Table:
    """One set, measured."""

    task: str
    set: str
    pictures: int
    headline: str
    """The score that counts first; higher is better."""
    rows: list[Row]
    ipr: list[IprStudy]
    notes: list[str]
    """What each method is, and which are not installed."""
    names: list[str] = field(repr=False)
    """The photos, in order."""
    readings: list[ReadingStudy] = field(default_factory=list)
    """Of the mix: how well the damage is read off the IPRs of networks that were measured for it."""

    def first(self, kind: Kind) -> Row | None:
        """The first method of that kind: of ours, the default weights."""
        return next((row for row in self.rows if row.kind == kind), None)

    def best(self, kind: Kind) -> Row | None:
        """The method of that kind with the highest headline score; None where there is none."""
        found = [row for row in self.rows if row.kind == kind and self.headline in row.scores]
        return max(found, key=lambda row: row.scores[self.headline], default=None)


@dataclass(frozen=True, eq=False)
class Measured:
    """A table and the pictures behind it."""

    table: Table
    cases: list[Case]
    results: dict[str, list[np.ndarray]]
    """Method -> a (h, w, 3) uint8 picture for every photo."""


def measure(
    task: Task,
    folder: Path,
    name: str,
    methods: Sequence[Method],
    *,
    teacher: Teacher | None = None,
    pictures: int | None = None,
    perceptual: StLpips | None = None,
    notes: Sequence[str] = (),
    donors: Mapping[str, Mapping[str, Sequence[np.ndarray]]] | None = None,
    readings: Sequence[ReadingStudy] = (),
) -> Measured:
    """One set; a progress bar on standard error at a terminal.

    teacher: the stage-1 network whose IPR has seen the clean picture. perceptual: also measure ST-LPIPS. donors: by
    method, what `study_ipr` makes a row of the swap matrix of. readings: to go into the table.
    """
    files = photos(folder, pictures)
    damaged = list(cases(task, folder, name, pictures))
    found: dict[str, list[dict[str, float]]] = {method.name: [] for method in methods}
    seconds: dict[str, list[float]] = {method.name: [] for method in methods}
    results: dict[str, list[np.ndarray]] = {method.name: [] for method in methods}
    iprs: dict[str, list[np.ndarray]] = {method.name: [] for method in methods}
    for case in tqdm(damaged, desc=f"{task.key} {name}", unit="photo", disable=None, leave=False):
        distance = perceptual.against(case.reference.pixels) if perceptual else None
        for method in methods:
            began = time.perf_counter()
            made = method.run(case)
            seconds[method.name].append(time.perf_counter() - began)
            values = task.scores(made.picture.pixels, case.reference.pixels, case.request.mask)
            if task.measures_blur:
                values |= _of_blur(made, case)
            if distance is not None:
                values[ST_LPIPS] = distance(made.picture.pixels)
            found[method.name].append(values)
            results[method.name].append(made.picture.pixels)
            if made.ipr is not None:
                iprs[method.name].append(made.ipr)
    rows = [
        Row(m.name, m.kind, mean_scores(found[m.name]), float(np.median(seconds[m.name])), found[m.name])
        for m in methods
    ]
    ours = [(m, row.scores.get(task.headline, float("nan"))) for m, row in zip(methods, rows, strict=True) if m.engine]
    studies = [  # a teacher has taught the first network; later presets went on without it
        study_ipr(task, m, damaged, iprs[m.name], own, None if number else teacher, name, (donors or {}).get(m.name))
        for number, (m, own) in enumerate(ours)
    ]
    stems = [file.stem for file in files]
    table = Table(
        task.key, name, len(damaged), task.headline, rows, studies, list(notes), stems, readings=list(readings)
    )
    return Measured(table, damaged, results)


def _of_blur(made: Made, case: Case) -> dict[str, float]:
    """PSNR without the shift that no blind method can know, and how like the true path is to the one that was found."""
    aligned = aligned_psnr(made.picture.pixels, case.reference.pixels)
    found = {} if aligned is None else {"aligned_psnr": aligned}
    true = blur_of(case)
    return found if made.path is None or true is None else found | {"path": likeness(made.path, true)}
