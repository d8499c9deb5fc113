"""Several processes: what they are asked, how they are left, and what happens when one is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from diffir_demo.errors import DeviceError, InputError
from diffir_demo.events import Waiting
from diffir_demo.workers import memory
from diffir_demo.workers.memory import PROCESS, require_room
from diffir_demo.workers.merged import Ended, merged
from diffir_demo.workers.pool import Pool
from diffir_demo.workers.process import RemoteError
from tests import works

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool(works.counting, 2) as pool:
        yield pool


def events_of(pool: Any, **asked: Any) -> list[Any]:
    return [event for event in pool.stream(asked) if not isinstance(event, Waiting)]


def eventually(holds: Callable[[], bool], seconds: float = 20.0) -> bool:
    until = time.monotonic() + seconds
    while not holds() and time.monotonic() < until:
        time.sleep(0.02)
    return holds()


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/status")
    return not status.exists() or "State:\tZ" not in status.read_text()


def test_events_come_in_order_from_another_process(pool: Pool) -> None:
    numbers, pids = zip(*events_of(pool, to=4), strict=True)
    assert numbers == (0, 1, 2, 3) and len(set(pids)) == 1 and pids[0] in pool.pids and pids[0] != os.getpid()


def test_as_many_at_once_as_there_are_processes(pool: Pool) -> None:
    first, second, third = (pool.stream({"to": 9, "pause": 0.05}) for _ in range(3))
    pids = {next(event for event in events if not isinstance(event, Waiting))[1] for events in (first, second)}
    assert pids == set(pool.pids)
    assert isinstance(next(third), Waiting)
    first.close()
    assert next(event for event in third if not isinstance(event, Waiting))[1] in pids
    for events in (second, third):
        events.close()


def test_errors_keep_their_sentence_and_their_traceback(pool: Pool) -> None:
    with pytest.raises(InputError, match="No mask. Give one.") as raised:
        events_of(pool, wrong=InputError("No mask.", "Give one."))
    assert raised.value.hint == "Give one."
    assert isinstance(raised.value.__cause__, RemoteError) and "works.py" in str(raised.value.__cause__)
    assert len(events_of(pool)) == 3  # the process goes on


def test_an_error_that_cannot_be_sent_comes_as_its_words() -> None:
    with Pool(works.raising, 1) as pool, pytest.raises(RuntimeError, match="Unreadable: 1 and 2"):
        events_of(pool)


def test_closing_really_stops_the_work(pool: Pool, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with closing(pool.stream({"to": 10_000, "pause": 0.02, "log": log})) as events:
        next(event for event in events if not isinstance(event, Waiting))
    lines = log.read_text().splitlines()  # `close` has waited for the end
    assert lines[-1] == "left" and len(lines) < 100
    assert len(events_of(pool)) == 3


def test_a_killed_process_is_replaced_and_its_work_done_again(pool: Pool, tmp_path: Path) -> None:
    numbers, pids = zip(*events_of(pool, deaths=(tmp_path, 1)), strict=True)
    assert numbers == (0, 0, 1, 2)  # once until it was killed, and once more
    assert pids[0] not in pool.pids and pids[-1] in pool.pids
    assert len(pool.pids) == 2


def test_killed_twice_is_reported(pool: Pool, tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match=r"twice \(killed by SIGKILL\). Memory may"):
        events_of(pool, deaths=(tmp_path, 9))
    assert len(list(tmp_path.iterdir())) == 2
    assert len(events_of(pool)) == 3


def test_a_process_that_is_killed_while_idle_costs_nothing(pool: Pool) -> None:
    for pid in pool.pids:
        os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: not pool.pids)
    assert len(events_of(pool)) == 3


def test_workers_that_cannot_begin_say_why_at_once() -> None:
    with Pool(works.broken, 2) as pool:
        for _ in range(3):
            with pytest.raises(InputError, match="The network is not there. Fetch it."):
                events_of(pool)


def test_a_closed_pool_leaves_no_process_and_ends_what_is_going(tmp_path: Path) -> None:
    pool, raised = Pool(works.counting, 2), list[Exception]()

    def follow() -> None:
        try:
            events_of(pool, to=10_000, pause=0.02, log=tmp_path / "log")
        except DeviceError as error:
            raised.append(error)

    thread = threading.Thread(target=follow)
    thread.start()
    assert eventually((tmp_path / "log").exists)
    pids = pool.pids
    pool.close()
    thread.join(20)
    assert not thread.is_alive() and "stopped" in str(raised[0])
    assert len(pids) == 2 and not any(map(is_there, pids))


def test_workers_end_when_the_one_that_asks_is_killed() -> None:
    code = "from diffir_demo.workers.pool import Pool; from tests import works\n"
    code += "pool = Pool(works.counting, 2)\n"
    code += "for event in pool.stream({'to': 10**6, 'pause': .02}): print(*pool.pids, flush=True)"
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    line = next(line for line in parent.stdout if len(line.split()) == 2)
    parent.kill()
    parent.wait()
    assert eventually(lambda: not any(is_there(int(pid)) for pid in line.split()))


def test_many_things_are_merged_and_one_failure_stops_no_other(pool: Pool) -> None:
    things: list[dict[str, Any]] = [{"to": 2} for _ in range(6)]
    things[2]["wrong"] = InputError("Bad.")
    found = list(merged(pool, things))
    ends = {number: event.error for number, event in found if isinstance(event, Ended)}
    assert sorted(ends) == list(range(6))
    assert [number for number, error in ends.items() if error] == [2] and str(ends[2]) == "Bad."
    assert sum(not isinstance(event, Ended) for _, event in found) == 5 * 2 + 1


def test_memory_for_all_of_them_is_asked_for_beforehand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_memory", lambda: 3 * (PROCESS + 2**30))
    require_room(3, 2**30)
    with pytest.raises(DeviceError, match="--workers 4 may need 6.0 GB .*4.5 GB are free. Use --workers 3, or"):
        require_room(4, 2**30)
    with pytest.raises(DeviceError, match="Close other programs, or use a smaller --memory-budget."):
        require_room(2, 9 * 2**30)
    monkeypatch.setattr(memory, "free_memory", lambda: None)
    require_room(10**6, 2**30)
