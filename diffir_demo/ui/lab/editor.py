"""The numbers of an IPR as bars that can be pulled, what they paint, and what became of the picture."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Annotated, Any

import gradio as gr
import numpy as np
from pydantic import Field

from ...figures import seconds as in_seconds
from ...imaging import Picture, encode_picture
from ...lab import LARGEST, Difference, check_numbers, differ, finish
from ..compare.board import BoardValue, CompareBoard, MethodData
from ..compare.view import view_of
from ..component import TypedHTML, Value, parts, words_of
from ..files import keep, result_name
from ..outcome import INPUT, RESULT, Outcome
from ..shared import Updates, Values, report_errors
from . import figures
from .experiment import Experiment, Lab

WORDS = words_of("lab")
MOST = 4096
"""Numbers that any network's IPR may have."""
Number = Annotated[float, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]


class IprNumbers(Value):
    """What travels: finite numbers within bounds, or nothing."""

    own: list[Number] = Field(default=[], max_length=MOST)
    """The run's own estimate, which the bars are measured against; only shown, never painted with."""
    numbers: list[Number] = Field(default=[], max_length=MOST)
    """What to paint with."""

    @classmethod
    def of(cls, own: np.ndarray, numbers: np.ndarray | None = None) -> IprNumbers:
        """own, numbers: (n,); without numbers nothing is changed yet. Values beyond the bounds are cut to them."""
        now = own if numbers is None else numbers
        first, second = (np.clip(vector, -LARGEST, LARGEST).astype(float).tolist() for vector in (own, now))
        return cls(own=first, numbers=second)


class IprEditor(TypedHTML):
    """Bars to pull by mouse, pen, touch or keys, with tools to zero, scale, reset and undo."""

    data_model = IprNumbers

    def __init__(self, value: IprNumbers | None = None, **options: Any) -> None:
        settings = parts("lab/editor", "lab/bars", "lab/tools") | options
        keys_id = f"{options.get('elem_id', 'ipr-editor')}-keys"
        super().__init__(value or IprNumbers(), words=WORDS.editor, keys_id=keys_id, largest=LARGEST, **settings)


class Edit(Experiment):
    """The bars, and what they paint. Other experiments put their numbers into the same bars."""

    def __init__(self, lab: Lab) -> None:
        super().__init__(lab)
        self.editor = lab.editor.render()
        self.outputs = [self.editor]

    def lay_out_result(self) -> None:
        """Below whatever else fills the bars."""
        self.paint = gr.Button(WORDS.paint, variant="primary", size="md", elem_id=self.named("paint"))
        self.facts = self.result("facts")
        board = self.named("board")
        self.board = CompareBoard(self.state.images, f"{self.task.key}-lab", elem_id=board, elem_classes="lab-board")
        self.picture = gr.DownloadButton(WORDS.keep_picture, visible=False, size="md", elem_id=self.named("picture"))
        self.outputs += [self.facts, self.board, self.picture]

    def begin(self) -> list[tuple[Any, Any]]:
        return [(self.paint.click, self.repaint)]

    def reset(self) -> Updates:
        return {
            self.editor: IprNumbers(),
            self.facts: "",
            self.board: BoardValue(),
            self.picture: gr.DownloadButton(value=None, visible=False),
        }

    def update(self, outcome: Outcome) -> Updates:
        return self.reset() | {self.editor: IprNumbers.of(outcome.restoration.ipr)}

    @report_errors
    def repaint(self, values: Values) -> Iterator[Updates]:
        """Paints the whole photo with the numbers on the page; only the U-Net runs."""
        outcome = self.outcome(values)
        own = outcome.restoration
        numbers = check_numbers(values[self.editor].numbers, len(own.ipr))
        run = self.runs(outcome)(own.request, ipr=numbers)
        painted = yield from self.progress(partial(finish, run), WORDS.painting)
        found, spent = differ(own.picture, painted.picture), painted.seconds.paint
        path = keep(encode_picture(painted.picture, ".png"), result_name(outcome.name, "numbers"))
        yield {
            self.facts: figures.sentence(_said(found, spent)),
            self.board: self._compared(outcome, painted.picture),
            self.picture: gr.DownloadButton(value=path, visible=True),
        }
        yield self.done(painted.seconds.total)

    def _compared(self, outcome: Outcome, picture: Picture) -> BoardValue:
        """The run's own result and what these numbers paint, on the stage that results are compared on."""
        shown = {INPUT: (WORDS.slider_own, outcome.restoration.picture), RESULT: (WORDS.slider_yours, picture)}
        return BoardValue(
            size=(picture.width, picture.height),
            line=outcome.line,
            methods=[
                MethodData(key=key, title=title, kind="network", view=view_of(each, self.state.images))
                for key, (title, each) in shown.items()
            ],
        )


def _said(found: Difference, spent: float) -> str:
    if not found.share:
        return WORDS.same
    return WORDS.compared.format(
        verdict=next(text for least, text in WORDS.verdicts if found.psnr >= least),
        mean=figures.levels(found.mean),
        share=figures.percent(found.share),
        psnr=figures.decibels(found.psnr),
        seconds=in_seconds(spent),
    )


def differing(first: tuple[str, Picture], second: tuple[str, Picture]) -> tuple[Difference, str]:
    """How much two pictures differ, and both with their difference, as HTML. Each: (caption, picture)."""
    found = differ(first[1], second[1])
    return found, figures.shots(first, second, (WORDS.difference_caption.format(gain=found.gain), found.picture))
