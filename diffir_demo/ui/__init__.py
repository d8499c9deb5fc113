"""The app in the browser: one tab per task, and the same tasks as an API."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import gradio as gr

from .. import metrics
from ..errors import DiffIRError
from ..imaging import MAX_MEGABYTES
from ..tasks import TASKS
from ..tiling import MEMORY_BUDGET
from . import words
from .api import add_endpoint, add_scratches
from .blocks import UNWATCHED, Blocks
from .desktop import opens_browser
from .examples import credits, examples_for
from .first_steps import FirstSteps
from .panels.panel import ON_THE_DEVICE
from .run_list import RunList
from .studio import Studio
from .tab import Tab
from .theme import NARROW_TABS, STYLE, theme

DAY = 86_400
ICON = Path(__file__).with_name("icon.svg")
LONGEST_QUEUE = 8
WAKING = 2.0
"""Seconds from building the app, within which the server is up and the page is on its way."""


def build_app(
    device: str = "auto",
    precision: str = "auto",
    accelerate: Callable[[Any], Any] | None = None,
    *,
    warm: bool = False,
    memory_budget: int = MEMORY_BUDGET,
    compiled: bool = False,
) -> gr.Blocks:
    """Every task's tab and endpoint, from `TASKS`; no network is loaded before its first run.

    accelerate: wraps the function that runs a network, for hosts that lend a GPU per call.
    warm: loads the shipped networks once the app is up, so that the first click need not wait for them; on a CPU only.
    memory_budget: bytes that one painting may take before it is done in tiles. compiled: as `load` takes it.
    Raises `DeviceError` for a device or precision that is not there.
    """
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    studio = Studio(device, precision, memory_budget, compiled)
    if accelerate is not None:
        studio.perform = accelerate(studio.perform)
    with Blocks(title=words.TITLE, analytics_enabled=False, delete_cache=(DAY // 24, DAY)) as app:
        app.queue(max_size=LONGEST_QUEUE, default_concurrency_limit=2)  # first: it describes all that is there by then
        runs = RunList(render=False, elem_id="runs")
        gr.HTML(f'<header class="head"><h1>{words.TITLE}</h1><p>{words.LEAD}</p></header>')
        FirstSteps(elem_id="first-steps")
        tabs: dict[str, Tab] = {}
        with gr.Tabs() as tab_bar:
            for task in TASKS.values():
                with gr.Tab(task.title, id=task.key, elem_id=f"tab-{task.key}"):
                    tabs[task.key] = Tab(task, studio, runs)
        runs.render()
        for tab in tabs.values():
            tab.recall.connect_all(tabs, tab_bar)
        shown = credits(example for key in TASKS for example in examples_for(key))
        gr.HTML(f'<footer class="foot"><p>{words.PRIVACY}</p>{shown}</footer>')
        for task in TASKS.values():
            add_endpoint(task, studio, **ON_THE_DEVICE)
        add_scratches(studio)
    if warm and studio.machine.device.type == "cpu":
        waking = threading.Timer(WAKING, _wake, [studio])
        waking.daemon = True
        waking.start()
    return app


def _wake(studio: Studio) -> None:
    """The first tab's network first. What goes wrong here goes wrong again, and is told, where it matters."""
    for task in TASKS.values():
        with suppress(DiffIRError, OSError):
            studio.warm(task)
    metrics.prepare()


def launch_options() -> dict[str, Any]:
    """What `launch` needs besides host and port; look and icon belong to it since Gradio 6."""
    return {
        "pwa": True,
        "favicon_path": str(ICON),
        "theme": theme(),
        "css": STYLE,
        "head": NARROW_TABS + UNWATCHED,
        "max_file_size": f"{MAX_MEGABYTES}mb",
        "footer_links": ["api", "settings"],
        "run_history": False,
        "ssr_mode": False,
    }


def serve(
    host: str | None = None,
    port: int | None = None,
    *,
    device: str = "auto",
    precision: str = "auto",
    browser: bool | None = None,
    memory_budget: int = MEMORY_BUDGET,
    compiled: bool = False,
    **options: Any,
) -> None:
    """Opens the app and stays until it is stopped. host, port: else GRADIO_SERVER_NAME and _PORT, or 127.0.0.1:7860.

    browser: open a window on it; None: on a desktop (`opens_browser`).
    """
    app = build_app(device, precision, warm=True, memory_budget=memory_budget, compiled=compiled)
    shown = opens_browser(host) if browser is None else browser
    app.launch(server_name=host, server_port=port, inbrowser=shown, **launch_options() | options)
