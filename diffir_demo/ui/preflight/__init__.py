"""Before a run: what it will take, what else could be done with a large photo, and a question before a long one."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import gradio as gr
import numpy as np

from ...errors import DiffIRError, InputError
from ...memory import free_memory
from ...planning import Estimate
from ...run import MAX_OUTPUT_MEGAPIXELS
from ...tasks import Request
from ...texture import expectation
from ...tiling import around_hole
from ..component import words_of
from ..languages import all_said, number, say
from ..photo.canvas import MaskValue
from ..photo.photos import Opening
from ..run_queue import RunHandle
from ..shared import AT_ONCE, QUIET, STATE, Feature, Shared, Updates, Values, press, report_errors
from .resize import Region, cut, size_of, sketch_of, smaller

WORDS = words_of("preflight")
SECONDS, BYTES = 5.0, 1e9
"""From which an estimate is worth a line."""
LONG = 60.0
"""Seconds from which a run is asked about before it starts."""
MUCH = 0.7
"""Share of the free memory from which a run is asked about before it starts."""
QUICK = 4.0
"""Seconds that a photo should take once it was made smaller."""
LEAST = 1e6
"""Pixels of a result below which no photo is made smaller."""
WORTHWHILE = 0.8
"""Share of the pixels that a smaller photo may have at most, or it is not offered."""
ROUND = (2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50)
"""Seconds or minutes that a duration is rounded to."""


class PreflightFeature(Feature):
    """The lines below Restore; not there for photos that take moments, which are most."""

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        with gr.Column(visible=False, elem_classes="preflight", elem_id=self.named("preflight")) as self.box:
            self.text = gr.HTML(elem_id=self.named("preflight-text"))
            with gr.Row(elem_classes="tight"):
                self.go = self._button(WORDS.go_on, "go-on", variant="primary", visible=False)
                self.smaller = self._button("", "smaller", visible=False)
                self.crop = self._button(WORDS.crop, "crop")
                self.not_now = self._button(WORDS.not_now, "not-now", visible=False)
        self.agreed = gr.State(False, **STATE)
        """Whether the visitor was asked about the run that is starting, and wants it."""
        self.region = gr.Textbox(visible=False)
        """What is seen of the photo, a `Region` as JSON."""
        self.inputs = [self.agreed]
        self.outputs = [self.box, self.text, self.go, self.smaller, self.crop, self.not_now, self.agreed]

    def _button(self, text: str, name: str, **options: Any) -> gr.Button:
        return gr.Button(text, size="md", min_width=110, elem_id=self.named(name), **options)

    def connect(self) -> None:
        shared, canvas = self.shared, self.shared.canvas
        asked = {canvas, *shared.settings}
        changes = [part.change for part in (canvas, shared.weights, shared.previews, shared.steps)]
        gr.on(changes, self.foresee, asked, self.outputs, **AT_ONCE, trigger_mode="always_last")
        placed = [*shared.photo, *shared.outputs]
        made = self.smaller.click(self.make_smaller, {*asked, shared.handle}, placed, **QUIET)
        canvas.answered(made, self.named("smaller"))
        pad = f"document.querySelector('#{canvas.elem_id} .pad')"
        seen = f"(canvas, region, handle) => [canvas, {pad}.dataset.seen || '', handle]"
        cropped = self.crop.click(self.make_cropped, [canvas, self.region, shared.handle], placed, js=seen, **QUIET)
        canvas.answered(cropped, self.named("crop"))
        agreed = self.go.click(lambda: True, None, self.agreed, **AT_ONCE)
        agreed.then(None, js=press(self.named("run")))
        self.not_now.click(self.put_off, asked, [*self.outputs, shared.status], **AT_ONCE)

    def expected(self, values: Values, request: Request) -> Estimate:
        """Of that run, with the settings of the page. Raises `WeightsError` where there are no weights."""
        return self._expected(values, (request.picture.width, request.picture.height), request.mask)

    def _expected(self, values: Values, size: tuple[int, int], mask: np.ndarray | None) -> Estimate:
        shared, chosen = self.shared, self.shared.chosen(values)
        asked = {"previews": values[shared.previews], "steps": shared.steps_of(values), "fill": chosen.fill}
        return self.state.foresee(self.task, chosen.path, size, mask=mask, **asked)

    def foresee(self, values: Values) -> Updates:
        """The lines for what the page holds just now; none where something is missing, which a run will report."""
        try:
            return self._lines(values)
        except DiffIRError:
            return self._shown("")

    def ask(self, values: Values, estimate: Estimate) -> Updates | None:
        """The question before this run; None where there is nothing to ask, or the visitor has agreed already."""
        reason = None if values[self.agreed] else question(estimate, free_memory())
        if reason is None:
            return None
        asked = {self.go: gr.Button(visible=True), self.not_now: gr.Button(visible=True)}
        return self._lines(values, anyway=True) | asked | self.shared.say(WORDS.asked.format(reason=reason))

    def answered(self) -> Updates:
        """Nothing is asked any more."""
        hidden = gr.Button(visible=False)
        return {self.agreed: False, self.go: hidden, self.not_now: hidden}

    def put_off(self, values: Values) -> Updates:
        return self.foresee(values) | self.shared.say(WORDS.put_off)

    @report_errors
    def make_smaller(self, values: Values) -> Iterator[Updates]:
        """The photo at a size that takes moments."""
        canvas: MaskValue = values[self.shared.canvas]
        if _is_restoring(values[self.shared.handle]):
            return
        size = size_of(canvas)
        wanted = size and smaller_size(self._expected(values, size, sketch_of(canvas, size)))
        if wanted:
            text = WORDS.smaller_done.format(width=wanted[0], height=wanted[1])
            yield self._placed(smaller(canvas, *wanted), values[self.shared.handle], text)

    @report_errors
    def make_cropped(self, canvas: MaskValue, region: str, handle: Any) -> Iterator[Updates]:
        """The part of the photo that is in sight."""
        if _is_restoring(handle):
            return
        opening = cut(canvas, region_of(region))
        size = size_of(opening.value) or (0, 0)
        yield self._placed(opening, handle, WORDS.cropped_done.format(width=size[0], height=size[1]))

    def _placed(self, opening: Opening, handle: Any, text: str) -> Updates:
        photo = dict(zip(self.shared.photo, (opening.value, None, ""), strict=True))
        return self.shared.reset(handle, text) | photo

    def _lines(self, values: Values, anyway: bool = False) -> Updates:
        """anyway: also for a run that takes moments."""
        canvas: MaskValue = values[self.shared.canvas]
        size = size_of(canvas)
        if size is None:
            return self._shown("")
        mask = sketch_of(canvas, size) if self.task.wants_mask else None
        estimate = self._expected(values, size, mask)
        large = None if mask is None else expectation(mask, self.shared.chosen(values).fill)
        if not (anyway or is_worth_saying(estimate)):
            return self._shown(say(large or "")) | {self.crop: gr.Button(visible=False)}
        is_part = mask is not None and around_hole(mask) is not None
        cost = sentence(estimate, not self.task.wants_mask or mask is not None, is_part)
        shown = self._shown(all_said([cost, *([large] if large else [])]))
        if wanted := smaller_size(estimate):
            text = WORDS.smaller.format(width=wanted[0], height=wanted[1])
            shown[self.smaller] = gr.Button(text, visible=True)
        return shown

    def _shown(self, text: str) -> Updates:
        """The lines without a question, or none at all."""
        lines = {self.box: gr.Column(visible=bool(text)), self.text: text, self.smaller: gr.Button(visible=False)}
        return lines | {self.crop: gr.Button(visible=True)} | self.answered()


def _is_restoring(handle: Any) -> bool:
    """Whether a run goes, which another photo would end: the page hides these buttons then, a moment later."""
    return isinstance(handle, RunHandle) and handle.restores and not handle.is_over


def region_of(text: Any) -> Region:
    """Fractions from the browser. Raises `InputError` for anything else."""
    try:
        numbers = [float(each) for each in json.loads(text)]
        left, top, right, bottom = (min(1.0, max(0.0, number)) for number in numbers)
    except (TypeError, ValueError):
        raise InputError(WORDS.not_zoomed) from None
    if not (all(map(math.isfinite, numbers)) and left < right and top < bottom):
        raise InputError(WORDS.not_zoomed)
    return left, top, right, bottom


# --- what to say of an estimate: pure functions --------------------------------------------------------------------


def is_worth_saying(estimate: Estimate) -> bool:
    return estimate.seconds > SECONDS or estimate.bytes > BYTES or estimate.tiles > 1 or _is_too_large(estimate)


def sentence(estimate: Estimate, has_hole: bool, is_part: bool) -> str:
    """has_hole: there is a mask, or the task wants none. is_part: only what is around the hole is worked on."""
    time, size = about(estimate.seconds), memory(estimate.bytes)
    (width, height), (to_width, to_height) = estimate.input_size, estimate.output_size
    facts = {"width": width, "height": height, "to_width": to_width, "to_height": to_height}
    if _is_too_large(estimate):
        return WORDS.too_large.format(**facts)
    if not has_hole:
        return WORDS.no_hole_yet.format(**facts, time=time)
    larger = estimate.input_size != estimate.output_size
    form = WORDS.ahead_part if is_part else WORDS.ahead_larger if larger else WORDS.ahead_whole
    text = form.format(**facts, time=time, memory=size)
    if estimate.tiles > 1:
        text += WORDS.ahead_tiles.format(tiles=estimate.tiles)
    return text + (WORDS.ahead_previews if estimate.previews > estimate.seconds / 2 else "")


def question(estimate: Estimate, free: int | None) -> str | None:
    """What speaks against just starting, as a sentence; None where nothing does, or where the run would refuse at once.

    free: bytes of memory, None where the system does not say.
    """
    if _is_too_large(estimate):
        return None
    if free is not None and estimate.bytes > MUCH * free:
        facts = {"memory": memory(estimate.bytes), "free": memory(free)}
        return WORDS.asked_memory.format(**facts)
    if estimate.seconds > LONG:
        return WORDS.asked_time.format(time=about(estimate.seconds))
    return None


def smaller_size(estimate: Estimate) -> tuple[int, int] | None:
    """(width, height) at which a photo would take moments; None where it nearly does, or would be hardly smaller.

    What is made of it stays larger than the photo is: twice as large where more could not be held, else nothing is
    offered.
    """
    (width, height), (to_width, to_height) = estimate.input_size, estimate.output_size
    output = to_width * to_height
    share = min(QUICK / estimate.seconds, BYTES / estimate.bytes, MAX_OUTPUT_MEGAPIXELS * 1e6 / output)
    share = max(share, LEAST / output)
    if output > width * height > share * output:  # enlarged, it would be smaller than it is
        if not _is_too_large(estimate):
            return None
        share = min(4 * width * height, MAX_OUTPUT_MEGAPIXELS * 1e6) / output
    if share > WORTHWHILE:
        return None
    return max(1, round(width * share**0.5)), max(1, round(height * share**0.5))


def _is_too_large(estimate: Estimate) -> bool:
    return estimate.output_size[0] * estimate.output_size[1] > MAX_OUTPUT_MEGAPIXELS * 1e6


def about(seconds: float) -> str:
    """As exact as an estimate is: "about 20 seconds", "about 2 minutes"."""
    if seconds < 1.5:
        return WORDS.about["second"]
    if seconds < 55:
        return WORDS.about["seconds"].format(count=_nearest(seconds))
    if seconds < 90:
        return WORDS.about["minute"]
    if seconds < 55 * 60:
        return WORDS.about["minutes"].format(count=_nearest(seconds / 60))
    if seconds < 90 * 60:
        return WORDS.about["hour"]
    return WORDS.about["hours"].format(count=round(seconds / 3600))


def memory(count: float) -> str:
    """Bytes in words, rounded up: "300 MB", "2.5 GB"."""
    if count < 0.95e9:
        return f"{max(1, -(-int(count) // 50_000_000)) * 50} MB"
    halves = -(-int(count) // 500_000_000)
    return f"{number(halves / 2, 'g')} GB"


def _nearest(value: float) -> int:
    return min(ROUND, key=lambda step: abs(step - value) / step)
