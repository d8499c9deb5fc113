"""The app in the browser: one tab per task, and the same tasks as an API."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import gradio as gr

from .. import metrics
from ..errors import DiffIRError
from ..server import DAY, Policy, own_folder
from ..server.metrics import is_stopping
from ..tasks import TASKS
from ..tiling import MEMORY_BUDGET
from ..workers.process import one_thread
from .api import add_endpoint, add_scratches
from .batch import first_uses
from .blocks import Blocks
from .component import parts, task_words, words_of
from .history import RunList
from .lab.teacher import no_truth
from .languages import COOKIE, LANGUAGES, say
from .launch import launch, launch_options, leave, opens_browser, require_free
from .photo.examples import credits, examples_for
from .replicas import Replicas, by
from .shared import ON_THE_DEVICE, intro_of
from .state import AppState
from .tab import Tab

WORDS = words_of()

__all__ = ["build_app", "launch", "launch_options", "leave", "opens_browser", "serve"]

LONGEST_QUEUE = 8
"""Visitors who wait, for each run that goes at once."""
THREADS = 40
"""Of the server's handlers: Gradio's own number."""
NEVER = 100 * 365 * DAY
"""Seconds. Gradio deletes the app's files as it ends; while it runs `server.sweep` does, which bears with a clock that
is set."""


def build_app(
    device: str = "auto",
    precision: str = "auto",
    accelerate: Callable[[Any], Any] | None = None,
    *,
    warm: bool = False,
    memory_budget: int = MEMORY_BUDGET,
    compiled: bool = False,
    longest: float | None = None,
    weights: Sequence[str] = (),
    at_once: int = 1,
) -> Blocks:
    """Every task's tab and endpoint, from `TASKS`; no network is loaded before its first run.

    accelerate: wraps the function that runs a network: for hosts that lend a GPU per call, and for `replicas.by`.
    at_once: how many runs of that function may go at the same time; each of them more makes room for more who wait.
    warm: loads the shipped networks once the app is up, so that the first click need not wait for them; on a CPU only.
    memory_budget: bytes that one painting may take before it is done in tiles. compiled: as `load` takes it.
    longest: seconds that a run may be expected to take; None: any. weights: files that are offered beside those of the
    checkpoints folder, paths or addresses on the Hub.
    Raises `WeightsError` for one of these that cannot be used, and `DeviceError` for a device or precision that is not
    there.
    """
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    if not os.environ.get("GRADIO_TEMP_DIR"):  # rather than the folder that all of Gradio's apps share
        os.environ["GRADIO_TEMP_DIR"] = str(own_folder())
    state = AppState(device, precision, memory_budget, compiled, longest, weights)
    state.queue.places = at_once
    if accelerate is not None:
        state.lend(accelerate)
    with Blocks(title=WORDS.title, analytics_enabled=False, delete_cache=(NEVER, NEVER)) as app:
        # first: it describes all that is there by then
        app.queue(max_size=LONGEST_QUEUE * at_once, default_concurrency_limit=2)
        runs = RunList(render=False, elem_id="runs")
        _header()
        tabs: dict[str, Tab] = {}
        with gr.Tabs() as tab_bar:
            for task in TASKS.values():
                with gr.Tab(task_words(task.key).do or task.title, id=task.key, elem_id=f"tab-{task.key}"):
                    tabs[task.key] = Tab(task, state, runs)
        runs.render()
        restoring = {key: tab.restore_settings for key, tab in tabs.items()}
        for each in restoring.values():
            each.connect_all(restoring, tab_bar)
        shown = credits(example for key in TASKS for example in examples_for(key))
        gr.HTML(f'<footer class="foot"><p>{WORDS.privacy}</p>{shown}</footer>')
        for task in TASKS.values():
            add_endpoint(task, state, **ON_THE_DEVICE)
        add_scratches(state)
    for handler in app.fns.values():
        if handler.concurrency_id == ON_THE_DEVICE["concurrency_id"]:
            handler.concurrency_limit = at_once
    app.composed = partial(_composed, state)
    if warm and state.machine.device.type == "cpu":
        app.warm_up = partial(_warm, state)
    return app


def _header() -> None:
    """What the page is, and its languages. current: translated with the page, so each page knows its own."""
    words: dict[str, Any] = {
        "title": WORDS.title,
        "lead": WORDS.lead,
        "label": WORDS.language,
        "running": WORDS.language_running,
    }
    menu: dict[str, Any] = {"languages": LANGUAGES, "cookie": COOKIE, "current": WORDS.code}
    gr.HTML(None, elem_id="head", **words, **menu, **parts("languages"))


def _composed(state: AppState) -> list[str]:
    """What the page says with facts in it: what tabs are for, what weights are, what a batch and the teacher need."""
    tasks = list(TASKS.values())
    badges = [say(each.badge) for task in tasks for each in state.weights_for(task)]
    return [*map(intro_of, tasks), *badges, *(first_uses(task, state) for task in tasks), *map(no_truth, tasks)]


def _warm(state: AppState) -> None:
    """The first tab's network first. What goes wrong here goes wrong again, and is reported, where it matters."""
    for task in TASKS.values():
        if is_stopping():
            return
        with suppress(DiffIRError, OSError):
            state.warm(task)
    metrics.prepare()


def serve(
    host: str | None = None,
    port: int | None = None,
    *,
    device: str = "auto",
    precision: str = "auto",
    memory_budget: int = MEMORY_BUDGET,
    compiled: bool = False,
    longest: float | None = None,
    weights: Sequence[str] = (),
    replicas: Replicas | None = None,
    **options: Any,
) -> None:
    """Opens the app and stays until it is stopped. host, port: else GRADIO_SERVER_NAME and _PORT, or 127.0.0.1:7860.

    replicas: run what visitors want restored, in place of this process. options: those of `launch`. Raises what
    `build_app` and `launch` raise; for host and port before it builds.
    """
    if port is not None:
        require_free((options.get("policy") or Policy.of(host)).host, port)
    built: dict[str, Any] = {"memory_budget": memory_budget, "compiled": compiled, "longest": longest}
    built["weights"] = weights
    if replicas is not None:
        one_thread()  # the cores are theirs
        built |= {"accelerate": by(replicas), "at_once": replicas.count}
        options["max_threads"] = THREADS + replicas.count
    launch(build_app(device, precision, warm=True, **built), host, port, **options)
