"""Long work of the app's handlers: who waits for it can leave, and hears only of what changes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from diffir_demo.errors import InputError
from diffir_demo.ui import patience, views, words
from diffir_demo.ui.panels.panel import told
from diffir_demo.ui.patience import meanwhile

WAIT = 10.0
"""Seconds after which a thread is given up."""


@pytest.fixture(autouse=True)
def short_pulse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "PULSE", 0.001)


class Handlers:
    line = "the status line"

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.was_left = False

    def _work(self) -> int:
        assert self.go_on.wait(WAIT)
        return 3

    @told
    def slow(self) -> Iterator[dict[Any, Any]]:
        yield {"a": 1}
        threading.Timer(0.05, self.go_on.set).start()
        number = yield from meanwhile(self._work)
        yield {"a": number}

    @told
    def left(self) -> Iterator[dict[Any, Any]]:
        try:
            yield {"a": 1}
        finally:
            self.was_left = True

    @told
    def wrong(self) -> Iterator[dict[Any, Any]]:
        yield from meanwhile(lambda: {}["missing"])


def test_pulses_are_chances_to_leave_and_a_result() -> None:
    go_on, left = threading.Event(), threading.Event()

    def work() -> str:
        assert go_on.wait(WAIT)
        left.set()
        return "done"

    pulses = meanwhile(work)
    assert next(pulses) == {}
    assert next(pulses) == {}
    go_on.set()
    with pytest.raises(StopIteration) as end:
        while next(pulses) == {}:
            pass
    assert end.value.value == "done"

    go_on.clear()
    left.clear()
    pulses = meanwhile(work)
    next(pulses)
    pulses.close()  # at once: the work still waits
    assert not left.is_set()
    go_on.set()
    assert left.wait(WAIT), "the thread goes on to its end"


def test_what_the_work_raises_is_raised_to_who_waits() -> None:
    def work() -> None:
        raise InputError("no such photo")

    with pytest.raises(InputError, match="no such photo"):
        list(meanwhile(work))


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
    assert next(updates) == {Handlers.line: views.status(words.BUG, tone="bad")}
    with pytest.raises(KeyError):
        next(updates)
