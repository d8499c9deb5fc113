"""The same photo in 1 to 8 diffusion steps, measured against the number that the network was trained with."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field

from ..errors import InputError
from ..events import Restoration
from ..imaging import Picture
from ..metrics import psnr, scores
from ..restore import MAX_STEPS
from ..tasks import Request
from .estimate import Run
from .hear import heard
from .numbers import Likeness, likeness


@dataclass(frozen=True, eq=False)
class StepRow:
    """One number of steps."""

    steps: int
    trained: bool
    """Whether this is the number that the network was trained with."""
    likeness: Likeness
    """Of its IPR to that of the trained number."""
    agreement: float
    """PSNR in dB of its picture against that of the trained number; infinite where they are the same."""
    scores: dict[str, float]
    """Against the clean original; {} where there is none."""
    picture: Picture = field(repr=False)


def try_steps(
    run: Run, request: Request, task_key: str, reference: Picture | None = None
) -> Generator[float, None, list[StepRow]]:
    """Paints with every number of steps from 1 to `MAX_STEPS`, and the trained one. Yields the share done.

    Raises `InputError` for a network without a schedule to resample.
    """
    trained = yield from heard(run(request), 0.0, 1 / (MAX_STEPS + 1))
    own = len(trained.steps)
    if own < 2:
        raise InputError(f"This network was trained with {own} diffusion steps: there is nothing to vary.")
    others = [count for count in range(1, MAX_STEPS + 1) if count != own]
    runs = {own: trained}
    for done, count in enumerate(others, start=1):
        total = len(others) + 1
        runs[count] = yield from heard(run(request, steps=count), done / total, 1 / total)
    return [_row(count, runs[count], trained, task_key, reference) for count in sorted(runs)]


def _row(count: int, done: Restoration, trained: Restoration, task_key: str, reference: Picture | None) -> StepRow:
    found = {}
    if reference is not None:
        found = scores(task_key, done.picture.pixels, reference.pixels, done.request.mask)
    return StepRow(
        count,
        done is trained,
        likeness(done.ipr, trained.ipr),
        psnr(done.picture.pixels, trained.picture.pixels),
        found,
        done.picture,
    )
