"""Whose turn it is, and long work of the app's handlers, which can be left while it goes on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from diffir_demo.errors import InputError
from diffir_demo.ui import run_queue
from diffir_demo.ui.component import words_of
from diffir_demo.ui.run_queue import ABSENT, RunHandle, RunQueue, run_in_thread
from diffir_demo.ui.shared import in_line, report_errors, status

WAIT = 10.0
"""Seconds after which a thread is given up."""


@pytest.fixture(autouse=True)
def short_pulse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_queue, "PULSE", 0.001)


class Handlers:
    status_line = "the status line"

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.was_left = False

    def _work(self) -> int:
        assert self.go_on.wait(WAIT)
        return 3

    @report_errors
    def slow(self) -> Iterator[dict[Any, Any]]:
        yield {"a": 1}
        threading.Timer(0.05, self.go_on.set).start()
        number = yield from run_in_thread(self._work)
        yield {"a": number}

    @report_errors
    def left(self) -> Iterator[dict[Any, Any]]:
        try:
            yield {"a": 1}
        finally:
            self.was_left = True

    @report_errors
    def wrong(self) -> Iterator[dict[Any, Any]]:
        yield from run_in_thread(lambda: {}["missing"])


def test_pulses_are_chances_to_leave_and_a_result() -> None:
    go_on, left = threading.Event(), threading.Event()

    def work() -> str:
        assert go_on.wait(WAIT)
        left.set()
        return "done"

    pulses = run_in_thread(work)
    assert next(pulses) == {}
    assert next(pulses) == {}
    go_on.set()
    with pytest.raises(StopIteration) as end:
        while next(pulses) == {}:
            pass
    assert end.value.value == "done"

    go_on.clear()
    left.clear()
    pulses = run_in_thread(work)
    next(pulses)
    pulses.close()  # at once: the work still waits
    assert not left.is_set()
    go_on.set()
    assert left.wait(WAIT), "the thread goes on to its end"


@pytest.mark.parametrize("error", [InputError("its own"), TimeoutError("its own")])
def test_what_the_work_raises_comes_through(error: Exception) -> None:
    def work() -> None:
        raise error

    with pytest.raises(type(error), match="its own"):
        list(run_in_thread(work))


def test_no_pulse_reaches_the_page() -> None:
    assert list(Handlers().slow()) == [{"a": 1}, {"a": 3}], "Gradio takes an empty update for a forgotten answer"


def test_a_handler_that_is_left_ends() -> None:
    handlers = Handlers()
    updates: Any = handlers.left()
    assert next(updates) == {"a": 1}
    updates.close()
    assert handlers.was_left


def test_a_bug_in_the_work_is_told_and_stays_one() -> None:
    updates = Handlers().wrong()
    assert next(updates) == {Handlers.status_line: status(words_of().bug, tone="bad")}
    with pytest.raises(KeyError):
        next(updates)


# --- the queue -----------------------------------------------------------------------------------------------------


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_how_many_come_first() -> None:
    clock = Clock()
    queue, (first, second, third) = RunQueue(clock), (RunHandle(), RunHandle(), RunHandle())
    assert [queue.join(each) for each in (first, second, third)] == [0, 1, 2]
    with first.during():
        assert queue.before(third) == 2
    assert queue.before(third) == 1
    second.set()
    assert queue.before(third) == 0
    assert in_line(2) == "Waiting: 2 runs before yours …" and "1 run " in in_line(1)


def test_pages_that_were_closed_leave_the_line_and_runs_that_go_do_not() -> None:
    clock = Clock()
    queue, (going, closed, waiting) = RunQueue(clock), (RunHandle(), RunHandle(), RunHandle())
    for each in (going, closed, waiting):
        queue.join(each)
    with going.during():
        for _ in range(3):
            clock.now += ABSENT / 2
            queue.before(waiting)
        assert queue.before(waiting) == 1
