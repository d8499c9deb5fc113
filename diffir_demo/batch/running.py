"""Runs jobs one after the other, a bad one stopping no other: on the command line, or into the zip of a batch."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any, TypeAlias

import numpy as np

from ..baselines import Baseline
from ..errors import DeviceError, DiffIRError, InputError
from ..events import Event, Finished, Painting, Waiting
from ..imaging import Picture, encode_picture, load_mask, load_picture, losses, megapixels_of, source_of
from ..imaging.strokes import box_stroke, rasterise
from ..messages import Message
from ..peers import Peer
from ..recipe import Recipe, recipe_before, text_of
from ..restoration import Restoration, Seconds
from ..tasks import Request, Task, get_task
from ..tick import streamed
from .archive import Archive, Entry, entry_of
from .jobs import Done, Job
from .masks import MASK_ENDING

Ask: TypeAlias = Callable[[Job], Request]
Boxes: TypeAlias = Sequence[Sequence[int]]
"""What is asked of the network for a job; reads its files."""
Run: TypeAlias = Callable[[Request], Iterator[Event]]
"""`restore.stream` with everything but the request chosen, or a baseline behind the same events."""
Save: TypeAlias = Callable[[Job, Restoration], object]
"""Takes what came back."""
KNOWN_FROM = 0.1
"""Share of the first photo from which its own progress predicts the rest."""


def run_jobs(
    jobs: Iterable[Job], ask: Ask, run: Run, save: Save, *, keep_going: bool = False
) -> Generator[Event | Done, None, None]:
    """Runs one after the other: each one's events, then its `Done`. Bad pictures become a `Done` with an error.

    keep_going: a fault of ours ends its own job alone, and is written to the log; else it is raised.
    Nothing of a picture is held here once its `Done` was taken.
    """
    for job in jobs:
        try:
            yield from _run_one(job, ask, run, save)
        except Exception as error:
            if not keep_going:
                raise
            logging.getLogger(__name__).exception("A job failed.")
            yield Done(
                job,
                error=InputError(Message("Something went wrong that should not ({kind}).", kind=type(error).__name__)),
            )


def _run_one(job: Job, ask: Ask, run: Run, save: Save) -> Iterator[Event | Done]:
    try:
        if job.problem is not None:
            raise job.problem
        restoration = None
        for event in run(ask(job)):
            yield event
            if isinstance(event, Finished):
                restoration = event.restoration
        assert restoration is not None  # the event grammar: every run that is not left early finishes
        save(job, restoration)
    except DiffIRError as error:
        yield Done(job, error=error)
    except OSError as error:  # what only shows when the file is touched: rights, names that are too long
        yield Done(
            job,
            error=InputError(
                Message("'{name}' cannot be read ({reason}).", name=job.source.name[:80], reason=error.strerror)
            ),
        )
    except MemoryError:
        yield Done(job, error=DeviceError("The memory ran out.", "Use a smaller picture, or close other programs."))
    else:
        yield Done(job, replace(restoration, notices=restoration.notices + job.notes + _losses(restoration, job)))


def request_of(job: Job, recipe: Recipe, boxes: Boxes = ()) -> Request:
    """What the recipe asks for the job's picture, with its own mask if it has one; `InputError` for unusable files.

    boxes: (x, y, width, height) in pixels of the picture, added to the hole.
    """
    picture = load_picture(job.source)
    if job.mask is None and get_task(recipe.task).wants_mask and not recipe.has_mask and not boxes:
        raise InputError(
            Message("No mask for '{name}' was found.", name=job.source.name),
            Message("Name it {stem}{ending}.png.", stem=job.source.stem, ending=MASK_ENDING),
        )
    hole = None if job.mask is None else load_mask(job.mask)
    if boxes:
        hole = _with_boxes(picture, hole, recipe, boxes)
    return recipe.request(picture, hole, job.source.name)


def _with_boxes(picture: Picture, hole: np.ndarray | None, recipe: Recipe, boxes: Boxes) -> np.ndarray:
    """(h, w) bool: the hole, else the recipe's, and all boxes. A mask of another size comes back as it is."""
    if hole is None and recipe.has_mask:
        hole = recipe.hole(picture.height, picture.width)
    if hole is not None and hole.shape != (picture.height, picture.width):
        return hole
    strokes = [box_stroke(each, picture.width, picture.height) for each in boxes]
    return rasterise(strokes, picture.height, picture.width, hole)


def encoded(
    job: Job, restoration: Restoration, recipe: Recipe | None, *, place_and_camera: bool = True, bits: int = 8
) -> bytes:
    """The job's result as a file, with what it says about itself. place_and_camera, bits: as `encode_picture` takes
    them."""
    text, suffix = text_for(job, restoration, recipe), job.target.suffix
    options: dict[str, Any] = {"quality": job.quality, "place_and_camera": place_and_camera, "bits": bits}
    return encode_picture(restoration.picture, suffix, text=text, **options)


