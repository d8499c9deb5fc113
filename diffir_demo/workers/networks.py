"""What a replica of the page's restorations does: runs a network, which it loads at its first use and keeps."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ..api import Model, load
from ..errors import WeightsError
from ..events import Event
from ..lru import LRU
from ..messages import Message
from ..shake import Shake
from ..shipped import find_default
from ..tasks import Request, get_task
from .process import Work

KEPT = 1 << 30
"""Bytes of the networks that one replica keeps ready, in float32."""
Key = tuple[str, Path, float]


@dataclass(frozen=True)
class Run:
    """One restoration, as text and arrays that can be sent: `Model.stream` of that file for that task."""

    task: str
    weights: str
    """The file's path where the page runs; on another machine, the file of that name in its checkpoints folder."""
    request: Request
    found: Shake | None = None
    """As `Model.stream` takes it."""


@dataclass(frozen=True)
class Networks:
    """Answers `Run`s with their events. The options are those of `load`."""

    device: str = "auto"
    precision: str = "auto"
    compiled: bool = False

    def __call__(self) -> Work:
        kept: LRU[Key, Model] = LRU(KEPT, lambda model: model.nbytes)
        return partial(self._events, kept)

    def _events(self, kept: LRU[Key, Model], asked: Run) -> Generator[Event, None, None]:
        with closing(self._model(kept, asked).stream(asked.request, found=asked.found)) as events:
            yield from events

    def _model(self, kept: LRU[Key, Model], asked: Run) -> Model:
        path = here(asked.weights)
        key = asked.task, path, path.stat().st_mtime
        options = {"device": self.device, "precision": self.precision, "compiled": self.compiled}
        return kept.get(key) or kept.put(key, load(get_task(asked.task), path, **options))


def here(weights: str) -> Path:
    """The file on this machine. Raises `WeightsError` where there is none."""
    path = Path(weights)
    found = path if path.is_file() else find_default(path.name)
    if found is None:
        raise WeightsError(
            Message("{name} is not on the machine that runs it.", name=path.name), Message("Choose other weights.")
        )
    return found
