"""The page's restorations in other processes: what `build_app` takes as `accelerate`."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import replace
from typing import Any, Protocol

from ..devices import PRECISIONS, choose_device
from ..events import Event, Finished
from ..planning import Machine, learn
from ..restoration import Restoration
from ..server.metrics import counted_run
from ..shake import Shake
from ..tasks import Request, Task
from ..workers.networks import Run

Perform = Callable[..., Generator[Event, None, None]]
"""`AppState.events`."""


class Replicas(Protocol):
    """`Pool` of processes of this machine, or `Cluster`: of others."""

    count: int
    """Restorations that go at once."""

    def stream(self, asked: Any) -> Generator[Any, None, None]: ...

    def close(self) -> None: ...


def by(replicas: Replicas) -> Callable[[Perform], Perform]:
    """Lets them run what the app would run itself. They have to be made with `workers.networks.Networks`."""

    def performing(_: Perform) -> Perform:
        def perform(
            task: Task, request: Request, path: str, found: Shake | None = None
        ) -> Generator[Event, None, None]:
            asked = Run(task.key, path, request, found)
            with counted_run(task.key), closing(replicas.stream(asked)) as events:
                for event in events:
                    yield _finished(event, request) if isinstance(event, Finished) else event

        return perform

    return performing


def _finished(event: Finished, request: Request) -> Finished:
    """What came back, about the photo that is here rather than a copy of it; its pace is learned from."""
    run = event.restoration
    if run.info is not None:
        learn(run.info.config, _machine(run), run)
    own = replace(run.request, picture=request.picture, mask=request.mask)
    return Finished(replace(run, request=own))


def _machine(run: Restoration) -> Machine:
    return Machine(choose_device(run.device), PRECISIONS[run.precision])
