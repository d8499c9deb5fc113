"""Where the command line meets the system: names, encodings, signals, full disks, memory, noise of libraries."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import gradio
import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngImageFile
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from diffir_demo.batch import archive
from diffir_demo.cli import main
from diffir_demo.errors import InputError
from diffir_demo.imaging import load_picture
from diffir_demo.ui.subpath import RelativeManifest
from tests.pictures import noise, noise_file
from tests.test_imaging import encoded

ROOT = Path(__file__).parent.parent
LANCZOS = ("--baseline", "lanczos")


def run(*arguments: object) -> int:
    return main([str(each) for each in arguments])


def shell(*arguments: object, **environment: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "diffir_demo", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, timeout=120)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8:strict"])
def test_names_that_the_terminal_has_not_are_printed_with_escapes(encoding: str, tmp_path: Path) -> None:
    names = [b"a.png", "写真.png".encode(), b"caf\xe9.png"]
    (tmp_path / "in").mkdir()
    for name in names:
        noise_file(Path(os.fsdecode(os.fsencode(tmp_path / "in") + b"/" + name)))
    done = shell("restore", "sr", tmp_path / "in", "-o", tmp_path / "out", *LANCZOS, PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, b"") and done.stdout.count(b" -> ") == 3
    assert sorted(os.listdir(os.fsencode(tmp_path / "out"))) == sorted(names)


def test_names_that_are_no_text_go_into_a_zip(tmp_path: Path) -> None:
    noise_file(Path(os.fsdecode(os.fsencode(tmp_path) + b"/in/caf\xe9.png")))
    noise_file(tmp_path / "in" / "Cat.png"), noise_file(tmp_path / "in" / "cat.png")
    assert run("restore", "sr", tmp_path / "in", "-o", tmp_path / "out.zip", *LANCZOS) == 0
    with zipfile.ZipFile(tmp_path / "out.zip") as done:
        pictures = [name for name in done.namelist() if name.endswith(".png")]
        assert sorted(pictures) == ["Cat.png", "café.png", "cat (2).png"]
        assert "café.png" in done.read("report.csv").decode("utf-8-sig")


def heed_signals() -> None:
    """Of a new process. What a shell runs in the background is started deaf to Ctrl+C, and so are its children."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.mark.parametrize(("stop", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_what_is_finished_is_kept_when_it_is_stopped(stop: signal.Signals, code: int, tmp_path: Path) -> None:
    """Its lines are more than a pipe holds, and are not read: it cannot be done before it is asked to stop."""
    count, long = 400, "x" * 200
    for i in range(count):
        noise_file(tmp_path / "in" / f"{i:03}-{long}.png", seed=i)
    command = [sys.executable, "-u", "-m", "diffir_demo", "restore", "sr", tmp_path / "in", "-o", tmp_path / "out.zip"]
    options: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "preexec_fn": heed_signals}
    going = subprocess.Popen([*map(str, command), *LANCZOS], cwd=ROOT, **options)
    assert going.stdout is not None
    for _ in range(2):
        going.stdout.readline()
    going.send_signal(stop)
    _, errors = going.communicate(timeout=60)
    assert (going.returncode, errors.splitlines()[-1]) == (code, b"stopped")
    with zipfile.ZipFile(tmp_path / "out.zip") as done:
        assert 2 <= sum(name.endswith(".png") for name in done.namelist()) < count and done.testzip() is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "out.zip"]


def test_the_command_line_needs_no_gigabyte_to_spare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = noise_file(tmp_path / "a.png")
    monkeypatch.setattr(archive.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 20_000_000}))
    assert run("restore", "sr", source, "-o", tmp_path / "out.zip", *LANCZOS) == 0
    monkeypatch.setattr(archive.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 500_000}))
    assert run("restore", "sr", source, "-o", tmp_path / "full.zip", *LANCZOS) == 2
    assert not (tmp_path / "full.zip").exists() and len(list(tmp_path.iterdir())) == 2


def test_a_zip_that_cannot_be_finished_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archive.os, "replace", full)
    assert run("restore", "sr", noise_file(tmp_path / "a.png"), "-o", tmp_path / "out.zip", *LANCZOS) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("error: out.zip cannot be written (No space left")
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
def test_a_full_pipe_is_one_sentence(tmp_path: Path) -> None:
    source, target = noise_file(tmp_path / "a.png"), tmp_path / "b.png"
    with open("/dev/full", "wb") as full:
        command = [sys.executable, "-m", "diffir_demo", "restore", "sr", str(source), "-o", str(target), *LANCZOS]
        done = subprocess.run(command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, timeout=60)
    assert done.returncode == 2 and done.stderr.splitlines()[-1].startswith(b"error: There is no space left")


def test_memory_that_runs_out_is_one_pictures_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    loading = PngImageFile.load

    def load(self: PngImageFile) -> object:
        if self.width == 31:
            raise MemoryError
        return loading(self)

    monkeypatch.setattr(PngImageFile, "load", load)
    for name, width in (("a", 24), ("b", 31), ("c", 24)):
        noise_file(tmp_path / "in" / f"{name}.png", width)
    with pytest.raises(InputError, match="b.png .31 x 16 pixels. needs more memory"):
        load_picture(tmp_path / "in" / "b.png")
    assert run("restore", "sr", tmp_path / "in", "-o", tmp_path / "out", *LANCZOS) == 1
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.png", "c.png"]
    assert "needs more memory" in capsys.readouterr().err


