"""The diffusion as it happens and afterwards: every step's IPR as a map, as bars and as numbers, and what it paints."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import gradio as gr

from ...errors import InputError
from ...events import Event, Finished, Painting, Started, Waiting
from ...settings import AS_ESTIMATED
from ...trace import Trace
from ...trace.sheet import DARK, LIGHT, PLACES, encode_trace
from ...weights import Directions
from ..component import parts, words_of
from ..files import keep
from ..outcome import Outcome
from ..shared import AT_ONCE, ON_THE_DEVICE, QUIET, STATE, Feature, Shared, Updates, press, report_errors
from .record import Record, in_a_sentence

WORDS = words_of("timeline")
SCRIPTS = ("timeline/plot", "timeline/readings", "timeline/closeups", "timeline/picture", "timeline/controls")
STYLES = ("adjust/reading", "adjust/sliders", "adjust/path")
"""Of what the compare board brings here: sliders and camera path."""
FORMATS = (".gif", ".png", ".npy")
EVERY = 0.2
"""Seconds between two updates on how far a picture is."""


class Timeline(gr.HTML):
    """Value: what `Record.value` makes, or None before the first run; nothing comes back from the browser in it.

    Events: `paint`, with {"number": int} for one step or {"number": None, "noise": bool} for all that have no picture;
    `halt`, to stop that; `save`, with {"suffix": ".gif" | ".png" | ".npy"}.
    """

    def __init__(self, steps: int, value: dict[str, Any] | None = None, **options: Any) -> None:
        """steps: how many a run takes as a rule, for the space that is kept free."""
        settings = parts("timeline/timeline", *SCRIPTS, styles=STYLES) | options
        colours = {"places": PLACES, "light": LIGHT, "dark": DARK}
        super().__init__(value, words=WORDS.timeline, colours=colours, usual=steps + 1, **settings)

    def postprocess(self, value: dict[str, Any] | None) -> dict[str, Any] | None:
        return value

    def api_info(self) -> dict[str, Any]:
        return {"type": "object"}


class Recorder:
    """One run's diffusion, as its events come in: each gives an update of the timeline."""

    def __init__(self, timeline: Any, directions: Callable[[], Directions | None] = lambda: None) -> None:
        """timeline: the component. directions: how the network's IPR is read, asked once it is loaded."""
        self.timeline, self.directions = timeline, directions
        self._record: Record | None = None

    @property
    def record(self) -> Record:
        assert self._record is not None  # `started` comes first
        return self._record

    def started(self, event: Started) -> Updates:
        self._record = Record(Trace.started(event), directions=self.directions())
        return {self.timeline: self.record.value()}

    def happened(self, event: Event) -> Updates:
        self._record = self.record.after(event)
        return {self.timeline: self.record.value()}


