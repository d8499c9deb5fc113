"""An IPR without its painting, and the one way in which all experiments run a network."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from typing import Protocol

import numpy as np

from ..events import Encoding, Event, Finished, Painting, PriorStep, Started
from ..model import fold
from ..restore import Engine, load, stream
from ..tasks import Request, Task, get_task


class Run(Protocol):
    """`stream` with everything fixed but the request and what an experiment varies."""

    def __call__(
        self, request: Request, *, ipr: np.ndarray | None = None, steps: int | None = None
    ) -> Generator[Event, None, None]: ...


def runs_of(task: str | Task, engine: Engine) -> Run:
    """How `engine` is run outside the app, which has its own queue."""

    def run(
        request: Request, *, ipr: np.ndarray | None = None, steps: int | None = None
    ) -> Generator[Event, None, None]:
        yield from stream(task, request, engine, ipr=ipr, steps=steps)

    return run


def estimate_ipr(
    task: str | Task, request: Request, engine: Engine | None = None, *, steps: int | None = None
) -> np.ndarray:
    """The IPR (n,) float32 that the diffusion estimates for a request: prior encoder and denoiser only.

    A request for inpainting needs its hole here, too: the encoder sees where it is. Raises what `stream` raises.
    """
    task = get_task(task) if isinstance(task, str) else task
    return ipr_of(runs_of(task, engine or load(task))(request, steps=steps))


def ipr_of(events: Generator[Event, None, None]) -> np.ndarray:
    """`hear_ipr` without the stops."""
    return fold(hear_ipr(events))


def hear_ipr(events: Generator[Event, None, None]) -> Generator[float, None, np.ndarray]:
    """Listens to a run up to its last diffusion step and ends it there, before anything is painted.

    Yields the share encoded so far, for large photos. A network that was trained without diffusion tells its IPR only
    with the picture, so that run is heard to its end.
    """
    expected = 0
    with closing(events):
        for event in events:
            match event:
                case Started(steps=steps):
                    expected = steps
                case Encoding(fraction=fraction) | Painting(fraction=fraction):
                    yield fraction
                case PriorStep(number=number, ipr=ipr) if number == expected:
                    return ipr
                case Finished(restoration):
                    return restoration.ipr
    raise RuntimeError("the run ended without an IPR")
