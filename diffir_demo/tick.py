"""Progress and cancelling of long work: ordinary functions that report to a callback, which may raise.

Long functions take a last argument `tick` and call it with the share that is done after each piece of the work, several
times a second. Whatever it raises ends the work there. `streamed` turns such a function into a generator.
"""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future, wait
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")
Tick = Callable[[float], None]
"""Takes the share of the work that is done, in [0, 1], never less than before. What it raises ends the work."""


PULSE = 0.05
"""Seconds between two ticks of a call that has none of its own."""


class Cancelled(Exception):
    """Raised inside work that is not wanted any more."""


def no_tick(share: float) -> None:
    """For work whose progress is of no interest."""


def in_thread(work: Callable[[], R]) -> Future[R]:
    """Begins `work` in a thread, with the context variables of the caller; what it gives or raises is in the future."""
    result: Future[R] = Future()

    def run() -> None:
        try:
            result.set_result(work())
        except BaseException as error:
            result.set_exception(error)

    threading.Thread(target=contextvars.copy_context().run, args=(run,), daemon=True).start()
    return result


def ticking(work: Callable[[], R], tick: Tick, share: float = 0.0) -> R:
    """What `work` gives, done in a thread: for a single long call of a library that lets others run in the meantime.

    Ticks with `share` every `PULSE` seconds until it is done. What a tick raises is raised at once; the call goes on to
    its end by itself, and what it gives is dropped.
    """
    result = in_thread(work)
    while not wait([result], timeout=PULSE).done:
        tick(share)
    return result.result()


class Stages:
    """Work in stages of known cost, in any unit, reported to one tick as a share of all of them."""

    def __init__(self, tick: Tick, total: float) -> None:
        """total: the cost of all stages together."""
        self._tick, self._total, self._share = tick, max(total, 1e-9), 0.0
        self.done = 0.0
        """Cost of the stages that are over, and of the one that is going."""

    def stage(self, cost: float) -> Tick:
        """Begins a stage and gives its tick. However far that gets, all of the cost counts once the next one begins."""
        began = self.done
        self.done = began + cost
        return lambda share: self.report(began + cost * share)

    def report(self, done: float | None = None) -> None:
        """Ticks with the share that so much is of the total; None: what `done` says. It never falls."""
        self._share = max(self._share, min((self.done if done is None else done) / self._total, 1.0))
        self._tick(self._share)


def streamed(work: Callable[[Callable[[T], None]], R]) -> Generator[T, None, R]:
    """Runs `work(emit)` in a thread; yields what is emitted, returns what it returns, raises what it raises.

    Both sides take turns: `emit` returns when the next value is asked for, so nothing is worked ahead. Closing the
    generator, or dropping it, makes `emit` raise `Cancelled` and waits for the thread to end. Context variables are
    those of the first `next`; the thread's modes (torch's inference mode and the like) stay its own.
    """
    emitted: SimpleQueue[tuple[T] | None] = SimpleQueue()
    wanted = threading.Semaphore(0)
    closed = threading.Event()
    result: Future[R] = Future()

    def emit(value: T) -> None:
        if not closed.is_set():
            emitted.put((value,))
            wanted.acquire()
        if closed.is_set():
            raise Cancelled

    def run() -> None:
        try:
            result.set_result(work(emit))
        except BaseException as error:
            result.set_exception(error)
        finally:
            emitted.put(None)

    thread = threading.Thread(target=contextvars.copy_context().run, args=(run,), daemon=True)
    thread.start()
    try:
        while (value := emitted.get()) is not None:
            yield value[0]
            wanted.release()
        return result.result()
    finally:
        closed.set()
        wanted.release()
        thread.join()
