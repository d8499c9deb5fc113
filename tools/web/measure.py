"""What the page without a server costs: `python -m tools.web.measure` builds it, and restores photos in Chromium.

For a quiet machine, by hand: the load is printed. Seconds of the processor are steadier than those of the clock.
"""

from __future__ import annotations

import argparse
import base64
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from diffir_demo.api import load
from diffir_demo.figures import markdown_row, markdown_table
from diffir_demo.imaging import Picture
from diffir_demo.tasks import Request
from diffir_demo.ui.photo.examples import FOLDER as EXAMPLES
from tests.conftest import installed_chromium
from tools.machine import machine

from . import runtime
from .build import Page as Build
from .build import Shown, offered
from .server import serve

SIDE = 512
"""Pixels of the result, as docs/speed.md has them."""
NOISE = ((200, 260), (0, 512))
"""Rows and columns of the hole in a photo that is pure noise, which texture is searched for in for longest."""
PHOTO = "building-stone-house.jpg"
"""Of the examples, beside that; with an ordinary hole, as of somebody who walks by."""
ORDINARY = ((200, 300), (200, 300))
RUNS = 2
"""The best one counts; before them one that is not counted."""
PATIENCE = 600_000
"""Milliseconds."""
RUN = """async ({ folder, fill, threads, side, runs, hole, photo }) => {
  const { Restorer } = await import(new URL("page/restorer.js", document.baseURI));
  const facts = JSON.parse(document.getElementById("facts").textContent), root = document.baseURI;
  window.restorer ??= new Map();
  const setup = { wanted: "wasm", threads, files: facts.runtime, root };
  const made = window.restorer.get(threads) ?? new Restorer(new URL("engine/worker.js", root), setup);
  window.restorer.set(threads, made);
  const noise = () => new Uint8ClampedArray(4 * side * side).map((_, i) => (i % 4 === 3 ? 255 : (i * 7919) % 251));
  const pixels = photo ? Uint8ClampedArray.from(atob(photo), (each) => each.charCodeAt(0)) : noise();
  const mask = hole && new Uint8Array(side * side);
  if (hole) for (let y = hole[0][0]; y < hole[0][1]; y++) mask.fill(1, y * side + hole[1][0], y * side + hole[1][1]);
  const request = { pixels, width: side, height: side, mask, feather: 0, fill, seed: 0, steps: null, ipr: null };
  const found = [];
  for (let i = 0; i < runs; i++) {
    const { seconds } = await made.ask("run", new URL(folder, root).href, request);
    found.push(seconds.encode + seconds.denoise + seconds.paint + seconds.copy + seconds.finish);
  }
  return found;
}"""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.web.measure", description=__doc__)
    parser.add_argument("--side", type=int, default=SIDE, help="pixels of the result (default %(default)s)")
    parser.add_argument("--part", choices=["loads", "speeds"], help="one of both tables (default: both)")
    options = parser.parse_args(arguments)
    runtime.install()
    torch.set_num_threads(1)  # more of them wait for one another on a busy machine, and that counts as work
    print(f"{machine()}; load {os.getloadavg()[0]:.1f}\n")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        Build().written(Path(folder))
        browser = playwright.chromium.launch(executable_path=installed_chromium(), args=["--no-sandbox"])
        if options.part != "speeds":
            _print(["first visit until the first result", "MB"], _loads(browser, Path(folder)))
        if options.part != "loads":
            _print(_head(options.side), _speeds(browser, Path(folder), options.side))
        browser.close()
    print(f"load {os.getloadavg()[0]:.1f}")


def _print(head: list[str], rows: Iterator[list[str]]) -> None:
    """A table, row by row: each takes its time."""
    print(markdown_table(head))
    for row in rows:
        print(markdown_row(row), flush=True)
    print()


def _head(side: int) -> list[str]:
    columns = ("WASM, 1 thread", "WASM, 2 threads", "the app, 1 thread")
    return [f"{side} x {side} results", *(f"{name}: s (of the processor)" for name in columns)]


