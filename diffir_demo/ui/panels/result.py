"""The result beside what it is compared with, and the scores of both."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import gradio as gr

from ...events import Restoration
from ...imaging import encode_picture
from .. import views, words
from ..mask_canvas import MaskValue
from ..outcome import INPUT, ORIGINAL, Outcome, Truth, first_baseline
from ..studio import keep
from .panel import QUIET, STATE, Panel, Updates, Values, told

if TYPE_CHECKING:
    from ..tab import Tab


class ResultPanel(Panel):
    """Before and after."""

    def __init__(self, tab: Tab) -> None:
        super().__init__(tab)
        self.left = gr.Radio(
            views.sides(None, self.task.key),
            value=INPUT,
            label=words.COMPARE,
            visible=False,
            elem_classes="sides",
            elem_id=self.named("left"),
        )
        self.hint = gr.HTML(_hint(words.HINT), apply_default_css=False, elem_id=self.named("hint"))
        self.slider = gr.ImageSlider(
            label=words.SLIDER,
            show_label=False,
            format="png",
            type="filepath",
            interactive=False,
            visible=False,
            max_height=460,
            buttons=["fullscreen"],
            elem_id=self.named("slider"),
        )
        self.scores = gr.HTML(visible=False, apply_default_css=False, elem_id=self.named("scores"))
        self.outcome = gr.State(None, **STATE)
        """`Outcome` or None."""
        self.inputs = [self.left]
        self.outputs = [self.hint, self.slider, self.left, self.scores, self.outcome]

    def connect(self) -> None:
        compared = [self.tab.running.status, self.slider, self.scores, self.outcome]
        self.left.input(self.compare, [self.left, self.outcome], compared, **QUIET)
        self.slider.change(None, js=self._describe())

    def hinted(self, text: str) -> Updates:
        """What to do next, where the result will be. text: HTML."""
        return {self.hint: gr.HTML(_hint(text), visible=True)}

    def emptied(self) -> Updates:
        return {
            self.slider: gr.ImageSlider(value=None, visible=False),
            self.left: gr.Radio(visible=False),
            self.scores: gr.HTML("", visible=False),
            self.outcome: None,
        }

    def shown(self, outcome: Outcome) -> Updates:
        run, before = outcome.restoration, self._left_path(outcome, INPUT)
        return {
            self.hint: gr.HTML(visible=False),
            self.slider: gr.ImageSlider(value=(before, outcome.path), slider_position=outcome.line, visible=True),
            self.left: gr.Radio(choices=views.sides(outcome, run.task), value=INPUT, visible=True),
            self.scores: gr.HTML(views.table(outcome), visible=True),
            self.outcome: outcome,
        }

    def presented(
        self, restoration: Restoration, canvas: MaskValue, truth: Truth | None, values: Values
    ) -> Iterator[Updates]:
        """A run that came back: the result first, then the baseline beside it. The device is free again by now."""
        name, picture, left = truth.name if truth else canvas.name, restoration.picture, values[self.left]
        path = self.tab.export.written(restoration, name)
        comparable = truth is not None and truth.reference.pixels.shape == picture.pixels.shape
        reference = truth.reference if truth and comparable else None
        weights = self.tab.settings.chosen(values).path
        outcome = Outcome(restoration, name, path, reference, weights=weights)
        yield self.tab.shown(outcome)
        yield {self.tab.running.status: views.finished(restoration)}
        if baseline := first_baseline(self.task.key):
            outcome = outcome.with_rival(baseline)
            yield {self.scores: views.table(outcome), self.outcome: outcome}
        if left != INPUT and (comparable or left != ORIGINAL):
            yield {self.left: left}
            yield from self.compare(left, outcome)

    @told
    def compare(self, left: str, outcome: Outcome | None) -> Iterator[Updates]:
        """Another picture on the left of the line; a baseline is run when it is first asked for."""
        if outcome is None:
            return
        status = self.tab.running.status
        if left not in (INPUT, ORIGINAL, *outcome.rivals):
            name = dict((key, label) for label, key in views.sides(outcome, self.task.key))[left]
            yield {status: views.status(words.COMPARING.format(name=name), 0.5, "busy")}
            outcome = outcome.with_rival(left)
            yield {status: views.finished(outcome.restoration)}
        yield {
            self.slider: (self._left_path(outcome, left), outcome.path),
            self.scores: views.table(outcome),
            self.outcome: outcome,
        }

    def _left_path(self, outcome: Outcome, left: str) -> str:
        return keep(encode_picture(outcome.left(left), ".png"), views.result_name(outcome.name, left))

    def _describe(self) -> str:
        """Gradio's slider has no setting for what its pictures are called."""
        texts = json.dumps([words.LEFT_ALT, words.RIGHT_ALT])
        pictures = f"document.querySelectorAll('#{self.named('slider')} img')"
        return f"() => setTimeout(() => {pictures}.forEach((picture, i) => (picture.alt = {texts}[i] || '')), 100)"


def _hint(text: str) -> str:
    """Stands where the result will be. text: HTML."""
    return f'<div class="hint"><strong>{words.HINT_TITLE}</strong><span>{text}</span></div>'
