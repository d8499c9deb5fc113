"""Which results of a folder are there already: a line per photo in a small hidden file beside them.

It outlives whatever ends the run, so that the same call goes on where it was. A result counts as there if its line is
the last one of that name, was written for the same photo, mask and settings, and the file has the size that it says.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ..errors import DiffIRError, InputError
from ..messages import Message
from ..weights.info import sha256_of
from .jobs import Job
from .masks import Source

NAME = ".diffir-journal.jsonl"


class Journal:
    """Of the results in `folder`. call: all that decides a result beside photo and mask, as text."""

    def __init__(self, folder: Path, call: str) -> None:
        self.path, self._call = folder / NAME, call

    def finished(self, jobs: Sequence[Job]) -> list[bool]:
        """Of each job, whether its result is there. Photos and masks are read for it, results are not."""
        known = self._lines()
        return [self._is_there(job, known.get(job.target.name)) for job in jobs]

    def note(self, job: Job) -> None:
        """The job's result was written. Raises `InputError` where that cannot be noted."""
        line = {"result": job.target.name, "bytes": job.target.stat().st_size, "key": self._key(job)}
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        except OSError as error:
            raise InputError(
                Message("{name} cannot be written ({reason}).", name=self.path.name, reason=error.strerror),
                "Choose another place.",
            ) from error

    def _is_there(self, job: Job, line: dict[str, object] | None) -> bool:
        if line is None or job.problem is not None:
            return False
        with suppress(OSError, DiffIRError):
            return job.target.stat().st_size == line.get("bytes") and line.get("key") == self._key(job)
        return False

    def _key(self, job: Job) -> str:
        mask = None if job.mask is None else _digest(job.mask)
        return hashlib.sha256(repr((self._call, _digest(job.source), mask, job.quality)).encode()).hexdigest()

    def _lines(self) -> dict[str, dict[str, object]]:
        """The last line of every result. One that was cut off, as by a full disk, says nothing."""
        known: dict[str, dict[str, object]] = {}
        with suppress(OSError):
            for text in self.path.read_text(encoding="utf-8", errors="replace").splitlines():
                with suppress(ValueError, TypeError, KeyError):
                    line = json.loads(text)
                    known[str(line["result"])] = line
        return known


def _digest(source: Source) -> str:
    """Of the file's bytes."""
    return sha256_of(source) if isinstance(source, Path) else hashlib.sha256(source.read()).hexdigest()
