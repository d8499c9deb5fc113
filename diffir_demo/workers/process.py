"""What runs inside a worker process: it is asked for one thing at a time, and sends what comes of it as it comes.

A worker touches no file of the user's but to read it: whatever it makes goes to the process that asked. So it may be
killed at any moment, and leaves nothing half-written behind.

This module imports nothing large by itself, because the number of threads has to be known before torch is there.
"""

from __future__ import annotations

import logging
import os
import pickle
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from multiprocessing.connection import Connection
from typing import Any, TypeAlias

Work: TypeAlias = Callable[[Any], Iterator[Any]]
"""What is asked -> what comes of it, one by one; has to be a generator function, so that it can be closed."""
Make: TypeAlias = Callable[[], Work]
"""Called once in every worker. Has to be picklable: a function or an instance of a class of some module."""

READY, EVENT, OVER, FAILED, BROKEN = "ready", "event", "over", "failed", "broken"
"""What a worker sends, each with a value: it may be asked; something came; that was all; it raised this; it could not
even begin, and ends."""
LEAVE = "leave"
"""What is sent to a worker in the midst of its work: it is not wanted any more. The worker looks after each event."""
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


class RemoteError(Exception):
    """The traceback of what a worker raised, as text: the cause of that error in the process that asked."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"


def serve(connection: Connection, make: bytes) -> None:
    """The life of a worker: until the process that asks closes the connection, or is gone. make: a pickled `Make`."""
    for each in (signal.SIGINT, signal.SIGTERM):  # they reach whole groups of processes; who asks decides what ends
        signal.signal(each, signal.SIG_IGN)
    with suppress(EOFError, OSError):  # who asks is gone
        if (work := _begun(connection, make)) is None:
            return
        while True:
            asked = connection.recv()
            if asked != LEAVE:  # one that crossed with the last event of the call before
                _answer(connection, work, asked[0])


def _begun(connection: Connection, make: bytes) -> Work | None:
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    logging.getLogger("PIL").setLevel(logging.CRITICAL)  # it logs what is said in our own sentences
    try:
        work = pickle.loads(make)()
        one_thread()
    except Exception as error:
        _send_error(connection, BROKEN, error)
        return None
    connection.send((READY, None))
    return work


def one_thread() -> None:
    """From now on, in this process, for those libraries that are there and do not ask the environment."""
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)
    if opencv := sys.modules.get("cv2"):
        opencv.setNumThreads(1)


def _answer(connection: Connection, work: Work, asked: Any) -> None:
    try:
        with closing(work(asked)) as events:  # pyright: ignore[reportArgumentType]  # works are generators
            for event in events:
                connection.send((EVENT, event))
                if connection.poll():
                    connection.recv()
                    break
    except (EOFError, BrokenPipeError, ConnectionError):
        raise
    except Exception as error:
        _send_error(connection, FAILED, error)
    else:
        connection.send((OVER, None))


def _send_error(connection: Connection, kind: str, error: Exception) -> None:
    connection.send((kind, sendable(error)))


def sendable(error: Exception) -> tuple[Exception, str]:
    """(the error, its traceback as text). One that cannot be pickled and read again becomes its name and its words."""
    text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        error = RuntimeError(f"{type(error).__name__}: {error}")
    return error, text
