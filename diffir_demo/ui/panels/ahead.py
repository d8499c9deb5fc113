"""Before a run: what it will take, what else could be done with a large photo, and a question before a long one."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import gradio as gr
import numpy as np

from ...errors import DiffIRError, InputError
from ...estimate import Estimate
from ...memory import free_memory
from ...texture import expectation
from ...tiling import around_hole
from .. import views
from ..ahead import Question, is_worth_telling, question, sentence, smaller_size
from ..mask_canvas import MaskValue
from ..opening import Opening
from ..reduced import Region, cut, size_of, sketch_of, smaller
from ..words import minute as texts
from .panel import AT_ONCE, STATE, Panel, Updates, Values, press, told

if TYPE_CHECKING:
    from ..tab import Tab


class AheadPanel(Panel):
    """The lines below Restore; not there for photos that take moments, which are most."""

    def __init__(self, tab: Tab) -> None:
        super().__init__(tab)
        with gr.Column(visible=False, elem_classes="ahead", elem_id=self.named("ahead")) as self.box:
            self.text = gr.HTML(elem_id=self.named("ahead-text"))
            with gr.Row(elem_classes="tight"):
                self.go = self._button(texts.GO_ON, "go-on", variant="primary", visible=False)
                self.smaller = self._button("", "smaller", visible=False)
                self.crop = self._button(texts.CROP, "crop")
                self.not_now = self._button(texts.NOT_NOW, "not-now", visible=False)
        self.agreed = gr.State(False, **STATE)
        """Whether the visitor was asked about the run that is starting, and wants it."""
        self.region = gr.Textbox(visible=False)
        """What is seen of the photo, a `Region` as JSON."""
        self.inputs = [self.agreed]
        self.outputs = [self.box, self.text, self.go, self.smaller, self.crop, self.not_now, self.agreed]

    def _button(self, text: str, name: str, **options: Any) -> gr.Button:
        return gr.Button(text, size="md", min_width=110, elem_id=self.named(name), **options)

    def connect(self) -> None:
        photo, settings, stop = self.tab.photo, self.tab.settings, self.tab.running.stop
        asked = {photo.canvas, *settings.inputs}
        changes = [part.change for part in (photo.canvas, settings.weights, settings.previews, settings.steps)]
        gr.on(changes, self.foresee, asked, self.outputs, **AT_ONCE, trigger_mode="always_last")
        placed = [photo.canvas, photo.truth, photo.credit, *self.tab.outputs]
        photo.makes("smaller", self.smaller.click, self.make_smaller, {*asked, stop}, placed)
        pad = f"document.querySelector('#{photo.canvas.elem_id} .pad')"
        seen = f"(canvas, region, stop) => [canvas, {pad}.dataset.seen || '', stop]"
        photo.makes("crop", self.crop.click, self.make_cropped, [photo.canvas, self.region, stop], placed, js=seen)
        agreed = self.go.click(lambda: True, None, self.agreed, **AT_ONCE)
        agreed.then(None, js=press(self.named("run")))
        self.not_now.click(self.put_off, asked, [*self.outputs, self.line], **AT_ONCE)

    def expected(self, values: Values, size: tuple[int, int], mask: np.ndarray | None) -> Estimate:
        """Of a run with what the page holds. Raises `WeightsError` where there are no weights."""
        settings = self.tab.settings
        chosen, previews, steps = settings.chosen(values), values[settings.previews], settings.steps_of(values)
        asked = {"mask": mask, "previews": previews, "steps": steps, "fill": chosen.fill}
        return self.studio.foresee(self.task, chosen.path, size, **asked)

    def foresee(self, values: Values) -> Updates:
        """The lines for what the page holds just now; none where something is missing, which a run will tell."""
        try:
            return self._lines(values)
        except DiffIRError:
            return self._told("")

    def question(self, values: Values, estimate: Estimate) -> Question | None:
        """What to ask before this run starts; nothing where the visitor has agreed already."""
        return None if values[self.agreed] else question(estimate, free_memory())

    def ask(self, values: Values, asked: Question) -> Updates:
        """Shows the question; the run does not start."""
        shown = self._lines(values, anyway=True)
        text = texts.ASKED.format(reason=asked.reason)
        shown |= {self.go: gr.Button(visible=True), self.not_now: gr.Button(visible=True)}
        return shown | {self.line: views.status(text, tone="idle")}

    def answered(self) -> Updates:
        """Nothing is asked any more."""
        hidden = gr.Button(visible=False)
        return {self.agreed: False, self.go: hidden, self.not_now: hidden}

    def put_off(self, values: Values) -> Updates:
        return self.foresee(values) | {self.line: views.status(texts.PUT_OFF)}

    @told
    def make_smaller(self, values: Values) -> Iterator[Updates]:
        """The photo at a size that takes moments."""
        canvas: MaskValue = values[self.tab.photo.canvas]
        size = size_of(canvas)
        wanted = size and smaller_size(self.expected(values, size, sketch_of(canvas, size)))
        if wanted:
            told = texts.SMALLER_DONE.format(width=wanted[0], height=wanted[1])
            yield self._placed(smaller(canvas, *wanted), values[self.tab.running.stop], told)

    @told
    def make_cropped(self, canvas: MaskValue, region: str, stop: Any) -> Iterator[Updates]:
        """The part of the photo that is in sight."""
        opening = cut(canvas, _region(region))
        size = size_of(opening.value) or (0, 0)
        yield self._placed(opening, stop, texts.CROPPED_DONE.format(width=size[0], height=size[1]))

    def _placed(self, opening: Opening, stop: Any, told: str) -> Updates:
        photo = self.tab.photo
        placed = {photo.canvas: opening.value, photo.truth: None, photo.credit: ""}
        return self.tab.emptied(stop, self.words.hint, told) | placed

    def _lines(self, values: Values, anyway: bool = False) -> Updates:
        """anyway: also for a run that takes moments."""
        canvas: MaskValue = values[self.tab.photo.canvas]
        size = size_of(canvas)
        if size is None:
            return self._told("")
        mask = sketch_of(canvas, size) if self.task.wants_mask else None
        estimate = self.expected(values, size, mask)
        large = None if mask is None else expectation(mask, self.tab.settings.chosen(values).fill)
        if not (anyway or is_worth_telling(estimate)):
            return self._told(large or "") | {self.crop: gr.Button(visible=False)}
        is_part = mask is not None and around_hole(mask) is not None
        cost = sentence(estimate, not self.task.wants_mask or mask is not None, is_part)
        shown = self._told(" ".join([cost, *([large] if large else [])]))
        wanted = smaller_size(estimate)
        if wanted:
            text = texts.SMALLER.format(width=wanted[0], height=wanted[1])
            shown[self.smaller] = gr.Button(text, visible=True)
        return shown

    def _told(self, text: str) -> Updates:
        """The lines without a question, or none at all."""
        lines = {self.box: gr.Column(visible=bool(text)), self.text: text, self.smaller: gr.Button(visible=False)}
        return lines | {self.crop: gr.Button(visible=True)} | self.answered()


def _region(text: Any) -> Region:
    """Fractions from the browser. Raises `InputError` for anything else."""
    try:
        numbers = [float(each) for each in json.loads(text)]
        left, top, right, bottom = (min(1.0, max(0.0, number)) for number in numbers)
    except (TypeError, ValueError):
        raise InputError(texts.NOT_ZOOMED) from None
    if not (all(map(math.isfinite, numbers)) and left < right and top < bottom):
        raise InputError(texts.NOT_ZOOMED)
    return left, top, right, bottom
