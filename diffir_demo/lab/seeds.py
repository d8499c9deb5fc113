"""How much of the estimate is the photo's, and how much the noise's: the same photo from many seeds."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field, replace

import numpy as np

from ..errors import InputError
from ..tasks import Request
from .estimate import Run, ipr_of

MAX_SEEDS = 64


@dataclass(frozen=True, eq=False)
class Sweep:
    """The IPRs that one photo gets from different noise."""

    seeds: tuple[int, ...]
    iprs: np.ndarray = field(repr=False)
    """(seeds, n) float32."""

    @property
    def mean(self) -> np.ndarray:
        """(n,)"""
        return self.iprs.mean(axis=0)

    @property
    def deviations(self) -> np.ndarray:
        """Standard deviation of each number over the seeds, (n,)."""
        return self.iprs.std(axis=0)

    @property
    def spread(self) -> float:
        """How far the estimates lie from their mean, root mean square, as a share of the mean's length.

        The same measure as `IprStudy.spread`, which has it between photos: both can be compared.
        """
        distances = np.linalg.norm(self.iprs - self.mean, axis=1)
        return float(np.sqrt(np.mean(distances**2)) / max(float(np.linalg.norm(self.mean)), 1e-9))

    @property
    def distances(self) -> np.ndarray:
        """(seeds, seeds) Euclidean, of each to each."""
        return np.linalg.norm(self.iprs[:, None] - self.iprs[None], axis=2)

    @property
    def mean_distance(self) -> float:
        """Over all pairs of different seeds."""
        count = len(self.seeds)
        return float(self.distances.sum() / (count * (count - 1)))

    @property
    def most_distant(self) -> tuple[int, int]:
        """The places of the two seeds whose IPRs differ most."""
        first, second = np.unravel_index(int(self.distances.argmax()), self.distances.shape)
        return int(first), int(second)


def sweep(run: Run, request: Request, count: int) -> Generator[float, None, Sweep]:
    """Estimates the IPR from `count` seeds, the request's own first. Yields the share done; nothing is painted.

    Raises `InputError` for a count that is not 2 .. `MAX_SEEDS`.
    """
    if isinstance(count, bool) or count != int(count) or not 2 <= count <= MAX_SEEDS:
        raise InputError(f"The number of seeds must be a whole number from 2 to {MAX_SEEDS}, not {count}.")
    seeds = tuple((request.seed + i) % 2**63 for i in range(int(count)))
    iprs: list[np.ndarray] = []
    for seed in seeds:
        iprs.append(ipr_of(run(replace(request, seed=seed))))
        yield len(iprs) / len(seeds)
    return Sweep(seeds, np.stack(iprs))
