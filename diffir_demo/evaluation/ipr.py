"""What the IPR is worth: the same network on the same photos, painting with another vector of numbers.

If a network paints as well with another photo's IPR, or with zeros, its prior tells it nothing about the photo. Where
the IPR tells what the damage was, what counts is another photo with *another damage*: the swap matrix.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from tqdm import tqdm

from ..metrics import scores
from ..model import Teacher
from ..oracle import oracle
from ..restore import estimate, restore
from ..tasks import Damaged, Task
from .methods import Method

LEAST_SWAP = 0.5
"""dB that the IPR of another photo with another damage has to cost on a random mix; below, the prior is hardly used."""
EXACT = 100.0
"""dB that a picture without any error counts as beside others."""


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
    """The stage-1 network, whose encoder has seen the truth; None where no such file was named."""
    spread: float
    """How far the estimates lie from their mean, root mean square, as a share of the mean's length."""
    swaps: dict[str, float] = field(default_factory=dict)
    """A row of the swap matrix, by set: with the estimate of the photo before, damaged as in that set."""
    overall: float | None = None
    """Beside it: with the mean of all these sets' estimates."""


def study_ipr(
    task: Task,
    method: Method,
    cases: Sequence[Damaged],
    iprs: Sequence[np.ndarray],
    own: float,
    teacher: Teacher | None = None,
    label: str = "",
    donors: Mapping[str, Sequence[np.ndarray]] | None = None,
) -> IprStudy:
    """Paints every case again with each foreign vector. iprs: each case's own, (n,) float32; own: its mean score.

    donors: the same photos' estimates in each set of the swap matrix, in order; `label` is the name of this one.
    """
    engine = method.engine
    assert engine is not None  # only networks of ours have an IPR

    def headline(paint: Callable[[int], np.ndarray], what: str) -> float:
        bar = tqdm(range(len(cases)), desc=f"{task.key} {label}, {what}", unit="photo", disable=None, leave=False)
        return mean_score([_score(task, paint(i), cases[i]) for i in bar])

    def with_ipr(choose: Callable[[int], np.ndarray], what: str) -> float:
        return headline(lambda i: restore(task, cases[i].request, engine, ipr=choose(i)).picture.pixels, what)

    mean = np.mean(iprs, axis=0)
    distances = np.linalg.norm(np.stack(iprs) - mean, axis=1)
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
        spread=float(np.sqrt(np.mean(distances**2)) / max(float(np.linalg.norm(mean)), 1e-9)),
        swaps=swaps,
        overall=overall,
    )


def donors_of(
    task: Task, methods: Sequence[Method], sets: Mapping[str, Iterable[Damaged]]
) -> dict[str, dict[str, list[np.ndarray]]]:
    """Method -> set -> the estimate for each case, for every network of ours. Nothing is painted."""
    engines = {method.name: method.engine for method in methods if method.engine is not None}
    found: dict[str, dict[str, list[np.ndarray]]] = {name: {each: [] for each in sets} for name in engines}
    for name, damaged in sets.items():
        for case in tqdm(damaged, desc=f"{task.key} {name}, IPRs", unit="photo", disable=None, leave=False):
            for method, engine in engines.items():
                found[method][name].append(estimate(task, case.request, engine))
    return found


def mean_score(values: Sequence[float]) -> float:
    """The mean; infinite where all are. A single exact picture counts as `EXACT` dB: it must not drown the rest."""
    scores = np.asarray(values, float)
    return float(np.mean(scores if np.isposinf(scores).all() else np.minimum(scores, EXACT)))


def _score(task: Task, pixels: np.ndarray, case: Damaged) -> float:
    return scores(task.key, pixels, case.reference.pixels, case.request.mask).get(task.headline, float("nan"))
