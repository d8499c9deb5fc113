"""If the answer were known: the teacher's numbers beside the estimate, and what each paints."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from functools import partial
from pathlib import Path

import gradio as gr

from ...errors import InputError
from ...imaging import Picture
from ...lab import Small, finish, likeness
from ...oracle import Oracle
from ...restoration import Restoration
from ...tasks import Case, Task, get_task
from ...tick import Stages, Tick
from ..component import task_words, words_of
from ..languages import number
from ..outcome import Outcome, score_text, score_title
from ..shared import QUIET, STATE, Updates, Values, report_errors
from ..state import WeightsChoice
from . import figures
from .experiment import Lab, Trial

COMMON, WORDS = words_of(), words_of("lab")


def no_truth(task: Task) -> str:
    """Of a photo whose clean original is not known, and how to get one."""
    return WORDS.oracle_no_truth.format(damage=task_words(task.key).damage)


class AskTeacher(Trial):
    """Needs a teacher's file, and a photo whose clean original is known."""

    def __init__(self, lab: Lab) -> None:
        super().__init__(lab)
        choices = self.state.teachers_for(self.task)
        self.said(figures.sentence(WORDS.oracle_lead))
        self.hint = self.said(self._hint(None), "oracle-hint")
        with gr.Row(elem_classes="tight"):
            self.file = gr.Dropdown(
                [(each.label, each.key) for each in choices],
                value=choices[0].key if choices else None,
                label=WORDS.oracle_file,
                info=None if choices else WORDS.oracle_no_teacher,
                min_width=260,
                elem_id=self.named("oracle-file"),
            )
            self.upload = gr.UploadButton(WORDS.oracle_own, size="md", min_width=200, elem_id=self.named("oracle-own"))
        self.own = gr.State({}, **STATE)
        """{key: WeightsChoice} of the files that this visitor uploaded."""
        self.inputs, self.outputs = [self.file, self.own], [self.hint]
        self.lay_out_result("oracle", WORDS.oracle_go)

    def connect(self) -> None:
        uploaded = [self.own, self.file, self.lab.status]
        self.upload.upload(self.take, [self.upload, self.own], uploaded, **QUIET)

    def update(self, outcome: Outcome) -> Updates:
        return self.reset() | {self.hint: self._hint(outcome)}

    def _hint(self, outcome: Outcome | None) -> str:
        known = outcome is not None and outcome.reference is not None
        return "" if known else figures.sentence(no_truth(self.task))

    @report_errors
    def take(self, path: str, own: dict[str, WeightsChoice]) -> Iterator[Updates]:
        """A visitor's own teacher, for this visit."""
        yield self.saying(COMMON.loading, 0.3)
        mine = self.state.own_teacher(path, self.task)
        own = own | {mine.key: mine}
        offered = [*self.state.teachers_for(self.task), *own.values()]
        choices = [(each.label, each.key) for each in offered]
        yield {self.own: own, self.file: gr.Dropdown(choices=choices, value=mine.key, info="")}
        yield self.saying(WORDS.oracle_opened.format(name=Path(path).name, badge=mine.badge), 1.0, "good")

    def work(self, values: Values, outcome: Outcome, small: Small, note: str) -> Generator[Updates, None, str]:
        chosen = self._chosen(values)
        if small.reference is None:
            raise InputError(no_truth(self.task))
        asked = partial(self.state.consult, self.task, chosen.path, Case(small.request, small.reference))
        oracle = yield from self.progress(asked, WORDS.oracle_going)
        run = self.runs(outcome)

        def both(tick: Tick) -> tuple[Restoration, Restoration]:
            stages = Stages(tick, 2)
            own = finish(run(small.request), stages.stage(1))
            return own, finish(run(small.request, ipr=oracle.ipr), stages.stage(1))

        own, taught = yield from self.progress(both, WORDS.oracle_painting)
        return _compared(own, taught, oracle, small.reference) + note + figures.details(WORDS.oracle_detail)

    def _chosen(self, values: Values) -> WeightsChoice:
        """The file behind a key; only files that were offered can be named."""
        offered = {each.key: each for each in self.state.teachers_for(self.task)} | values[self.own]
        if values[self.file] not in offered:
            raise InputError(WORDS.oracle_no_teacher)
        return offered[values[self.file]]


def _compared(own: Restoration, taught: Restoration, oracle: Oracle, reference: Picture) -> str:
    found = likeness(own.ipr, oracle.ipr)
    text = WORDS.oracle_found.format(relative=figures.percent(found.relative), cosine=number(found.cosine, ".3f"))
    pictures = [own.picture, taught.picture, oracle.picture]
    each = [get_task(own.task).scores(picture.pixels, reference.pixels, own.request.mask) for picture in pictures]
    names = list(each[0])
    rows = [
        [title, *(score_text(name, found[name]) for name in names)]
        for title, found in zip(WORDS.oracle_rows, each, strict=True)
    ]
    head = [WORDS.oracle_head, *(score_title(name)[0] for name in names)]
    return (
        figures.sentence(text)
        + figures.dots(oracle.ipr, own.ipr, WORDS.oracle_plot)
        + figures.table(head, rows)
        + figures.shots(*zip(WORDS.oracle_rows, pictures, strict=True))
    )
