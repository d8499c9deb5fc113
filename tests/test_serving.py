"""The app as a server: who gets a turn, who may leave, what is refused, what is kept, and how it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import httpx
import numpy as np
import pytest
import tifffile
from gradio_client import Client, handle_file
from PIL import Image

from diffir_demo import memory, planning, ui
from diffir_demo.cli import main
from diffir_demo.cli import serve as cli_serve
from diffir_demo.devices import lock_for
from diffir_demo.errors import DeviceError, InputError
from diffir_demo.imaging import load as imaging_load
from diffir_demo.imaging import load_mask, load_picture
from diffir_demo.server import Allowance, Policy
from diffir_demo.tasks import TASKS
from diffir_demo.ui import build_app, files, launch_options
from diffir_demo.ui.api import parameters
from diffir_demo.ui.cache import Searches
from diffir_demo.ui.component import words_of
from diffir_demo.ui.files import file_data, keep
from diffir_demo.ui.launch import require_free
from diffir_demo.ui.photo.canvas import MaskValue
from diffir_demo.ui.photo.reading import photo_of, placed
from diffir_demo.ui.photo.server import proposed
from diffir_demo.ui.run_queue import RunHandle
from diffir_demo.ui.sessions import CAPACITY, LARGE, Session, bytes_of, trim
from diffir_demo.ui.settings import shared_parts
from diffir_demo.ui.state import AppState
from diffir_demo.ui.turns import TurnQueue, in_turns
from tests.factories import free_port, own_folders, photo, tiny_weights

WORDS = words_of()
DAY = 86_400


class Slow:
    """Stands between the app and its networks: a run lasts until `go` is set, or it is left."""

    def __init__(self) -> None:
        self.go, self.begun, self.left = threading.Event(), threading.Event(), threading.Event()

    def __call__(self, run: Callable[..., Any]) -> Callable[..., Any]:
        def slowed(*asked: Any) -> Iterator[Any]:
            try:
                with closing(run(*asked)) as events:
                    for event in events:
                        self.begun.set()
                        while not self.go.is_set():
                            time.sleep(0.02)
                            yield event
                        yield event
            finally:
                self.left.set()

        return slowed


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """An app for everybody, on tiny networks: its URL, its `Slow`, its blocks; and an upload of a day ago."""
    cache = tmp_path_factory.mktemp("cache")
    with own_folders(tiny_weights(tmp_path_factory.mktemp("checkpoints")), cache):
        (cache / "before").mkdir()
        (cache / "before" / "private.jpg").write_bytes(b"of a process that was killed")
        for path in (cache / "before" / "private.jpg", cache / "before"):
            os.utime(path, (time.time() - 2 * DAY,) * 2)
        slow = Slow()
        slow.go.set()
        blocks = build_app("cpu", "fp32", accelerate=slow)
        policy = Policy.of("0.0.0.0", allowance=Allowance(requests=None, places=2), environment={})
        _, url, _ = blocks.launch(
            prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", **launch_options(policy)
        )
        yield SimpleNamespace(url=url, slow=slow, blocks=blocks, cache=cache, http=httpx.Client(base_url=url))
        blocks.close()


@pytest.fixture
def held(app: SimpleNamespace) -> Iterator[Slow]:
    """Runs go on until the test is over, or lets them go."""
    app.slow.go.clear()
    app.slow.begun.clear()
    app.slow.left.clear()
    yield app.slow
    app.slow.go.set()
    until = time.monotonic() + 20
    while (app.blocks._queue.running or app.blocks._queue.waiting) and time.monotonic() < until:
        time.sleep(0.05)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photos") / "small.png"
    Image.fromarray(photo().pixels).save(path)
    return path


def uploaded(http: httpx.Client, path: Path) -> dict[str, Any]:
    place = http.post("/gradio_api/upload", files={"files": path.open("rb")}).json()[0]
    return {"path": place, "orig_name": path.name, "meta": {"_type": "gradio.FileData"}}


def body(name: str, *data: Any) -> dict[str, Any]:
    """What a call sends: the values that are given, and null for all others."""
    count = len(parameters(TASKS[name])) if name in TASKS else 2
    return {"data": [*data, *[None] * (count - len(data))]}


def is_free() -> bool:
    return not lock_for(planning.torch.device("cpu")).locked()


def eventually(found: Callable[[], Any], seconds: float = 10.0) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found():
            return True
        time.sleep(0.05)
    return False


# --- calls of programs ---------------------------------------------------------------------------------------------


def test_a_call_that_is_cancelled_ends(app: SimpleNamespace, held: Slow, small: Path) -> None:
    job = Client(app.url, verbose=False).submit(handle_file(str(small)), api_name="/sr")
    assert held.begun.wait(20) and not is_free()
    assert job.communicator is not None
    assert eventually(lambda: job.communicator.event_id), "what a client has no name for yet, it cannot cancel"
    job.cancel()
    assert held.left.wait(20) and eventually(is_free), "the next visitor need not wait for it"


def test_a_call_that_is_left_ends(app: SimpleNamespace, held: Slow, small: Path) -> None:
    image = uploaded(app.http, small)
    event = app.http.post("/gradio_api/call/sr", json=body("sr", image)).json()["event_id"]
    with app.http.stream("GET", f"/gradio_api/call/sr/{event}", timeout=30) as stream:
        next(stream.iter_bytes())
        assert held.begun.wait(20) and not is_free()
    assert held.left.wait(10) and eventually(is_free)


def test_a_call_gives_one_result(app: SimpleNamespace, small: Path) -> None:
    """As in Gradio without steps: programs that read the stream line by line find one address in it."""
    event = app.http.post("/gradio_api/call/sr", json=body("sr", uploaded(app.http, small), 99)).json()["event_id"]
    text = app.http.get(f"/gradio_api/call/sr/{event}", timeout=30).text
    assert text.count('"url"') == 1 and "event: generating" not in text
    path = Client(app.url, verbose=False).predict(handle_file(str(small)), api_name="/sr")
    with Image.open(path) as made:
        assert made.size == (256, 192)


def answer(app: SimpleNamespace, name: str, *data: Any) -> str:
    """What the stream of a call ends with."""
    event = app.http.post(f"/gradio_api/call/{name}", json=body(name, *data))
    if "event_id" not in event.json():
        return event.text
    text = app.http.get(f"/gradio_api/call/{name}/{event.json()['event_id']}", timeout=30).text
    return text[text.rindex("event: ") :]


@pytest.mark.parametrize(
    "data",
    [
        *([..., seed] for seed in ("7", "abc", [1], {}, 1.5, -1, True, 2**70)),
        *([... if name else None, None, None, preset] for name, preset in ((1, [1]), (1, {}), (1, 7), (1, "no"))),
        *([..., None, recipe] for recipe in ([], {"a": 1}, "x", 3)),
        *([image] for image in (None, "x", 5, {}, {"path": 5}, {"path": "/etc/passwd"}, {"path": "nowhere.png"})),
        [{"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}],
    ],
    ids=str,
)
def test_wrong_calls_get_a_sentence(app: SimpleNamespace, small: Path, data: list[Any]) -> None:
    image = uploaded(app.http, small)
    said = answer(app, "sr", *(image if value is ... else value for value in data))
    assert "null" not in said and "error" in said, said
    assert WORDS.bug not in said and "/etc" not in said and str(app.cache) not in said, said


@pytest.mark.parametrize("feather", ["x", [], -1, 1.5, 10**9])
def test_wrong_feathers_get_a_sentence(app: SimpleNamespace, small: Path, feather: Any) -> None:
    image = uploaded(app.http, small)
    assert "The feather must be a whole number" in answer(app, "inpaint", image, image, 1, feather)


def test_names_that_are_none_do_no_harm(app: SimpleNamespace, small: Path) -> None:
    said = answer(app, "sr", uploaded(app.http, small) | {"orig_name": 5})
    assert "null" not in said.replace('": null', ""), said


def test_what_memory_and_time_will_not_do_is_refused(
    app: SimpleNamespace, tmp_path: Path, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = tmp_path / "large.png"
    Image.new("RGB", (9900, 9900), (9, 9, 9)).save(large)  # 100 KB and a hundred megapixels
    image = uploaded(app.http, large)
    monkeypatch.setattr(memory, "free_memory", lambda: 500_000_000)
    decoded = list[Any]()
    monkeypatch.setattr(imaging_load, "_decoded", decoded.append)
    for name, *others in (("deblur",), ("find_scratches", 0.5)):
        assert "of memory; 0.5 GB are free" in answer(app, name, image, *others)
    assert not decoded, "its header says enough"
    monkeypatch.undo()
    monkeypatch.setattr(memory, "free_memory", lambda: 1_000_000)
    assert "of memory; 0.1 GB are free" in answer(app, "sr", uploaded(app.http, small))


def test_every_door_asks_for_memory_before_it_decodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Photos and masks, 16-bit TIFFs that are read apart, and the page's own ways to open a file."""
    monkeypatch.setattr(memory, "free_memory", lambda: 1_000_000)
    decoded = list[Any]()
    monkeypatch.setattr(imaging_load, "_decoded", decoded.append)
    large, deep = tmp_path / "large.png", tmp_path / "deep.tif"
    Image.new("L", (1000, 900)).save(large)
    tifffile.imwrite(deep, np.zeros((3, 900, 1000), np.uint16), photometric="rgb", planarconfig="separate")
    canvas = MaskValue(file=file_data(str(large)), mask=file_data(str(large)))
    doors: list[Callable[[], Any]] = [
        lambda: load_picture(large),
        lambda: load_picture(deep),
        lambda: load_mask(large),
        lambda: photo_of(canvas),
        lambda: canvas.rasterised(900, 1000),
        lambda: placed(file_data(str(deep))),
        lambda: proposed(Searches(), canvas, 0.5, True),
    ]
    for door in doors:
        with pytest.raises(DeviceError, match="of memory; 0.1 GB are free"):
            door()
    assert not decoded


