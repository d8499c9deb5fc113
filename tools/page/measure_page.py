"""How soon the app answers, and what its page costs the browser: `python -m tools.page.measure_page`.

With the shipped weights. For a quiet machine, by hand: times on a busy one say little, so no test asks for them.
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.error import URLError

from PIL import Image
from playwright.sync_api import CDPSession, Page, sync_playwright

from tests.browser.actions import choose_and_see, go_to
from tests.browser.conftest import PATIENCE
from tests.conftest import ARGUMENTS, installed_chromium

ROOT = Path(__file__).parents[2]
PHOTO = ROOT / "examples" / "landscape-lone-tree.jpg"
SIDE = 512
STARTS, VISITS, RUNS = 3, 3, 4
QUIET = 3000
"""Milliseconds after which nothing of a visitor's act is left to do."""
RUN = """(key) => new Promise((finished) => {
  const status = document.querySelector(`#${key}-status`), button = document.querySelector(`#${key}-run`);
  const began = performance.now(), before = status.textContent, seen = [null, null, null];
  const look = () => {
    const now = (performance.now() - began) / 1000;
    if (status.textContent !== before) seen[0] ??= now;
    if (status.textContent.includes("Done in")) seen[1] ??= now;
    if (seen[1] !== null && !button.disabled) seen[2] ??= now;
    if (seen[2] === null) return;
    watch.disconnect();
    finished(seen);
  };
  const watch = new MutationObserver(look);
  watch.observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
  button.click();
})"""
"""Seconds until the status line says something, until the run is done, and until the next one can start."""


def main() -> None:
    starts = []
    for _ in range(STARTS):
        with _app() as (_, seconds):
            starts.append(seconds)
    print(f"python app.py answers after {', '.join(f'{each:.1f}' for each in starts)} s")
    with _app() as (url, _), sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=installed_chromium(), headless=True, args=ARGUMENTS)
        for visit in range(VISITS):
            print(f"visitor {visit + 1}, {SIDE} x {SIDE}")
            context = browser.new_context(viewport={"width": 1280, "height": 900})
            context.set_default_timeout(4 * PATIENCE)
            page = context.new_page()
            _visit(page, context.new_cdp_session(page), url, _photos(Path(folder), visit))
            context.close()
        browser.close()


def _visit(page: Page, devtools: CDPSession, url: str, photos: list[Path]) -> None:
    devtools.send("Performance.enable")

    def opened() -> None:
        page.goto(url)
        page.wait_for_selector('#inpaint-canvas .pad[data-state="photo"]')

    busy, seconds = _cost(page, devtools, opened)
    print(f"  page with its first photo: {seconds:.1f} s, of them the page's own work {busy:.2f} s")
    go_to(page, "deblur")
    runs = []
    for photo in photos:
        busy, _ = _cost(page, devtools, partial(choose_and_see, page, "deblur", photo))
        run: list[float] = []
        working, _ = _cost(page, devtools, lambda run=run: run.extend(page.evaluate(RUN, "deblur")))
        runs.append([busy, *run, working])
    _tell("  first", runs[:1])
    _tell(f"  next {len(runs) - 1}", runs[1:])


def _tell(which: str, runs: list[list[float]]) -> None:
    """Medians."""
    photo, first, done, free, work = (statistics.median(each) for each in zip(*runs, strict=True))
    print(
        f"{which}: first word after {first:.2f} s, done after {done:.2f} s, the next can start after {free:.2f} s;",
        end=" ",
    )
    print(f"the page's own work: photo {photo:.2f} s, run {work:.2f} s")


def _cost(page: Page, devtools: CDPSession, act: Callable[[], object]) -> tuple[float, float]:
    """Seconds of the page's main thread, until it is quiet again, and seconds until it is done."""
    before, began = _busy(devtools), time.perf_counter()
    act()
    seconds = time.perf_counter() - began
    page.wait_for_timeout(QUIET)
    return _busy(devtools) - before, seconds


def _busy(devtools: CDPSession) -> float:
    found = {each["name"]: each["value"] for each in devtools.send("Performance.getMetrics")["metrics"]}
    return found["TaskDuration"]


@contextmanager
def _app() -> Iterator[tuple[str, float]]:
    """The app in a process of its own: its address, and the seconds until it answered."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    began, url = time.perf_counter(), f"http://127.0.0.1:{port}/"
    given = {"GRADIO_SERVER_NAME": "127.0.0.1", "GRADIO_SERVER_PORT": str(port), "DIFFIR_BROWSER": "0"}
    app = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=os.environ | given, stdout=subprocess.DEVNULL)
    try:
        while not _answers(url):
            if app.poll() is not None:
                raise SystemExit("app.py ended before it answered.")
            time.sleep(0.02)
        yield url, time.perf_counter() - began
    finally:
        app.terminate()
        app.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.status == 200
    except (URLError, ConnectionError):
        return False


def _photos(folder: Path, visit: int) -> list[Path]:
    """Pieces of one photo, each another one: a run that was done before is answered without one."""
    photo = Image.open(PHOTO)
    names = [folder / f"piece-{visit}-{number}.png" for number in range(RUNS)]
    for number, name in enumerate(names):
        left, top = 8 * (visit * RUNS + number), 4 * number
        photo.crop((left, top, left + SIDE, top + SIDE)).save(name)
    return names


if __name__ == "__main__":
    main()
