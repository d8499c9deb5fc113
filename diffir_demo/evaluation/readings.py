"""How well an IPR tells what is wrong with a photo: photos damaged at random, and what is read off each, compared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from ..imaging import Picture
from ..restore import Engine, estimate
from ..tasks import Task
from ..weights import Directions

DAMAGES = 4
"""Random damages of each photo."""


@dataclass(frozen=True)
class ReadingStudy:
    """The readings of one network, over `cases` randomly damaged photos."""

    method: str
    cases: int
    error: dict[str, float]
    """Root mean square error, by what is read: levels of 255, pixels, steps of JPEG quality."""
    r2: dict[str, float]
    """Share of the variance that the reading explains; below 0: worse than always telling the mean."""


def study_readings(task: Task, method: str, directions: Directions, iprs: np.ndarray, told: np.ndarray) -> ReadingStudy:
    """iprs, told: as `random_damage` gives them for one network; what the network does not read is left out."""
    read = [name for name in task.reads if name in directions.names]
    found = [directions.reading(ipr) for ipr in iprs]
    values = np.array([[reading[name].value for name in read] for reading in found])
    error, r2 = accuracy(values, told[:, [task.reads.index(name) for name in read]])
    return ReadingStudy(
        method,
        len(iprs),
        dict(zip(read, error.tolist(), strict=True)),
        dict(zip(read, r2.tolist(), strict=True)),
    )


def random_damage(
    task: Task, photos: Iterable[Picture], engines: Sequence[Engine], total: int | None = None
) -> tuple[list[np.ndarray], np.ndarray]:
    """Every photo damaged `DAMAGES` times as the task damages at random; fixed seeds.

    total: number of photos, for the bar. -> (for each network its estimates (m, n), what was done to the photos (m, k)
    in the order of `task.reads`).
    """
    iprs: list[list[np.ndarray]] = [[] for _ in engines]
    told: list[np.ndarray] = []
    bar = tqdm(photos, desc=f"{task.key}, readings", total=total, unit="photo", disable=None, leave=False)
    for number, photo in enumerate(bar):
        for again in range(DAMAGES):
            case = task.degrade(photo, np.random.default_rng([number, again]))
            assert case.severity is not None  # the damage of tasks that read something has a strength
            told.append(case.severity[task.columns])
            for own, engine in zip(iprs, engines, strict=True):
                own.append(estimate(task, case.request, engine))
    return [np.stack(own) for own in iprs], np.stack(told)


def accuracy(found: np.ndarray, told: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What was read (m, k) against the truth (m, k) -> (root mean square error (k,), R2 (k,))."""
    squares = np.square(found - told).mean(axis=0)
    return np.sqrt(squares), 1 - squares / np.maximum(told.var(axis=0), 1e-9)