def test_what_would_take_too_long_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the page as well as for programs: both run by this."""
    monkeypatch.setenv("DIFFIR_CHECKPOINTS", str(tiny_weights(tmp_path)))
    task = TASKS["deblur"]
    request = task.degrade(photo(), np.random.default_rng(0)).request
    sentence = "is the longest that this server runs anything"
    hasty = AppState("cpu", "fp32", longest=1e-6)
    path = hasty.weights_for(task)[0].path
    with pytest.raises(InputError, match=sentence):
        next(hasty.run(task, request, path))
    with pytest.raises(InputError, match=sentence):
        hasty.require_possible(task, request, path)
    for longest in (600.0, None):
        patient = AppState("cpu", "fp32", longest=longest)
        patient.require_possible(task, request, path)
        assert list(patient.run(task, request, path))


def test_private_parts_are_no_endpoints(app: SimpleNamespace, small: Path) -> None:
    """By name they are refused, by number they wait in the queue as everybody does."""
    names = [each["api_name"] for each in app.blocks.get_config_file()["dependencies"]]
    private = next(name for name in names if name.startswith("do_damage"))
    assert WORDS.only_on_the_page in app.http.post(f"/gradio_api/call/{private}", json={"data": []}).text
    assert app.http.post("/gradio_api/run/sr", json={"data": [uploaded(app.http, small)]}).status_code == 404
    for fn in (fn for fn in app.blocks.fns.values() if fn.queue and fn.api_name in (private, "sr")):
        body = {"data": [], "fn_index": fn._id, "session_hash": "x"}
        assert app.http.post("/gradio_api/run/predict", json=body).status_code == 404


NONSENSE: list[Any] = [None, "../../etc/passwd", {"path": "/etc/passwd"}, [-1], 10**30]


def said_by_number(http: httpx.Client, fn: Any, value: Any, visitor: str) -> str:
    """What is said to a page that calls a function by its number, with that for each of its inputs."""
    asked = {"data": [value] * len(fn.inputs), "fn_index": fn._id, "session_hash": visitor}
    if not fn.queue:
        given = http.post("/gradio_api/run/predict", json=asked, timeout=30)
        assert given.status_code in (200, 400, 403, 422, 500)
        return given.text
    joined = http.post("/gradio_api/queue/join", json=asked, timeout=30)
    if joined.status_code != 200:
        return joined.text
    with http.stream("GET", "/gradio_api/queue/data", params={"session_hash": visitor}, timeout=60) as stream:
        return next(line for line in stream.iter_lines() if "process_completed" in line)


def test_parts_of_the_page_called_by_number_do_no_harm(app: SimpleNamespace, small: Path) -> None:
    """With the right count of values, all of them nothing or nonsense: refused, or of no effect for anybody else."""
    fns = [fn for fn in app.blocks.fns.values() if fn.api_visibility == "private" and fn.fn is not None]
    assert len(fns) > 100
    for number, fn in enumerate(fns):
        value = NONSENSE[number % len(NONSENSE)]
        said = said_by_number(app.http, fn, value, f"n{number}")
        assert "Traceback" not in said and "root:" not in said, (fn.api_name, value)
    queue = app.blocks._queue
    assert eventually(lambda: not queue.running and not queue.waiting, 60), "a place that is held keeps others out"
    assert app.http.get("/healthz").status_code == 200
    assert '"path"' in answer(app, "sr", uploaded(app.http, small), 77)


# --- turns ---------------------------------------------------------------------------------------------------------


def test_one_visitor_cannot_hold_all_places(app: SimpleNamespace, held: Slow, small: Path) -> None:
    image = uploaded(app.http, small)
    calls = [app.http.post("/gradio_api/call/sr", json=body("sr", image, 900 + n)) for n in range(3)]  # none is kept
    assert [call.status_code for call in calls] == [200, 200, 503]
    assert WORDS.places_taken.format(count=2) in calls[2].text


def test_everybodys_first_comes_before_anybodys_second() -> None:
    def event(visitor: str) -> Any:
        return SimpleNamespace(request=SimpleNamespace(scope={"visitor": visitor}), name=visitor)

    waiting = [event(name) for name in "aaabcb"]
    assert [each.name for each in in_turns(waiting)] == list("abcaba")
    assert in_turns(waiting)[0] is waiting[0]
    assert [each.name for each in in_turns(waiting, [event("a")])] == list("bcabaa")
    assert in_turns([]) == []


def test_the_queue_is_ours_and_as_gradio_made_it(app: SimpleNamespace) -> None:
    queue = app.blocks._queue
    assert isinstance(queue, TurnQueue) and queue.max_size == 8 and queue.places == 2
    assert queue.default_concurrency_limit == 2 and not app.blocks.api_open


def test_who_waits_or_runs_is_told_of_the_end(app: SimpleNamespace, held: Slow, small: Path) -> None:
    image, told, queue = uploaded(app.http, small), list[str](), app.blocks._queue

    def listen(seed: int) -> None:
        http = httpx.Client(base_url=app.url, timeout=30)
        event = http.post("/gradio_api/call/sr", json=body("sr", image, 50 + seed)).json()["event_id"]
        told.append(http.get(f"/gradio_api/call/sr/{event}").text)

    listeners = [threading.Thread(target=listen, args=[seed]) for seed in range(2)]
    for listener in listeners:
        listener.start()
    assert eventually(lambda: len(queue.running) == 1 and len(queue.waiting) == 1, 20)
    try:
        assert queue.end(0.3) is False
        refused = app.http.post("/gradio_api/call/sr", json=body("sr", image))
        assert refused.status_code == 503 and WORDS.stopping in refused.text
        for listener in listeners:
            listener.join(20)
        assert len(told) == 2 and all(WORDS.stopping in each for each in told)
    finally:
        queue.is_ending = False


# --- what is kept --------------------------------------------------------------------------------------------------


def test_what_an_earlier_process_left_is_gone(app: SimpleNamespace) -> None:
    path = app.cache / "before" / "private.jpg"
    assert not path.exists() and not path.parent.exists()
    assert app.http.get(f"/gradio_api/file={path}").status_code in (403, 404)


def test_sessions_are_bounded(app: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anybody can make one with fifty bytes."""
    holder = app.blocks.app.state_holder
    assert holder.capacity == CAPACITY == 300
    monkeypatch.setattr(holder, "capacity", 3)
    holder.session_data.clear()
    fn = next(fn for fn in app.blocks.fns.values() if not fn.queue)
    for number in range(6):
        asked = {"data": [], "fn_index": fn._id, "session_hash": f"s{number}"}
        app.http.post("/gradio_api/run/predict", json=asked, timeout=30)
    assert len(holder.session_data) <= 4


