"""From what a batch tells to what its list shows: the rows, the sentence under them, and the bar."""

from __future__ import annotations

import time

from ..batch import Entry, Gathered, Working
from ..batch.uploads import megabytes
from . import views
from .photo_list import PhotoListValue, RowData
from .words import batch as words


class BatchView:
    """A batch as it goes on. What it is told changes `value`."""

    def __init__(self, gathered: Gathered) -> None:
        self.value = waiting(gathered)
        self._began = time.monotonic()
        self._told = 0
        """Photos that were finished or failed."""

    def begin(self) -> PhotoListValue:
        self.value.line, self.value.tone, self.value.share = words.STARTING, "busy", 0.0
        return self.value

    def tell(self, event: Working | Entry) -> PhotoListValue:
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
        for row in rows[self._told :]:
            row.state, row.share, row.note = "waiting", 0.0, words.NOT_BEGUN
        photos = words.counted(words.PHOTOS, done)
        if self._told < len(rows):
            stopped = words.STOPPED.format(photos=photos, total=len(rows)) if done else words.STOPPED_EMPTY
            value.line, value.tone = stopped, "idle"
        elif done:
            value.line = words.DONE.format(photos=photos, time=words.duration(self.seconds))
            value.tone = "good"
        else:
            value.line, value.tone = words.NONE, "bad"
        if failed and done:
            value.line += words.counted(words.FAILED, failed)
        value.share = self._told / len(rows) if done else None
        return value

    def broke(self, sentence: str) -> PhotoListValue:
        """It could not begin, or not go on."""
        self.end()
        self.value.line, self.value.tone = sentence, "bad"
        return self.value

    def _work(self, event: Working) -> None:
        row = self.value.rows[event.number - 1]
        row.state, row.share, row.note = "working", event.share, words.WAITING_ROW if event.waiting else ""
        text = words.WAITING if event.waiting else words.GOING
        line = text.format(number=event.number, total=event.total)
        if event.seconds_left is not None:
            line = words.LEFT.format(text=line, time=words.duration(event.seconds_left))
        self.value.line, self.value.tone = line, "busy"
        self.value.share = (event.number - 1 + event.share) / event.total

    def _finish(self, entry: Entry) -> None:
        row = self.value.rows[self._told]
        self._told += 1
        if entry.error is not None:
            row.state, row.note = "failed", entry.error
            return
        assert entry.size and entry.seconds is not None and entry.glance  # told of every photo that is finished
        size = f"{entry.size[0]} × {entry.size[1]}"
        row.state, row.note = "done", " · ".join((size, views.seconds(entry.seconds), *entry.notices))
        row.glance = views.thumbnail(entry.glance, 96)


def waiting(gathered: Gathered) -> PhotoListValue:
    """The list before anything was done."""
    rows = [RowData(name=source.name) for source in gathered.photos]
    return PhotoListValue(rows=rows, line=_summary(gathered) if rows else "")


def _summary(gathered: Gathered) -> str:
    masks = sum(gathered.mask_of(photo) is not None for photo in gathered.photos)
    total = sum(megabytes(source) for source in gathered.photos)
    size = f"{max(0.1, total):.1f}" if total < 10 else f"{total:.0f}"
    text = words.GATHERED.format(photos=words.counted(words.PHOTOS, len(gathered.photos)), megabytes=size)
    text += words.counted(words.MASKS, masks) if masks else ""
    return text + (words.counted(words.LEFT_OUT, gathered.left_out) if gathered.left_out else "")
