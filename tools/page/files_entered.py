"""Counts the files and functions of the package that one press of Restore enters, on all threads, without a browser.

`python -m tools.page.files_entered [--task sr] [--list]`: the app is built, its handlers are called as Gradio's server
calls them, once to load the network and once, with another seed, to be counted. The photo has 96 x 64 pixels.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import gradio as gr
import numpy as np
from gradio.state_holder import SessionState

import diffir_demo
from diffir_demo.imaging import Picture, encode_picture
from diffir_demo.ui import build_app

ROOT = str(Path(diffir_demo.__file__).parent) + "/"
SIZE = (64, 96)
"""(height, width) of the photo."""


@dataclass
class Counts:
    """What was entered while `is_on`. Set as the profile of every thread before the first of them starts."""

    is_on: bool = False
    functions: set[tuple[str, str]] = field(default_factory=set)
    """(file, qualified name)."""
    edges: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Calls from one file to another."""

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        if not self.is_on or event != "call" or not frame.f_code.co_filename.startswith(ROOT):
            return
        file, caller = frame.f_code.co_filename[len(ROOT) :], frame.f_back
        name = getattr(frame.f_code, "co_qualname", frame.f_code.co_name)  # since Python 3.11
        self.functions.add((file, name))
        while caller and not caller.f_code.co_filename.startswith(ROOT):
            caller = caller.f_back
        if caller and caller.f_code.co_filename[len(ROOT) :] != file:
            self.edges[caller.f_code.co_filename[len(ROOT) :], file] += 1

    @property
    def files(self) -> list[str]:
        return sorted({file for file, _ in self.functions})


class Page:
    """Stands for the browser: holds what every component shows, and follows the events that a press sets off."""

    def __init__(self, app: gr.Blocks) -> None:
        self.app, self.session = app, SessionState(app)
        self.shown = {each["id"]: each["props"].get("value") for each in app.get_config_file()["components"]}

    def component(self, elem_id: str) -> int:
        return next(key for key, block in self.app.blocks.items() if block.elem_id == elem_id)

    async def press(self, elem_id: str) -> None:
        await self._fire(self.component(elem_id), "click")

    async def _fire(self, component: int, event: str) -> None:
        for key, handler in self.app.fns.items():
            if (component, event) in handler.targets:
                await self._call(key)

    async def _call(self, key: int) -> None:
        handler, iterator, changed = self.app.fns[key], None, set[int]()
        while handler.fn is not None:
            values = [self.shown.get(each._id) for each in handler.inputs]
            answer = await self.app.process_api(handler, values, self.session, iterator=iterator)
            changed.update(answer["changed_state_ids"])
            for part, value in zip(handler.outputs, answer["data"], strict=True):
                self._show(part._id, value)
            iterator = answer["iterator"]
            if not answer["is_generating"]:
                break
        for state in changed:
            await self._fire(state, "change")
        for follower, each in self.app.fns.items():
            if each.trigger_after == key and not each.trigger_only_on_failure:
                await self._call(follower)

    def _show(self, component: int, value: Any) -> None:
        if not isinstance(value, dict) or value.get("__type__") != "update":
            self.shown[component] = value
        elif "value" in value:
            self.shown[component] = value["value"]


def photo() -> Picture:
    rng = np.random.default_rng(0)
    return Picture(rng.integers(0, 256, (*SIZE, 3), dtype=np.uint8))


def counted(task: str) -> Counts:
    """One press on that task's tab, with a warm network."""
    counts = Counts()
    threading.setprofile(counts)
    sys.setprofile(counts)
    app = build_app("cpu", "fp32")
    from gradio.processing_utils import save_bytes_to_cache
    from gradio.utils import get_upload_folder

    page = Page(app)
    path = save_bytes_to_cache(encode_picture(photo(), ".png"), "photo.png", get_upload_folder())
    canvas, seed = page.component(f"{task}-canvas"), page.component(f"{task}-seed")
    box = {"k": "box", "p": [[0.3, 0.3], [0.6, 0.6]]}
    file = {"path": path, "orig_name": "photo.png", "meta": {"_type": "gradio.FileData"}}
    page.shown[canvas] = {"file": file, "strokes": [box] if task == "inpaint" else []}

    async def twice() -> None:
        await page.press(f"{task}-run")
        page.shown[seed] = 1
        counts.is_on = True
        await page.press(f"{task}-run")
        counts.is_on = False

    asyncio.run(twice())
    return counts


def report(counts: Counts, every: bool) -> Iterator[str]:
    of_page = [file for file in counts.files if file.startswith("ui/")]
    yield f"files {len(counts.files)} ({len(of_page)} of the page), functions {len(counts.functions)}, "
    yield f"edges {len(counts.edges)}, calls from file to file {counts.edges.total()}"
    if every:
        for file in counts.files:
            names = ", ".join(sorted(name for where, name in counts.functions if where == file))
            yield f"\n{file}: {names}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--task", default="sr")
    parser.add_argument("--list", action="store_true", help="every file with what was entered of it")
    asked = parser.parse_args()
    print("".join(report(counted(asked.task), asked.list)))


if __name__ == "__main__":
    main()
