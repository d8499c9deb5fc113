"""The photo: the canvas, the examples, damage on request, and the files of masks."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import gradio as gr
import numpy as np
from gradio.data_classes import GradioModel
from pydantic import Field, ValidationError

from ...errors import InputError
from ...imaging import check_mask, encode_picture, load_mask, mask_picture
from .. import views, words
from ..copy_panel import CopyPanel, CopyValue, copy_value
from ..example_strip import ExampleStrip
from ..examples import Example, examples_for
from ..in_use import shower_of
from ..mask_canvas import MaskCanvas, MaskValue
from ..opening import Opening, file_data, opened, opening_of, photo_of, truth_behind
from ..outcome import Truth
from ..scratch_finder import finder_of
from ..snippets import Names, finding
from ..studio import keep
from ..words.recipe import A_RECIPE, FINDING
from .panel import AT_ONCE, QUIET, STATE, Panel, Updates, press, told
from .recall import RecallPanel, recipe_in

if TYPE_CHECKING:
    from ..tab import Tab
    from .settings import Own


MAKERS = ("damage", "undamage", "examples", "smaller", "crop")
"""Parts of the page that put another photo on the canvas when they are pressed."""


class Found(GradioModel):
    """What the canvas tells of a search."""

    sensitivity: float = Field(ge=0, le=1, allow_inf_nan=False)


class PhotoPanel(Panel):
    """What is to be restored."""

    def __init__(self, tab: Tab) -> None:
        super().__init__(tab)
        self.offered = examples_for(self.task.key)
        opening = opening_of(self.offered[0], self.task) if self.offered else Opening(MaskValue())
        self.examples = self._examples()
        self.recall = RecallPanel(tab)
        self.canvas = MaskCanvas(
            opening.value,
            paintable=self.task.wants_mask,
            run=self.named("run"),
            cancel=self.named("cancel"),
            makers=[self.named(part) for part in MAKERS],
            server_functions=[shower_of(self.task), finder_of(self.studio.searches)] if self.task.wants_mask else [],
            elem_id=self.named("canvas"),
        )
        self.finding = CopyPanel(FINDING, elem_id=self.named("finding"))
        self.credit = gr.HTML(opening.credit, elem_classes="credit", elem_id=self.named("credit"))
        with gr.Row(elem_classes="tight"):
            self.damage = gr.Button(self.words.damage, size="md", min_width=140, elem_id=self.named("damage"))
            self.undamage = gr.Button(
                words.UNDAMAGE, size="md", min_width=140, visible=False, elem_id=self.named("undamage")
            )
            if self.task.wants_mask:
                self._lay_out_mask_files()
        self.truth = gr.State(opening.truth, **STATE)
        """`Truth` or None."""
        self.inputs = [self.canvas, self.truth]
        self.outputs = [self.undamage, self.finding]

    def _examples(self) -> ExampleStrip | None:
        if not self.offered:
            return None
        return ExampleStrip([_thumbnail(each) for each in self.offered], elem_id=self.named("examples"))

    def _lay_out_mask_files(self) -> None:
        self.mask_upload = gr.UploadButton(
            words.UPLOAD_MASK, file_types=["image"], size="md", min_width=140, elem_id=self.named("mask-upload")
        )
        self.mask_save = gr.Button(words.SAVE_MASK, size="md", min_width=140, elem_id=self.named("mask-save"))
        self.mask_file = gr.DownloadButton(elem_id=self.named("mask-file"), elem_classes="offstage")

    def connect(self) -> None:
        stop, status, board = self.tab.running.stop, self.tab.running.status, self.tab.result.board
        renewed = [self.credit, *self.tab.outputs]
        placed = [self.canvas, self.truth, *renewed]
        recall, shown = self.recall.parts, [self.canvas, *renewed]
        previewed = self.canvas.unreadable(self.preview_photo, [self.canvas, stop], [*recall, *shown], **QUIET)
        # What the next press may change is done by the page itself: an answer that comes late would take that back.
        hint, hidden = self.tab.result.hinted(self.words.hint)[board].model_dump(), gr.update(visible=False)
        self.done_at_once = {status: views.status(words.READY), board: hint, self.undamage: hidden, self.credit: ""}
        done = json.dumps(list(self.done_at_once.values()))
        self.canvas.opened(None, None, list(self.done_at_once), js=f"() => {done}")
        self.opened = self.canvas.opened(self.took_photo, stop, self.tab.outputs, **AT_ONCE)
        self.canvas.heard(previewed)  # after `opened`, `recall` has a look at the file first
        known = [self.canvas, self.truth, stop]
        network = [self.tab.settings.weights, self.tab.settings.own]
        self.makes("damage", self.damage.click, self.do_damage, [*known, *network], placed)
        self.makes("undamage", self.undamage.click, self.undo_damage, known, placed)
        if self.examples is not None:
            self.makes("examples", self.examples.choose, self.choose_example, stop, placed)
        if self.task.wants_mask:
            self.canvas.found(self.found, self.canvas, self.finding, **AT_ONCE)
            laid = [self.canvas, status]
            self.mask_upload.upload(self.upload_mask, [self.canvas, self.mask_upload], laid, **QUIET)
            saved = self.mask_save.click(self.save_mask, self.canvas, [self.mask_file, status], **QUIET)
            saved.success(None, js=press(self.named("mask-file")))

    def makes(self, maker: str, press: Any, handler: Any, inputs: Any, outputs: list[Any], **options: Any) -> None:
        """A press of one of `MAKERS`."""
        self.canvas.heard(press(handler, inputs, outputs, **QUIET, **options), self.named(maker))

    def emptied(self) -> Updates:
        return {self.undamage: gr.Button(visible=False), self.finding: CopyValue()}

    def found(self, canvas: MaskValue, event: gr.EventData) -> Any:
        """Scratches were put into the mask: how to find them elsewhere."""
        try:
            asked = Found.model_validate(event._data)
        except ValidationError:
            return gr.skip()
        return copy_value(finding(Names(canvas.name or "photo.png", ""), asked.sensitivity))

    @told
    def do_damage(
        self, canvas: MaskValue, truth: Truth | None, stop: threading.Event | None, weights: str | None, own: Own
    ) -> Iterator[Updates]:
        """Makes a case with a known answer from the photo, of the kind that the chosen network is for.

        Pressed again, it starts from the clean photo again.
        """
        task = self.tab.settings.task_for(weights, own)
        known = truth_behind(canvas, truth)
        photo, name = (known.reference, known.name) if known else (photo_of(canvas), canvas.name)
        damaged = task.degrade(photo, np.random.default_rng())
        mask = damaged.request.mask
        opening = opened(damaged.request.picture, name, damaged.reference)
        if mask is not None:
            opening.value.mask = file_data(keep(encode_picture(mask_picture(mask), ".png"), "mask.png"))
        placed = {self.canvas: opening.value, self.truth: opening.truth, self.undamage: gr.Button(visible=True)}
        told = self.words.damaged.format(times=words.times([task.config.scale]))
        yield self.tab.emptied(stop, words.HINT_DAMAGED, told) | placed

    @told
    def undo_damage(self, canvas: MaskValue, truth: Truth | None, stop: threading.Event | None) -> Iterator[Updates]:
        """The photo as it was before the damage."""
        if known := truth_behind(canvas, truth):
            opening = opened(known.reference, known.name, None)
            yield self.tab.emptied(stop, self.words.hint) | {self.canvas: opening.value, self.truth: None}

    def took_photo(self, stop: threading.Event | None) -> Updates:
        """The browser opened a photo by itself."""
        emptied = self.tab.emptied(stop, self.words.hint)
        return {part: value for part, value in emptied.items() if part not in self.done_at_once}

    @told
    def choose_example(self, stop: threading.Event | None, event: gr.EventData) -> Iterator[Updates]:
        """An example takes the place of the photo."""
        index = event._data.get("index") if isinstance(event._data, dict) else None
        if not isinstance(index, int) or not 0 <= index < len(self.offered):
            raise InputError("There is no such example.")
        opening = opening_of(self.offered[index], self.task)
        placed = {self.canvas: opening.value, self.truth: opening.truth, self.credit: opening.credit}
        yield self.tab.emptied(stop, words.HINT) | placed

    @told
    def preview_photo(self, canvas: MaskValue, stop: threading.Event | None) -> Iterator[Updates]:
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
            if recipe:  # apart: the page is given the last of these twice, and would then empty the canvas
                yield self.recall.offered(recipe, A_RECIPE, canvas.name)
            return
        canvas.preview = file_data(keep(encode_picture(photo, ".png"), "preview.png"))
        yield self.tab.emptied(stop, self.words.hint) | {self.credit: "", self.canvas: canvas}

    @told
    def upload_mask(self, canvas: MaskValue, path: str) -> Iterator[Updates]:
        """Lays a mask file over the photo, in place of what was painted."""
        mask = load_mask(path)
        check_mask(mask, photo_of(canvas))
        canvas.mask = file_data(keep(encode_picture(mask_picture(mask), ".png"), "mask.png"))
        canvas.strokes = []
        yield {self.canvas: canvas, self.tab.running.status: views.status(words.MASK_OPENED)}

    @told
    def save_mask(self, canvas: MaskValue) -> Iterator[Updates]:
        """The mask at the photo's own size, black and white."""
        yield {self.mask_file: None}  # what is pressed next must not be an older mask
        photo = photo_of(canvas)
        if not canvas.has_mask:
            raise InputError(words.NO_MASK_TO_SAVE)
        data = encode_picture(mask_picture(canvas.rasterised(photo.height, photo.width)), ".png")
        yield {self.mask_file: keep(data, views.result_name(canvas.name, "mask"))}


def _thumbnail(example: Example) -> dict[str, str]:
    title = f"{example.title}, {example.author}, {example.licence}"
    return {"title": title, "label": example.label, "thumbnail": views.thumbnail(example.photo, 120)}
