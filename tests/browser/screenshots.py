"""Takes the pictures of docs/screenshots again: `python -m tests.browser.screenshots OUT_FOLDER`.

The app runs with the weights of the checkpoints folder, and each tab with the example it opens with.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, expect, sync_playwright

from diffir_demo.tasks import TASKS
from diffir_demo.ui import build_app, launch_options
from tests.browser.conftest import ARGUMENTS, PATIENCE
from tests.browser.hands import go_to, restore

LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "device_scale_factor": 2,
        "is_mobile": True,
        "has_touch": True,
    },
}


def main(folder: Path) -> None:
    expect.set_options(timeout=4 * PATIENCE)
    folder.mkdir(parents=True, exist_ok=True)
    app = build_app()
    _, url, _ = app.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", **launch_options())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), headless=True, args=ARGUMENTS)
        for look, options in LOOKS.items():
            for key in TASKS:
                _take(browser, url, key, options, folder / f"{key}-{look}.png")
        browser.close()
    app.close()


def _take(browser: Browser, url: str, key: str, options: dict[str, Any], path: Path) -> None:
    """One tab after its example was restored, the whole page; in the light ones with every step painted."""
    context = browser.new_context(**options)
    context.set_default_timeout(4 * PATIENCE)
    page = context.new_page()
    page.goto(url)
    page.wait_for_selector('#inpaint-canvas .pad[data-state="photo"]')
    go_to(page, key)
    restore(page, key)
    if "light" in path.stem:
        timeline = page.locator(f"#{key}-timeline")
        timeline.locator(".paint-all").click()
        expect(timeline.locator(".step img[src]")).to_have_count(TASKS[key].config.timesteps)
        timeline.locator(".step").nth(1).click()
    expect(page.locator(f"#{key}-board canvas")).to_be_visible()
    page.wait_for_timeout(1500)
    page.screenshot(path=path, full_page=True)
    context.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
