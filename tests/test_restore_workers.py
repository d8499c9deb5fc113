"""`restore --workers` and `--resume`: the same results from several processes, whatever ends one of them, or all."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from diffir_demo.batch.journal import NAME
from diffir_demo.cli import main, many, restore
from diffir_demo.workers import memory
from tests.factories import tiny_weights
from tests.pictures import noise_file
from tests.works import Dying

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def checkpoints(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Tiny weights stand where the shipped ones would, in the workers as well."""
    folder = tiny_weights(tmp_path_factory.mktemp("checkpoints"))
    monkeypatch.setenv("DIFFIR_CHECKPOINTS", str(folder))
    return folder


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """a.png to e.png; c.png is none."""
    for i, name in enumerate("abde"):
        noise_file(tmp_path / "photos" / f"{name}.png", 24 + 8 * i, 16, seed=i)
    (tmp_path / "photos" / "c.png").write_text("no picture")
    return tmp_path / "photos"


def run(*arguments: object) -> int:
    return main(["restore", *map(str, arguments)])


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != NAME}


def deadly(monkeypatch: pytest.MonkeyPatch, folder: Path, **times: int) -> None:
    folder.mkdir()
    made, named = many.Workshop, {f"{name}.png": count for name, count in times.items()}
    monkeypatch.setattr(restore, "Workshop", lambda *asked: Dying(made(*asked), folder, named))


def test_two_workers_give_what_one_process_gives_in_the_order_of_the_photos(
    tmp_path: Path, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("deblur", photos, "-o", tmp_path / "one", "--json") == 1
    alone = capsys.readouterr()
    assert run("deblur", photos, "-o", tmp_path / "two", "--json", "--workers", "2") == 1
    both = capsys.readouterr()
    assert files(tmp_path / "two") == files(tmp_path / "one") and len(files(tmp_path / "two")) == 4
    records = [list(map(json.loads, each.out.splitlines())) for each in (alone, both)]
    assert [Path(each["file"]).name for each in records[1]] == ["a.png", "b.png", "c.png", "d.png", "e.png"]
    assert [each.keys() for each in records[1]] == [each.keys() for each in records[0]]
    assert "c.png is not a picture" in both.err and "note: 4 of 5 pictures restored" in both.err


def test_killed_workers_cost_no_photo_but_the_one_that_kills_twice(
    tmp_path: Path, photos: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (photos / "c.png").unlink()
    deadly(monkeypatch, tmp_path / "deaths", b=1, d=9)
    assert run("deblur", photos, "-o", tmp_path / "out.zip", "--workers", "1") == 1
    said = capsys.readouterr()
    assert [line[:5] for line in said.out.splitlines() if " -> " in line] == ["a.png", "b.png", "e.png"]
    assert "error: d.png: The process that worked on it ended before it was done, twice" in said.err
    assert sum(1 for _ in (tmp_path / "deaths" / "b.png").iterdir()) == 1
    assert sum(1 for _ in (tmp_path / "deaths" / "d.png").iterdir()) == 2  # tried once more, and no further
    with zipfile.ZipFile(tmp_path / "out.zip") as made:
        assert sorted(made.namelist()) == ["a.png", "b.png", "e.png", "recipe.json", "report.csv"]
        rows = made.read("report.csv").decode("utf-8-sig").splitlines()
    assert [row[:5] for row in rows[1:]] == ["a.png", "b.png", "d.png", "e.png"] and "twice" in rows[3]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_stopped_in_its_midst_it_leaves_whole_files_and_goes_on_with_the_rest(
    number: int, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for i in range(8):
        noise_file(tmp_path / "photos" / f"{i}.png", 640, 480, seed=i)
    out, call = tmp_path / "out", ["deblur", str(tmp_path / "photos"), "-o", str(tmp_path / "out"), "--workers", "2"]
    going = subprocess.Popen([sys.executable, "-m", "diffir_demo", "restore", *call], cwd=ROOT, stderr=subprocess.PIPE)
    assert eventually(lambda: len(list(out.glob("*.png"))) >= 2)
    children = Path(f"/proc/{going.pid}/task/{going.pid}/children")
    workers = [int(pid) for pid in children.read_text().split()] if children.exists() else []
    going.send_signal(number)
    assert going.wait(60) == code and going.stderr
    assert going.stderr.read().endswith(b"stopped\n" if code > 0 else b"")
    assert eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))
    if code > 0:
        assert all(name.endswith(".png") for name in files(out))
    before = pictures(out)
    assert 2 <= len(before) < 8
    assert run(*call[:4], "--resume") == 0  # by this process alone: that changes no result
    said = capsys.readouterr().out.splitlines()
    kept = sum("(was there already)" in line for line in said)
    assert len(before) - 1 <= kept <= len(before)  # the last one may have been written and not yet noted
    assert sum(" -> " in line for line in said) == 8
    assert sorted(pictures(out)) == [f"{i}.png" for i in range(8)]
    assert before.items() <= pictures(out).items()


def pictures(folder: Path) -> dict[str, bytes]:
    return {name: data for name, data in files(folder).items() if name.endswith(".png")}


def eventually(holds: Callable[[], bool], seconds: float = 120.0) -> bool:
    until = time.monotonic() + seconds
    while not holds() and time.monotonic() < until:
        time.sleep(0.02)
    return holds()


def test_what_is_kept_is_the_same_call_s_and_whole(
    tmp_path: Path, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def made(*options: object) -> list[str]:
        run("deblur", photos, "-o", tmp_path / "out", "--resume", "--json", *options)
        found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        return [Path(each["file"]).stem for each in found if "kept" not in each and "error" not in each]

    assert made() == ["a", "b", "d", "e"]
    assert made() == []
    (tmp_path / "out" / "a.png").unlink()
    (tmp_path / "out" / "b.png").write_bytes(b"cut off")
    noise_file(photos / "d.png", seed=9)
    assert made() == ["a", "b", "d"]
    assert made("--seed", "1") == ["a", "b", "d", "e"]
    assert made("--no-place-and-camera") == ["a", "b", "d", "e"]
    assert made("--no-place-and-camera") == []
    assert made("--baseline", "unsharp") == ["a", "b", "d", "e"]
    assert made() == ["a", "b", "d", "e"]  # the classical ones had taken their place
    with (tmp_path / "out" / NAME).open("a") as journal:
        journal.write('{"result": "a.png", "by')  # as a full disk leaves it
    assert made() == []
    noise_file(photos / "c.png", seed=3)
    assert made() == ["c"]


@pytest.mark.parametrize(("output", "sentence"), [("out.zip", "as a whole"), ("out.png", "a folder of results")])
def test_there_is_nothing_to_resume_in_a_zip_or_a_single_file(
    output: str, sentence: str, tmp_path: Path, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source: Any = photos if output.endswith(".zip") else photos / "a.png"
    assert run("deblur", source, "-o", tmp_path / output, "--resume") == 2
    assert sentence in capsys.readouterr().err and not (tmp_path / output).exists()


def test_too_many_workers_for_the_memory_are_refused_before_any_work(
    tmp_path: Path, photos: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(memory, "free_memory", lambda: memory.PROCESS + 2**20)
    assert run("deblur", photos, "-o", tmp_path / "out", "--workers", "4") == 2
    assert "error: --workers 4 may need" in capsys.readouterr().err and not (tmp_path / "out").exists()
