"""What the IPR is worth, the same network decoding with another vector of numbers; and what can be read off it.

If a network does as well with another photo's IPR, or with zeros, its prior says nothing about the photo. Where the IPR
says what the damage was, what counts is another photo with *another damage*: the swap matrix.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from tqdm import tqdm

from diffir_demo.metrics import mean_score, spread
from diffir_demo.model import Teacher
from diffir_demo.oracle import oracle
from diffir_demo.tasks import Case, Task
from diffir_demo.training.directions import accuracy
from diffir_demo.weights import Directions

from .methods import Method

LEAST_SWAP = 0.5
"""dB that the IPR of another photo with another damage has to cost on a random mix; below, the prior is hardly used."""


@dataclass(frozen=True)
class IprStudy:
    """Means over a set of the task's headline score, dB."""

    method: str
    own: float
    """With the IPR that the diffusion estimates."""
    another: float
    """With the estimate of the photo before, damaged in the same way; the first gets the last one's."""
    mean: float
    """With the mean of the set's estimates: the same numbers for every photo."""
    zeros: float
    oracle: float | None
    """The stage-1 network, whose encoder has seen the clean picture; None where no such file was named."""
    spread: float
    """How far the estimates lie from their mean, root mean square, as a share of the mean's length."""
    swaps: dict[str, float] = field(default_factory=dict)
    """A row of the swap matrix, by set: with the estimate of the photo before, damaged as in that set."""
    overall: float | None = None
    """Beside it: with the mean of all these sets' estimates."""


def study_ipr(
    task: Task,
    method: Method,
    cases: Sequence[Case],
    iprs: Sequence[np.ndarray],
    own: float,
    teacher: Teacher | None = None,
    label: str = "",
    donors: Mapping[str, Sequence[np.ndarray]] | None = None,
) -> IprStudy:
    """Restores every case again with each foreign vector. iprs: each case's own, (n,) float32; own: its mean score.

    donors: the same photos' estimates in each set of the swap matrix, in order; `label` is the name of this one.
    """
    engine = method.engine
    assert engine is not None  # only networks of ours have an IPR

    def headline(restored: Callable[[int], np.ndarray], what: str) -> float:
        bar = tqdm(range(len(cases)), desc=f"{task.key} {label}, {what}", unit="photo", disable=None, leave=False)
        return mean_score([_score(task, restored(i), cases[i]) for i in bar])

    def with_ipr(choose: Callable[[int], np.ndarray], what: str) -> float:
        return headline(lambda i: engine.restore(cases[i].request, ipr=choose(i)).picture.pixels, what)

    mean = np.mean(iprs, axis=0)
    another = with_ipr(lambda i: iprs[i - 1], "another photo's IPR")
    swaps, overall = {}, None
    if donors:
        for name, given in donors.items():
            foreign = f"the IPR of another photo, {name}"
            swaps[name] = another if name == label else with_ipr(lambda i, given=given: given[i - 1], foreign)
        of_all = np.mean([ipr for given in donors.values() for ipr in given], axis=0)
        overall = with_ipr(lambda i: of_all, "the mean IPR of all sets")
    return IprStudy(
        method=method.name,
        own=own,
        another=another,
        mean=with_ipr(lambda i: mean, "the mean IPR"),
        zeros=with_ipr(lambda i: np.zeros_like(mean), "zeros"),
        oracle=headline(lambda i: oracle(task, teacher, cases[i]).picture.pixels, "stage 1") if teacher else None,
        spread=spread(np.stack(iprs)),
        swaps=swaps,
        overall=overall,
    )


def donors_of(
    task: Task, methods: Sequence[Method], sets: Mapping[str, Iterable[Case]]
) -> dict[str, dict[str, list[np.ndarray]]]:
    """Method -> set -> the estimate for each case, for every network of ours. Nothing is decoded."""
    engines = {method.name: method.engine for method in methods if method.engine is not None}
    found: dict[str, dict[str, list[np.ndarray]]] = {name: {each: [] for each in sets} for name in engines}
    for name, damaged in sets.items():
        for case in tqdm(damaged, desc=f"{task.key} {name}, IPRs", unit="photo", disable=None, leave=False):
            for method, engine in engines.items():
                found[method][name].append(engine.estimate(case.request))
    return found


@dataclass(frozen=True)
class ReadingStudy:
    """The readings of one network, over `cases` randomly damaged photos."""

    method: str
    cases: int
    error: dict[str, float]
    """Root mean square error, by what is read: levels of 255, pixels, steps of JPEG quality."""
    r2: dict[str, float]
    """Share of the variance that the reading explains; below 0: worse than always saying the mean."""


def study_readings(task: Task, method: str, directions: Directions, iprs: np.ndarray, true: np.ndarray) -> ReadingStudy:
    """iprs, true: as `random_damage` gives them for one network; what the network does not read is left out."""
    read = [name for name in task.reads if name in directions.names]
    found = [directions.reading(ipr) for ipr in iprs]
    values = np.array([[reading[name].value for name in read] for reading in found])
    error, r2 = accuracy(values, true[:, [task.reads.index(name) for name in read]])
    return ReadingStudy(
        method,
        len(iprs),
        dict(zip(read, error.tolist(), strict=True)),
        dict(zip(read, r2.tolist(), strict=True)),
    )


def _score(task: Task, pixels: np.ndarray, case: Case) -> float:
    return task.scores(pixels, case.reference.pixels, case.request.mask).get(task.headline, float("nan"))
