"""Results as files of their own: what `Archive` is for a zip."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from ..imaging import write_picture
from ..restoration import Restoration
from .archive import Entry
from .jobs import Job
from .journal import Journal

Encode: TypeAlias = Callable[[Job, Restoration], bytes]
"""The file of a result."""


class Folder:
    """Writes each result to its job's target, whole or not at all. journal: notes what is written; None: not noted."""

    def __init__(self, encode: Encode, journal: Journal | None = None) -> None:
        self.journal, self._encode = journal, encode

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, *_: object) -> None:
        """Every result is there already."""

    def save(self, job: Job, restoration: Restoration) -> None:
        """Raises `InputError` for what cannot be written."""
        self.add(job, self._encode(job, restoration))

    def add(self, job: Job, data: bytes) -> None:
        """`save` for an encoded picture."""
        write_picture(job.target, data)
        if self.journal:
            self.journal.note(job)

    def note(self, entry: Entry) -> None:
        """A folder has no report."""
