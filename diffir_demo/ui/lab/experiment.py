"""What every experiment of the lab is."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import gradio as gr
import numpy as np

from ...errors import InputError
from ...events import Event
from ...figures import seconds as in_seconds
from ...lab import Run, Small, small_enough
from ...settings import AS_ESTIMATED
from ...tasks import Request
from ...tick import Tick, streamed
from ..component import words_of
from ..outcome import Outcome
from ..shared import Shared, Updates, Values, report_errors, status
from . import figures

WORDS = words_of("lab")
R = TypeVar("R")


@dataclass(frozen=True)
class Lab:
    """What the experiments of one tab share."""

    shared: Shared
    status: gr.HTML
    """The lab's own status line."""
    editor: Any
    """`IprEditor`: the numbers that are painted with next, which every experiment may fill."""


class Experiment:
    """Made where Gradio's layout stands. `begin` lists what starts it; `run` does the work, yielding what changes."""

    def __init__(self, lab: Lab) -> None:
        self.lab, self.shared, self.task, self.state = lab, lab.shared, lab.shared.task, lab.shared.state
        self.inputs: list[Any] = []
        """The components that `run` reads, through `Values`; the outcome and the editor are always among them."""
        self.outputs: list[Any] = []
        """The components that `run`, `reset` and `update` may change; the status line is always among them."""

    def named(self, part: str) -> str:
        return self.shared.named(f"lab-{part}")

    def begin(self) -> list[tuple[Any, Any]]:
        """(event, the generator that it starts), for the panel to connect. The generator takes `Values`."""
        return []

    def connect(self) -> None:
        """What happens at once, without the device."""

    def reset(self) -> Updates:
        """Another photo is on the canvas."""
        return {}

    def update(self, outcome: Outcome) -> Updates:
        """Another run is finished: what was found about the former one leaves the page."""
        return self.reset()

    @property
    def status_line(self) -> Any:
        """The lab's own status line."""
        return self.lab.status

    def said(self, html: str, part: str | None = None) -> gr.HTML:
        """Text that stands beside the controls."""
        where = None if part is None else self.named(part)
        return gr.HTML(html, apply_default_css=False, elem_classes="lab-text", elem_id=where)

    def result(self, part: str) -> gr.HTML:
        """A place for what comes out; lab.css hides it while it is empty."""
        return self.said("", part)

    def outcome(self, values: Values) -> Outcome:
        """The run that is on the page. Raises `InputError` where there is none."""
        found = values[self.shared.outcome]
        if not isinstance(found, Outcome):
            raise InputError(WORDS.no_run, WORDS.no_run_hint)
        return found

    def runs(self, outcome: Outcome) -> Run:
        """How experiments run the network of that outcome: through the app's queue, as every run goes."""

        def run(
            request: Request, *, ipr: np.ndarray | None = None, steps: int | None = None
        ) -> Generator[Event, None, object]:
            asked = request.changed(**AS_ESTIMATED | {"ipr": ipr, "steps": steps})
            return self.state.run(self.task, asked, outcome.weights)

        return run

    def piece(self, outcome: Outcome) -> tuple[Small, str]:
        """The request, or a piece of a large one, and the sentence that says so ("" where it is all of it)."""
        small = small_enough(outcome.restoration.request, outcome.scale, outcome.reference)
        text = {"crop": WORDS.piece_crop, "shrunk": WORDS.piece_shrunk}.get(small.how, "")
        picture = small.request.picture
        return small, text.format(width=picture.width, height=picture.height)

    def progress(self, work: Callable[[Tick], R], text: str) -> Generator[Updates, None, R]:
        """Does the work and shows how far it is; returns what it found. Closing ends the work. text: with {percent}."""

        def shown(emit: Callable[[Updates], None]) -> R:
            return work(lambda share: emit(self.saying(text.format(percent=round(100 * share)), share)))

        return (yield from streamed(shown))

    def saying(self, text: str, share: float | None = None, tone: str = "busy") -> Updates:
        return {self.lab.status: status(text, share, tone)}

    def done(self, seconds: float) -> Updates:
        return self.saying(WORDS.done.format(seconds=in_seconds(seconds)), 1.0, "good")


class Trial(Experiment):
    """An experiment that a button starts, and that has one place for what it finds."""

    def lay_out_result(self, key: str, text: str) -> None:
        """key: begins the ids of both; text: on the button."""
        self.go = gr.Button(text, size="md", elem_id=self.named(f"{key}-go"))
        self.found = self.result(f"{key}-found")
        self.outputs.append(self.found)

    def begin(self) -> list[tuple[Any, Any]]:
        return [(self.go.click, self.start)]

    def reset(self) -> Updates:
        return {self.found: ""}

    @report_errors
    def start(self, values: Values) -> Iterator[Updates]:
        began, outcome = time.perf_counter(), self.outcome(values)
        small, note = self.piece(outcome)
        found = yield from self.work(values, outcome, small, figures.sentence(note))
        yield {self.found: found}
        yield self.done(time.perf_counter() - began)

    def work(self, values: Values, outcome: Outcome, small: Small, note: str) -> Generator[Updates, None, str]:
        """Gives what was found, as HTML. small: what to try it on; note: that this is a piece of the photo, as HTML."""
        raise NotImplementedError
