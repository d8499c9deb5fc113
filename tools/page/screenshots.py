"""Takes the pictures of docs/screenshots again: `python -m tools.page.screenshots OUT_FOLDER [SCENE ...]`.

The app runs with the weights of the checkpoints folder, and each tab with the example it opens with. A scene's name
says what is seen and in which look; the README shows some of them.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from diffir_demo.ui import build_app, launch_options
from diffir_demo.ui.photo.examples import FOLDER as EXAMPLES
from tests.browser.actions import compare_by, go_to, restore, unfold
from tests.browser.conftest import PATIENCE
from tests.conftest import ARGUMENTS, installed_chromium

LONG = 8 * PATIENCE
WIDE: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}}
LOOKS: dict[str, dict[str, Any]] = {
    "light": WIDE | {"color_scheme": "light"},
    "dark": WIDE | {"color_scheme": "dark"},
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "device_scale_factor": 2,
        "is_mobile": True,
        "has_touch": True,
    },
}
QUALITY = 82
"""Of WebP: text stays sharp, and the pictures small enough to live in the repository."""
WINDOW = "studio"
"""Scenes whose name begins so are the window as it opens; other whole pages are as long as they are."""

Scene = Callable[[Page], Locator | None]
"""Brings the page to what is to be seen, and gives the part of it to take; None for the whole page, or window."""


def inpaint(page: Page) -> None:
    restore(page, "inpaint")


def sr(page: Page) -> None:
    go_to(page, "sr")
    restore(page, "sr")


def deblur(page: Page) -> None:
    """With the camera's path, and what changes most."""
    go_to(page, "deblur")
    restore(page, "deblur")
    unfold(page, "#deblur-inside")


def compare(page: Page) -> Locator:
    """Four methods side by side under one zoom, on a case with a known answer."""
    go_to(page, "sr")
    unfold(page, "#sr-details")
    page.click("#sr-damage")
    expect(page.locator("#sr-undamage")).to_be_visible()
    restore(page, "sr")
    compare_by(page, "sr", "Side by side")
    board = page.locator("#sr-board")
    for letter, label in (("C", "Lanczos: run"), ("D", "DiffIR, Crisp: run")):
        page.click("#sr-board [data-do='add']")
        board.get_by_label(f"Picture {letter}").select_option(label=label)
        expect(page.locator("#sr-status")).to_contain_text(f"{label.removesuffix(': run')} took ")
        expect(page.locator("#sr-run")).to_be_enabled()
    for _ in range(3):
        board.get_by_role("button", name="Zoom in").first.click()
    return board


def lab(page: Page) -> Locator:
    """Half of the numbers' difference, painted again, and the pixels that the most listened-to number moves."""
    go_to(page, "deblur")
    restore(page, "deblur")
    unfold(page, "#deblur-inside")
    unfold(page, "#deblur-lab")
    unfold(page, "#deblur-lab-research")
    page.locator("#deblur-lab-editor [data-do=scale]").click()
    page.click("#deblur-lab-paint")
    expect(page.locator("#deblur-lab-facts")).to_contain_text("dB PSNR")
    unfold(page, "#deblur-lab-heat")
    page.click("#deblur-lab-heat-go")
    expect(page.locator("#deblur-lab-heat-found")).to_contain_text("acts")
    page.set_viewport_size({"width": 1280, "height": 2400})  # else its status line lies over what is below the window
    return page.locator("#deblur-lab")


def batch(page: Page) -> Locator:
    """A few photos done with the same settings."""
    go_to(page, "deblur")
    page.locator("#deblur-batch > button").click()
    files = [EXAMPLES / f"{name}.jpg" for name in ("portrait-astronaut", "text-road-sign", "food-macarons")]
    page.set_input_files("#deblur-batch-list input.file", files)
    expect(page.locator("#deblur-batch-list .line")).to_contain_text("3 photos")
    page.click("#deblur-batch-start")
    expect(page.locator("#deblur-batch-list .line")).to_contain_text("Done: 3 photos")
    return page.locator("#deblur-batch")


SCENES: dict[str, Scene] = {
    "studio-light": inpaint,
    "studio-dark": inpaint,
    "studio-phone": inpaint,
    "inpaint-light": inpaint,
    "sr-light": sr,
    "deblur-light": deblur,
    "compare-light": compare,
    "lab-light": lab,
    "batch-light": batch,
}


def main(folder: Path, *wanted: str) -> None:
    expect.set_options(timeout=LONG)
    folder.mkdir(parents=True, exist_ok=True)
    app = build_app()
    _, url, _ = app.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", **launch_options())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=installed_chromium(), headless=True, args=ARGUMENTS)
        for name in wanted or SCENES:
            _take(browser, url, name, folder / f"{name}.webp")
        browser.close()
    app.close()


def _take(browser: Browser, url: str, name: str, path: Path) -> None:
    context = browser.new_context(**LOOKS[name.rpartition("-")[2]])
    context.set_default_timeout(LONG)
    page = context.new_page()
    page.goto(url)
    page.wait_for_selector('#inpaint-canvas .pad[data-state="photo"]')
    part = SCENES[name](page)
    page.mouse.move(0, 0)
    page.wait_for_timeout(1500)
    taken = part.screenshot() if part else page.screenshot(full_page=not name.startswith(WINDOW))
    Image.open(io.BytesIO(taken)).convert("RGB").save(path, quality=QUALITY, method=6)
    context.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
