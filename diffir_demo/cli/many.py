"""`restore --workers N`: the same jobs in several processes, reported in their order."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from tqdm import tqdm

from ..batch import Archive, Done, Entry, Folder, Job, Run, encoded, entry_of, request_of, run_jobs
from ..chain import FINDS
from ..disk import shown_name
from ..errors import DiffIRError, InputError
from ..events import Encoding, Painting
from ..recipe import Recipe
from ..workers.memory import require_room
from ..workers.merged import Ended, merged
from ..workers.pool import Pool
from ..workers.process import Work
from .recipes import recorded
from .report import Lines, error_lines, lines_of, note
from .runner import Runner

HINT = "Memory may have run short: use fewer workers, or a smaller --memory-budget."


@dataclass(frozen=True)
class Said:
    """A sentence about a photo that is no error."""

    sentence: str


@dataclass(frozen=True)
class Made:
    """What became of a photo, small enough to be sent: the file of the result, and what is said about it."""

    entry: Entry
    lines: Lines
    data: bytes | None = None


@dataclass(frozen=True)
class Workshop:
    """What a worker restores with: the options of the call, and what followed from them. A `workers` `Make`."""

    options: argparse.Namespace
    recipes: tuple[Recipe, ...]
    previews: bool

    def __call__(self) -> Work:
        said: list[str] = []
        run, _ = Runner(self.options, self.previews, said.append).run(self.recipes)
        said.clear()  # of networks: the process that asks has said so
        return partial(self._work, run, said)

    def _work(self, run: Run, said: list[str], job: Job) -> Generator[Said | Painting | Encoding | Made, None, None]:
        options, (first, last) = self.options, (self.recipes[0], self.recipes[-1]) if self.recipes else (None, None)
        ask = partial(request_of, recipe=first or Recipe(FINDS), boxes=options.boxes)
        file: list[bytes] = []

        def save(job: Job, restoration: Any) -> None:
            private = {"place_and_camera": options.place_and_camera, "bits": options.bits}
            file.append(encoded(job, restoration, last and recorded(last, options), **private))

        with closing(run_jobs([job], ask, run, save, keep_going=True)) as events:
            for event in events:
                yield from map(Said, said)
                said.clear()
                if isinstance(event, Painting | Encoding):
                    yield event
                elif isinstance(event, Done):
                    entry = replace(entry_of(event), thumbnail=None)
                    yield Made(entry, lines_of(event, options), file[0] if event.error is None else None)


def restored_by_workers(jobs: Sequence[Job], workshop: Workshop, results: Archive | Folder, runner: Runner) -> int:
    """Runs the jobs, as many at once as were asked for; gives how many failed. Each is reported after those before it.

    Raises `DeviceError` where memory does not suffice for so many processes.
    """
    options, began = workshop.options, time.monotonic()
    count = min(options.workers, len(jobs))
    if all(model.device.type == "cpu" for model in runner.models):
        require_room(count, runner.needed_bytes(jobs))
    with (
        Pool(workshop, count, HINT) as pool,
        _Reports(jobs, results, options) as reports,
        closing(merged(pool, jobs)) as events,
    ):
        for number, event in events:
            reports.take(number, event)
    spent = f"{time.monotonic() - began:.1f} s"
    note(f"{len(jobs) - reports.failed} of {len(jobs)} pictures restored in {spent}, {count} at a time.")
    return reports.failed


class _Reports:
    """Writes what was made as it comes, and reports it in the order of the jobs; left early, all that was made."""

    def __init__(self, jobs: Sequence[Job], results: Archive | Folder, options: argparse.Namespace) -> None:
        self.failed = 0
        self._jobs, self._results, self._options = jobs, results, options
        self._made: dict[int, Made] = {}
        self._next = 0
        """The first job that is not reported."""
        self._shares: dict[int, float] = {}
        """Of the photos at hand."""

    def __enter__(self) -> _Reports:
        self._bar = tqdm(total=len(self._jobs), unit="picture", disable=None, leave=False)
        return self

    def __exit__(self, *_: object) -> None:
        for number in sorted(each for each in self._made if each >= self._next):
            self._show(number)
        self._bar.close()

    def take(self, number: int, event: Any) -> None:
        match event:
            case Said():
                with self._bar.external_write_mode(file=sys.stderr):
                    note(event.sentence)
            case Painting():
                self._shares[number] = event.fraction
            case Made() if number not in self._made:  # its worker may have been killed just then, and made it again
                self._kept(number, event)
            case Ended(Exception() as error) if number not in self._made:
                self._kept(number, self._failure(number, error))
        self._bar.n = len(self._made) + round(sum(self._shares.values()), 2)
        self._bar.refresh()

    def _kept(self, number: int, made: Made) -> None:
        self._shares.pop(number, None)
        if made.data is not None:
            try:
                self._results.add(self._jobs[number], made.data)
            except DiffIRError as error:
                made = self._failure(number, error)
        self.failed += made.entry.error is not None
        self._made[number] = replace(made, data=None)
        while self._next in self._made:
            self._show(self._next)
            self._next += 1

    def _show(self, number: int) -> None:
        made = self._made[number]
        self._results.note(made.entry)
        with self._bar.external_write_mode(file=sys.stdout):
            made.lines.show()

    def _failure(self, number: int, error: Exception) -> Made:
        """A photo without a result. A fault of ours ends its own job alone."""
        if not isinstance(error, DiffIRError):
            logging.getLogger(__name__).error("A job failed.", exc_info=error)
            error = InputError(f"Something went wrong that should not ({type(error).__name__}).")
        job = self._jobs[number]
        entry = Entry(shown_name(job.source.name), error=str(error))
        return Made(entry, error_lines(job, str(error), self._options))
