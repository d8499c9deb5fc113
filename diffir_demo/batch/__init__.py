"""Many photos through the same settings, into one zip: a fold over `jobs.run_jobs`, one photo in memory at a time.

What a stranger uploads is gathered first (`gather`), named (`plan`), then run into an `Archive`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass

from ..events import Painting, Waiting
from ..imaging import megapixels_of
from ..jobs import Ask, Done, Job, Run, run_jobs
from .archive import Archive, Entry, entry_of
from .pace import Pace
from .uploads import MAX_MEGABYTES, MAX_PHOTOS, Gathered, gather, plan

__all__ = [
    "MAX_MEGABYTES",
    "MAX_PHOTOS",
    "Archive",
    "Entry",
    "Gathered",
    "Working",
    "entry_of",
    "gather",
    "plan",
    "run_batch",
]


@dataclass(frozen=True)
class Working:
    """How far the batch is."""

    number: int
    """Of the photo at hand, from 1."""
    total: int
    share: float
    """Of that photo, 0 to 1."""
    seconds_left: float | None
    """Until the last photo is done; None until a pace is known."""
    waiting: bool = False
    """Someone else's run has the device."""


def run_batch(
    jobs: Sequence[Job], ask: Ask, run: Run, archive: Archive, *, stopped: Callable[[], bool] = lambda: False
) -> Generator[Working | Entry, None, None]:
    """Runs the jobs in order into the archive; each one's `Working`, then its `Entry`, whether it failed or not.

    The device is free between two photos, so that whoever waits for it goes first. stopped: asked at every event; once
    it says yes, the photo at hand is dropped and the rest is noted as not begun.
    """
    yield Working(1, len(jobs), 0.0, None)
    pace = Pace([megapixels_of(job.source) for job in jobs])
    for i in range(len(jobs)):
        entry = None if stopped() else (yield from _run_one(i, jobs, ask, run, archive, pace, stopped))
        if entry is None:
            archive.not_begun([job.source.name for job in jobs[i:]])
            return
        archive.note(entry)
        yield entry


def _run_one(
    i: int, jobs: Sequence[Job], ask: Ask, run: Run, archive: Archive, pace: Pace, stopped: Callable[[], bool]
) -> Generator[Working, None, Entry | None]:
    """The photo's entry, or None where it was stopped. Its pixels die with this frame."""
    if refusal := archive.refusal:
        return Entry(jobs[i].source.name, error=refusal)
    began, share = time.monotonic(), 0.0
    with closing(run_jobs([jobs[i]], ask, run, archive.save)) as events:
        for event in events:
            waiting = isinstance(event, Waiting)
            began = time.monotonic() if waiting else began  # a queue says nothing about the pace
            spent = time.monotonic() - began
            if isinstance(event, Done):
                if event.error is None:
                    pace.took(i, spent)
                return entry_of(event)
            if stopped():
                return None
            share = event.fraction if isinstance(event, Painting) else share
            yield Working(i + 1, len(jobs), share, pace.left(i, share, spent), waiting)
    raise RuntimeError("a job ended without an answer")
