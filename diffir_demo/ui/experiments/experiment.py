"""What every experiment of the lab is."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any, TypeVar

import gradio as gr
import numpy as np

from ...errors import InputError
from ...events import Event
from ...lab import Run, Small, small_enough
from ...tasks import Request
from .. import views
from ..outcome import Outcome
from ..panels.panel import Updates, Values
from ..words import lab as words

if TYPE_CHECKING:
    from ..panels.lab import LabPanel

R = TypeVar("R")


class Experiment:
    """Made where Gradio's layout stands. `begin` lists what starts it; `run` does the work, yielding what changes."""

    def __init__(self, lab: LabPanel) -> None:
        self.lab, self.tab, self.task, self.studio = lab, lab.tab, lab.task, lab.studio
        self.inputs: list[Any] = []
        """The components that `run` reads, through `Values`; the outcome and the editor are always among them."""
        self.outputs: list[Any] = []
        """The components that `run`, `emptied` and `shown` may change; the status line is always among them."""

    def named(self, part: str) -> str:
        return self.tab.running.named(f"lab-{part}")

    def begin(self) -> list[tuple[Any, Any]]:
        """(event, the generator that it starts), for the panel to connect. The generator takes `Values`."""
        return []

    def connect(self) -> None:
        """What happens at once, without the device."""

    def emptied(self) -> Updates:
        """Another photo is on the canvas."""
        return {}

    def shown(self, outcome: Outcome) -> Updates:
        """Another run is finished: what was found about the former one leaves the page."""
        return self.emptied()

    @property
    def line(self) -> Any:
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
        found = values[self.tab.result.outcome]
        if not isinstance(found, Outcome):
            raise InputError(words.NO_RUN, words.NO_RUN_HINT)
        return found

    def runs(self, outcome: Outcome) -> Run:
        """How experiments run the network of that outcome: through the app's queue, as every run goes."""

        def run(
            request: Request, *, ipr: np.ndarray | None = None, steps: int | None = None
        ) -> Generator[Event, None, None]:
            yield from self.studio.run(self.task, request, outcome.weights, False, ipr, steps)

        return run

    def piece(self, outcome: Outcome) -> tuple[Small, str]:
        """The request, or a piece of a large one, and the sentence that says so ("" where it is all of it)."""
        small = small_enough(outcome.restoration.request, outcome.scale, outcome.reference)
        text = {"crop": words.PIECE_CROP, "shrunk": words.PIECE_SHRUNK}.get(small.how, "")
        picture = small.request.picture
        return small, text.format(width=picture.width, height=picture.height)

    def progress(self, shares: Generator[float, None, R], text: str) -> Generator[Updates, None, R]:
        """Shows how far an experiment is; returns what it found. text: with {percent}."""
        while True:
            try:
                share = next(shares)
            except StopIteration as stop:
                return stop.value
            yield self.saying(text.format(percent=round(100 * share)), share)

    def saying(self, text: str, share: float | None = None, tone: str = "busy") -> Updates:
        return {self.lab.status: views.status(text, share, tone)}

    def done(self, seconds: float) -> Updates:
        return self.saying(words.DONE.format(seconds=views.seconds(seconds)), 1.0, "good")
