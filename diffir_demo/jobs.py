"""Many pictures, one recipe: which file goes where with which mask, so run that a bad one stops no other."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .baselines import Baseline
from .errors import DiffIRError, InputError
from .events import Event, Finished, Restoration, Seconds
from .imaging import FORMATS, load_mask, load_picture, save_picture
from .restore import Engine, stream
from .tasks import Request, Task

READABLE = frozenset(
    [".png", ".jpg", ".jpeg", ".webp", ".avif", ".tif", ".tiff", ".bmp", ".gif", ".ppm", ".pgm", ".jp2"]
)
"""Suffixes that count as pictures when a folder is given."""


@dataclass(frozen=True)
class Job:
    """One picture to restore."""

    source: Path
    target: Path
    mask: Path | None


@dataclass(frozen=True, eq=False)
class Done:
    """How a job ended: a result that is saved, or the sentence that says why there is none."""

    job: Job
    restoration: Restoration | None = None
    error: DiffIRError | None = None


def plan_jobs(inputs: Sequence[Path], output: Path, mask: Path | None, task: Task) -> list[Job]:
    """Pairs every picture with its target and mask; raises `InputError` where the whole call makes no sense.

    inputs: files, or folders whose pictures are taken in order of name. output: a file for a single picture, else a
    folder that receives the same names. mask: one file for all, or a folder in which masks are found by stem.
    """
    if task.wants_mask and mask is None:
        raise InputError(f"{task.title} needs --mask FILE_OR_FOLDER", "(white marks the hole).")
    if not task.wants_mask and mask is not None:
        raise InputError(f"{task.title} takes no mask.", "Leave --mask out.")
    if mask is not None and not mask.exists():
        raise InputError(f"There is no mask '{mask.name}'.", "Check the name.")
    sources = [file for path in inputs for file in _pictures(path)]
    single = len(sources) == 1 and not inputs[0].is_dir() and not output.is_dir()
    if not single and output.is_file():
        raise InputError(f"'{output.name}' is a file, but {len(sources)} pictures need a folder.", "Name a folder.")
    targets = [output if single else output / source.name for source in sources]
    jobs = [
        Job(source, _writable(target), _mask_for(source, mask)) for source, target in zip(sources, targets, strict=True)
    ]
    _refuse_collisions(jobs)
    return jobs


def run_jobs(jobs: Sequence[Job], task: Task, engine: Engine | Baseline, seed: int) -> Iterator[Event | Done]:
    """Runs one after the other: each one's events, then its `Done`. Bad pictures become a `Done` with an error."""
    for job in jobs:
        try:
            request = _request(job, task, seed)
            restoration = None
            events = stream(task, request, engine) if isinstance(engine, Engine) else _classical(task, request, engine)
            for event in events:
                yield event
                if isinstance(event, Finished):
                    restoration = event.restoration
            assert restoration is not None  # the event grammar: every run that is heard to its end finishes
            save_picture(restoration.picture, job.target)
        except DiffIRError as error:
            yield Done(job, error=error)
        else:
            yield Done(job, restoration)


def _classical(task: Task, request: Request, baseline: Baseline) -> Iterator[Event]:
    """A baseline's run in the words of the model's."""
    task.check(request)
    began = time.perf_counter()
    picture = baseline.run(request.picture, request.mask, task.config.scale)
    spent = time.perf_counter() - began
    yield Finished(
        Restoration(
            picture=picture,
            request=request,
            task=task.key,
            weights=f"baseline: {baseline.title}",
            ipr=np.zeros(0, np.float32),
            seconds=Seconds(encode=0.0, denoise=0.0, paint=spent, previews=0.0, total=spent),
            device="cpu",
            precision="fp32",
            tiles=1,
            notices=request.picture.notices,
        )
    )


def _request(job: Job, task: Task, seed: int) -> Request:
    picture = load_picture(job.source)
    if not task.wants_mask:
        return Request(picture, seed=seed)
    if job.mask is None:
        raise InputError(f"No mask for '{job.source.name}' was found.", f"Name it {job.source.stem}.png.")
    return Request(picture, load_mask(job.mask), seed)


def _pictures(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]  # a missing file is reported when its turn comes, beside the others
    files = sorted(f for f in path.iterdir() if f.is_file() and f.suffix.lower() in READABLE)
    if not files:
        raise InputError(
            f"There are no pictures in '{path.name}'.", "Files ending in .png, .jpg, .webp and such count."
        )
    return files


def _writable(target: Path) -> Path:
    """The target as named, or as PNG where its name asks for no format that can be written."""
    if target.suffix.lower() in FORMATS:
        return target
    known = target.suffix.lower() in READABLE
    return target.with_suffix(".png") if known else target.with_name(target.name + ".png")


def _mask_for(source: Path, mask: Path | None) -> Path | None:
    if mask is None or not mask.is_dir():
        return mask
    wanted = {source.stem, f"{source.stem}_mask"}
    matching = sorted(f for f in mask.iterdir() if f.stem in wanted and f.suffix.lower() in READABLE)
    return matching[0] if matching else None


def _refuse_collisions(jobs: Sequence[Job]) -> None:
    for job in jobs:
        if job.target.exists() and job.source.exists() and job.target.samefile(job.source):
            raise InputError(f"The result would overwrite '{job.source.name}'.", "Choose another output.")
    twice = [target.name for target, count in Counter(job.target for job in jobs).items() if count > 1]
    if twice:
        raise InputError(f"Several pictures would be saved as '{twice[0]}'.", "Restore them in separate calls.")
