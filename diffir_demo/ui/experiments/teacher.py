"""If the answer were known: the teacher's numbers beside the estimate, and what each paints."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from ...errors import InputError
from ...events import Restoration
from ...imaging import Picture
from ...lab import likeness
from ...lab.hear import heard
from ...metrics import scores
from ...oracle import Oracle
from ...tasks import Damaged
from .. import views
from .. import words as common
from ..outcome import Outcome
from ..panels.panel import QUIET, STATE, Updates, Values, told
from ..studio import WeightsChoice
from ..words import lab as words
from . import figures
from .experiment import Experiment

if TYPE_CHECKING:
    from ..panels.lab import LabPanel


class AskTeacher(Experiment):
    """Needs a teacher's file, and a photo whose clean original is known."""

    def __init__(self, lab: LabPanel) -> None:
        super().__init__(lab)
        choices = self.studio.teachers_for(self.task)
        self.said(figures.sentence(words.ORACLE_LEAD))
        self.hint = self.said(self._hint(None), "oracle-hint")
        with gr.Row(elem_classes="tight"):
            self.file = gr.Dropdown(
                [(each.label, each.key) for each in choices],
                value=choices[0].key if choices else None,
                label=words.ORACLE_FILE,
                info=None if choices else words.ORACLE_NO_TEACHER,
                min_width=260,
                elem_id=self.named("oracle-file"),
            )
            self.bring = gr.UploadButton(words.ORACLE_OWN, size="md", min_width=200, elem_id=self.named("oracle-own"))
        self.go = gr.Button(words.ORACLE_GO, size="md", elem_id=self.named("oracle-go"))
        self.found = self.result("oracle-found")
        self.own = gr.State({}, **STATE)
        """{key: WeightsChoice} of the files this visitor brought."""
        self.inputs, self.outputs = [self.file, self.own], [self.found, self.hint]

    def begin(self) -> list[tuple[Any, Any]]:
        return [(self.go.click, self.ask)]

    def connect(self) -> None:
        brought = [self.own, self.file, self.lab.status]
        self.bring.upload(self.take, [self.bring, self.own], brought, **QUIET)

    def emptied(self) -> Updates:
        return {self.found: ""}

    def shown(self, outcome: Outcome) -> Updates:
        return self.emptied() | {self.hint: self._hint(outcome)}

    def _hint(self, outcome: Outcome | None) -> str:
        known = outcome is not None and outcome.reference is not None
        return "" if known else figures.sentence(words.ORACLE_NO_TRUTH.format(damage=self.lab.words.damage))

    @told
    def take(self, path: str, own: dict[str, WeightsChoice]) -> Iterator[Updates]:
        """A visitor's own teacher, for this visit."""
        yield self.saying(common.LOADING, 0.3)
        mine = self.studio.own_teacher(path, self.task)
        own = own | {mine.key: mine}
        offered = [*self.studio.teachers_for(self.task), *own.values()]
        choices = [(each.label, each.key) for each in offered]
        yield {self.own: own, self.file: gr.Dropdown(choices=choices, value=mine.key, info="")}
        yield self.saying(words.ORACLE_OPENED.format(name=Path(path).name, badge=mine.badge), 1.0, "good")

    @told
    def ask(self, values: Values) -> Iterator[Updates]:
        began, outcome = time.perf_counter(), self.outcome(values)
        chosen = self._chosen(values)
        if outcome.reference is None:
            raise InputError(words.ORACLE_NO_TRUTH.format(damage=self.lab.words.damage))
        small, note = self.piece(outcome)
        assert small.reference is not None  # a piece of what is there
        asked = self.studio.consult(self.task, chosen.path, Damaged(small.request, small.reference))
        oracle = yield from self.progress(asked, words.ORACLE_GOING)
        run = self.runs(outcome)
        own = yield from self.progress(heard(run(small.request), 0.0, 0.5), words.ORACLE_PAINTING)
        given = run(small.request, ipr=oracle.ipr)
        taught = yield from self.progress(heard(given, 0.5, 0.5), words.ORACLE_PAINTING)
        shown = _compared(own, taught, oracle, small.reference) + figures.sentence(note)
        yield {self.found: shown + figures.details(words.ORACLE_DETAIL)}
        yield self.done(time.perf_counter() - began)

    def _chosen(self, values: Values) -> WeightsChoice:
        """The file behind a key; only files that were offered can be named."""
        offered = {each.key: each for each in self.studio.teachers_for(self.task)} | values[self.own]
        if values[self.file] not in offered:
            raise InputError(words.ORACLE_NO_TEACHER)
        return offered[values[self.file]]


def _compared(own: Restoration, taught: Restoration, oracle: Oracle, reference: Picture) -> str:
    found = likeness(own.ipr, oracle.ipr)
    text = words.ORACLE_FOUND.format(relative=figures.percent(found.relative), cosine=f"{found.cosine:.3f}")
    pictures = [own.picture, taught.picture, oracle.picture]
    each = [scores(own.task, picture.pixels, reference.pixels, own.request.mask) for picture in pictures]
    names = list(each[0])
    rows = [
        [title, *(views.score(name, found[name]) for name in names)]
        for title, found in zip(words.ORACLE_ROWS, each, strict=True)
    ]
    head = [words.ORACLE_HEAD, *(common.score(name)[0] for name in names)]
    return (
        figures.sentence(text)
        + figures.dots(oracle.ipr, own.ipr, words.ORACLE_PLOT)
        + figures.table(head, rows)
        + figures.shots(*zip(words.ORACLE_ROWS, pictures, strict=True))
    )
