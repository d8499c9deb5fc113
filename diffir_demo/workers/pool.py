"""Processes that are asked: as many things at once as there are of them, and each once more if one is killed."""

from __future__ import annotations

import atexit
import multiprocessing
import pickle
import signal
import threading
from collections.abc import Generator
from contextlib import suppress
from multiprocessing.context import SpawnContext
from queue import Empty, SimpleQueue
from typing import Any

from ..errors import DeviceError
from ..events import Waiting
from ..messages import Message
from .process import BROKEN, EVENT, FAILED, LEAVE, OVER, READY, Make, RemoteError, serve

ATTEMPTS = 2
"""How often a thing is tried: once more after a process was killed in its midst, since another one is often luckier."""
PULSE = 0.05
"""Seconds between two chances to leave while there is nothing else to say."""
PATIENCE = 10.0
"""Seconds that a worker has to leave its work; then it is killed."""


HINT = Message("Memory may have run short: use a smaller photo, or try again later.")


class _Gone(Exception):
    """The process ended in the midst of its work."""


class _Worker:
    """One process. It is asked one thing at a time."""

    def __init__(self, make: bytes) -> None:
        self.is_ready = False
        self._connection, theirs = _context().Pipe()
        self._process = _context().Process(target=serve, args=(theirs, make), daemon=True)
        self._process.start()
        theirs.close()  # else its end would not be seen here

    @property
    def pid(self) -> int | None:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.is_alive()

    def ask(self, asked: Any) -> Generator[Any, None, None]:
        """What comes of it; `Waiting` until the first of it. Closing the generator ends the work there, too.

        Raises what the work raised, and `_Gone` where the process has ended.
        """
        over = False
        try:
            yield from self._until_ready()
            self._send((asked,))
            while not self._has_word(PULSE):
                yield Waiting()
            while True:
                kind, value = self._receive()
                over = kind != EVENT
                if kind == OVER:
                    return
                if kind == FAILED:
                    _reraise(*value)
                yield value
        except _Gone:
            over = True
            raise
        finally:
            if not over and self.is_ready:
                self._leave()

    def why(self) -> str:
        """How the process ended, in words."""
        self._process.join(PATIENCE)
        code = self._process.exitcode
        if code is not None and code < 0:
            with suppress(ValueError):
                return Message("killed by {signal}", signal=signal.Signals(-code).name)
        return Message("it ended with code {code}", code=code)

    def end(self) -> None:
        """At once."""
        self._process.kill()

    def closed(self) -> None:
        """Waits for its end."""
        self._process.join(PATIENCE)
        with suppress(OSError):  # who followed its last run may have closed it just now
            self._connection.close()

    def _until_ready(self) -> Generator[Waiting, None, None]:
        while not self.is_ready:
            if self._has_word(PULSE):
                kind, value = self._receive()
                if kind == BROKEN:
                    raise _Broken(*value)
                self.is_ready = kind == READY
            else:
                yield Waiting()

    def _leave(self) -> None:
        """Sends what is not wanted any more away, and waits until the process is free again."""
        with suppress(_Gone):
            self._send(LEAVE)
            while self._has_word(PATIENCE):
                if self._receive()[0] != EVENT:
                    return
            self.end()
            self._process.join(PATIENCE)

    def _has_word(self, timeout: float) -> bool:
        """Whether it says something, or has ended."""
        try:
            return self._connection.poll(timeout)
        except OSError as error:
            raise _Gone from error

    def _send(self, message: Any) -> None:
        try:
            self._connection.send(message)
        except OSError as error:
            raise _Gone from error

    def _receive(self) -> Any:
        try:
            return self._connection.recv()
        except (EOFError, OSError) as error:
            raise _Gone from error


class _Broken(Exception):
    """A worker could not even begin: no other one will."""

    def __init__(self, error: Exception, text: str) -> None:
        super().__init__()
        self.error, self.text = error, text


class Pool:
    """`count` processes, which start at once; `close` ends them, and they end by themselves when this process does.

    make: called once in every process; gives what answers `stream`. hint: what to do where processes are killed.
    """

    def __init__(self, make: Make, count: int, hint: str = HINT) -> None:
        self.count, self.hint = count, hint
        self._make = pickle.dumps(make)
        self._idle: SimpleQueue[_Worker] = SimpleQueue()
        self._all: list[_Worker] = []
        self._lock = threading.Lock()
        self._is_closed = False
        self._broken: _Broken | None = None
        atexit.register(self.close)  # before multiprocessing's own end, which asks in a way that workers ignore
        for _ in range(count):
            self._idle.put(self._start())

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pids(self) -> list[int]:
        """Of the processes that there are now."""
        return [each.pid for each in self._all if each.pid is not None and each.is_alive]

    def stream(self, asked: Any) -> Generator[Any, None, None]:
        """What some worker's `Work` yields for that, as it comes; before it, `Waiting` while all are at work.

        From any thread, and many at a time. Closing the generator really ends the work, within a second or so. Where a
        worker is killed in the midst of it, all begins again with another one, once; what was yielded comes again.
        Raises what the work raises, and `DeviceError` where that was killed as well, or the pool is closed.
        """
        reason = ""
        for _ in range(ATTEMPTS):
            worker = yield from self._turn()
            try:
                yield from worker.ask(asked)
                return
            except _Gone:
                reason = worker.why()
            except _Broken as broken:
                self._broken = broken
                self._require_open()
            finally:
                self._give_back(worker)
        raise DeviceError(
            Message("The process that worked on it ended before it was done, twice ({reason}).", reason=reason),
            self.hint,
        )

    def close(self) -> None:
        """Ends all processes, whatever they are doing."""
        with self._lock:
            self._is_closed = True
            workers = list(self._all)
        for worker in workers:
            worker.end()
        for worker in workers:
            worker.closed()
        atexit.unregister(self.close)

    def _turn(self) -> Generator[Waiting, None, _Worker]:
        while True:
            self._require_open()
            try:
                worker = self._idle.get(timeout=PULSE)
            except Empty:
                yield Waiting()
                continue
            if worker.is_alive or not worker.is_ready:  # one that never was may have left a word why
                return worker
            self._give_back(worker)

    def _give_back(self, worker: _Worker) -> None:
        """Or another one in its place."""
        if not worker.is_alive:
            worker.closed()
            with self._lock:
                self._all.remove(worker)
                if self._is_closed or self._broken:
                    return
            worker = self._start()
        self._idle.put(worker)

    def _start(self) -> _Worker:
        worker = _Worker(self._make)
        with self._lock:
            self._all.append(worker)
            late = self._is_closed
        if late:
            worker.end()
        return worker

    def _require_open(self) -> None:
        if self._broken:
            _reraise(self._broken.error, self._broken.text)
        if self._is_closed:
            raise DeviceError(Message("The workers were stopped."))


def _reraise(error: Exception, text: str) -> None:
    raise error from RemoteError(text)


def _context() -> SpawnContext:
    """New processes rather than copies of this one: torch's threads do not survive being copied."""
    return multiprocessing.get_context("spawn")
