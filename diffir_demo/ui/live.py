"""A run while it goes: from the core's events to what changes on the page.

Events come some twenty times a second, so that a run can be left; the page is told less often, since each time gives
its browser something to do, and where that is on the same machine the run waits for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from typing import Any

from ..events import Encoding, Event, Finished, Painting, PriorStep, Restoration, Started, Waiting
from ..trace import Trace
from ..weights import Directions
from . import views, words
from .film import Film
from .panels.panel import Updates
from .progress import Progress
from .words import minute as texts

PAUSE = 0.25
"""Seconds between two updates of the status line, at least."""


def follow(
    events: Iterator[Event],
    progress: Progress,
    status: Any,
    timeline: Any,
    directions: Callable[[], Directions | None] = lambda: None,
) -> Generator[Updates, None, Film]:
    """Shows every step of the diffusion as it happens, and the painting's progress; returns the finished run's film.

    status, timeline: the components that are changed. directions: how the network's IPR is read, asked once it is
    loaded. With an event that the page need not hear of, nothing is.
    """
    while isinstance(started := next(events), Waiting):
        yield {status: views.status(texts.DEVICE_TAKEN, 0.0, "busy")}
    assert isinstance(started, Started)  # the grammar of events: after any waiting Started, last Finished
    film, last = Film(Trace.started(started), directions=directions()), time.monotonic()
    size = started.output_size if started.output_size != started.input_size else None
    yield {timeline: film.value(), status: views.going(words.ENCODING, progress.at("encode", 0.0))}
    for event in events:
        film = film.after(event)
        match event:
            case PriorStep():
                yield {timeline: film.value(), status: _after(event, started.steps, progress, size)}
            case Finished():
                yield {timeline: film.value(), status: views.going(words.SAVING, progress.at("save", 0.0))}
                return film
            case Encoding() | Painting() if time.monotonic() - last < PAUSE:
                yield {}
                continue
            case Encoding():
                moment = progress.at("encode", event.fraction)
                yield {status: views.going(texts.ENCODING.format(percent=moment.percent), moment)}
            case Painting():
                done, of = len(film.trace.steps), started.steps - 1
                yield {status: views.painting(event, progress, (done, of), size)}
        last = time.monotonic()
    raise RuntimeError("the run ended without a result")


def overhear(events: Iterator[Event], text: str, status: Any) -> Generator[Updates, None, Restoration]:
    """A run of which the status line alone tells how far it is. text: with {percent}."""
    last = -PAUSE
    for event in events:
        if isinstance(event, Finished):
            return event.restoration
        if time.monotonic() - last < PAUSE:
            yield {}
            continue
        last = time.monotonic()
        share = event.fraction if isinstance(event, Painting) else 0.0
        yield {status: views.status(text.replace("{percent}", str(round(100 * share))), share, "busy")}
    raise RuntimeError("the run ended without a result")


def _after(step: PriorStep, steps: int, progress: Progress, size: tuple[int, int] | None) -> str:
    """The status once a step is done: after the last one it is the painting that takes the time."""
    if step.number == steps:
        return views.painting(Painting(0.0), progress, (step.number, steps - 1), size)
    return views.denoising(step, steps, progress)
