"""Many things through a pool: what comes of all of them, in the order in which it comes."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterable
from contextlib import closing
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

from ..events import Waiting
from .pool import Pool


@dataclass(frozen=True)
class Ended:
    """One of the things is over. error: what ended it; None where it went to its own end."""

    error: Exception | None = None


def merged(pool: Pool, things: Iterable[Any]) -> Generator[tuple[int, Any], None, None]:
    """(number of the thing from 0, an event of it) as they come; the last one of each is its `Ended`.

    Closing the generator begins nothing new, and leaves what is going to the pool's `close`.
    """
    todo = enumerate(things)
    lock, stopped = threading.Lock(), threading.Event()
    found: SimpleQueue[tuple[int, Any] | None] = SimpleQueue()

    def work() -> None:
        while not stopped.is_set():
            with lock:
                number, thing = next(todo, (-1, None))
            if number < 0:
                break
            found.put((number, Ended(_followed(number, thing))))
        found.put(None)

    def _followed(number: int, thing: Any) -> Exception | None:
        try:
            with closing(pool.stream(thing)) as events:
                for event in events:
                    if stopped.is_set():
                        break
                    if not isinstance(event, Waiting):
                        found.put((number, event))
        except Exception as error:
            return error
        return None

    for _ in range(pool.count):
        threading.Thread(target=work, daemon=True).start()
    going = pool.count
    try:
        while going:
            event = found.get()
            if event is None:
                going -= 1
            else:
                yield event
    finally:
        stopped.set()
