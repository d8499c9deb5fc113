"""A run while it goes: from the core's events to what changes on the page."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

from ..events import Event, Finished, Painting, PriorStep, Restoration, Started, Waiting
from ..trace import Trace
from . import views, words
from .film import Film
from .panels.panel import Updates
from .words import board


def follow(events: Iterator[Event], previews: bool, status: Any, timeline: Any) -> Generator[Updates, None, Film]:
    """Shows every step of the diffusion as it happens, and the painting's progress; returns the finished run's film.

    status, timeline: the components that are changed.
    """
    while isinstance(started := next(events), Waiting):
        yield {status: views.status(words.PRESSED, 0.0, "busy")}
    assert isinstance(started, Started)  # the grammar of events: after any waiting Started, last Finished
    film = Film(Trace.started(started))
    size = started.output_size if started.output_size != started.input_size else None
    total = started.steps if previews else 1  # paintings; a step is told after its preview
    yield {timeline: film.value(), status: views.encoding()}
    for event in events:
        film = film.after(event)
        done = min(len(film.trace.steps), total - 1)
        match event:
            case PriorStep():
                yield {timeline: film.value(), status: _after(event, started.steps, total, size)}
            case Painting():
                yield {status: views.painting(event, done, total, size)}
            case Finished():
                yield {timeline: film.value(), status: views.status(words.SAVING, 1.0, "busy")}
                return film
    raise RuntimeError("the run ended without a result")


def overhear(events: Iterator[Event], name: str, status: Any) -> Generator[Updates, None, Restoration]:
    """A run that only a comparison needs: the status line alone tells how far it is. name: of the method."""
    for event in events:
        if isinstance(event, Finished):
            return event.restoration
        share = event.fraction if isinstance(event, Painting) else 0.0
        text = words.PAINTING.format(percent=round(100 * share))
        yield {status: views.status(board.COMPARED.format(name=name, text=text), share, "busy")}
    raise RuntimeError("the run ended without a result")


def _after(step: PriorStep, steps: int, total: int, size: tuple[int, int] | None) -> str:
    """The status once a step is done: after the last one it is the painting that takes the time."""
    done = min(step.number, total - 1)
    if step.number == steps:
        return views.painting(Painting(0.0), done, total, size)
    return views.denoising(step, steps, done, total)
