"""What happens when a visitor presses something: every handler yields the components that change, and no others."""

from __future__ import annotations

import functools
import json
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from ..errors import DiffIRError, InputError, WeightsError
from ..events import Restoration
from ..imaging import check_mask, encode_picture, load_mask, mask_picture
from ..tasks import Task
from . import views, words
from .examples import Example
from .live import Updates, follow
from .mask_canvas import MaskValue
from .opening import file_data, opened, opening_of, photo_of, request_for, truth_behind
from .outcome import INPUT, ORIGINAL, Outcome, Truth, first_baseline
from .parts import Parts, badge, cleared, shown
from .studio import Studio, WeightsChoice, keep

Own = dict[str, WeightsChoice]
TOAST = 4
"""Seconds; the status line keeps the sentence."""


def told(handler: Callable[..., Iterator[Updates]]) -> Callable[..., Iterator[Updates]]:
    """Turns what a visitor can get wrong into one sentence, as a toast and in the status line. Bugs stay errors."""

    @functools.wraps(handler)
    def guarded(self: Handlers, *values: Any) -> Iterator[Updates]:
        try:
            yield from handler(self, *values)
        except DiffIRError as error:
            gr.Warning(str(error), title=words.TROUBLE, duration=TOAST)
            yield {self.parts.status: views.status(str(error), tone="bad")}
        except Exception:
            yield {self.parts.status: views.status(words.BUG, tone="bad")}
            raise

    return guarded