def text_for(job: Job, restoration: Restoration, recipe: Recipe | None) -> dict[str, str]:
    """What the result says about itself: the recipe of this very run."""
    return text_of(recipe_for(job, restoration, recipe))


def recipe_for(job: Job, restoration: Restoration, recipe: Recipe | None) -> Recipe | None:
    """What repeats the job, with all that made its photo: a mask that was given beside the recipe is in it."""
    kept = job.mask is None and (recipe is None or recipe.has_mask or restoration.request.mask is None)
    made = restoration.recipe(job.source.name, recipe if kept else None)
    return made and made.after(recipe_before(job.source) if isinstance(job.source, Path) else None)


def _losses(restoration: Restoration, job: Job) -> tuple[str, ...]:
    """What the file's format could not keep, one sentence each."""
    source = source_of(restoration.picture)
    assert source is not None  # of a picture everything is known
    return losses(source, job.target, has_mask=restoration.request.mask is not None, quality=job.quality)


def classical(task: Task, baseline: Baseline, scale: int) -> Run:
    """A baseline's run with the events of the model's; scale: output side over input side."""

    def run(request: Request) -> Iterator[Event]:
        task.check(request)
        began = time.perf_counter()
        picture = baseline.run(request.picture, request.mask, scale)
        spent = time.perf_counter() - began
        yield Finished(
            Restoration(
                picture=picture,
                request=request,
                task=task.key,
                weights=Message("baseline: {title}", title=baseline.title),
                ipr=np.zeros(0, np.float32),
                seconds=Seconds(encode=0.0, denoise=0.0, paint=spent, previews=0.0, total=spent),
                device="cpu",
                precision="fp32",
                tiles=1,
                notices=request.picture.notices,
            )
        )

    return run


def compared_with(task: Task, peer: Peer, request: Request, budget: int) -> Iterator[Event]:
    """A run of another network with the events of ours: `Painting` after every tile, `Finished`. budget: bytes."""
    task.check(request)
    began = time.perf_counter()

    def run(emit: Callable[[Event], None]) -> Restoration:
        made = peer.restore(request.picture, request.mask, budget, lambda share: emit(Painting(share)))
        spent = time.perf_counter() - began
        restoration = Restoration(
            picture=made,
            request=request,
            task=task.key,
            weights=peer.title,
            ipr=np.zeros(0, np.float32),
            seconds=Seconds(encode=0.0, denoise=0.0, paint=spent, previews=0.0, total=spent),
            device=str(peer.device),
            precision="fp32",
            tiles=len(peer.tiles(request.picture.height, request.picture.width, budget)),
            notices=request.picture.notices,
        )
        emit(Finished(restoration))
        return restoration

    return streamed(run)


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

    The device is free between two photos, so that another run that waits for it goes first. stopped: asked at every
    event; once it says yes, the photo at hand is dropped and the rest is noted as not begun.
    """
    yield Working(1, len(jobs), 0.0, None)
    pace = Pace([megapixels_of(job.source) for job in jobs])
    for i in range(len(jobs)):
        entry = None if stopped() else (yield from _photo(i, jobs, ask, run, archive, pace, stopped))
        if entry is None:
            archive.not_begun([job.source.name for job in jobs[i:]])
            return
        archive.note(entry)
        yield entry


def _photo(
    i: int, jobs: Sequence[Job], ask: Ask, run: Run, archive: Archive, pace: Pace, stopped: Callable[[], bool]
) -> Generator[Working, None, Entry | None]:
    """The photo's entry, or None where it was stopped. Its pixels die with this frame."""
    if refusal := archive.refusal:
        return Entry(jobs[i].source.name, error=refusal)
    began, share = time.monotonic(), 0.0
    with closing(run_jobs([jobs[i]], ask, run, archive.save, keep_going=True)) as events:
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


class Pace:
    """megapixels: of every photo in order; None where its file does not say; the median of the rest is taken."""

    def __init__(self, megapixels: Sequence[float | None]) -> None:
        known = [each for each in megapixels if each]
        usual = median(known) if known else 1.0
        self._megapixels = [each or usual for each in megapixels]
        self._rates: list[float] = []

    def took(self, i: int, seconds: float) -> None:
        """Photo i, counted from 0, is done."""
        self._rates.append(seconds / self._megapixels[i])

    def left(self, i: int, share: float = 0.0, spent: float = 0.0) -> float | None:
        """Seconds until the last photo is done, while `share` of photo i took `spent` seconds; None if unknown yet."""
        here, after = self._megapixels[i], sum(self._megapixels[i + 1 :])
        if self._rates:
            rate = median(self._rates)
        elif share >= KNOWN_FROM:
            rate = spent / share / here
        else:
            return None
        return rate * ((1 - share) * here + after)
