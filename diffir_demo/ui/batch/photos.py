"""The photos of a batch: dropped here, and what becomes of each, row by row."""

from __future__ import annotations

import time
from collections.abc import Sequence
from html import escape
from typing import Any, Literal

from gradio.data_classes import FileData, GradioModel
from pydantic import Field

from ...batch import MAX_MEGABYTES, MAX_PHOTOS, Entry, Gathered, Working, megabytes
from ...disk import shown_name
from ...figures import seconds as in_seconds
from ...imaging import MAX_MEGABYTES as MAX_FILE_MEGABYTES
from ..component import TypedHTML, Value, counted, parts, words_of
from ..files import ACCEPTED, thumbnail
from ..languages import all_said, number, say

COMMON, WORDS = words_of(), words_of("batch")
NAMED = 5
"""Files that were left out and are named; of more, how many there are."""
MAX_FILES = 2 * MAX_PHOTOS
"""In one drop: every photo may bring a mask."""


class RowData(GradioModel):
    """One photo."""

    name: str
    state: Literal["waiting", "working", "done", "failed"] = "waiting"
    note: str = ""
    """What stands beside the state."""
    share: float = 0.0
    """Of the work on it that is done."""
    thumbnail: str | None = None
    """The result as a data URL."""
    result: str = ""
    """The result's name in the zip, once the batch is over: the row can be opened."""


class PhotoListValue(Value):
    """From the browser: `files` that were just uploaded. To the browser: all the rest."""

    files: list[FileData] = Field(default=[], max_length=MAX_FILES)
    """Checked by Gradio: only what was uploaded here can be named."""
    rows: list[RowData] = Field(default=[], max_length=MAX_PHOTOS)
    line: str = ""
    """How the whole of it is doing, in a sentence."""
    tone: Literal["idle", "busy", "good", "bad"] = "idle"
    share: float | None = None
    """Of the whole batch; None while none is going."""


class PhotoList(TypedHTML):
    """Events: `added` (the value holds the files), `cleared`, `removed`, with data {"index": int, "kept": bool}, and
    `opened`, with {"result": str}.

    kept: the list has taken the row out by itself, so that the others keep what they say. result: of the row that is to
    be looked at.
    """

    data_model = PhotoListValue

    def __init__(self, **options: Any) -> None:
        hint = WORDS.list["drop_hint"].format(photos=MAX_PHOTOS, megabytes=MAX_MEGABYTES, zip=MAX_FILE_MEGABYTES)
        limits = {"files": MAX_FILES, "megabytes": MAX_FILE_MEGABYTES}
        settings = parts("batch/list") | options
        texts = WORDS.list | {"drop_hint": hint}
        about = {"words": texts, "states": WORDS.states, "limits": limits, "accept": ACCEPTED}
        super().__init__(PhotoListValue(), **about, **settings)