def test_libraries_say_nothing_of_their_own(tmp_path: Path) -> None:
    exif = b"Exif\0\0II*\0\x08\0\0\0\x05\0" + b"\xff" * 40
    (tmp_path / "a.jpg").write_bytes(encoded(Image.fromarray(noise()), "JPEG", exif=exif))
    whole = encoded(Image.fromarray(noise()), "TIFF")
    (tmp_path / "b.tif").write_bytes(whole[: len(whole) // 2])
    done = shell("restore", "sr", tmp_path, "-o", tmp_path / "out", *LANCZOS)
    assert done.returncode == 1 and "EXIF" in done.stdout.decode()
    assert [line[:13] for line in done.stderr.splitlines()] == [b"error: b.tif "]


def test_a_format_that_cannot_hold_the_result_is_told_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "wide.webp").write_bytes(encoded(Image.fromarray(noise(2, 4200)), "WEBP"))
    assert run("restore", "sr", tmp_path / "wide.webp", "-o", f"{tmp_path / 'out'}/", *LANCZOS) == 0
    assert load_picture(tmp_path / "out" / "wide.png").width == 16_800
    assert "16383" in capsys.readouterr().err
    assert run("restore", "sr", tmp_path / "wide.webp", "-o", tmp_path / "named.webp", *LANCZOS) == 2
    assert "Save as PNG instead" in capsys.readouterr().err and not (tmp_path / "named.webp").exists()


def test_losses_are_told_before_and_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in "abc":
        Image.fromarray(noise(channels=4)).save(tmp_path / f"{name}.png")
    sources = [tmp_path / f"{name}.png" for name in "abc"]
    assert run("restore", "sr", *sources, "-o", tmp_path / "out", *LANCZOS) == 0
    assert capsys.readouterr().err == ""
    assert run("restore", "sr", sources[0], "-o", tmp_path / "a.jpg", *LANCZOS) == 0
    assert capsys.readouterr().err == "note: JPEG has no transparency: the picture is laid on white.\n"


def test_place_and_camera_are_left_out(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x10F], exif[0x13B] = "Maker", "Ada"
    (tmp_path / "a.jpg").write_bytes(encoded(Image.fromarray(noise()), "JPEG", exif=exif))
    for target in ("a.png", "a.zip"):
        assert run("restore", "sr", tmp_path / "a.jpg", "-o", tmp_path / target, "--no-place-and-camera", *LANCZOS) == 0
    with zipfile.ZipFile(tmp_path / "a.zip") as done:
        pictures = [(tmp_path / "a.png").read_bytes(), done.read("a.jpg")]
    for data in pictures:
        assert b"Ada" in data and b"Maker" not in data


# ---- the app below a path ----


def test_the_manifest_is_found_below_a_path() -> None:
    page = '<link rel="manifest" href="/manifest.json" /><a href="/manifest.json">'
    routes = [
        Route("/", lambda _: HTMLResponse(page)),
        Route("/manifest.json", lambda _: JSONResponse({"icons": [{"src": "/pwa_icon"}]})),
        Route("/other", lambda _: HTMLResponse(page)),
    ]
    client = TestClient(RelativeManifest(Starlette(routes=routes)))
    assert client.get("/").text == page.replace('manifest" href="/', 'manifest" href="')
    assert client.get("/manifest.json").json() == {"icons": [{"src": "pwa_icon"}]}
    assert client.get("/other").text == page


def test_gradios_page_has_the_link_that_is_changed() -> None:
    """Upstream may mend it, and then `subpath` has no use any more."""
    page = Path(gradio.__file__).parent / "templates" / "frontend" / "index.html"
    assert 'rel="manifest" href="/manifest.json"' in page.read_text()


# ---- what networks see ----


def test_a_run_sees_nothing_below_transparency_and_invents_no_colour(tmp_path: Path) -> None:
    y, x = np.mgrid[0:40, 0:40]
    alpha = np.clip(255 * (15 - np.hypot(y - 20, x - 20)), 0, 255).astype(np.uint8)
    colour = np.where(alpha[..., None] > 0, np.uint8((230, 200, 60)), np.uint8(0)).astype(np.uint8)
    for below in (0, 255):
        pixels = np.where(alpha[..., None] > 0, colour, np.uint8(below))
        Image.fromarray(np.dstack([pixels, alpha])).save(tmp_path / "disc.png")
        for how in ((), ("--preset", "faithful"), LANCZOS):
            assert run("restore", "sr", tmp_path / "disc.png", "-o", tmp_path / "large.png", *how) == 0
            large = load_picture(tmp_path / "large.png")
            assert large.alpha is not None
            off = np.abs(large.pixels.astype(int) - (230, 200, 60)).max(axis=2) * (large.alpha / 255)
            assert off.max() <= 8
    grey = np.repeat(noise(40, 60, 1), 3, axis=2)
    Image.fromarray(grey).save(tmp_path / "grey.png")
    for task in ("sr", "clean", "deblur"):
        assert run("restore", task, tmp_path / "grey.png", "-o", tmp_path / f"{task}.png") == 0
        assert np.ptp(load_picture(tmp_path / f"{task}.png").pixels, axis=2).max() == 0


def test_same_size_results_keep_what_lies_below_transparency(tmp_path: Path) -> None:
    pixels = noise(32, 48, 4)
    pixels[:10, :, 3] = 0
    Image.fromarray(pixels).save(tmp_path / "a.png")
    assert run("restore", "clean", tmp_path / "a.png", "-o", tmp_path / "b.png") == 0
    with Image.open(io.BytesIO((tmp_path / "b.png").read_bytes())) as image:
        assert np.array_equal(np.asarray(image)[:10], pixels[:10])
