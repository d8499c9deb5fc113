"""The inside of the diffusion: what happens to the 256 numbers, and what each step would paint."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from ...errors import InputError
from ...events import Event, Finished, Painting, Waiting
from ...trace import encode_trace
from ..film import Film, title_of
from ..outcome import Outcome
from ..studio import keep
from ..timeline import Timeline
from ..words import inside as words
from .panel import AT_ONCE, ON_THE_DEVICE, QUIET, STATE, Panel, Updates, told

if TYPE_CHECKING:
    from ..tab import Tab

FORMATS = (".gif", ".png", ".npy")
EVERY = 0.2
"""Seconds between two updates on how far a picture is."""


class InsidePanel(Panel):
    """The steps of the run that is going, or that made the result."""

    def __init__(self, tab: Tab) -> None:
        super().__init__(tab)
        self.timeline = Timeline(self.task.config.timesteps, elem_id=self.named("timeline"))
        self.file = gr.DownloadButton(elem_id=self.named("diffusion-file"), elem_classes="offstage")
        self.film = gr.State(None, **STATE)
        """`Film` of the finished run, or None."""
        self.outputs = [self.timeline, self.film]

    def connect(self) -> None:
        running, outcome = self.tab.running, self.tab.result.outcome
        changed = [self.timeline, self.film, running.stop, running.status]
        painting = self.timeline.paint(self.paint, [self.film, outcome], changed, **QUIET, **ON_THE_DEVICE)
        self.timeline.halt(self.halt, self.film, self.timeline, cancels=[painting], **AT_ONCE)
        running.restore.click(None, cancels=[painting])  # a run does not wait for pictures of the former one
        saved = self.timeline.save(self.save, [self.film, outcome], [self.file, running.status], **QUIET)
        saved.success(None, js=_press(self.named("diffusion-file")))

    def emptied(self) -> Updates:
        return {self.timeline: None, self.film: None}

    def kept(self, film: Film) -> Updates:
        """A run that came back, for what is asked of it later."""
        return {self.film: film}

    def counted(self, film: Film, path: str) -> Updates:
        """With what the run multiplied; takes a moment, so it comes after the result. path: of the weights."""
        film = replace(film, cost=self.studio.engine(self.task, path).cost(film.restoration))
        return {self.film: film, self.timeline: film.value()}

    @told
    def paint(self, film: Film | None, outcome: Outcome | None, asked: gr.EventData) -> Iterator[Updates]:
        """Paints what one step's numbers lead to, or all steps', by the run's network; nothing is diffused anew."""
        if film is None or outcome is None:
            return  # another photo came while this waited for its turn
        stop, numbers = threading.Event(), _asked_numbers(film, asked._data)
        yield {self.tab.running.stop: stop, self.timeline: film.value(words.PREPARING)}
        try:
            for place, number in enumerate(numbers, 1):
                film = yield from self._painted(film, outcome, number, place, len(numbers), stop)
                if stop.is_set():  # another photo; what is sent last stays on the page
                    yield self.emptied()
                    return
                yield {self.film: film, self.timeline: film.value(words.PREPARING)}
            yield {self.timeline: film.value()}
        except Exception:
            yield {self.timeline: film.value()}
            raise

    def _painted(
        self, film: Film, outcome: Outcome, number: int, place: int, count: int, stop: threading.Event
    ) -> Generator[Updates, None, Film]:
        """One more picture, its progress told by the timeline itself; the film as it was where `stop` is set."""
        run, ipr, told_at = film.restoration, film.trace.moments[number].ipr, 0.0
        with closing(self.studio.run(self.task, run.request, outcome.weights, False, ipr)) as events:
            for event in events:
                if stop.is_set():
                    return film
                if isinstance(event, Finished):
                    return film.painted(number, event.restoration.picture)
                if time.monotonic() - told_at > EVERY:
                    told_at = time.monotonic()
                    yield {self.timeline: film.value(_progress(event, number, place, count))}
        raise RuntimeError("the run ended without a result")

    def halt(self, film: Film | None) -> dict[str, Any] | None:
        """What is painted so far stays."""
        return film.value() if film else None

    @told
    def save(self, film: Film | None, outcome: Outcome | None, asked: gr.EventData) -> Iterator[Updates]:
        """The diffusion as a file, for the button that is pressed next."""
        yield {self.file: None}
        if film is None or outcome is None:
            raise InputError(words.NOTHING_TO_SAVE)
        suffix = asked._data.get("suffix") if isinstance(asked._data, dict) else None
        if suffix not in FORMATS:
            raise InputError(words.NO_SUCH_FORMAT)
        name = f"{Path(outcome.name).stem or 'photo'}-diffusion{suffix}"
        yield {self.file: keep(encode_trace(film.trace, suffix), name)}


def _asked_numbers(film: Film, data: Any) -> list[int]:
    """The moments that have no picture yet among those that the browser asks for. Raises `InputError`."""
    number = data.get("number") if isinstance(data, dict) else None
    if number is None:
        first = 0 if isinstance(data, dict) and data.get("noise") is True else 1
        return [each for each in range(first, len(film.trace.moments)) if each not in film.files]
    if type(number) is not int or not 0 <= number < len(film.trace.moments):
        raise InputError(words.NO_SUCH_STEP)
    return [] if number in film.files else [number]


def _progress(event: Event, number: int, place: int, count: int) -> str:
    if isinstance(event, Waiting):
        return words.TIMELINE["waiting"]
    text = words.PAINTING if count == 1 else words.PAINTING_MANY
    percent = round(100 * event.fraction) if isinstance(event, Painting) else 0
    return text.format(title=title_of(number).lower(), index=place, count=count, percent=percent)


def _press(elem_id: str) -> str:
    """Presses a button once the page has taken in its new file."""
    return f"() => setTimeout(() => document.getElementById('{elem_id}').click(), 300)"
