"""What one number moves: a heat map over the picture, and a ranking of the numbers to choose from."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import gradio as gr
import numpy as np

from ...errors import DiffIRError
from ...lab import Moved, move, over
from ...lab.influence import WINDOW
from ..outcome import Outcome
from ..panels.panel import Updates, Values, told
from ..words import lab as words
from . import figures
from .experiment import Experiment

if TYPE_CHECKING:
    from ..panels.lab import LabPanel


class Heat(Experiment):
    """One number up and down, painted both ways."""

    def __init__(self, lab: LabPanel) -> None:
        super().__init__(lab)
        self.said(figures.sentence(words.HEAT_LEAD))
        with gr.Row(elem_classes="tight"):
            self.number = gr.Dropdown(
                [],
                label=words.HEAT_NUMBER,
                info=words.HEAT_NUMBER_INFO,
                min_width=260,
                elem_id=self.named("heat-number"),
            )
            self.strength = gr.Radio(
                [(label, share) for share, label in words.HEAT_STRENGTHS],
                value=0.5,
                label=words.HEAT_STRENGTH,
                info=words.HEAT_STRENGTH_INFO,
                min_width=260,
                elem_id=self.named("heat-strength"),
            )
        self.go = gr.Button(words.HEAT_GO, size="md", elem_id=self.named("heat-go"))
        self.found = self.result("heat-found")
        self.inputs, self.outputs = [self.number, self.strength], [self.number, self.found]

    def begin(self) -> list[tuple[Any, Any]]:
        return [(self.go.click, self.show)]

    def emptied(self) -> Updates:
        return {self.found: ""}

    def shown(self, outcome: Outcome) -> Updates:
        count = len(outcome.restoration.ipr)
        steering = self._steering(outcome)
        order = range(count) if steering is None else np.argsort(-steering, kind="stable").tolist()
        choices = [
            (words.HEAT_CHOICE.format(number=place + 1, rank=rank, total=count), place)
            for rank, place in enumerate(order, start=1)
        ]
        return self.emptied() | {self.number: gr.Dropdown(choices=choices, value=choices[0][1] if choices else None)}

    def _steering(self, outcome: Outcome) -> np.ndarray | None:
        """None where the weight file has gone meanwhile: a run that was done is shown all the same."""
        try:
            return self.studio.steering(self.task, outcome.weights)
        except DiffIRError:
            return None

    @told
    def show(self, values: Values) -> Iterator[Updates]:
        began, outcome = time.perf_counter(), self.outcome(values)
        small, note = self.piece(outcome)
        ipr, place = outcome.restoration.ipr, int(values[self.number] or 0)
        delta = values[self.strength] * (float(np.linalg.norm(ipr)) or 1.0)
        trial = move(self.runs(outcome), small.request, ipr, place, delta)
        found = yield from self.progress(trial, words.HEAT_GOING.replace("{number}", str(place + 1)))
        text = _shown(found) + figures.sentence(note) + self._details(outcome)
        yield {self.found: text}
        yield self.done(time.perf_counter() - began)

    def _details(self, outcome: Outcome) -> str:
        steering = self._steering(outcome)
        if steering is None:
            return ""
        facts = {"largest": steering.max(), "smallest": steering.min(), "median": np.median(steering)}
        sizes = {name: f"{value:.2f}" for name, value in facts.items()}
        precision = outcome.restoration.precision
        return figures.details(words.HEAT_DETAIL.format(window=WINDOW, precision=precision, **sizes))


def _shown(found: Moved) -> str:
    number, top = found.dimension + 1, float(found.heat.max())
    facts = {"number": number, "delta": f"{found.delta:.2f}", "top": figures.levels(top)}
    if not found.share:
        return figures.sentence(words.HEAT_NOTHING.format(**facts))
    text = words.HEAT_FOUND.format(mean=figures.levels(found.mean), share=figures.percent(found.share), **facts)
    shot = figures.shots((words.HEAT_CAPTION.format(number=number), over(found.up, found.heat, top)))
    return figures.sentence(text) + shot + figures.colour_bar(top)
