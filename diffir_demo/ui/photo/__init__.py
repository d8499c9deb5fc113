"""The photo: the canvas, the examples, damage on request, and the files of masks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr
import numpy as np
from gradio.data_classes import GradioModel
from pydantic import Field, ValidationError

from ...errors import InputError, WeightsError
from ...imaging import check_mask, encode_picture, load_mask, mask_picture
from ...recipe import Recipe
from ...tasks import Task
from ..component import times, words_of
from ..files import file_data, keep, result_name
from ..languages import at_once
from ..outcome import Reference
from ..shared import AT_ONCE, QUIET, STATE, Feature, Shared, Updates, Values, press, report_errors, status
from ..state import AppState
from .canvas import MaskCanvas, MaskValue
from .examples import ExampleStrip, examples_for
from .photos import Opening, opened, opening_of, recipe_in, reference_behind
from .reading import photo_of, preview_of
from .server import finder_of, mask_preview_of

COMMON, WORDS = words_of(), words_of("photo")
MAKERS = ("damage", "undamage", "examples", "smaller", "crop")
"""Parts of the page that put another photo on the canvas when they are pressed."""


class Found(GradioModel):
    """What the canvas says of a search."""

    sensitivity: float = Field(ge=0, le=1, allow_inf_nan=False)


def shared_parts(task: Task, state: AppState) -> dict[str, Any]:
    """What other features see of the photo, with the first example on the canvas."""
    offered = examples_for(task.key)
    opening = opening_of(offered[0], task) if offered else Opening(MaskValue())
    named = f"{task.key}-{{}}".format
    functions = [mask_preview_of(task), finder_of(state.searches)] if task.wants_mask else []
    return {
        "canvas": MaskCanvas(
            opening.value,
            paintable=task.wants_mask,
            run=named("run"),
            cancel=named("cancel"),
            makers=[named(part) for part in MAKERS],
            server_functions=functions,
            elem_id=named("canvas"),
            render=False,
        ),
        "reference": gr.State(opening.reference, **STATE),
        "credit": gr.HTML(opening.credit, elem_classes="credit", elem_id=named("credit"), render=False),
    }


class PhotoFeature(Feature):
    """What is to be restored."""

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        self.offered = examples_for(self.task.key)
        self.examples = ExampleStrip(self.offered, elem_id=self.named("examples")) if self.offered else None
        self.canvas = shared.canvas

    def lay_out_more(self, finding: Any) -> None:
        """What is done to the photo beside painting. finding: the panel that says how to find scratches elsewhere."""
        self.finding = finding.render()
        with gr.Row(elem_classes="tight"):
            self.damage = self._button(self.shared.words.damage, "damage")
            self.undamage = self._button(WORDS.undamage, "undamage", visible=False)
            if self.task.wants_mask:
                self.mask_upload = gr.UploadButton(
                    WORDS.upload_mask, file_types=["image"], size="md", min_width=140, elem_id=self.named("mask-upload")
                )
                self.mask_save = self._button(WORDS.save_mask, "mask-save")
                self.mask_file = gr.DownloadButton(elem_id=self.named("mask-file"), elem_classes="offstage")
        self.outputs = [self.undamage, self.finding]

    def _button(self, text: str, part: str, **options: Any) -> gr.Button:
        return gr.Button(text, size="md", min_width=140, elem_id=self.named(part), **options)

    def connect(
        self,
        how_to_find: Callable[[str, float], Any],
        offer: Callable[[Recipe, MaskValue], Updates],
        offer_parts: list[Any],
        look: Callable[[MaskValue, Any], Updates],
    ) -> None:
        """how_to_find: (photo's name, sensitivity) -> a value for `finding`.

        offer: for a recipe that was opened; it changes `offer_parts`, the last of which is the state that `look` is
        given, too, for what the browser opened.
        """
        shared, known = self.shared, [self.canvas, self.shared.reference, self.shared.handle]
        self.how_to_find, self.offer = how_to_find, offer
        placed = [*shared.photo, *shared.outputs]
        inputs, outputs = [self.canvas, shared.handle], [*offer_parts, self.canvas, shared.credit, *shared.outputs]
        previewed = self.canvas.unreadable(self.preview_photo, inputs, outputs, **QUIET)
        # What the next press may change is done by the page itself: an answer that comes late would take that back.
        nothing = shared.board.data_model().model_dump()
        hidden = gr.update(visible=False)
        self.done_at_once = {
            shared.status: status(shared.intro, tone="intro"),
            shared.board: nothing,
            self.undamage: hidden,
            shared.credit: "",
        }
        self.canvas.opened(None, None, list(self.done_at_once), js=at_once(list(self.done_at_once.values())))
        taken = self.canvas.opened(self.took_photo, shared.handle, shared.outputs, **AT_ONCE)
        looked = [self.canvas, shared.status, shared.adjusted, *offer_parts]
        self.canvas.answered(taken.then(look, [self.canvas, offer_parts[-1]], looked, **AT_ONCE))
        self.canvas.answered(previewed)
        network = [shared.weights, shared.own]
        self._makes("damage", self.damage.click, self.do_damage, [*known, *network], placed)
        self._makes("undamage", self.undamage.click, self.undo_damage, known, placed)
        if self.examples is not None:
            self._makes("examples", self.examples.choose, self.choose_example, shared.handle, placed)
        if self.task.wants_mask:
            self.canvas.found(self.found, self.canvas, self.finding, **AT_ONCE)
            laid = [self.canvas, shared.status]
            self.mask_upload.upload(self.upload_mask, [self.canvas, self.mask_upload], laid, **QUIET)
            saved = self.mask_save.click(self.save_mask, self.canvas, [self.mask_file, shared.status], **QUIET)
            saved.success(None, js=press(self.named("mask-file")))

    def _makes(self, maker: str, event: Any, handler: Any, inputs: Any, outputs: list[Any]) -> None:
        """A press of one of `MAKERS`."""
        self.canvas.answered(event(handler, inputs, outputs, **QUIET), self.named(maker))

    @property
    def changes(self) -> list[Any]:
        """Events that put another photo on the canvas."""
        events = [self.canvas.opened, self.damage.click, self.undamage.click]
        return events if self.examples is None else [*events, self.examples.choose]

    def reset(self) -> Updates:
        return {self.undamage: gr.Button(visible=False), self.finding: None}

    def found(self, canvas: MaskValue, event: gr.EventData) -> Any:
        """Scratches were put into the mask: how to find them elsewhere."""
        try:
            asked = Found.model_validate(event._data)
        except ValidationError:
            return gr.skip()
        return self.how_to_find(canvas.name or "photo.png", asked.sensitivity)

    def task_for(self, weights: str | None, own: Values) -> Task:
        """The task as the chosen network does it: which damage it is for, and how far it enlarges."""
        try:
            chosen = self.state.chosen(self.task, weights, own)
        except WeightsError:
            return self.task
        if chosen.preset:
            return self.task.as_preset(self.task.preset(chosen.preset, chosen.scale))
        return self.task.at_scale(chosen.scale) if chosen.scale in self.task.scales else self.task

    @report_errors
    def do_damage(
        self,
        canvas: MaskValue,
        known: Reference | None,
        handle: threading.Event | None,
        weights: str | None,
        own: Values,
    ) -> Iterator[Updates]:
        """Makes a case with a known answer from the photo, of the kind that the chosen network is for.

        Pressed again, it starts from the clean photo again.
        """
        task = self.task_for(weights, own)
        behind = reference_behind(canvas, known)
        photo, name = (behind.picture, behind.name) if behind else (photo_of(canvas), canvas.name)
        damaged = task.degrade(photo, np.random.default_rng())
        mask = damaged.request.mask
        opening = opened(damaged.request.picture, name, damaged.reference)
        if mask is not None:
            opening.value.mask = file_data(keep(encode_picture(mask_picture(mask), ".png"), "mask.png"))
        text = self.shared.words.damaged.format(times=times([task.config.scale]))
        placed = {self.canvas: opening.value, self.shared.reference: opening.reference}
        yield self.shared.reset(handle, text) | placed | {self.undamage: gr.Button(visible=True)}

    @report_errors
    def undo_damage(
        self, canvas: MaskValue, known: Reference | None, handle: threading.Event | None
    ) -> Iterator[Updates]:
        """The photo as it was before the damage."""
        if behind := reference_behind(canvas, known):
            opening = opened(behind.picture, behind.name, None)
            placed = {self.canvas: opening.value, self.shared.reference: None}
            yield self.shared.reset(handle) | placed

    def took_photo(self, handle: threading.Event | None) -> Updates:
        """The browser opened a photo by itself."""
        gone = self.shared.reset(handle)
        return {part: value for part, value in gone.items() if part not in self.done_at_once}

    @report_errors
    def choose_example(self, handle: threading.Event | None, event: gr.EventData) -> Iterator[Updates]:
        """An example takes the place of the photo."""
        index = event._data.get("index") if isinstance(event._data, dict) else None
        if not isinstance(index, int) or not 0 <= index < len(self.offered):
            raise InputError(WORDS.no_example)
        opening = opening_of(self.offered[index], self.task)
        placed = zip(self.shared.photo, (opening.value, opening.reference, opening.credit), strict=True)
        yield self.shared.reset(handle) | dict(placed)

    @report_errors
    def preview_photo(self, canvas: MaskValue, handle: threading.Event | None) -> Iterator[Updates]:
        """For a file that the browser cannot show: a PNG of it, or the sentence that says what is wrong with it.

        A recipe on its own is no photo; the one that was there stays, and the recipe is offered.
        """
        try:
            recipe = recipe_in(canvas)
            photo = None if recipe else photo_of(canvas)
        except InputError:
            yield {self.canvas: MaskValue()}
            raise
        if recipe or photo is None:
            yield {self.canvas: MaskValue()}
            if recipe:  # by itself: the page is given the last of these twice, and would then empty the canvas
                yield self.offer(recipe, canvas)
            return
        canvas.preview = preview_of(photo)
        yield self.shared.reset(handle) | {self.shared.credit: "", self.canvas: canvas}

    @report_errors
    def upload_mask(self, canvas: MaskValue, path: str) -> Iterator[Updates]:
        """Lays a mask file over the photo, in place of what was painted."""
        mask = load_mask(path)
        check_mask(mask, photo_of(canvas))
        canvas.mask = file_data(keep(encode_picture(mask_picture(mask), ".png"), "mask.png"))
        canvas.strokes = []
        yield {self.canvas: canvas} | self.shared.say(WORDS.mask_opened)

    @report_errors
    def save_mask(self, canvas: MaskValue) -> Iterator[Updates]:
        """The mask at the photo's own size, black and white."""
        yield {self.mask_file: None}  # what is pressed next must not be an older mask
        photo = photo_of(canvas)
        if not canvas.has_mask:
            raise InputError(WORDS.no_mask_to_save)
        data = encode_picture(mask_picture(canvas.rasterised(photo.height, photo.width)), ".png")
        yield {self.mask_file: keep(data, result_name(canvas.name, "mask"))}
