"""Fewer or more diffusion steps than the network was trained with."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import gradio as gr

from ...lab import StepRow, try_steps
from .. import views
from .. import words as common
from ..panels.panel import Updates, Values, told
from ..words import lab as words
from . import figures
from .experiment import Experiment

if TYPE_CHECKING:
    from ..panels.lab import LabPanel


class StepCounts(Experiment):
    """One row per number of steps."""

    def __init__(self, lab: LabPanel) -> None:
        super().__init__(lab)
        self.said(figures.sentence(words.STEPS_LEAD))
        self.go = gr.Button(words.STEPS_GO, size="md", elem_id=self.named("steps-go"))
        self.found = self.result("steps-found")
        self.outputs = [self.found]

    def begin(self) -> list[tuple[Any, Any]]:
        return [(self.go.click, self.try_all)]

    def emptied(self) -> Updates:
        return {self.found: ""}

    @told
    def try_all(self, values: Values) -> Iterator[Updates]:
        began, outcome = time.perf_counter(), self.outcome(values)
        small, note = self.piece(outcome)
        trial = try_steps(self.runs(outcome), small.request, self.task.key, small.reference)
        rows = yield from self.progress(trial, words.STEPS_GOING)
        text = _sentence(rows) + figures.sentence(note) + figures.details(words.STEPS_DETAIL)
        yield {self.found: _table(rows) + text}
        yield self.done(time.perf_counter() - began)


def _table(rows: Sequence[StepRow]) -> str:
    names = list(rows[0].scores)
    head = [*words.STEPS_HEAD, *(common.score(name)[0] for name in names)]
    most = max(row.likeness.relative for row in rows)
    cells = [
        [
            words.STEPS_TRAINED.format(steps=row.steps) if row.trained else str(row.steps),
            figures.Bar(figures.percent(row.likeness.relative), row.likeness.relative / most if most else 0.0),
            words.STEPS_SAME if row.trained else figures.decibels(row.agreement),
            *(views.score(name, row.scores[name]) for name in names),
        ]
        for row in rows
    ]
    return figures.table(head, cells, strong=next(i for i, row in enumerate(rows) if row.trained))


def _sentence(rows: Sequence[StepRow]) -> str:
    trained = next(row.steps for row in rows if row.trained)
    later = [row.likeness.relative for row in rows if row.steps >= trained]
    text = words.STEPS_FOUND.format(
        most=figures.percent(max(later)),
        trained=trained,
        one=figures.percent(rows[0].likeness.relative),
        psnr=figures.decibels(min(row.agreement for row in rows)),
    )
    return figures.sentence(text)
