"""What the IPR is worth: the same network on the same photos, painting with another vector of numbers.

If a network paints as well with another photo's IPR, or with zeros, its prior tells it nothing about the photo.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from ..metrics import scores
from ..model import Teacher
from ..oracle import oracle
from ..restore import restore
from ..tasks import Damaged, Task
from .methods import Method


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


def study_ipr(
    task: Task,
    method: Method,
    cases: Sequence[Damaged],
    iprs: Sequence[np.ndarray],
    own: float,
    teacher: Teacher | None = None,
    label: str = "",
) -> IprStudy:
    """Paints every case again with each foreign vector. iprs: each case's own, (n,) float32; own: its mean score."""
    engine = method.engine
    assert engine is not None  # only networks of ours have an IPR

    def headline(paint: Callable[[int], np.ndarray], what: str) -> float:
        bar = tqdm(range(len(cases)), desc=f"{task.key} {label}, {what}", unit="photo", disable=None, leave=False)
        return float(np.mean([_score(task, paint(i), cases[i]) for i in bar]))

    def with_ipr(choose: Callable[[int], np.ndarray], what: str) -> float:
        return headline(lambda i: restore(task, cases[i].request, engine, ipr=choose(i)).picture.pixels, what)

    mean = np.mean(iprs, axis=0)
    distances = np.linalg.norm(np.stack(iprs) - mean, axis=1)
    return IprStudy(
        method=method.name,
        own=own,
        another=with_ipr(lambda i: iprs[i - 1], "another photo's IPR"),
        mean=with_ipr(lambda i: mean, "the mean IPR"),
        zeros=with_ipr(lambda i: np.zeros_like(mean), "zeros"),
        oracle=headline(lambda i: oracle(task, teacher, cases[i]).picture.pixels, "stage 1") if teacher else None,
        spread=float(np.sqrt(np.mean(distances**2)) / max(float(np.linalg.norm(mean)), 1e-9)),
    )


def _score(task: Task, pixels: np.ndarray, case: Damaged) -> float:
    return scores(task.key, pixels, case.reference.pixels, case.request.mask).get(task.headline, float("nan"))
