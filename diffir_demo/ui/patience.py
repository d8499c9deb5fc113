"""Long work without stops of its own, done so that whoever asked for it can still leave."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future, wait
from typing import Any, TypeVar

T = TypeVar("T")
PULSE = 0.05
"""Seconds between two chances to leave."""


def meanwhile(work: Callable[[], T]) -> Generator[dict[Any, Any], None, T]:
    """Does `work` in a thread and yields empty updates until it is done; returns what it gives, or raises what it does.

    Who closes the generator is free at once. The thread goes on to its end, and nobody hears of what it made.
    """
    result: Future[T] = Future()
    context = contextvars.copy_context()

    def run() -> None:
        try:
            result.set_result(context.run(work))
        except BaseException as error:
            result.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    while not wait([result], timeout=PULSE).done:
        yield {}
    return result.result()
