"""A clock that is set deletes nothing too early and keeps nothing too long; what a killed process left goes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import gradio as gr
import pytest

from diffir_demo import disk
from diffir_demo.server import DAY, HOUR, ClockWatch, give_back, shift, sweep, use_few_heaps
from diffir_demo.server.memory import in_use
from diffir_demo.ui import sessions
from diffir_demo.ui.files import file_data
from diffir_demo.ui.launch import _shown_first
from diffir_demo.ui.patience import answers
from diffir_demo.ui.sessions import Session

NOW = 1_700_000_000.0


def written(path: Path, when: float) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    os.utime(path, (when, when))
    return path


# --- the clock -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("jump", [3 * DAY, -3 * DAY, 2 * HOUR, -2 * HOUR])
def test_files_keep_their_age_when_the_clock_is_set(tmp_path: Path, jump: float) -> None:
    """An hour old, and a day less an hour; and one that was written after the clock was set."""
    wall, even = [NOW], [500.0]
    watch = ClockWatch(lambda: wall[0], lambda: even[0])
    assert watch.jump() == 0
    young, old = written(tmp_path / "a" / "young", NOW - HOUR), written(tmp_path / "old", NOW - DAY + HOUR)
    even[0] += 15
    wall[0] += 15 + jump
    fresh = written(tmp_path / "fresh", wall[0] - 5)
    found = watch.jump()
    assert found == pytest.approx(jump) and watch.jump() == 0
    shift(tmp_path, found, recent=15, now=wall[0])
    assert sweep(tmp_path, now=wall[0]) == 0, "nothing is a day old"
    assert wall[0] - young.stat().st_mtime == pytest.approx(HOUR + 15, abs=1)
    assert fresh.stat().st_mtime == wall[0] - 5
    assert sweep(tmp_path, now=wall[0] + HOUR) == 1 and not old.exists(), "now one is"
    assert sweep(tmp_path, now=wall[0] + DAY + 1) == 2


def test_small_corrections_of_the_clock_are_no_jumps() -> None:
    wall, even = [NOW], [0.0]
    watch = ClockWatch(lambda: wall[0], lambda: even[0])
    for _ in range(100):
        even[0] += 15
        wall[0] += 15.5
        assert watch.jump() == 0


def test_a_file_from_the_future_is_deleted_a_day_from_now(tmp_path: Path) -> None:
    """The clock was set back while the server was not running."""
    file = written(tmp_path / "private.jpg", NOW + 400 * DAY)
    assert sweep(tmp_path, now=NOW) == 0 and file.stat().st_mtime == NOW
    assert sweep(tmp_path, now=NOW + DAY - 1) == 0
    assert sweep(tmp_path, now=NOW + DAY + 1) == 1


def test_what_pages_keep_lives_by_a_clock_that_cannot_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    import datetime

    import gradio.state_holder as holder

    class Later(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:
            return super().now(tz) + datetime.timedelta(days=400)

    with gr.Blocks() as app:
        state = gr.State(None, time_to_live=100)
    kept = Session(app)
    kept[state._id] = "result"
    monkeypatch.setattr(holder.datetime, "datetime", Later)
    assert [expired for _, _, expired in kept.state_components] == [False], "a year later by the wall clock"
    began = time.monotonic()
    monkeypatch.setattr(sessions.time, "monotonic", lambda: began + 101)
    assert [expired for _, _, expired in kept.state_components] == [True]


def test_the_pages_own_photos_are_not_swept(tmp_path: Path) -> None:
    with gr.Blocks() as app:
        gr.Image(str(Path(__file__).parents[1] / "docs" / "speed.png"), type="filepath")
    (shown,) = _shown_first(app)  # pyright: ignore[reportArgumentType]
    assert Path(file_data(shown).path).is_file()
    day_old = time.time() - 2 * DAY
    os.utime(shown, (day_old, day_old))
    other = written(Path(shown).with_name("other.png"), day_old)
    assert sweep(Path(shown).parent, stay={shown}) == 1 and not other.exists() and Path(shown).is_file()


# --- machines that are busy ---------------------------------------------------------------------------------------


def test_a_server_that_answers_late_has_started() -> None:
    """Gradio gives up after the first three seconds without an answer."""

    class Late(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            time.sleep(3.5)
            self.send_response(401)
            self.end_headers()

    server = HTTPServer(("127.0.0.1", 0), Late)
    url = f"http://127.0.0.1:{server.server_port}/"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    assert answers(url)
    server.shutdown()
    server.server_close()
    began = time.monotonic()
    assert not answers(url, patience=0.5) and time.monotonic() - began < 5


# --- processes that are killed -------------------------------------------------------------------------------------


def test_what_a_killed_process_left_goes_with_the_next_ones_first_file(tmp_path: Path) -> None:
    code = (
        "import sys, time, pathlib; from diffir_demo.disk import replacing\n"
        "with replacing(pathlib.Path(sys.argv[1])) as file:\n"
        "    file.write_bytes(b'half'); print('written', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "a.png")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[1]) as process:
        assert process.stdout and process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    (left,) = tmp_path.iterdir()
    assert disk.PARTIAL.fullmatch(left.name)
    disk._SEEN.discard(tmp_path)
    disk.write_whole(tmp_path / "b.png", b"whole")
    assert left.exists(), "it may be another process's that is writing"
    hours_ago = time.time() - 2 * HOUR
    others = [".notes.part", "0123456789abcdef.part"]
    for name in (left.name, *others):
        written(tmp_path / name, hours_ago)
    disk._SEEN.discard(tmp_path)
    disk.write_whole(tmp_path / "c.png", b"whole")
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        ".notes.part",
        "0123456789abcdef.part",
        "b.png",
        "c.png",
    ]


def test_a_server_sweeps_unfinished_files_after_an_hour(tmp_path: Path) -> None:
    left = written(tmp_path / "x" / ".0123456789abcdef.part", NOW - HOUR + 60)
    assert sweep(tmp_path, now=NOW) == 0
    assert sweep(tmp_path, now=NOW + 120) == 1 and not left.exists()


def test_heaps_are_asked_for_without_harm() -> None:
    use_few_heaps()
    give_back()


@pytest.mark.skipif(in_use() == 0, reason="the C library is not glibc")
def test_what_is_free_in_the_heaps_is_not_in_use() -> None:
    before = in_use()
    held = [bytearray(100_000) for _ in range(400)]
    assert 39e6 < in_use() - before < 50e6
    del held[::2]  # between two that stay, nothing goes back to the system
    assert 19e6 < in_use() - before < 30e6