class BatchView:
    """A batch as it goes on. Its events change `value`."""

    def __init__(self, gathered: Gathered) -> None:
        self.value = waiting(gathered)
        self._began = time.monotonic()
        self._ended = 0
        """Photos that were finished or failed."""
        self._ahead = ""
        self._results: list[str] = []
        """Of the rows that ended, in the zip; "" where there is none."""

    def begin(self, ahead: Sequence[str] = ()) -> PhotoListValue:
        """ahead: what is known before, one sentence each; it stays to be read while the batch goes on."""
        self._ahead = all_said(ahead)
        self.value.line, self.value.tone, self.value.share = WORDS.starting, "busy", 0.0
        return self.value

    def show(self, event: Working | Entry) -> PhotoListValue:
        """The list after this."""
        if isinstance(event, Working):
            self._work(event)
        else:
            self._finish(event)
        return self.value

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self._began

    def end(self) -> PhotoListValue:
        """After the last event: what came of it all."""
        rows, value = self.value.rows, self.value
        done, failed = (sum(row.state == state for row in rows) for state in ("done", "failed"))
        for row in rows[self._ended :]:
            row.state, row.share, row.note = "waiting", 0.0, WORDS.not_begun
        photos = counted(WORDS.photos, done)
        if self._ended < len(rows):
            stopped = WORDS.stopped.format(photos=photos, total=len(rows)) if done else WORDS.stopped_empty
            value.line, value.tone = stopped, "idle"
        elif done:
            value.line = WORDS.done.format(photos=photos, time=duration(self.seconds))
            value.tone = "good"
        else:
            value.line, value.tone = WORDS.none, "bad"
        if failed and done:
            value.line += counted(WORDS.failed, failed)
        value.share = self._ended / len(rows) if done else None
        for row, result in zip(rows, self._results, strict=False):
            row.result = result
        return value

    def broke(self, sentence: str) -> PhotoListValue:
        """It could not begin, or not go on."""
        self.end()
        self.value.line, self.value.tone = sentence, "bad"
        return self.value

    def _work(self, event: Working) -> None:
        row = self.value.rows[event.number - 1]
        row.state, row.share, row.note = "working", event.share, WORDS.waiting_row if event.waiting else ""
        text = WORDS.waiting if event.waiting else WORDS.going
        line = text.format(number=event.number, total=event.total)
        if event.seconds_left is not None:
            line = WORDS.left.format(text=line, time=duration(event.seconds_left))
        self.value.line, self.value.tone = all_said(filter(None, (line, self._ahead))), "busy"
        self.value.share = (event.number - 1 + event.share) / event.total

    def _finish(self, entry: Entry) -> None:
        row = self.value.rows[self._ended]
        self._ended += 1
        self._results.append(entry.result or "")
        if entry.error is not None:
            row.state, row.note = "failed", say(entry.error)
            return
        assert entry.size and entry.seconds is not None and entry.thumbnail  # known of every photo that is finished
        size = f"{entry.size[0]} × {entry.size[1]}"
        row.state, row.note = "done", " · ".join((size, *map(say, (in_seconds(entry.seconds), *entry.notices))))
        row.thumbnail = thumbnail(entry.thumbnail, 96)


def waiting(gathered: Gathered) -> PhotoListValue:
    """The list before anything was done."""
    rows = [RowData(name=source.name) for source in gathered.photos]
    return PhotoListValue(rows=rows, line=_summary(gathered) if rows else "")


def _summary(gathered: Gathered) -> str:
    masks = sum(gathered.mask_of(photo) is not None for photo in gathered.photos)
    total = sum(megabytes(source) for source in gathered.photos)
    size = number(max(0.1, total), ".1f" if total < 10 else ".0f")
    text = WORDS.gathered.format(photos=counted(WORDS.photos, len(gathered.photos)), megabytes=size)
    text += counted(WORDS.masks, masks) if masks else ""
    return text + _left_out([shown_name(name) for name in gathered.left_out])


def _left_out(names: Sequence[str]) -> str:
    """Which files are not among the photos; of many, the first few."""
    if not names:
        return ""
    more = len(names) - NAMED
    named = ", ".join(names[:NAMED]) + (WORDS.left_out_more.format(count=more) if more > 0 else "")
    return " " + WORDS.left_out[len(names) != 1].format(count=len(names), names=named)


def duration(seconds: float) -> str:
    """0.4 -> 1 s; 75 -> 1 min 15 s; 4000 -> 1 h 7 min."""
    whole = max(1, round(seconds))
    if whole < 60:
        return COMMON.time["seconds"].format(seconds=whole)
    if whole < 3600:
        if whole < 600 and whole % 60:
            return COMMON.time["minutes_seconds"].format(minutes=whole // 60, seconds=whole % 60)
        return COMMON.time["minutes"].format(minutes=round(whole / 60))
    minutes = round(whole / 60)
    return COMMON.time["hours_minutes"].format(hours=minutes // 60, minutes=minutes % 60)


def uses(seed: float | None, weights: str, steps: int | None, wants_mask: bool) -> str:
    """What a batch takes from the page, as HTML. steps: None for as many as were trained."""
    number = "" if seed is None else f"{seed:.0f}" if seed == int(seed) else str(seed)
    more = WORDS.uses_steps.format(steps=steps) if steps else ""
    lines = [WORDS.uses.format(seed=number, weights=escape(say(weights)), steps=more)]
    lines += [WORDS.uses_mask] if wants_mask else []
    return "".join(f'<p class="batch-uses">{line}</p>' for line in [*lines, WORDS.keep_open])
