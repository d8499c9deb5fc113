"""What is known of jobs before any of them is run: which format cannot hold its result, what is lost, is there room."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..errors import InputError
from ..imaging import losses, over_the_limit, source_of
from ..messages import Message
from .jobs import Job
from .names import distinct

_BYTES_PER_PIXEL = 3
"""Of a PNG that compresses badly; most take half of it."""


def foreseen(
    jobs: Sequence[Job], scale: int, *, has_mask: bool, may_change: bool, place: Path
) -> tuple[list[Job], list[str]]:
    """(the jobs, what to say about them before they begin: one sentence each, with how many photos it is about).

    Only headers are read. A result that its format cannot hold becomes a PNG, with a note; or its job gets a problem,
    where the name was asked for. scale: output side over input side. has_mask: only a part of each photo is to change.
    may_change: whether formats followed from the inputs, so that another may be taken. place: the folder, or a file in
    it, that results go to.
    """
    looked, said, room = list[Job](), Counter[str](), 0
    for job in jobs:
        source = None if job.problem else source_of(job.source)
        if source is not None and (over := over_the_limit(source, job.target, scale)):
            job = (
                _other_format(job, over)
                if may_change
                else replace(job, problem=InputError(over, "Save as PNG instead."))
            )
            said.update(job.notes)
        if source is not None and job.problem is None:
            job = replace(job, quality=source.quality(job.target.suffix))
            said.update(losses(source, job.target, scale=scale, has_mask=has_mask, quality=job.quality))
            room += source.width * source.height * scale**2 * _BYTES_PER_PIXEL
        looked.append(job)
    names = distinct([job.target.name for job in looked]) if any(job.notes for job in looked) else None
    if names:
        looked = [replace(job, target=job.target.with_name(name)) for job, name in zip(looked, names, strict=True)]
    sentences = [
        text if len(jobs) == 1 else Message("{text} ({count} of {total})", text=text, count=count, total=len(jobs))
        for text, count in said.items()
    ]
    return looked, sentences + _space(room, place)


def _other_format(job: Job, over: str) -> Job:
    return replace(
        job, target=job.target.with_suffix(".png"), notes=(*job.notes, Message("{over} It is saved as PNG.", over=over))
    )


def _space(room: int, place: Path) -> list[str]:
    there = next((folder for folder in (place, *place.parents) if folder.exists()), Path("."))
    free = shutil.disk_usage(there).free
    if free >= room:
        return []
    return [
        Message(
            "The results may need {needed:.0f} MB, and {free:.0f} MB are free on the disk.",
            needed=room / 1e6,
            free=free / 1e6,
        )
    ]
