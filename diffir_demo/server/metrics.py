"""Figures of this process, for Prometheus."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Counter, Gauge, Histogram

from .memory import in_use

REQUESTS = Counter("diffir_requests", "Requests answered", ["method", "route", "status"])
RUNS = Counter("diffir_runs", "Runs of a network that ended", ["task", "outcome"])
RUN_SECONDS = Histogram("diffir_run_seconds", "From the start of a run to its end", ["task"])
GOING = Gauge("diffir_runs_going", "Runs of a network now")
WAITING = Gauge("diffir_queue_waiting", "Events that wait for a turn")
SESSIONS = Gauge("diffir_sessions", "Pages and programs that are remembered")
HEAP = Gauge("diffir_heap_bytes", "Memory of the C library's heaps that is in use, without what is free between")
HEAP.set_function(in_use)
_STOPPING = threading.Event()


@contextmanager
def counted_run(task: str) -> Iterator[None]:
    """A run; finished, failed or left, as its block ends."""
    began, outcome = time.perf_counter(), "left"
    GOING.inc()
    try:
        yield
        outcome = "finished"
    except Exception:
        outcome = "failed"
        raise
    finally:
        GOING.dec()
        RUNS.labels(task, outcome).inc()
        RUN_SECONDS.labels(task).observe(time.perf_counter() - began)


def stopping(begun: bool = True) -> None:
    """From now on the process says that it is about to end, so that visitors are sent elsewhere."""
    _STOPPING.set() if begun else _STOPPING.clear()


def is_stopping() -> bool:
    return _STOPPING.is_set()
