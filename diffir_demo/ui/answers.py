"""The same request means the same pixels, so whoever asks again need not wait: the last results are kept, to a bound.

What is kept are a run's events without its progress, shared by all visitors: nobody meets another's photo, since a
request holds its photo, and only the same bytes find it.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Generator, Iterable
from dataclasses import replace

import numpy as np

from ..deconvolve import Blur
from ..events import Event, Finished, PathFound, PriorStep, Started
from ..imaging import Picture
from ..tasks import Request

MOST = 256 * 2**20
"""Bytes of all pictures that are kept, photos and results; the least lately asked for go first."""
KEPT_BEFORE = "This was asked before, and the result was still there."
Key = bytes


class Answers:
    """The last runs' events by what was asked. One per app, shared by its threads."""

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self._kept: OrderedDict[Key, tuple[tuple[Event, ...], int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Key) -> tuple[Event, ...] | None:
        """What that run told, progress left out; its result says that it was kept."""
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            *before, finished = self._kept[key][0]
        assert isinstance(finished, Finished)
        run = finished.restoration
        return *before, Finished(replace(run, notices=(*run.notices, KEPT_BEFORE)))

    def listen(self, key: Key, events: Iterable[Event]) -> Generator[Event, None, None]:
        """Passes a run's events on, and keeps them when it has finished."""
        told: list[Event] = []
        for event in events:
            if isinstance(event, Started | PathFound | PriorStep | Finished):
                told.append(event)
            if isinstance(event, Finished):
                self._keep(key, tuple(told))
            yield event

    def _keep(self, key: Key, events: tuple[Event, ...]) -> None:
        size = sum(_bytes(event) for event in events)
        if size > self.most:
            return
        with self._lock:
            self._kept[key] = events, size
            self._kept.move_to_end(key)
            while sum(size for _, size in self._kept.values()) > self.most:
                self._kept.popitem(last=False)


def key_of(request: Request, *others: object) -> Key:
    """Everything that a run's result follows from. others: with a `repr` that tells them apart, or arrays."""
    found = hashlib.sha256()
    asked = request.mask, request.seed, request.feather, request.fill, *_path(request.blur), request.strength
    for part in (*_parts(request.picture), *asked, *others):
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
    arrays = picture.pixels, picture.alpha, picture.own, picture.fresh
    return *arrays, picture.notices, picture.exif, picture.profile, picture.sha256, *_parts(picture.before)


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
    arrays = (picture.pixels, picture.alpha, picture.own, picture.fresh)
    return sum(array.nbytes for array in arrays if array is not None) + _size(picture.before)
