"""docs/extending.md is true: each of its changes, applied to a copy of the project, does what it says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from diffir_demo.weights import save
from tests.factories import free_port
from tests.tiny import CONFIGS, network

ROOT = Path(__file__).parent.parent
SECTIONS = dict(
    re.findall(r"^## ([^:\n]+): .*?\n(.*?)(?=^## |\Z)", (ROOT / "docs" / "extending.md").read_text(), re.M | re.S)
)
MOST = {"A task": 4, "A preset": 2, "An export format": 1, "A way to compare": 2}
"""Files that each may touch."""
BLOCK = re.compile(r"^`([^`\n]+)`(, new)?[^`\n]*:\n|^```(?:python|diff)\n(.*?)^```", re.M | re.S)


def apply(section: str, folder: Path) -> set[str]:
    """Makes the section's changes and gives the files that it touched."""
    touched, path, is_new = set[str](), "", False
    for named, new, block in BLOCK.findall(SECTIONS[section]):
        if named:
            path, is_new = named, bool(new)
            touched.add(path)
        elif is_new:
            assert not (folder / path).exists()
            (folder / path).write_text(block)
        else:
            lines = block.splitlines()
            before, after = ("\n".join(line[1:] for line in lines if line[0] == sign) for sign in "-+")
            text = (folder / path).read_text()
            assert text.count(f"{before}\n") == 1, f"{path} has not exactly one: {before}"
            (folder / path).write_text(text.replace(f"{before}\n", f"{after}\n"))
    return touched


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project with tiny weights, and a photo."""
    for name in ("diffir_demo", "examples"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("*.pyi"))
    (tmp_path / "checkpoints").mkdir()
    weights(tmp_path, "compact-clean.safetensors", "clean")
    small = np.random.default_rng(0).integers(0, 256, (32, 48, 3), dtype=np.uint8)
    Image.fromarray(small).save(tmp_path / "photo.png")
    return tmp_path


def weights(folder: Path, name: str, task: str) -> None:
    tiny = network("clean", config=CONFIGS["clean"])
    save(folder / "checkpoints" / name, tiny, task=task, provenance="untrained", name="tiny")


def call(folder: Path, *arguments: str) -> str:
    environment = os.environ | {"PYTHONPATH": str(folder), "DIFFIR_CHECKPOINTS": str(folder / "checkpoints")}
    command = [sys.executable, "-m", "diffir_demo", *arguments]
    found = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    return found.stdout


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    environment = os.environ | {"PYTHONPATH": str(folder), "DIFFIR_CHECKPOINTS": str(folder / "checkpoints")}
    port = free_port()
    command = [sys.executable, "-m", "diffir_demo", "serve", "--port", str(port), "--no-browser", "--device", "cpu"]
    with subprocess.Popen(command, cwd=folder, env=environment) as server:
        try:
            while not answers(address := f"http://127.0.0.1:{port}"):
                assert server.poll() is None, "the server ended"
                time.sleep(0.1)
            yield address
        finally:
            server.kill()


def answers(address: str) -> bool:
    try:
        urllib.request.urlopen(f"{address}/healthz", timeout=60).close()
    except OSError:
        return False
    return True


def test_every_section_is_tried() -> None:
    assert set(SECTIONS) == set(MOST)


@pytest.mark.browser
def test_a_task(copy: Path, browser: Browser) -> None:
    assert len(apply("A task", copy)) <= MOST["A task"]
    weights(copy, "compact-denoise.safetensors", "denoise")
    assert "denoise: Remove the noise" in re.sub(r"\s+", " ", call(copy, "restore", "--help"))
    call(copy, "restore", "denoise", "photo.png", "-o", "out.png")
    assert Image.open(copy / "out.png").size == (48, 32)
    with serving(copy) as address, seen(browser, address) as page:
        page.get_by_role("tab", name="Denoise").click()
        expect(page.get_by_text("without its noise")).to_be_visible()
        page.locator("#denoise-run").click()
        expect(page.locator("#denoise-status")).to_contain_text("Done")


def test_a_preset(copy: Path) -> None:
    assert len(apply("A preset", copy)) + 1 <= MOST["A preset"]  # and its weights
    weights(copy, "compact-clean-strong.safetensors", "clean")
    assert "Strong" in call(copy, "restore", "clean", "photo.png", "-o", "out.png", "--preset", "strong")


def test_an_export_format(copy: Path) -> None:
    assert len(apply("An export format", copy)) <= MOST["An export format"]
    call(copy, "restore", "clean", "photo.png", "-o", "out.jp2")
    with Image.open(copy / "out.jp2") as made:
        assert made.format == "JPEG2000" and made.size == (48, 32)


@pytest.mark.browser
def test_a_way_to_compare(copy: Path, browser: Browser) -> None:
    assert len(apply("A way to compare", copy)) <= MOST["A way to compare"]
    with serving(copy) as address, seen(browser, address) as page:
        page.get_by_role("tab", name="Clean up").click()
        page.locator("#clean-run").click()
        expect(page.locator("#clean-status")).to_contain_text("Done")
        board = page.locator("#clean-board .board")
        before = board.locator("canvas").first.screenshot()
        board.get_by_role("radio", name="Blend").check(force=True)
        expect(board).to_have_attribute("data-mode", "blend")
        page.wait_for_timeout(200)
        assert board.locator("canvas").first.screenshot() != before


@contextmanager
def seen(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(30_000)
    expect.set_options(timeout=30_000)
    page = context.new_page()
    page.goto(address)
    yield page
    context.close()