class TimelineFeature(Feature):
    """The steps of the run that is going, or that made the result."""

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        self.timeline = shared.timeline.render()
        self.file = gr.DownloadButton(elem_id=self.named("diffusion-file"), elem_classes="offstage")
        self.record = gr.State(None, **STATE)
        """`Record` of the finished run, or None."""
        self.outputs = [self.timeline, self.record]

    def connect(self) -> None:
        shared, known = self.shared, [self.record, self.shared.outcome]
        changed = [self.timeline, self.record, shared.handle, shared.status]
        painting = self.timeline.paint(self.paint, known, changed, **QUIET, **ON_THE_DEVICE)
        self.timeline.halt(self.halt, self.record, self.timeline, cancels=[painting], **AT_ONCE)
        shared.restore.click(None, cancels=[painting])  # a run does not wait for pictures of the former one
        saved = self.timeline.save(self.save, known, [self.file, shared.status], **QUIET)
        saved.success(None, js=press(self.named("diffusion-file")))

    def follow(self, applied: Any) -> None:
        """Once a result is painted anew by that event, what is enlarged is of it."""
        applied.then(self.repainted, [self.record, self.shared.outcome], self.outputs, **QUIET)

    def repainted(self, record: Record | None, outcome: Outcome | None) -> Any:
        if record is None or outcome is None or record.trace.restoration is not outcome.run:
            return gr.skip()  # another photo came
        record = record.compared(outcome.restoration.picture)
        return {self.record: record, self.timeline: record.value()}

    def reset(self) -> Updates:
        return {self.timeline: None, self.record: None}

    def recorder(self, path: str) -> Recorder:
        """Of a run that begins. path: of the weights."""
        return Recorder(self.timeline, lambda: self.state.directions(self.task, path))

    def kept(self, record: Record) -> Updates:
        """Of a finished run, for what is asked of it later."""
        return {self.record: record}

    def counted(self, record: Record, path: str) -> Updates:
        """A finished run with what it multiplied; that takes a moment, so it comes after the result."""
        record = record.counted(self.state.at_hand(self.task, path).cost(record.restoration))
        return {self.record: record, self.timeline: record.value()}

    @report_errors
    def paint(self, record: Record | None, outcome: Outcome | None, asked: gr.EventData) -> Iterator[Updates]:
        """Paints what one step's numbers lead to, or all steps', by the run's network; nothing is diffused anew."""
        if record is None or outcome is None:
            return  # another photo came while this waited for its turn
        stop, numbers = threading.Event(), asked_numbers(record, asked._data)
        yield {self.shared.handle: stop, self.timeline: record.value(WORDS.preparing)}
        try:
            for place, number in enumerate(numbers, 1):
                record = yield from self._painted(record, outcome, number, place, len(numbers), stop)
                if stop.is_set():  # another photo; what is sent last stays on the page
                    yield self.reset()
                    return
                yield {self.record: record, self.timeline: record.value(WORDS.preparing)}
            yield {self.timeline: record.value()}
        except Exception:
            yield {self.timeline: record.value()}
            raise

    def _painted(
        self, record: Record, outcome: Outcome, number: int, place: int, count: int, stop: threading.Event
    ) -> Generator[Updates, None, Record]:
        """One more picture, its progress shown by the timeline itself; the record as it was where `stop` is set."""
        run, ipr, shown_at = record.restoration, record.trace.timeline[number].ipr, 0.0
        request = run.request.changed(**AS_ESTIMATED | {"ipr": ipr})
        with closing(self.state.run(self.task, request, outcome.weights)) as events:
            for event in events:
                if stop.is_set():
                    return record
                if isinstance(event, Finished):
                    return record.painted(number, event.restoration.picture)
                if time.monotonic() - shown_at > EVERY:
                    shown_at = time.monotonic()
                    yield {self.timeline: record.value(_progress(event, number, place, count))}
        raise RuntimeError("the run ended without a result")

    def halt(self, record: Record | None) -> dict[str, Any] | None:
        """What is painted so far stays."""
        return record.value() if record else None

    @report_errors
    def save(self, record: Record | None, outcome: Outcome | None, asked: gr.EventData) -> Iterator[Updates]:
        """The diffusion as a file, for the button that is pressed next."""
        yield {self.file: None}
        if record is None or outcome is None:
            raise InputError(WORDS.nothing_to_save)
        suffix = asked._data.get("suffix") if isinstance(asked._data, dict) else None
        if suffix not in FORMATS:
            raise InputError(WORDS.no_such_format)
        name = f"{Path(outcome.name).stem or 'photo'}-diffusion{suffix}"
        yield {self.file: keep(encode_trace(record.trace, suffix), name)}


def asked_numbers(record: Record, data: Any) -> list[int]:
    """The moments that have no picture yet among those that the browser asks for. Raises `InputError`."""
    number = data.get("number") if isinstance(data, dict) else None
    if number is None:
        first = 0 if isinstance(data, dict) and data.get("noise") is True else 1
        return [each for each in range(first, len(record.trace.timeline)) if each not in record.files]
    if type(number) is not int or not 0 <= number < len(record.trace.timeline):
        raise InputError(WORDS.no_such_step)
    return [] if number in record.files else [number]


def _progress(event: Event, number: int, place: int, count: int) -> str:
    if isinstance(event, Waiting):
        return WORDS.timeline["waiting"]
    text = WORDS.painting if count == 1 else WORDS.painting_many
    percent = round(100 * event.fraction) if isinstance(event, Painting) else 0
    return text.format(title=in_a_sentence(number), index=place, count=count, percent=percent)
