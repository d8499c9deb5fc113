"""The page's restorations in other processes: the same results, streamed, cancelled and reported as in its own."""

from __future__ import annotations

import importlib.util
import os
import signal
import sys
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from gradio_client import Client, handle_file

from diffir_demo import ui
from diffir_demo.cli import main
from diffir_demo.cli import serve as serve_command
from diffir_demo.errors import DeviceError, InputError
from diffir_demo.events import Painting, Started, Waiting
from diffir_demo.planning import PACES
from diffir_demo.settings import Settings
from diffir_demo.tasks import TASKS, Request
from diffir_demo.ui import LONGEST_QUEUE, build_app
from diffir_demo.ui.replicas import by
from diffir_demo.ui.run.progress import Progress, follow
from diffir_demo.ui.run_queue import RunHandle, RunQueue
from diffir_demo.ui.state import AppState
from diffir_demo.workers import memory
from diffir_demo.workers.cluster import Cluster, is_cluster
from diffir_demo.workers.networks import Networks, Run, here
from diffir_demo.workers.pool import Pool
from tests import works
from tests.factories import own_folders, photo, served, tiny_weights
from tests.pictures import noise_file
from tests.test_workers import events_of, eventually

DEBLUR, INPAINT = TASKS["deblur"], TASKS["inpaint"]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """Two replicas, and the state of an app that uses them."""
    with own_folders(tiny_weights(tmp_path_factory.mktemp("checkpoints")), tmp_path_factory.mktemp("cache")):
        state = AppState("cpu", "fp32")
        with Pool(Networks("cpu", "fp32"), 2) as pool:
            perform = by(pool)(state.events)
            yield SimpleNamespace(state=state, pool=pool, perform=perform)


def weights(app: SimpleNamespace, task: Any) -> str:
    return app.state.chosen(task, None, {}).path


def test_a_replica_gives_the_events_and_the_pixels_of_this_process(app: SimpleNamespace) -> None:
    request, path = Request(photo(), None, Settings(seed=5, previews=True), "a.png"), weights(app, DEBLUR)
    PACES.forget()
    there, here = (list(run(DEBLUR, request, path)) for run in (app.perform, app.state.events))
    there = [event for event in there if not isinstance(event, Waiting)]
    kinds = [[type(event).__name__ for event in each if not isinstance(event, Painting)] for each in (there, here)]
    assert kinds[0] == kinds[1] and kinds[0][0] == "Started" and kinds[0][-1] == "Finished"
    first, second = there[-1].restoration, here[-1].restoration
    assert first.request.picture is request.picture  # and no copy of it
    np.testing.assert_array_equal(first.picture.pixels, second.picture.pixels)
    np.testing.assert_array_equal(first.ipr, second.ipr)
    for one, other in zip(first.steps, second.steps, strict=True):
        np.testing.assert_array_equal(one.x0, other.x0)
    assert (first.recipe(), first.notices, first.info) == (second.recipe(), second.notices, second.info)


def test_errors_keep_their_sentence(app: SimpleNamespace) -> None:
    sentences = []
    for run in (app.perform, app.state.events):
        with pytest.raises(InputError) as raised:
            list(run(INPAINT, Request(photo()), weights(app, INPAINT)))
        sentences.append((str(raised.value), raised.value.message, raised.value.hint))
    assert sentences[0] == sentences[1]


def test_a_cancelled_run_really_stops(app: SimpleNamespace) -> None:
    """Both replicas are in the midst of a photo that would take minutes, and free again at once."""
    huge, path = Request(photo(3000, 4000)), weights(app, DEBLUR)
    began = time.monotonic()
    runs = [app.perform(DEBLUR, huge, path) for _ in range(2)]
    for run in runs:
        next(event for event in run if isinstance(event, Started))
    assert len(events_of_pool(app, Request(photo()), path, patience=0.3)) == 0  # none is free
    left = time.monotonic()
    for run in runs:
        run.close()
    list(app.perform(DEBLUR, Request(photo()), path))
    assert time.monotonic() - left < max(10.0, left - began)


def events_of_pool(app: SimpleNamespace, request: Request, path: str, patience: float) -> list[Any]:
    """What comes within so many seconds."""
    found, until = [], time.monotonic() + patience
    with closing(app.perform(DEBLUR, request, path)) as events:
        while time.monotonic() < until:
            if not isinstance(event := next(events), Waiting):
                found.append(event)
    return found


def test_a_replica_that_is_killed_in_a_run_costs_time_and_nothing_else(app: SimpleNamespace) -> None:
    request, path, killed = Request(photo(300, 400), None, Settings(seed=3)), weights(app, DEBLUR), list[int]()
    starts = 0

    def events() -> Iterator[Any]:
        nonlocal starts
        for event in app.perform(DEBLUR, request, path):
            if isinstance(event, Started) and not starts:
                killed.extend(app.pool.pids)
                for pid in killed:  # the other one as well, which is idle
                    os.kill(pid, signal.SIGKILL)
                assert eventually(lambda: not set(killed) & set(app.pool.pids))
            starts += isinstance(event, Started)
            yield event

    progress = Progress(app.state.expected(DEBLUR, request, path))
    restoration, shown = followed(follow(events(), progress, "line", lambda _: {}, lambda _: {}))
    *_, expected = app.state.events(DEBLUR, request, path)
    np.testing.assert_array_equal(restoration.picture.pixels, expected.restoration.picture.pixels)
    assert starts == 2 and shown > 2 and not set(killed) & set(app.pool.pids)


