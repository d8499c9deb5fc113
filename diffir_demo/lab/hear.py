"""Listening to one of an experiment's several runs."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing

from ..events import Event, Finished, Painting, Restoration


def heard(
    events: Generator[Event, None, None], done: float = 0.0, share: float = 1.0
) -> Generator[float, None, Restoration]:
    """Yields how much of the whole experiment is done, 0 .. 1; returns what came back. Closing it ends the run.

    done: what was done before this run; share: this run's part of the whole.
    """
    with closing(events):
        yield done
        for event in events:
            match event:
                case Painting(fraction=fraction):
                    yield min(1.0, done + share * fraction)
                case Finished(restoration):
                    return restoration
    raise RuntimeError("the run ended without a result")