def test_a_page_whose_run_waits_is_not_forgotten(app: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many others open; once it is over it goes like all others. Those that wait are bounded, too."""
    holder = app.blocks.app.state_holder
    monkeypatch.setattr(holder, "capacity", 3)
    holder.session_data.clear()
    key = next(each._id for each in app.blocks.blocks.values() if isinstance(each, gr.State))
    holder["waits"][key] = handle = RunHandle()
    for number in range(6):
        _ = holder[f"s{number}"]
    assert "waits" in holder and len(holder.session_data) == 3
    handle.set()
    for number in range(6, 9):
        _ = holder[f"s{number}"]
    assert "waits" not in holder
    for number in range(20):
        holder[f"w{number}"][key] = RunHandle()
    assert 6 <= len(holder.session_data) <= 7
    assert f"w{number}" in holder and "w0" not in holder
    holder.session_data.clear()


def test_a_page_that_was_forgotten_is_asked_to_press_again(app: SimpleNamespace) -> None:
    """And nothing is restored with what a page has at first."""
    config = app.http.get("/config").json()
    button = next(each["id"] for each in config["components"] if each["props"].get("elem_id") == "sr-run")
    press = next(each["id"] for each in config["dependencies"] if [button, "click"] in each["targets"])
    run = next(each for each in config["dependencies"] if each["trigger_after"] == press and each["inputs"])
    asked = {"data": [None] * len(run["inputs"]), "fn_index": run["id"], "session_hash": "nobody-pressed"}
    app.http.post("/gradio_api/queue/join", json=asked)
    with app.http.stream("GET", "/gradio_api/queue/data?session_hash=nobody-pressed", timeout=60) as stream:
        said = next(line for line in stream.iter_lines() if "process_completed" in line or "has forgotten" in line)
    assert "has forgotten what this one asked for" in said


def test_too_few_values_are_counted(app: SimpleNamespace) -> None:
    event = app.http.post("/gradio_api/call/sr", json={"data": [None]}).json()["event_id"]
    assert "1 values were given; 5 are wanted" in app.http.get(f"/gradio_api/call/sr/{event}").text


def test_a_session_costs_little(app: SimpleNamespace) -> None:
    """Without a copy of the page, and it is the page's all the same."""
    tracemalloc.start()
    held = [Session(app.blocks) for _ in range(5)]
    size = tracemalloc.get_traced_memory()[0] / len(held)
    tracemalloc.stop()
    assert size < 200_000
    key = next(key for key, block in app.blocks.blocks.items() if isinstance(block, gr.State))
    held[0][key] = "mine"
    assert held[0][key] == "mine" and held[1][key] != "mine" and not held[0].config_values


def session(**states: Any) -> Any:
    """As far as `trim` looks at it; each state's first value is "new"."""
    blocks = {key: SimpleNamespace(value="new") for key in states}
    return SimpleNamespace(state_data=dict(states), blocks_config=SimpleNamespace(blocks=blocks))


def test_pages_used_longest_ago_lose_what_they_made() -> None:
    whole = np.zeros((LARGE, 10), np.uint8)
    sessions = {name: session(outcome={"a": whole.copy(), "b": "x"}, handle="small") for name in "abc"}
    holder = SimpleNamespace(lock=threading.Lock(), session_data=sessions)
    assert trim(holder, most=10**9) > 3 * whole.nbytes
    left = trim(holder, most=int(2.5 * whole.nbytes))
    assert left < 2.5 * whole.nbytes
    assert [each.state_data["outcome"] == "new" for each in sessions.values()] == [True, False, False]
    assert sessions["a"].state_data["handle"] == "small"
    trim(holder, most=0)
    assert [each.state_data["outcome"] == "new" for each in sessions.values()] == [True, True, False]


def test_arrays_count_once() -> None:
    whole = np.zeros(1000, np.uint8)
    case = TASKS["deblur"].degrade(photo(), np.random.default_rng(0))
    assert bytes_of([whole, whole, {"part": whole[:10]}, (whole,)], set()) == 1000
    assert bytes_of(case, set()) >= 2 * photo().pixels.nbytes
    assert bytes_of([None, 3, object()], set()) == 0


def test_a_file_is_never_empty_while_it_is_kept_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    data, stop, sizes = os.urandom(2_000_000), threading.Event(), set[int]()
    path = Path(keep(data, "a.png"))

    def look() -> None:
        while not stop.is_set():
            sizes.add(len(path.read_bytes()))

    readers = [threading.Thread(target=look) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(40):
        if number % 4 == 0:
            os.utime(path, (0, 0))
        assert keep(data, "a.png") == str(path)
    stop.set()
    for reader in readers:
        reader.join()
    assert sizes == {len(data)} and path.stat().st_mtime > 1e9, "it counts as new"
    assert not list(tmp_path.rglob("*.part"))


def test_a_disk_without_room_is_said(monkeypatch: pytest.MonkeyPatch, app: SimpleNamespace, small: Path) -> None:
    def no_room(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "write_whole", no_room)
    said = answer(app, "sr", uploaded(app.http, small), 12345)
    assert "The server cannot write the file. Its disk may be full" in said


# --- beginning and end ---------------------------------------------------------------------------------------------


def test_ports_and_hosts_that_cannot_be_had() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        for host, port, sentence in (
            ("127.0.0.1", other.getsockname()[1], "is taken"),
            ("127.0.0.1", 70_000, "There is no port 70000"),
            ("127.0.0.1", 0, "There is no port 0"),
            ("8.8.8.8", 7860, "no address of this machine"),
            ("no such host", 7860, "There is no host"),
        ):
            with pytest.raises(InputError, match=sentence):
                require_free(host, port)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--port", "70000"], "error: There is no port 70000"),
        (["--host", "8.8.8.8"], "error: '8.8.8.8' is no address of this machine"),
        (["--auth", "nobody"], "error: The password is wanted as USER:PASSWORD"),
    ],
)
def test_serve_says_what_is_wrong(
    options: list[str], sentence: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is built."""
    monkeypatch.setattr(ui, "build_app", lambda *_, **__: pytest.fail("the app was built"))
    monkeypatch.setattr(cli_serve, "log_to_stderr", lambda *_: None)
    assert main(["serve", "--no-browser", *options]) == 2
    assert capsys.readouterr().err.startswith(sentence)


def test_a_server_that_is_stopped_lets_runs_finish(tmp_path: Path, small: Path) -> None:
    """Behind a proxy that is not there, too; and with a password."""
    checkpoints, cache = tiny_weights(tmp_path), tmp_path / "cache"
    own = {"DIFFIR_CHECKPOINTS": str(checkpoints), "GRADIO_TEMP_DIR": str(cache), "HTTP_PROXY": "http://127.0.0.1:9"}
    environment = {k: v for k, v in os.environ.items() if k.lower() != "no_proxy"} | own | {"DIFFIR_AUTH": "a:b"}
    port = free_port()
    command = [
        sys.executable,
        "-u",
        "-m",
        "diffir_demo",
        "serve",
        "--no-browser",
        "--port",
        str(port),
        "--device",
        "cpu",
    ]
    server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        http = httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60)

        def is_up() -> bool:
            try:
                return http.get("/healthz").status_code == 200
            except httpx.TransportError:
                return False

        assert eventually(is_up, 90)
        large = tmp_path / "large.png"
        Image.fromarray(photo(600, 800).pixels).save(large)
        assert http.post("/gradio_api/upload", files={"files": large.open("rb")}).status_code == 401
        assert http.post("/login", data={"username": "a", "password": "b"}).status_code == 200
        image = uploaded(http, large)
        events = [http.post("/gradio_api/call/sr", json=body("sr", image, seed)).json()["event_id"] for seed in (1, 2)]
        with http.stream("GET", f"/gradio_api/call/sr/{events[0]}") as stream:
            pieces = stream.iter_text()
            first = next(pieces)
            server.send_signal(signal.SIGTERM)
            told = first + "".join(pieces)
        assert "event: complete" in told and ".png" in told
        assert server.wait(60) == 0
        output = server.stdout.read() if server.stdout else ""
        assert "Stopping" in output and "Traceback" not in output, output
    finally:
        server.kill()
        server.wait()
    assert not list(cache.rglob("large*")), "what was uploaded goes with the server, and what was made of it"


def test_weights_that_cannot_be_used_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """In the log and on the page: another file takes their place, and nobody would know why results differ."""
    task, checkpoints = TASKS["sr"], tiny_weights(tmp_path)
    (checkpoints / task.weights).write_bytes(b"PK\x03\x04 and then nothing")
    monkeypatch.setenv("DIFFIR_CHECKPOINTS", str(checkpoints))
    state = AppState("cpu", "fp32")
    (sentence,) = state.unusable_for(task)
    assert sentence.startswith(f"{task.weights}: this file is damaged") and str(tmp_path) not in sentence
    assert sentence in caplog.text and not state.unusable_for(TASKS["deblur"])
    assert sentence in shared_parts(task, state)["weights"].info
