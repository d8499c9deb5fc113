"""Progress and cancelling: shares of stages, and work in a thread that goes in step with who takes what it emits."""

from __future__ import annotations

import contextvars
import gc
import threading
import traceback
from collections.abc import Callable

import pytest

from diffir_demo.tick import Cancelled, Stages, streamed, ticking

WHO = contextvars.ContextVar("who", default="nobody")


def test_stages_count_by_their_cost_and_never_fall() -> None:
    shares: list[float] = []
    stages = Stages(shares.append, 4)
    first = stages.stage(1)
    first(0.5)
    stages.stage(3)(0.0)  # however far the first one got
    stages.report()
    first(0.0)
    assert shares == [0.125, 0.25, 1.0, 1.0]
    Stages(shares.append, 0).report()
    assert shares[-1] == 0


def counting(log: list[int], to: int) -> Callable[[Callable[[int], None]], str]:
    def work(emit: Callable[[int], None]) -> str:
        for number in range(to):
            log.append(number)
            emit(number)
        return "done"

    return work


def test_values_come_in_step_and_the_result_last() -> None:
    log: list[int] = []
    values = streamed(counting(log, 3))
    assert log == []
    for expected in range(3):
        assert next(values) == expected
        assert log == list(range(expected + 1)), "nothing is worked ahead"
    with pytest.raises(StopIteration) as end:
        next(values)
    assert end.value.value == "done"


@pytest.mark.parametrize("drop", [False, True], ids=["closed", "dropped"])
def test_leaving_early_ends_the_thread(drop: bool) -> None:
    log, ends = [], list[BaseException]()

    def work(emit: Callable[[int], None]) -> None:
        try:
            counting(log, 9)(emit)
        except Cancelled as error:
            ends.append(error)
            raise

    before = threading.active_count()
    values = streamed(work)
    assert [next(values), next(values)] == [0, 1]
    if drop:
        del values
        gc.collect()
    else:
        values.close()
    assert log == [0, 1] and len(ends) == 1 and threading.active_count() == before


def test_work_that_does_not_take_the_hint_is_told_again() -> None:
    def stubborn(emit: Callable[[int], None]) -> None:
        for number in range(3):
            try:
                emit(number)
            except Cancelled:
                continue

    values = streamed(stubborn)
    next(values)
    values.close()  # does not wait for ever


def test_errors_come_out_with_the_place_where_they_happened() -> None:
    def wrong(emit: Callable[[int], None]) -> None:
        emit(1)
        raise KeyError("here")

    values = streamed(wrong)
    next(values)
    with pytest.raises(KeyError, match="here") as caught:
        next(values)
    assert any(frame.name == "wrong" for frame in traceback.extract_tb(caught.value.__traceback__))


def test_an_interrupt_at_the_taker_ends_the_work() -> None:
    log, before = list[int](), threading.active_count()
    values = streamed(counting(log, 9))
    next(values)
    with pytest.raises(KeyboardInterrupt):
        values.throw(KeyboardInterrupt)
    assert log == [0] and threading.active_count() == before


def test_the_work_sees_the_context_of_who_began_it_and_any_thread_may_go_on() -> None:
    def work(emit: Callable[[str], None]) -> None:
        emit(WHO.get())
        emit(WHO.get())

    WHO.set("me")
    values, found = streamed(work), list[str]()
    found.append(next(values))
    thread = threading.Thread(target=lambda: found.extend(values))
    thread.start()
    thread.join()
    assert found == ["me", "me"]


def test_a_call_without_ticks_of_its_own_is_waited_for_in_ticks() -> None:
    ticked = threading.Event()
    shares: list[float] = []

    def tick(share: float) -> None:
        shares.append(share)
        ticked.set()

    assert ticking(lambda: ticked.wait(10), tick, 0.5) is True
    assert set(shares) == {0.5}


def test_what_a_tick_raises_does_not_wait_for_the_call() -> None:
    release = threading.Event()

    def tick(share: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        ticking(lambda: release.wait(10), tick)
    assert not release.is_set()
    release.set()


def test_what_the_call_raises_comes_through() -> None:
    with pytest.raises(ZeroDivisionError):
        ticking(lambda: 1 / 0, lambda share: None)
