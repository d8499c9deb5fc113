"""A run: the button that starts it, the one that ends it, and the line that shows how far it is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from functools import partial
from typing import Any, TypeVar

import gradio as gr
from gradio.data_classes import GradioModel
from pydantic import ValidationError

from ...errors import InputError
from ...planning import Estimate, learn_file
from ...recipe import Recipe
from ...restoration import Restoration
from ...tasks import Request, Task
from ..component import UI, task_words, words_of
from ..photo.photos import request_of
from ..run_queue import RunHandle, run_in_thread
from ..shared import (
    AT_ONCE,
    ON_THE_DEVICE,
    QUIET,
    STATE,
    Feature,
    Shared,
    Updates,
    Values,
    in_line,
    intro_of,
    report_errors,
    status,
)
from ..state import AppState
from ..timeline import TimelineFeature
from .progress import Progress, follow

WORDS = words_of()
TICK = 1.0
"""Seconds between two looks at how many runs come first."""
READ_OUT = (UI / "run" / "status.js").read_text(encoding="utf-8")
M = TypeVar("M", bound=GradioModel)


def shared_parts(task: Task) -> dict[str, Any]:
    """Buttons and status line, which other features' runs use as well."""
    sizes: dict[str, Any] = {"size": "lg", "render": False}
    named, words = f"{task.key}-{{}}".format, task_words(task.key)
    return {
        "restore": gr.Button(
            words.do or WORDS.restore, variant="primary", min_width=120, elem_id=named("run"), **sizes
        ),
        "cancel": gr.Button(WORDS.cancel, min_width=90, interactive=False, elem_id=named("cancel"), **sizes),
        "status": gr.HTML(
            status(intro_of(task), tone="intro"), js_on_load=READ_OUT, elem_id=named("status"), render=False
        ),
        "handle": gr.State(None, **STATE),
    }


# --- any run: a restoration, a comparison, a change by hand --------------------------------------------------------


def pressed(shared: Shared, restores: bool = True, number: int = 0) -> tuple[Any, Any, Any, RunHandle]:
    """Something that runs was pressed: for `buttons`, `status` and `handle`."""
    handle = RunHandle(restores, number)
    shared.state.queue.join(handle)
    return gr.Button(interactive=False), gr.Button(interactive=True), _turn(shared.state, handle), handle


def released(shared: Shared, before: Any, event: gr.EventData, kind: type[M]) -> tuple[Any, ...]:
    """What is pulled on the board was released, or is to be applied: for `buttons`, `status`, `handle`, and what is
    wanted, a `kind` with a number; None where the page sent something else.

    A run that an earlier release has started is of no use any longer. before: the handle that there was.
    """
    if isinstance(before, RunHandle) and before.number < 0:
        before.set()
    try:
        wanted = kind.model_validate(event._data)
    except ValidationError:
        wanted = None
    return *pressed(shared, restores=False, number=min(0, getattr(wanted, "number", 0))), wanted


def conduct(shared: Shared, start: Any, handler: Any, inputs: list[Any], outputs: list[Any]) -> Any:
    """Lets a handler run as a restoration does: one at a time on the device, until it is cancelled.

    start: what sets it off; it has to put what `pressed` gives into `buttons`, `status` and `handle`, and the handler
    has to go on `during` that handle. Gives what happens once it is over, unless it is cancelled.
    """
    run = start.then(handler, inputs, outputs, trigger_mode="multiple", **QUIET, **ON_THE_DEVICE)
    shared.cancel.click(None, cancels=[run])
    return _over(shared, run)


def held(handle: RunHandle | None) -> RunHandle:
    """Raises `InputError` where the page's state is gone, and with it what was chosen: others took its place.

    To go on would restore with what the page had at first, without a word.
    """
    if handle is None:
        raise InputError(WORDS.forgotten)
    return handle


def until_cancelled(
    shared: Shared, kept: RunHandle | None, updates: Generator[Updates, None, None]
) -> Iterator[Updates]:
    """Passes on the updates of a run; once it is cancelled, says so and ends it. kept: its handle."""
    handle = held(kept)
    with handle.during(), closing(updates):
        for update in updates:
            if handle.is_set():
                yield shared.say(WORDS.cancelled)
                return
            yield update


def _over(shared: Shared, run: Any) -> Any:
    """What happens after a run, well or not; gives the former."""
    run.failure(_failed, shared.handle, [*shared.buttons, shared.status], **AT_ONCE)
    return run.then(_idle, shared.handle, shared.buttons, **AT_ONCE)


def _turn(state: AppState, handle: RunHandle) -> str:
    before = state.queue.before(handle)
    return status(WORDS.device_taken if before == 0 and state.is_busy else in_line(before), 0.0, "busy")


def _idle(handle: threading.Event | None) -> tuple[Any, Any]:
    """Restore can be pressed again; not if that was done already, after the former run was cancelled."""
    if isinstance(handle, RunHandle) and not handle.is_over:
        return gr.skip(), gr.skip()
    return gr.Button(interactive=True), gr.Button(interactive=False)