class Handlers:
    """The handlers of one tab."""

    def __init__(self, task: Task, studio: Studio, parts: Parts, examples: list[Example]) -> None:
        self.task, self.studio, self.parts, self.examples = task, studio, parts, examples
        self.words = words.for_task(task.key)

    @told
    def run(self, stop: threading.Event, *asked: Any) -> Iterator[Updates]:
        """One run, until it is done or cancelled: Gradio still delivers the update that was on its way by then."""
        with closing(self._restore(*asked)) as updates:
            for update in updates:
                if stop.is_set():
                    yield {self.parts.status: views.status(words.CANCELLED), self.parts.ipr: None}
                    return
                yield update

    def _restore(
        self, canvas: MaskValue, seed: float, previews: bool, weights: str, own: Own, truth: Truth | None, left: str
    ) -> Generator[Updates, None, None]:
        """The photo goes in, the steps and the painting are shown as they happen, and the result stays."""
        parts = self.parts
        yield {parts.status: views.status(words.READING, 0.0, "busy"), parts.ipr: None}
        request = request_for(self.task, canvas, seed)
        path = self.chosen(weights, own).path
        if not self.studio.is_loaded(self.task, path):
            yield {parts.status: views.status(words.LOADING, 0.0, "busy")}
        with closing(self.studio.run(self.task, request, path, previews)) as events:
            restoration = yield from follow(events, previews, parts)
        yield from self._present(restoration, canvas, truth_behind(canvas, truth), left)

    def _present(
        self, restoration: Restoration, canvas: MaskValue, truth: Truth | None, left: str
    ) -> Iterator[Updates]:
        """The result first, then the baseline beside it. The device is free again by now."""
        name, picture = truth.name if truth else canvas.name, restoration.picture
        verb = self.words.verb.format(scale=picture.width // restoration.request.picture.width)
        path = keep(encode_picture(picture, ".png", text=_recipe(restoration)), views.result_name(name, verb))
        comparable = truth is not None and truth.reference.pixels.shape == picture.pixels.shape
        outcome = Outcome(restoration, name, path, truth.reference if truth and comparable else None)
        yield shown(self.parts, outcome, self._left_path(outcome, INPUT))
        yield {self.parts.status: views.finished(restoration)}
        if baseline := first_baseline(self.task.key):
            outcome = outcome.with_rival(baseline)
            yield {self.parts.scores: views.table(outcome), self.parts.outcome: outcome}
        if left != INPUT and (comparable or left != ORIGINAL):
            yield {self.parts.left: left}
            yield from self.compare(left, outcome)

    @told
    def compare(self, left: str, outcome: Outcome | None) -> Iterator[Updates]:
        """Another picture on the left of the line; a baseline is run when it is first asked for."""
        if outcome is None:
            return
        if left not in (INPUT, ORIGINAL, *outcome.rivals):
            name = dict((key, label) for label, key in views.sides(outcome, self.task.key))[left]
            yield {self.parts.status: views.status(words.COMPARING.format(name=name), 0.5, "busy")}
            outcome = outcome.with_rival(left)
            yield {self.parts.status: views.finished(outcome.restoration)}
        yield {
            self.parts.slider: (self._left_path(outcome, left), outcome.path),
            self.parts.scores: views.table(outcome),
            self.parts.outcome: outcome,
        }

    @told
    def damage(self, canvas: MaskValue, truth: Truth | None, stop: threading.Event | None) -> Iterator[Updates]:
        """Makes a case with a known answer from the photo; pressed again, from the clean photo again."""
        known = truth_behind(canvas, truth)
        photo, name = (known.reference, known.name) if known else (photo_of(canvas), canvas.name)
        damaged = self.task.degrade(photo, np.random.default_rng())
        mask = damaged.request.mask
        opening = opened(damaged.request.picture, name, damaged.reference)
        if mask is not None:
            opening.value.mask = file_data(keep(encode_picture(mask_picture(mask), ".png"), "mask.png"))
        placed = {self.parts.canvas: opening.value, self.parts.truth: opening.truth}
        placed[self.parts.undamage] = gr.Button(visible=True)
        yield self._another(stop, words.HINT_DAMAGED, self.words.damaged) | placed

    @told
    def undamage(self, canvas: MaskValue, truth: Truth | None, stop: threading.Event | None) -> Iterator[Updates]:
        """The photo as it was before `damage`."""
        if known := truth_behind(canvas, truth):
            opening = opened(known.reference, known.name, None)
            placed = {self.parts.canvas: opening.value, self.parts.truth: None}
            yield self._another(stop, self.words.hint) | placed

    def took_photo(self, stop: threading.Event | None) -> Updates:
        """The browser opened a photo by itself."""
        return self._another(stop, self.words.hint) | {self.parts.credit: ""}

    @told
    def choose_example(self, stop: threading.Event | None, event: gr.EventData) -> Iterator[Updates]:
        """An example takes the place of the photo."""
        index = event._data.get("index") if isinstance(event._data, dict) else None
        if not isinstance(index, int) or not 0 <= index < len(self.examples):
            raise InputError("There is no such example.")
        opening = opening_of(self.examples[index], self.task)
        placed = {self.parts.canvas: opening.value, self.parts.truth: opening.truth, self.parts.credit: opening.credit}
        yield self._another(stop, words.HINT) | placed

    @told
    def preview_photo(self, canvas: MaskValue, stop: threading.Event | None) -> Iterator[Updates]:
        """For a file that the browser cannot show: a PNG of it, or the sentence that says what is wrong with it."""
        try:
            photo = photo_of(canvas)
        except InputError:
            yield {self.parts.canvas: MaskValue()}
            raise
        canvas.preview = file_data(keep(encode_picture(photo, ".png"), "preview.png"))
        yield self.took_photo(stop) | {self.parts.canvas: canvas}

    @told
    def upload_mask(self, canvas: MaskValue, path: str) -> Iterator[Updates]:
        """Lays a mask file over the photo, in place of what was painted."""
        mask = load_mask(path)
        check_mask(mask, photo_of(canvas))
        canvas.mask = file_data(keep(encode_picture(mask_picture(mask), ".png"), "mask.png"))
        canvas.strokes = []
        yield {self.parts.canvas: canvas, self.parts.status: views.status(words.MASK_OPENED)}

    @told
    def save_mask(self, canvas: MaskValue) -> Iterator[Updates]:
        """The mask at the photo's own size, black and white."""
        yield {self.parts.mask_file: None}  # what is pressed next must not be an older mask
        photo = photo_of(canvas)
        if not canvas.has_mask:
            raise InputError(words.NO_MASK_TO_SAVE)
        data = encode_picture(mask_picture(canvas.rasterised(photo.height, photo.width)), ".png")
        yield {self.parts.mask_file: keep(data, views.result_name(canvas.name, "mask"))}

    @told
    def choose_weights(self, weights: str, own: Own, outcome: Outcome | None) -> Iterator[Updates]:
        text = words.WEIGHTS_CHOSEN if outcome else words.READY
        yield {self.parts.badge: badge(self.chosen(weights, own), self.studio), self.parts.status: views.status(text)}

    @told
    def bring_weights(self, path: str, own: Own) -> Iterator[Updates]:
        """A visitor's own weight file, for this visit."""
        yield {self.parts.status: views.status(words.LOADING, 0.0, "busy")}
        mine = self.studio.own_weights(path, self.task)
        own = own | {mine.key: mine}
        offered = [*self.studio.weights_for(self.task), *own.values()]
        yield {
            self.parts.own: own,
            self.parts.weights: gr.Dropdown(choices=[(each.label, each.key) for each in offered], value=mine.key),
            self.parts.badge: badge(mine, self.studio),
            self.parts.status: views.status(words.WEIGHTS_OPENED.format(name=Path(path).name, badge=mine.badge)),
        }

    def chosen(self, weights: str | None, own: Own) -> WeightsChoice:
        """The file behind a key; only files that were offered can be named."""
        offered = {each.key: each for each in self.studio.weights_for(self.task)} | own
        if not offered:
            raise WeightsError(words.NO_WEIGHTS)
        return offered.get(weights or "") or next(iter(offered.values()))

    def pressed(self) -> tuple[Any, Any, Any, threading.Event]:
        status = views.status(words.PRESSED, 0.0, "busy")
        return gr.Button(interactive=False), gr.Button(interactive=True), status, threading.Event()

    def idle(self) -> tuple[Any, Any]:
        return gr.Button(interactive=True), gr.Button(interactive=False)

    def cancelled(self, stop: threading.Event | None) -> tuple[Any, Any, Any, None]:
        """The last value empties the view of the steps: a result that stays was not made by these."""
        if stop is not None:
            stop.set()
        return *self.idle(), views.status(words.CANCELLED), None

    def _another(self, stop: threading.Event | None, hint: str, status: str = words.READY) -> Updates:
        """Another photo: a run on the former one ends, and what came of it leaves the page."""
        if stop is not None:
            stop.set()
        return cleared(self.parts, hint, status)

    def _left_path(self, outcome: Outcome, left: str) -> str:
        return keep(encode_picture(outcome.left(left), ".png"), views.result_name(outcome.name, left))


def _recipe(restoration: Restoration) -> dict[str, str]:
    """Told inside the PNG: what made it."""
    settings = {"task": restoration.task, "weights": restoration.weights, "seed": restoration.request.seed}
    return {"Software": words.TITLE, "DiffIR": json.dumps(settings)}
