"""A run while it goes: from the core's events to what changes on the page."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

from ..events import Event, Finished, Painting, PriorStep, Restoration, Started
from . import views, words
from .parts import Parts

Updates = dict[Any, Any]
"""Component -> new value or property."""


def follow(events: Iterator[Event], previews: bool, parts: Parts) -> Generator[Updates, None, Restoration]:
    """Shows every step of the diffusion as it happens, and the painting's progress; returns what came back."""
    started, steps = next(events), list[PriorStep]()
    assert isinstance(started, Started)  # the grammar of events: first Started, last Finished
    yield {parts.ipr: views.ipr(started.noise, steps, started.steps)}
    for event in events:
        match event:
            case PriorStep():
                steps.append(event)
                live = views.ipr(started.noise, steps, started.steps)
                yield {parts.ipr: live, parts.status: views.denoising(event, started.steps)}
            case Painting():
                # With previews there is one painting per step, and a step is told after its preview.
                done, total = (min(len(steps), started.steps - 1), started.steps) if previews else (0, 1)
                yield {parts.status: views.painting(event, done, total)}
            case Finished(restoration):
                final = views.ipr(started.noise, steps, started.steps, restoration)
                yield {parts.ipr: final, parts.status: views.status(words.SAVING, 1.0, "busy")}
                return restoration
    raise RuntimeError("the run ended without a result")