def _loads(browser: Browser, folder: Path) -> Iterator[list[str]]:
    """Bytes that the server sends to a new visitor of each tool, the service worker's share included."""
    for shown in offered():
        sent: list[int] = []
        with serve(folder, sent=sent) as address:
            context = browser.new_context()
            context.set_default_timeout(PATIENCE)
            page = context.new_page()
            page.goto(f"{address}?device=wasm#{shown.task.key}")
            page.wait_for_selector("body[data-offline=ready]")
            page.evaluate(RUN, _asked(shown, 1, 64))
            context.close()
        yield [_name(shown), f"{sum(sent) / 1e6:.1f}"]


def _speeds(browser: Browser, folder: Path, side: int) -> Iterator[list[str]]:
    with serve(folder) as address:
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(f"{address}?device=wasm")
        for shown in offered():
            here = side // shown.preset.scale
            yield [_name(shown), *(_in_browser(page, shown, here, threads) for threads in (1, 2)), _here(shown, here)]
            if shown.task.wants_mask:
                photo = _example(here)
                found = (_in_browser(page, shown, here, threads, photo) for threads in (1, 2))
                yield [f"{_name(shown)}, a photo", *found, _here(shown, here, photo)]


def _example(side: int) -> Picture:
    with Image.open(EXAMPLES / PHOTO) as image:
        return Picture(np.asarray(image.convert("RGB").resize((side, side), Image.Resampling.LANCZOS)))


def _in_browser(page: Page, shown: Shown, side: int, threads: int, photo: Picture | None = None) -> str:
    asked = _asked(shown, threads, side, photo)
    page.evaluate(RUN, asked)
    return _best(lambda: page.evaluate(RUN, asked)[0])


def _asked(shown: Shown, threads: int, side: int, photo: Picture | None = None) -> dict[str, Any]:
    """One run of `RUN`. photo: pure noise without one."""
    hole = _hole(side, photo) if shown.task.wants_mask else None
    opaque = photo and np.dstack([photo.pixels, np.full((side, side), 255, np.uint8)])
    pixels = None if opaque is None else base64.b64encode(opaque.tobytes()).decode()
    facts = {"folder": shown.folder, "fill": shown.preset.fill, "hole": hole, "photo": pixels}
    return facts | {"threads": threads, "side": side, "runs": 1}


def _hole(side: int, photo: Picture | None) -> list[list[int]]:
    """Rows and columns, from and to."""
    return [[place * side // SIDE for place in each] for each in (ORDINARY if photo else NOISE)]


def _here(shown: Shown, side: int, photo: Picture | None = None) -> str:
    """The same by the library on one thread, in float32, which is what the browser computes in."""
    model = load(shown.task, preset=shown.preset.key, scale=shown.preset.scale, device="cpu", precision="fp32")
    picture = photo or Picture(np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8))
    mask, (rows, columns) = np.zeros((side, side), bool), _hole(side, photo)
    mask[slice(*rows), slice(*columns)] = True
    request = Request(picture, mask if shown.task.wants_mask else None)
    model.restore(request)
    return _best(lambda: model.restore(request).seconds.total)


def _best(run: Callable[[], float]) -> str:
    """run: gives seconds. -> the least of them, and of what all processes of ours took of the processor."""
    found = []
    for _ in range(RUNS):
        with _processor() as spent:
            seconds = run()
        found.append((seconds, spent()))
    return f"{min(each for each, _ in found):.1f} ({min(each for _, each in found):.1f})"


@contextmanager
def _processor() -> Iterator[Callable[[], float]]:
    """Gives a function that says, afterwards, what the processor has spent on this process and its children."""
    before, total = _ticks(), 0.0
    yield lambda: total
    total = sum(after - before.get(pid, 0) for pid, after in _ticks().items()) / os.sysconf("SC_CLK_TCK")


def _ticks() -> dict[int, int]:
    """Of every process that descends from this one, by its number; {} where the system does not say."""
    parents, ticks = dict[int, int](), dict[int, int]()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
        except OSError:  # it has ended
            continue
        parents[int(path.parent.name)], ticks[int(path.parent.name)] = int(fields[1]), int(fields[11]) + int(fields[12])

    def is_ours(pid: int) -> bool:
        while pid > 1 and pid != os.getpid():
            pid = parents.get(pid, 0)
        return pid == os.getpid()

    return {pid: spent for pid, spent in ticks.items() if is_ours(pid)}


def _name(shown: Shown) -> str:
    return f"{shown.task.key}, {shown.preset.key} x{shown.preset.scale}"


if __name__ == "__main__":
    main()
