"""The zip that a batch fills, photo by photo, with a report of what became of each."""

from __future__ import annotations

import csv
import io
import os
import shutil
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias

import numpy as np
from PIL import Image

from ..disk import partial_for, shown_name
from ..errors import InputError
from ..imaging import Picture, encode_picture
from ..messages import Message
from ..restoration import Restoration
from .jobs import Done, Job

MAX_BYTES = 4_000_000_000
"""What every program can unpack, and a browser still fetches."""
SPARE_BYTES = 1_000_000_000
"""Left free on a server's disk, whatever a batch would like to write."""
ROOM_FOR_LISTS = 1_000_000
"""Kept for the zip's own list and the report."""
THUMBNAIL_SIDE = 128
NOT_BEGUN = Message("Not begun: the batch was stopped.")
FULL = Message("Not begun: the zip is as large as it may get. Take the rest as another batch.")
NO_SPACE = Message("Not kept: there is too little space on the disk.")
Text: TypeAlias = Callable[[Job, Restoration], Mapping[str, str]]
"""Keyword to text, for `encode_picture`."""
_COLUMNS = ("file", "result", "width", "height", "seconds", "error", "notices")


@dataclass(frozen=True)
class Entry:
    """What became of one photo."""

    name: str
    result: str | None = None
    """Its name in the zip; None where there is none."""
    size: tuple[int, int] | None = None
    """(width, height) of the result."""
    seconds: float | None = None
    notices: tuple[str, ...] = ()
    error: str | None = None
    """The sentence that says why there is no result."""
    thumbnail: Picture | None = field(default=None, repr=False, compare=False)
    """The result, `THUMBNAIL_SIDE` pixels at most a side."""


class Archive:
    """A zip at `path` that appears whole or not at all: it is finished when the `with` ends, whatever ended it.

    Only where nothing was written, or the generator around it was thrown away, nothing is left behind.

    text: what every picture says about itself; files: name to text, go beside the pictures. spare: bytes that stay free
    on the disk, `SPARE_BYTES` where it is left out. place_and_camera, bits: as `encode_picture` takes them.
    """

    def __init__(
        self,
        path: Path,
        *,
        text: Text | None = None,
        files: Mapping[str, str] | None = None,
        spare: int | None = None,
        place_and_camera: bool = True,
        bits: int = 8,
    ) -> None:
        self.path = path
        self.entries: list[Entry] = []
        self._text, self._files = text, files or {}
        self._spare = max(SPARE_BYTES if spare is None else spare, ROOM_FOR_LISTS)
        self._kept: dict[str, Any] = {"place_and_camera": place_and_camera, "bits": bits}
        self._partial = path

    def __enter__(self) -> Archive:
        try:
            self._partial = partial_for(self.path)
            self._zip = zipfile.ZipFile(self._partial, "w", zipfile.ZIP_STORED)  # pictures are compressed already
        except OSError as error:
            raise self._unwritable(error) from error
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        try:
            if kind is None or not issubclass(kind, GeneratorExit):
                self._finish()
        except OSError as error:
            raise self._unwritable(error) from error
        finally:
            with suppress(OSError):
                self._zip.close()
            self._partial.unlink(missing_ok=True)

    @property
    def finished(self) -> int:
        """Photos in it."""
        return sum(entry.result is not None for entry in self.entries)

    @property
    def refusal(self) -> str | None:
        """Why it takes no further photo; None while it does."""
        return FULL if self._partial.stat().st_size > MAX_BYTES else None

    def save(self, job: Job, restoration: Restoration) -> None:
        """Takes a result under the job's target. Raises `InputError` where the disk has no room for it."""
        text = self._text(job, restoration) if self._text else None
        options: dict[str, Any] = {"text": text, "quality": job.quality} | self._kept
        self.add(job, encode_picture(restoration.picture, job.target.suffix, **options))

    def add(self, job: Job, data: bytes) -> None:
        """`save` for an encoded picture. Raises `InputError` where the disk has no room for it."""
        if shutil.disk_usage(self.path.parent).free < len(data) + self._spare:
            raise InputError(NO_SPACE)
        try:
            self._write(job.target.name, data)
        except OSError as error:
            raise InputError(NO_SPACE) from error

    def note(self, entry: Entry) -> None:
        """For the report."""
        self.entries.append(entry)

    def not_begun(self, names: Sequence[str]) -> None:
        """For the report: these were left out when the batch was stopped."""
        self.entries += [Entry(shown_name(name), error=NOT_BEGUN) for name in names]

    def _finish(self) -> None:
        if not self.finished:
            return
        for name, text in {"report.csv": report(self.entries), **self._files}.items():
            self._write(name, text.encode("utf-8"))
        self._zip.close()
        os.replace(self._partial, self.path)

    def _unwritable(self, error: OSError) -> InputError:
        return InputError(
            Message("{name} cannot be written ({reason}).", name=self.path.name, reason=error.strerror),
            "Choose another place.",
        )

    def _write(self, name: str, data: bytes) -> None:
        member = zipfile.ZipInfo(name, time.localtime()[:6])
        member.external_attr = 0o644 << 16  # else only the owner may read it once it is unpacked
        self._zip.writestr(member, data)


def entry_of(done: Done) -> Entry:
    """Keeps of a finished job what the report and the page need: no large pictures."""
    name = shown_name(done.job.source.name)
    if done.restoration is None:
        return Entry(name, error=str(done.error))
    picture = done.restoration.picture
    return Entry(
        name,
        result=done.job.target.name,
        size=(picture.width, picture.height),
        seconds=done.restoration.seconds.total,
        notices=done.restoration.notices,
        thumbnail=_thumbnail(picture),
    )


def report(entries: Sequence[Entry]) -> str:
    """A table as CSV that spreadsheets open as it is: they read its mark of UTF-8, and no name as a formula."""
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(_COLUMNS)
    for entry in entries:
        seconds = "" if entry.seconds is None else f"{entry.seconds:.2f}"
        names, sentences = (entry.name, entry.result or ""), (entry.error or "", " ".join(entry.notices))
        table.writerow([*map(_plain, names), *(entry.size or ("", "")), seconds, *map(_plain, sentences)])
    return "\ufeff" + text.getvalue()


def _plain(text: str) -> str:
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _thumbnail(picture: Picture) -> Picture:
    small = Image.fromarray(picture.pixels)
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    return Picture(np.asarray(small))
