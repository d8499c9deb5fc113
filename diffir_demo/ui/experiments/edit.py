"""Change the numbers, and paint again: the picture beside the run's own, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import gradio as gr

from ...imaging import Picture, encode_picture
from ...lab import Difference, check_numbers, differ
from ...lab.hear import heard
from .. import views
from ..ipr_lab import IprLab, IprNumbers
from ..outcome import Outcome
from ..panels.panel import Updates, Values, told
from ..studio import keep
from ..words import lab as words
from . import figures
from .experiment import Experiment

if TYPE_CHECKING:
    from ..panels.lab import LabPanel


class Edit(Experiment):
    """The bars, and what they paint. Other experiments put their numbers into the same bars."""

    def __init__(self, lab: LabPanel) -> None:
        super().__init__(lab)
        self.editor = IprLab(elem_id=self.named("editor"))
        self.outputs = [self.editor]

    def lay_out_result(self) -> None:
        """Below whatever else fills the bars."""
        self.paint = gr.Button(words.PAINT, variant="primary", size="md", elem_id=self.named("paint"))
        self.facts = self.result("facts")
        with gr.Row(elem_classes="tight"):
            with gr.Column(scale=1, min_width=280):
                self.slider = gr.ImageSlider(
                    label=words.SLIDER,
                    show_label=False,
                    format="png",
                    type="filepath",
                    interactive=False,
                    visible=False,
                    max_height=420,
                    buttons=["fullscreen"],
                    elem_id=self.named("slider"),
                )
            with gr.Column(scale=1, min_width=280):
                self.difference = self.result("difference")
        self.picture = gr.DownloadButton(words.KEEP_PICTURE, visible=False, size="md", elem_id=self.named("picture"))
        self.outputs += [self.facts, self.slider, self.difference, self.picture]

    def begin(self) -> list[tuple[Any, Any]]:
        return [(self.paint.click, self.repaint)]

    def emptied(self) -> Updates:
        return {
            self.editor: IprNumbers(),
            self.facts: "",
            self.slider: gr.ImageSlider(value=None, visible=False),
            self.difference: "",
            self.picture: gr.DownloadButton(value=None, visible=False),
        }

    def shown(self, outcome: Outcome) -> Updates:
        return self.emptied() | {self.editor: IprNumbers.of(outcome.restoration.ipr)}

    @told
    def repaint(self, values: Values) -> Iterator[Updates]:
        """Paints the whole photo with the numbers on the page; only the U-Net runs."""
        outcome = self.outcome(values)
        own = outcome.restoration
        numbers = check_numbers(values[self.editor].numbers, len(own.ipr))
        run = self.runs(outcome)(own.request, ipr=numbers)
        painted = yield from self.progress(heard(run), words.PAINTING)
        found, spent = differ(own.picture, painted.picture), painted.seconds.paint
        path = keep(encode_picture(painted.picture, ".png"), views.result_name(outcome.name, "numbers"))
        yield {
            self.facts: figures.sentence(_told(found, spent)),
            self.slider: gr.ImageSlider(value=(outcome.path, path), slider_position=outcome.line, visible=True),
            self.difference: _shown(found),
            self.picture: gr.DownloadButton(value=path, visible=True),
        }
        yield self.done(painted.seconds.total)


def _told(found: Difference, spent: float) -> str:
    if not found.share:
        return words.SAME
    return words.APART.format(
        verdict=next(text for least, text in words.VERDICTS if found.psnr >= least),
        mean=figures.levels(found.mean),
        share=figures.percent(found.share),
        psnr=figures.decibels(found.psnr),
        seconds=views.seconds(spent),
    )


def _shown(found: Difference) -> str:
    text = words.DIFFERENCE if found.gain > 1 else words.DIFFERENCE_PLAIN
    return figures.shots((text.format(gain=found.gain), found.picture))


def differing(first: tuple[str, Picture], second: tuple[str, Picture]) -> tuple[Difference, str]:
    """How far two pictures are apart, and both with their difference, as HTML. Each: (caption, picture)."""
    found = differ(first[1], second[1])
    return found, figures.shots(first, second, (words.DIFFERENCE_CAPTION.format(gain=found.gain), found.picture))