def _failed(handle: threading.Event | None) -> tuple[Any, ...]:
    """A run that never began was one too many, since the queue has an end; any other has said what happened."""
    refused = isinstance(handle, RunHandle) and handle.is_waiting
    if handle is not None:
        handle.set()
    return *_idle(handle), status(WORDS.full, tone="bad") if refused else gr.skip()


# --- restoring the photo -------------------------------------------------------------------------------------------


class RunFeature(Feature):
    """Restore and Cancel."""

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)

    def lay_out_buttons(self) -> None:
        self.shared.restore.render()
        self.shared.cancel.render()

    def lay_out_status(self) -> None:
        """The status line, with a clock that goes while the visitor waits for his turn."""
        self.shared.status.render()
        self.clock = gr.Timer(TICK, active=False)

    def connect(
        self,
        expected: Callable[[Values, Request], Estimate],
        ask: Callable[[Values, Estimate], Updates | None],
        asked: Callable[[], Updates],
        presented: Callable[[Restoration, Recipe, float, Values], Iterator[Updates]],
        timeline: TimelineFeature,
    ) -> None:
        """expected, ask, asked: what a run takes, the question before a long one, and no question any more.

        presented: the board with a result.
        """
        shared = self.shared
        self.expected, self.ask, self.asked = expected, ask, asked
        self.presented, self.timeline = presented, timeline
        started = [*shared.buttons, shared.status, shared.handle, self.clock]
        start = shared.restore.click(self.started, shared.experiment, started, **AT_ONCE)
        self.clock.tick(self.wait, shared.handle, [shared.status, self.clock], **AT_ONCE)
        run = start.then(self.run, shared.inputs, shared.outputs, **QUIET, **ON_THE_DEVICE)
        start.then(None, js=_pass_focus(self.named("run"), self.named("cancel")))
        back = _pass_focus(self.named("cancel"), self.named("run"))
        _over(shared, run).then(None, js=back)
        stopped = [*shared.buttons, shared.status, shared.timeline]
        shared.cancel.click(self.cancelled, shared.handle, stopped, cancels=[run], **AT_ONCE).then(None, js=back)

    def started(self, experiment: RunHandle | None) -> tuple[Any, ...]:
        """Restore was pressed. An experiment of the lab ends: the run that it works on will soon be history."""
        if experiment is not None:
            experiment.set()
        return *pressed(self.shared), gr.Timer(active=True)

    def wait(self, handle: threading.Event | None) -> tuple[Any, Any]:
        """How many runs come first, while any do."""
        if isinstance(handle, RunHandle) and handle.is_waiting:
            return _turn(self.state, handle), gr.skip()
        return gr.skip(), gr.Timer(active=False)

    @report_errors
    def run(self, values: Values) -> Iterator[Updates]:
        """One run, until it is done or cancelled: Gradio still delivers the update that was on its way by then."""
        handle = held(values[self.shared.handle])
        with handle.during(), closing(self._restored(values)) as updates:
            for update in updates:
                if handle.is_set():
                    yield self.shared.say(WORDS.cancelled) | self.timeline.reset()
                    return
                yield update

    def _restored(self, values: Values) -> Generator[Updates, None, None]:
        """The photo goes in, the steps and the painting are shown as they happen, and the result stays."""
        shared, began, chosen = self.shared, time.perf_counter(), self.shared.chosen(values)
        yield shared.say(WORDS.reading, 0.0, "busy") | self.asked() | self.timeline.reset()
        recipe, request = yield from run_in_thread(partial(request_of, shared, values, chosen))
        learn_file("read", request.picture.megapixels, time.perf_counter() - began)
        expected = self.expected(values, request)
        if question := self.ask(values, expected):
            yield question
            return
        if not self.state.is_loaded(self.task, chosen.path):
            yield shared.say(WORDS.loading, 0.0, "busy")
        recorder = self.timeline.recorder(chosen.path)
        request = request.changed(previews=bool(values[shared.previews]))
        with closing(self.state.run(self.task, request, chosen.path)) as events:
            shown = (shared.status, recorder.started, recorder.happened)
            restoration = yield from follow(events, Progress(expected), *shown)
        yield self.timeline.kept(recorder.record)
        yield from self.presented(restoration, recipe, began, values)
        yield (yield from run_in_thread(lambda: self.timeline.counted(recorder.record, chosen.path)))

    def cancelled(self, handle: threading.Event | None) -> tuple[Any, ...]:
        """The steps leave the page: a result that stays was not made by these."""
        if handle is not None:
            handle.set()
        steps = gr.skip() if isinstance(handle, RunHandle) and not handle.restores else None
        return *_idle(handle), status(WORDS.cancelled), steps


def _pass_focus(giver: str, taker: str) -> str:
    """A button that is switched off loses the focus; the one that is switched on in its place takes it."""
    return f"""() => setTimeout(() => {{
        const focus = document.activeElement;
        if (focus === document.body || focus.id === "{giver}")
            document.getElementById("{taker}").focus({{ preventScroll: true }});
    }}, 100)"""
