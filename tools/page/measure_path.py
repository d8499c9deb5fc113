"""How soon a piece of the photo follows when the camera's path is changed: `python -m tools.page.measure_path`.

With the shipped weights, on the example that the tab opens with, seen as a whole and larger. Times are from the
slider's event to the new pixels on the screen, so the way to the server and back is in them. No test asks for them.
"""

from __future__ import annotations

import os
import statistics
import tempfile
from typing import Any

from playwright.sync_api import Page, expect, sync_playwright

from diffir_demo.ui import build_app, launch_options
from tests.browser.actions import go_to, restore, unfold
from tests.browser.conftest import PATIENCE
from tests.conftest import ARGUMENTS, installed_chromium

CHANGES = 15
"""Of the path, in each of which a piece has to follow."""
PIECE = """([name, amount]) => new Promise((finished) => {
  const board = document.querySelector("#deblur-board"), canvas = board.querySelector(".stage canvas");
  const slider = document.querySelector(`#deblur-timeline .bends input[data-name=${name}]`);
  const frame = board.querySelector(".patch");
  const look = () => {
    if (frame.hidden) return "";
    const ratio = canvas.width / canvas.clientWidth, side = (text) => parseFloat(text) * ratio;
    const { left, top, width, height } = frame.style;
    const { data } = canvas.getContext("2d").getImageData(
      side(left) + side(width) / 3, side(top) + side(height) / 3, side(width) / 3, side(height) / 3);
    return [frame.style.width, data.reduce((sum, value, i) => (sum * 31 + value) % 1000003, 7)].join();
  };
  const before = look(), began = performance.now();
  slider.value = amount;
  slider.dispatchEvent(new Event("input", { bubbles: true }));
  const again = () => {
    if (look() === before) { requestAnimationFrame(again); return; }
    finished([(performance.now() - began) / 1000, frame.clientWidth / canvas.clientWidth]);
  };
  requestAnimationFrame(again);
})"""
"""Seconds from a slider's event to a piece that differs, and the width of the piece as a share of the stage's."""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        os.environ["GRADIO_TEMP_DIR"] = folder
        app = build_app()
        _, url, _ = app.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", **launch_options())
        browser = playwright.chromium.launch(executable_path=installed_chromium(), headless=True, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.set_default_timeout(4 * PATIENCE)
        page.goto(url)
        go_to(page, "deblur")
        page.locator("#deblur-preset").get_by_label("Path").check()
        expect(page.locator("#deblur-preset-summary")).to_contain_text("path")
        page.wait_for_timeout(1000)
        restore(page, "deblur")
        unfold(page, "#deblur-inside")
        page.wait_for_selector("#deblur-timeline .place .path", state="visible")
        page.wait_for_timeout(2000)
        for zoom, sign in (("as a whole", 1), ("at 100 %", -1)):  # other turns: what was asked before is remembered
            if zoom == "at 100 %":
                page.locator("#deblur-board [data-do=full]").click()
            times = [_followed(page, "turn", sign * (2 * number + 1)) for number in range(CHANGES)]
            each_time = ", ".join(f"{each:.2f}" for each in sorted(times))
            print(
                f"{zoom}: median {statistics.median(times):.2f} s of {each_time}; load {os.getloadavg()[0]:.1f}",
                flush=True,
            )
        browser.close()
        app.close()


def _followed(page: Page, name: str, amount: int) -> float:
    seconds: Any = page.evaluate(PIECE, [name, amount])
    return seconds[0]


if __name__ == "__main__":
    main()
