"""The same request means the same pixels: the last results are kept up to a bound, and asking again takes no time.

Kept are a run's events without its progress, for all visitors. A key covers the photo's bytes, so a photo is found only
with the photo itself.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Generator, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..deconvolve import Blur
from ..events import Event, Finished, PathFound, Started
from ..imaging import Picture, load_picture
from ..lru import LRU
from ..restoration import PriorStep
from ..scratches import Search, search
from ..tasks import Request
from .component import words_of

MOST = 256 * 2**20
"""Bytes of all pictures that are kept, photos and results; the least lately asked for go first."""
MOST_SEARCHES = 4
"""Photos of which it is kept what was found: some 12 MB each, at most."""
FROM_CACHE = words_of().from_cache
Key = bytes


class ResultCache:
    """The last runs' events by what was asked. One per app, shared by its threads."""

    def __init__(self, most: int = MOST) -> None:
        self._kept: LRU[Key, tuple[Event, ...]] = LRU(most, lambda events: sum(map(_bytes, events)))
        self._lock = threading.Lock()

    def get(self, key: Key) -> tuple[Event, ...] | None:
        """The events of that run, progress left out; its result says that it was kept."""
        with self._lock:
            kept = self._kept.get(key)
        if kept is None:
            return None
        *before, finished = kept
        assert isinstance(finished, Finished)
        run = finished.restoration
        return *before, Finished(replace(run, notices=(*run.notices, FROM_CACHE)))

    def recording(self, key: Key, events: Iterable[Event]) -> Generator[Event, None, None]:
        """Passes a run's events on, and keeps them when it has finished."""
        kept: list[Event] = []
        for event in events:
            if isinstance(event, Started):  # a run that begins again has the steps of its second beginning
                kept.clear()
            if isinstance(event, Started | PathFound | PriorStep | Finished):
                kept.append(event)
            if isinstance(event, Finished):
                with self._lock:
                    self._kept.put(key, tuple(kept))
            yield event


class Searches:
    """What was found in the last photos. One per app, shared by its threads.

    To look for scratches takes seconds in a large photo, and to mark what was found milliseconds.
    """

    def __init__(self) -> None:
        self._found: LRU[tuple[str, int], Search] = LRU(MOST_SEARCHES)
        self._lock = threading.Lock()

    def of(self, path: str | Path) -> Search:
        """Looks through that photo, unless that was done already. One photo at a time: each would slow the others down.

        Raises `InputError` for a file that is no picture.
        """
        with self._lock:
            key = str(path), Path(path).stat().st_mtime_ns
            return self._found.get(key) or self._found.put(key, search(load_picture(path).pixels))


def key_of(request: Request, *others: object) -> Key:
    """Everything that a run's result follows from. others: with a `repr` of their own, or arrays."""
    found = hashlib.sha256()
    options = vars(request.settings) | {"blur": None, "steered": sorted(request.settings.steered.items())}
    for part in (*_parts(request.picture), request.mask, *options.values(), *_path(request.settings.blur), *others):
        if isinstance(part, np.ndarray):
            found.update(repr((part.shape, str(part.dtype))).encode())
            found.update(np.ascontiguousarray(part).data)
        else:
            found.update(repr(part).encode() + b"\0")
    return found.digest()


def _path(blur: Blur | None) -> tuple[object, ...]:
    return (None,) if blur is None else (blur.kernel, blur.light, blur.exact)


def _parts(picture: Picture | None) -> tuple[object, ...]:
    if picture is None:
        return (None,)
    arrays = picture.pixels, picture.alpha, picture.own, picture.deep, picture.fresh
    return (
        *arrays,
        picture.notices,
        picture.exif,
        picture.metadata,
        picture.profile,
        picture.sha256,
        *_parts(picture.before),
    )


def _bytes(event: Event) -> int:
    if isinstance(event, Finished):
        run = event.restoration
        mask = 0 if run.request.mask is None else run.request.mask.nbytes
        undone = 0 if run.undone is None else run.undone.sharp.nbytes
        return mask + undone + _size(run.picture) + _size(run.request.picture)
    return _size(event.preview) if isinstance(event, PriorStep) else 0


def _size(picture: Picture | None) -> int:
    """Bytes of its arrays. What two pictures share is counted twice: on the safe side."""
    if picture is None:
        return 0
    arrays = (picture.pixels, picture.alpha, picture.own, picture.deep, picture.fresh)
    return sum(array.nbytes for array in arrays if array is not None) + _size(picture.before)
