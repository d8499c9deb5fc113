"""The page without a server fills holes with the library's copies, says how far it is, and can be stopped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from diffir_demo.api import load
from diffir_demo.imaging import load_picture
from diffir_demo.metrics import psnr
from diffir_demo.tasks import Request
from diffir_demo.ui.photo.canvas import MaskValue
from tests.browser import test_without_server as whole
from tests.browser.test_without_server import Visit, draw_box, needs_runtime

folder, site = whole.folder, whole.site
EXAMPLE = Path("examples/building-stone-house.jpg")
ALIKE = 0.97
"""Share of the hole's pixels that are the library's but for a level, at least: what networks round otherwise may tip a
choice between two patches that are as like."""
PATIENCE = 180_000
"""Milliseconds: a browser's first run of all this code is slow on a busy machine."""
SOON = 1.0
"""Seconds after which nothing is done any more of what was cancelled."""
CANCELLED = """() => {
  const line = document.querySelector("#tab-inpaint .status");
  document.querySelector("#inpaint-cancel").addEventListener("click", ({ timeStamp }) => {
    const seconds = () => (performance.now() - timeStamp) / 1000;
    const look = () => { if (line.textContent.includes("Cancelled")) window.cancelled ??= seconds(); };
    new MutationObserver(look).observe(line, { childList: true, characterData: true, subtree: true });
  }, { capture: true });
}"""
"""From the press, in the page: what a test's own way there takes does not count."""
PROGRESS = """() => {
  const line = document.querySelector("#tab-inpaint .status"), track = line.querySelector(".track"), found = [];
  window.progress = found;
  const look = () => found.push([line.textContent, Number(track.getAttribute("aria-valuenow"))]);
  new MutationObserver(look).observe(track, { attributes: true });
}"""


@pytest.fixture
def visit(browser: Browser, site: str) -> Iterator[Visit]:
    made = Visit(browser, site)
    made.context.set_default_timeout(PATIENCE)
    yield made
    made.context.close()
    assert made.problems == []


def example_at(path: Path, side: int) -> Path:
    """The middle of an example photo: walls of stone, a roof, leaves."""
    with Image.open(EXAMPLE) as image:
        left, top = (image.width - image.height) // 2, 0
        square = image.crop((left, top, left + image.height, top + image.height))
        square.resize((side, side), Image.Resampling.LANCZOS).save(path)
    return path


def library(photo: Path, strokes: list[dict[str, Any]], preset: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What the library gives: pixels, the hole, and what of it was copied."""
    picture, model = load_picture(photo), load("inpaint", preset=preset, device="cpu", precision="fp32")
    mask = MaskValue.model_validate({"strokes": strokes}).rasterised(picture.height, picture.width)
    run = model.restore(Request(picture, mask))
    assert run.copied is not None
    return run.picture.pixels.astype(int), mask, run.copied


@needs_runtime
@pytest.mark.browser
@pytest.mark.parametrize("preset", ["auto", "texture"])
def test_wide_holes_get_the_texture_that_the_library_gives(visit: Visit, tmp_path: Path, preset: str) -> None:
    page, photo = visit.page, example_at(tmp_path / "photo.png", 192)
    visit.open("inpaint")
    assert page.locator("#tab-inpaint .choices label").all_inner_texts() == ["Auto", "Texture", "Faithful"]
    assert page.locator("#tab-inpaint .choices input").first.is_checked()
    page.click(f"#tab-inpaint .choices label:has-text('{preset.title()}')")
    visit.choose("inpaint", photo)
    strokes = draw_box(page)
    page.evaluate(PROGRESS)
    visit.restore("inpaint")
    found, (wanted, hole, copied) = visit.result("inpaint"), library(photo, strokes, preset)
    clean = load_picture(photo).pixels
    assert copied.mean() > 0.5 * hole.mean(), "otherwise this says nothing about copies"
    assert (found[~hole] == clean[~hole]).all()
    near = np.abs(found - wanted).max(axis=2) <= 1
    assert near[hole].mean() > ALIKE
    assert psnr(found.astype(np.uint8), wanted.astype(np.uint8), mask=hole) > 35
    expect(page.locator("#tab-inpaint .of-origins")).to_be_visible()
    assert_progress(page.evaluate("window.progress"))


def assert_progress(seen: list[tuple[str, int]]) -> None:
    """It never falls, and copying moves it."""
    painting, copying = ([share for text, share in seen if what in text] for what in ("Painting", "Copying texture"))
    assert painting + copying == sorted(painting + copying)
    assert len(set(copying)) >= 3 and copying[0] >= 40


@needs_runtime
@pytest.mark.browser
def test_copying_can_be_cancelled_at_once(visit: Visit, tmp_path: Path) -> None:
    page, photo = visit.page, example_at(tmp_path / "photo.png", 512)
    status = page.locator("#tab-inpaint .status")
    visit.open("inpaint")
    page.click("#tab-inpaint .choices label:has-text('Texture')")
    visit.choose("inpaint", photo)
    draw_box(page)
    page.click("#inpaint-run")
    expect(status).to_contain_text("Copying texture", timeout=PATIENCE)
    page.evaluate(CANCELLED)
    page.click("#inpaint-cancel")
    expect(status).to_contain_text("Cancelled")
    assert page.evaluate("window.cancelled") < SOON
    page.click("#tab-inpaint .choices label:has-text('Faithful')")
    visit.restore("inpaint")


@needs_runtime
@pytest.mark.browser
def test_other_presets_are_compared_on_the_board(visit: Visit, tmp_path: Path) -> None:
    page, photo = visit.page, example_at(tmp_path / "photo.png", 96)
    visit.open("inpaint")
    visit.choose("inpaint", photo)
    draw_box(page)
    visit.restore("inpaint")
    page.click("#tab-inpaint .modes label:has-text('Side by side')")
    choice = page.locator("#tab-inpaint .tag select").nth(0)
    titles = choice.locator("option").all_inner_texts()
    assert any("Texture" in each for each in titles) and any("Faithful" in each for each in titles)
    choice.select_option("inpaint-texture-x1")
    expect(page.locator("#tab-inpaint .tag .facts").nth(0)).to_contain_text("s")
    expect(page.locator("#tab-inpaint .status.good")).to_contain_text("Done in")
