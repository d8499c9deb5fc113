"""A run: the button that starts it, the one that ends it, and the line that tells how far it is."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import gradio as gr
from gradio.data_classes import GradioModel
from pydantic import ValidationError

from ...errors import DiffIRError
from ...estimate import PACES
from .. import views, words
from ..live import follow
from ..opening import truth_behind
from ..outcome import Outcome
from ..patience import meanwhile
from ..progress import Progress
from ..studio import WeightsChoice
from ..turns import Stop
from ..words import minute as texts
from .panel import AT_ONCE, ON_THE_DEVICE, QUIET, STATE, Panel, Updates, Values, told
from .preset import PresetPanel

if TYPE_CHECKING:
    from ..tab import Tab

TICK = 1.0
"""Seconds between two looks at how many runs come first."""
READ_OUT = (Path(__file__).parents[1] / "status.js").read_text(encoding="utf-8")

M = TypeVar("M", bound=GradioModel)


class RunningPanel(Panel):
    """Restore, Cancel, the presets, what will run, and the status line of the whole tab."""

    def __init__(self, tab: Tab) -> None:
        super().__init__(tab)
        with gr.Row(elem_classes="tight"):
            self.restore = gr.Button(
                words.RESTORE, variant="primary", size="lg", scale=3, min_width=120, elem_id=self.named("run")
            )
            self.cancel = gr.Button(
                words.CANCEL, size="lg", scale=1, min_width=90, interactive=False, elem_id=self.named("cancel")
            )
        self.presets = PresetPanel(tab)
        self.badge = gr.HTML(self.badge_of(tab.settings.first), elem_id=self.named("badge"))
        self.status = gr.HTML(views.status(words.READY), js_on_load=READ_OUT, elem_id=self.named("status"))
        self.stop = gr.State(None, **STATE)
        """`Stop` of the run that was pressed last."""
        self.clock = gr.Timer(TICK, active=False)
        """Goes while the visitor waits for his turn."""
        self.buttons = [self.restore, self.cancel]
        self.inputs = [self.stop]
        self.outputs = [self.status]

    def connect(self) -> None:
        started = [*self.buttons, self.status, self.stop, self.clock]
        pressed = self.restore.click(self.started, None, started, js=self._scroll_on_phones(), **AT_ONCE)
        self.clock.tick(self.wait, self.stop, [self.status, self.clock], **AT_ONCE)
        run = pressed.then(self.run, self.tab.inputs, self.tab.outputs, **QUIET, **ON_THE_DEVICE)
        pressed.then(None, js=_pass_focus(self.named("run"), self.named("cancel")))
        back = _pass_focus(self.named("cancel"), self.named("run"))
        self.ended = self._over(run)
        self.ended.then(None, js=back)
        stopped = [*self.buttons, self.status, self.tab.inside.timeline, self.tab.result.board]
        known = [self.stop, self.tab.result.outcome]
        self.cancel.click(self.cancelled, known, stopped, cancels=[run], **AT_ONCE).then(None, js=back)

    def conduct(self, pressed: Any, handler: Any, inputs: list[Any], outputs: list[Any]) -> Any:
        """Lets another panel's handler run as a restoration does: one at a time on the device, until it is cancelled.

        pressed: what sets it off; it has to put what `pressed` gives into `buttons`, `status` and `stop`, and the
        handler has to go on `during` that stop. Gives what happens once it is over, unless it is cancelled.
        """
        run = pressed.then(handler, inputs, outputs, trigger_mode="multiple", **QUIET, **ON_THE_DEVICE)
        self.cancel.click(None, cancels=[run])
        return self._over(run)

    def _over(self, run: Any) -> Any:
        """What happens after a run, well or not; gives the former."""
        run.failure(self.failed, self.stop, [*self.buttons, self.status], **AT_ONCE)
        return run.then(self.idle, self.stop, self.buttons, **AT_ONCE)

    def badge_of(self, chosen: WeightsChoice | None) -> str:
        """Weights, device and precision, as they stand beside the button that uses them."""
        text = chosen.badge if chosen else words.NO_WEIGHTS_BADGE
        return views.badge(text, self.studio.device, self.studio.precision, warn=chosen is None or chosen.untrained)

    @told
    def run(self, values: Values) -> Iterator[Updates]:
        """One run, until it is done or cancelled: Gradio still delivers the update that was on its way by then."""
        stop: Stop = values[self.stop]
        with stop.during(), closing(self._restored(values)) as updates:
            try:
                for update in updates:
                    if stop.is_set():
                        yield {self.status: views.status(words.CANCELLED)} | self.tab.inside.emptied()
                        return
                    yield update
            except DiffIRError:
                if place := self.tab.result.given_up(values[self.tab.result.outcome]):
                    yield place
                raise

    def _restored(self, values: Values) -> Generator[Updates, None, None]:
        """The photo goes in, the steps and the painting are shown as they happen, and the result stays."""
        tab, previews = self.tab, values[self.tab.settings.previews]
        ahead, began = tab.ahead, time.perf_counter()
        yield {self.status: views.status(words.READING, 0.0, "busy")} | ahead.answered() | tab.inside.emptied()
        recipe, request = yield from meanwhile(lambda: tab.asked(values))
        PACES.learn("read", request.picture.megapixels, time.perf_counter() - began)
        size = (request.picture.width, request.picture.height)
        expected = ahead.expected(values, size, request.mask)
        if asked := ahead.question(values, expected):
            yield ahead.ask(values, asked)
            return
        path = tab.settings.chosen(values).path
        if place := tab.result.awaited(request, values):
            yield place
        if not self.studio.is_loaded(self.task, path):
            yield {self.status: views.status(words.LOADING, 0.0, "busy")}
        progress = Progress(expected)
        with closing(self.studio.run(self.task, request, path, previews, None, recipe.steps, recipe.steered)) as events:
            directions = partial(self.studio.directions, self.task, path)
            film = yield from follow(events, progress, self.status, tab.inside.timeline, directions)
        yield tab.inside.kept(film)
        canvas, truth = values[tab.photo.canvas], values[tab.photo.truth]
        yield from tab.result.presented(film.restoration, recipe, began, truth_behind(canvas, truth), values)
        yield (yield from meanwhile(lambda: tab.inside.counted(film, path)))

    def started(self) -> tuple[Any, ...]:
        """Restore was pressed."""
        return *self.pressed(), gr.Timer(active=True)

    def pressed(self, restores: bool = True, number: int = 0) -> tuple[Any, Any, Any, Stop]:
        """For `buttons`, `status` and `stop`."""
        stop = Stop(restores, number)
        self.studio.line.join(stop)
        return gr.Button(interactive=False), gr.Button(interactive=True), self._turn(stop), stop

    def released(self, before: Any, event: gr.EventData, kind: type[M]) -> tuple[Any, ...]:
        """What is pulled on the board was let go, or is to be applied: for `buttons`, `status`, `stop`, and what is
        wanted, a `kind` with a number; None where the page sent something else.

        What an earlier letting go has set going is of no use any longer. before: the stop that there was.
        """
        if isinstance(before, Stop) and before.number < 0:
            before.set()
        try:
            wanted = kind.model_validate(event._data)
        except ValidationError:
            wanted = None
        number = getattr(wanted, "number", 0)
        return *self.pressed(restores=False, number=min(0, number)), wanted

    def until_stopped(self, stop: Stop, updates: Generator[Updates, None, None]) -> Iterator[Updates]:
        """Passes on what work tells; once it is to stop, says so and ends it."""
        with stop.during(), closing(updates):
            for update in updates:
                if stop.is_set():
                    yield {self.status: views.status(words.CANCELLED)}
                    return
                yield update

    def wait(self, stop: threading.Event | None) -> tuple[Any, Any]:
        """How many runs come first, while any do."""
        if isinstance(stop, Stop) and stop.is_waiting:
            return self._turn(stop), gr.skip()
        return gr.skip(), gr.Timer(active=False)

    def _turn(self, stop: Stop) -> str:
        before = self.studio.line.before(stop)
        text = texts.DEVICE_TAKEN if before == 0 and self.studio.is_busy else texts.in_line(before)
        return views.status(text, 0.0, "busy")

    def idle(self, stop: threading.Event | None) -> tuple[Any, Any]:
        """Restore can be pressed again; not if that was done already, after the former run was cancelled."""
        if isinstance(stop, Stop) and not stop.is_over:
            return gr.skip(), gr.skip()
        return gr.Button(interactive=True), gr.Button(interactive=False)

    def failed(self, stop: threading.Event | None) -> tuple[Any, ...]:
        """A run that never began was one too many, since the queue has an end; any other has told what happened."""
        refused = isinstance(stop, Stop) and stop.is_waiting
        if stop is not None:
            stop.set()
        return *self.idle(stop), views.status(texts.FULL, tone="bad") if refused else gr.skip()

    def cancelled(self, stop: threading.Event | None, outcome: Outcome | None) -> tuple[Any, ...]:
        """The steps leave the page: a result that stays was not made by these. Where there is none, that is said."""
        if stop is not None:
            stop.set()
        emptied = gr.skip() if isinstance(stop, Stop) and not stop.restores else None
        board = self.tab.result.given_up(outcome).get(self.tab.result.board, gr.skip())
        return *self.idle(stop), views.status(words.CANCELLED), emptied, board

    def _scroll_on_phones(self) -> str:
        """There the result is below the photo."""
        line = f"document.getElementById({json.dumps(self.named('status'))}).scrollIntoView({{behavior: 'smooth'}})"
        return f"() => {{ if (window.innerWidth < 768) {line}; }}"


def _pass_focus(giver: str, taker: str) -> str:
    """A button that is switched off loses the focus; the one that is switched on in its place takes it."""
    return f"""() => setTimeout(() => {{
        const focus = document.activeElement;
        if (focus === document.body || focus.id === "{giver}")
            document.getElementById("{taker}").focus({{ preventScroll: true }});
    }}, 100)"""