def followed(updates: Generator[Any, None, Any]) -> tuple[Any, int]:
    """What came back in the end, and after how many updates."""
    count = 0
    while True:
        try:
            next(updates)
            count += 1
        except StopIteration as end:
            return end.value, count


def test_runs_of_replicas_teach_what_the_next_ones_take(app: SimpleNamespace) -> None:
    request, path = Request(photo(600, 800)), weights(app, DEBLUR)
    PACES.forget()
    list(app.perform(DEBLUR, request, path))
    assert PACES.get(("paint", app.state.machine)) is not None


def test_so_many_runs_go_at_once_and_so_many_more_may_wait(tmp_path: Path) -> None:
    """Two calls of the API meet inside of the function that runs a network; alone, each would wait for ever."""
    met = threading.Barrier(2, timeout=240)

    def meeting(run: Any) -> Any:
        def perform(*asked: Any) -> Iterator[Any]:
            met.wait()
            yield from run(*asked)

        return perform

    with own_folders(tiny_weights(tmp_path / "checkpoints"), tmp_path / "cache"):
        blocks = build_app("cpu", "fp32", accelerate=meeting, at_once=2)
        assert blocks.queue is not None and blocks._queue.max_size == 2 * LONGEST_QUEUE
        source = noise_file(tmp_path / "a.png")
        with served(blocks) as url:
            client = Client(url, verbose=False)
            going = [client.submit(handle_file(source), seed, api_name="/deblur") for seed in (1, 2)]
            assert all(Path(each.result(300)).is_file() for each in going)


def test_the_queue_says_how_many_have_to_end_before() -> None:
    queue, handles = RunQueue(places=3), [RunHandle() for _ in range(5)]
    assert [queue.join(each) for each in handles] == [0, 0, 0, 1, 2]


def test_weights_are_found_by_their_name_on_another_machine(app: SimpleNamespace, tmp_path: Path) -> None:
    path = Path(weights(app, DEBLUR))
    assert here(str(path)) == path
    assert here(str(tmp_path / path.name)) == path
    run = Run("deblur", str(tmp_path / "own.safetensors"), Request(photo()))
    with pytest.raises(Exception, match="own.safetensors is not on the machine that runs it"):
        list(app.pool.stream(run))


def test_serve_makes_them_and_ends_them(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    served_with = {}
    monkeypatch.setattr(ui, "serve", lambda **options: served_with.update(options))
    monkeypatch.setattr(ui, "leave", lambda: None)
    monkeypatch.setattr(serve_command, "Pool", lambda make, count: Pool(works.counting, count))
    assert main(["serve", "--workers", "2"]) in (0, None)
    assert served_with["replicas"].count == 2 and served_with["replicas"].pids == []
    monkeypatch.setattr(memory, "free_memory", lambda: 2**30)
    assert main(["serve", "--workers", "2"]) == 2
    assert "--workers 2 may need 9.4 GB of memory" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", ["0", "two", "rays", "http://there"])
def test_workers_that_are_none(wrong: str) -> None:
    with pytest.raises(SystemExit):
        main(["serve", "--workers", wrong])


def test_a_cluster_without_ray_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert is_cluster("ray") and is_cluster("ray://there:10001") and not is_cluster("2")
    monkeypatch.setitem(sys.modules, "ray", None)
    assert main(["serve", "--workers", "ray"]) == 2
    assert capsys.readouterr().err.startswith("error: Ray is not installed here. Install it with pip install")


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed (extra ray)")
def test_replicas_of_a_cluster_answer_as_processes_do(tmp_path: Path) -> None:
    import ray

    environment = {"env_vars": {"PYTHONPATH": str(Path(__file__).parent.parent)}}
    ray.init(
        num_cpus=2, include_dashboard=False, object_store_memory=10**8, log_to_driver=False, runtime_env=environment
    )
    cluster = Cluster(works.counting, most=2)
    try:
        assert cluster.count == 2
        assert [number for number, _ in events_of(cluster, to=4)] == [0, 1, 2, 3]
        with pytest.raises(InputError, match="No mask. Give one.") as raised:
            events_of(cluster, wrong=InputError("No mask.", "Give one."))
        assert raised.value.hint == "Give one." and "works.py" in str(raised.value.__cause__)
        log = tmp_path / "log"
        with closing(cluster.stream({"to": 10_000, "pause": 0.02, "log": log})) as events:
            next(event for event in events if not isinstance(event, Waiting))
        assert len(events_of(cluster)) == 3
        until = time.monotonic() + 20
        while not log.read_text().endswith("left\n") and time.monotonic() < until:
            time.sleep(0.05)
        assert log.read_text().endswith("left\n") and log.read_text().count("step") < 500
        (tmp_path / "deaths").mkdir()
        numbers = [number for number, _ in events_of(cluster, deaths=(tmp_path / "deaths", 1))]
        assert numbers[-3:] == [0, 1, 2]  # what the killed one had sent may be lost with it
        assert len(list((tmp_path / "deaths").iterdir())) == 1
        with pytest.raises(DeviceError, match="was lost before it was done, twice"):
            events_of(cluster, deaths=(tmp_path / "deaths", 9))
    finally:
        cluster.close()
