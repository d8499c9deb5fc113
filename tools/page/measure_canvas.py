"""How fluid the canvas is with a photo of 24 megapixels: `python -m tools.page.measure_canvas`.

For a quiet machine, by hand: times on a busy one say little, so no test asks for them.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

from diffir_demo.tasks import TASKS
from diffir_demo.ui import build_app, launch_options
from diffir_demo.ui.component import words_of
from diffir_demo.weights import save
from tests.browser.actions import choose, go_to, restore
from tests.browser.conftest import PATIENCE
from tests.conftest import ARGUMENTS, installed_chromium
from tests.tiny import network

WIDTH, HEIGHT = 6000, 4000
STROKES = 200
LISTEN = """([selector, name]) => {
  window.waits = [];
  window.ending?.abort();
  window.ending = new AbortController();
  document.querySelector(selector).addEventListener(name, ({ timeStamp }) => requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();       // its turn comes right after the frame is painted
    port1.onmessage = () => window.waits.push(performance.now() - timeStamp);
    port2.postMessage(0);
  }), { capture: true, signal: window.ending.signal });
}"""
CLICK = """(answer) => new Promise((done) => {
  const began = Date.now(), status = document.querySelector("#inpaint-status");
  new MutationObserver((_, watch) => {
    if (!status.textContent.includes(answer)) return;
    watch.disconnect();
    done([began, Date.now()]);
  }).observe(status, { childList: true, subtree: true, characterData: true });
  document.querySelector("#inpaint-run").click();
})"""
STAGE = "#inpaint-canvas .stage"
SEEN = """() => {
  const pad = document.querySelector("#inpaint-canvas .pad");
  const box = pad.querySelector("canvas.photo").getBoundingClientRect();
  const [x, y, width, height] = JSON.parse(pad.dataset.place), [left, top] = [Math.max(0, x), Math.max(0, y)];
  return [box.x + left, box.y + top, Math.min(box.width, x + width) - left, Math.min(box.height, y + height) - top];
}"""


class Arrival:
    """Notes when the network is asked: the photo is read and the mask rasterised by then."""

    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self, run: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*values: Any) -> Iterator[Any]:
            self.time = time.time()
            yield from run(*values)

        return noted


def main() -> None:
    expect.set_options(timeout=4 * PATIENCE)
    folder, arrival = Path(tempfile.mkdtemp()), Arrival()
    for key, task in TASKS.items():
        save(folder / task.weights, network(key), task=key, provenance="untrained", name="tiny")
    os.environ["DIFFIR_CHECKPOINTS"] = str(folder)
    app = build_app("cpu", "fp32", accelerate=arrival)
    _, url, _ = app.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", **launch_options())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=installed_chromium(), headless=True, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(4 * PATIENCE)
        page.goto(url)
        go_to(page, "inpaint")
        _measure(page, _photo(folder / "large.jpg"), arrival)
        browser.close()
    app.close()


def _measure(page: Page, file: Path, arrival: Arrival) -> None:
    restore(page, "inpaint")  # weights are read once
    began = time.perf_counter()
    choose(page, "inpaint", file)
    expect(page.locator("#inpaint-canvas .caption")).to_contain_text(f"{WIDTH} × {HEIGHT}")
    print(f"photo of {file.stat().st_size / 1e6:.0f} MB shown after {time.perf_counter() - began:.1f} s")
    page.locator(STAGE).hover()
    _tell("stroke, none before", _waits(page, "pointermove", lambda: _stroke(page, 40)))
    for _ in range(STROKES):
        _stroke(page, 4)
    _tell(f"stroke, {STROKES} before", _waits(page, "pointermove", lambda: _stroke(page, 40)))
    _tell("end of a stroke", _waits(page, "pointerup", lambda: [_stroke(page, 4) for _ in range(10)]))
    _tell("wheel", _waits(page, "wheel", lambda: [page.mouse.wheel(0, -60) for _ in range(20)]))
    page.keyboard.press("1")
    _tell("stroke at 100 %", _waits(page, "pointermove", lambda: _stroke(page, 40)))
    _tell("undo", _waits(page, "keydown", lambda: [page.keyboard.press("Control+z") for _ in range(5)], "body"))
    asked, answered = page.evaluate(CLICK, words_of().reading)
    expect(page.locator("#inpaint-status")).to_contain_text(words_of().encoding)
    print(f"click to the server's answer: {answered - asked:.0f} ms")
    print(f"click to the network, photo read and mask rasterised: {1000 * arrival.time - asked:.0f} ms")


def _stroke(page: Page, steps: int) -> None:
    """A wave somewhere on the photo; where that is larger than its frame, on what is seen of it."""
    left, top, width, height = page.evaluate(SEEN)
    x, y = np.random.default_rng().uniform(0.1, 0.6, 2)
    page.mouse.move(left + x * width, top + y * height)
    page.mouse.down()
    for i in range(1, steps + 1):
        across, down = x + 0.3 * i / steps, y + 0.1 * np.sin(7 * i / steps)
        page.mouse.move(left + across * width, top + down * height)
    page.mouse.up()


def _waits(page: Page, event: str, act: Callable[[], Any], selector: str = STAGE) -> list[float]:
    """Milliseconds from each event to the next frame on the screen."""
    page.evaluate(LISTEN, [selector, event])
    act()
    page.wait_for_timeout(500)
    return page.evaluate("window.waits")


def _tell(what: str, waits: list[float]) -> None:
    print(f"{what}: median {statistics.median(waits):.0f} ms, longest {max(waits):.0f} ms, {len(waits)} events")


def _photo(path: Path) -> Path:
    """Waves and grain, so that the file is as large as a photo's."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    grain = np.random.default_rng(0).normal(0, 12, (HEIGHT, WIDTH)).astype(np.float32)
    waves = 128 + 60 * np.sin(rows / 90) + 50 * np.cos(columns / 130) + grain
    Image.fromarray(np.clip(waves, 0, 255).astype(np.uint8)).convert("RGB").save(path, quality=90)
    return path


if __name__ == "__main__":
    main()
