"""A result that is dropped back onto the page: its settings come back, and its photo where it can be found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from ...errors import InputError
from ...recipe import Recipe, find_recipe
from ...tasks import get_task
from ...weights.info import sha256_of
from .. import views
from ..mask_canvas import MaskValue
from ..opening import Opening, canvas_for, file_data, opening_of, placed, truth_behind
from ..outcome import Outcome
from ..studio import is_kept
from ..words import recipe as words
from ..words.path import of_recipe
from ..words.steering import moves
from .panel import AT_ONCE, QUIET, STATE, Panel, Updates, Values, told

if TYPE_CHECKING:
    from ..tab import Tab

REMEMBERED = 40
"""Photos that a browser remembers to have run, per task."""


@dataclass(frozen=True)
class Found:
    """A recipe that came with a file."""

    recipe: Recipe
    applied: bool = False
    """Its settings are back, and it waits for its photo."""


class RecallPanel(Panel):
    """A bar over the canvas that asks once, and then tells what is still missing."""

    def __init__(self, tab: Tab) -> None:
        super().__init__(tab)
        with gr.Column(visible=False, elem_classes="recall", elem_id=self.named("recall")) as self.bar:
            self.text = gr.HTML(elem_id=self.named("recall-text"))
            with gr.Row(elem_classes="tight"):
                self.use = gr.Button(
                    words.USE, variant="primary", size="md", min_width=140, elem_id=self.named("recall-use")
                )
                self.leave = gr.Button(words.OPEN, size="md", min_width=140, elem_id=self.named("recall-leave"))
        self.found = gr.State(None, **STATE)
        """`Found` or None."""
        self.seen = gr.BrowserState({}, storage_key=f"diffir-photos-{self.task.key}")
        """{fingerprint of a photo: its file here}, kept by the browser."""
        self.parts = [self.bar, self.text, self.use, self.leave, self.found]

    def connect(self) -> None:
        canvas, status = self.tab.photo.canvas, self.tab.running.status
        changed = [canvas, status, self.tab.steering.recalled, self.tab.path.recalled, *self.parts]
        canvas.heard(self.tab.photo.opened.then(self.look, [canvas, self.found], changed, **AT_ONCE))
        self.leave.click(lambda: self.hidden(), None, self.parts, **AT_ONCE)
        outcome = self.tab.result.outcome
        outcome.change(self.remember, [outcome, self.seen], self.seen, **AT_ONCE)

    def connect_all(self, tabs: dict[str, Tab], bar: gr.Tabs) -> None:
        """A recipe may be of another task than the tab it is dropped on. bar: what chooses the tab."""
        self.tabs, self.tab_bar = tabs, bar
        inputs = {self.found, self.tab.photo.canvas}
        outputs: list[Any] = [bar, *self.parts]
        for tab in tabs.values():
            inputs |= {tab.recall.seen, tab.running.stop, *tab.inputs}
            outputs += [*tab.recall.parts, *tab.recalled_parts]
        self.use.click(self.apply, inputs, list(dict.fromkeys(outputs)), **QUIET)

    def hidden(self) -> Updates:
        return {self.bar: gr.Column(visible=False), self.found: None}

    # --- a file was opened -------------------------------------------------------------------------------------------

    def look(self, canvas: MaskValue, found: Found | None) -> Updates:
        """Into the file on the canvas: a recipe may be in it, or another one may wait for it."""
        try:
            recipe = recipe_in(canvas)
        except InputError as error:  # the picture itself is good
            return self.hidden() | {self.tab.running.status: views.status(str(error))}
        if recipe is not None:
            return self.offered(recipe, words.IS_RESULT, canvas.name)
        if found is None or not found.applied:
            return self.hidden()
        if _is_photo_of(found.recipe, canvas):
            return self._laid(found.recipe, canvas, words.RIGHT_PHOTO)
        text = words.OTHER_PHOTO.format(file=escape(canvas.name), photo=_photo(found.recipe))
        return self._waiting(found.recipe, text, can_lay=found.recipe.has_mask)

    def _laid(self, recipe: Recipe, canvas: MaskValue, sentence: str) -> Updates:
        """Nothing is missing any more: the recipe's mask lies over the photo."""
        return self.hidden() | {
            self.tab.photo.canvas: canvas_for(recipe, canvas),
            self.tab.running.status: views.status(sentence),
            **self.tab.steering.asked_by(recipe),
            **self.tab.path.asked_by(recipe),
        }

    def offered(self, recipe: Recipe, sentence: str, file: str) -> Updates:
        """The question. sentence: with {file} and {what}."""
        text = sentence.format(file=escape(file), what=escape(self._what(recipe)))
        leave = words.OPEN if sentence == words.IS_RESULT else words.DISMISS
        return self._shown(text, Found(recipe), words.USE, leave)

    def _waiting(self, recipe: Recipe, text: str, can_lay: bool) -> Updates:
        return self._shown(text, Found(recipe, applied=True), words.LAY if can_lay else None, words.FORGET)

    def _shown(self, text: str, found: Found, use: str | None, leave: str) -> Updates:
        return {
            self.bar: gr.Column(visible=True),
            self.text: f'<p role="status">{text}</p>',
            self.use: gr.Button(use or words.USE, visible=use is not None),
            self.leave: gr.Button(leave),
            self.found: found,
        }

    def _what(self, recipe: Recipe) -> str:
        """Inpaint, seed 7, 3 strokes"""
        told = [get_task(recipe.task).title, words.SEED.format(seed=recipe.seed)]
        if recipe.steps:
            told.append(words.STEPS.format(steps=recipe.steps))
        if recipe.steered:
            told.append(words.MOVED.format(moves=moves(recipe.steered)))
        told += of_recipe(recipe)
        if count := len(recipe.strokes):
            told.append(words.ONE_STROKE if count == 1 else words.STROKES.format(count=count))
        if recipe.mask:
            told.append(words.MASK)
        return ", ".join(told)

    # --- its settings are wanted -------------------------------------------------------------------------------------

    @told
    def apply(self, values: Values) -> Iterator[Updates]:
        """Brings everything back that can be; what waits for its photo lays its mask over the one that is there."""
        found: Found | None = values[self.found]
        if found is None:
            return
        canvas: MaskValue = values[self.tab.photo.canvas]
        if found.applied:
            yield self._laid(found.recipe, canvas, words.LAID)
            return
        target = self.tabs[found.recipe.task]
        updates = self.hidden() | target.recall.restored(found.recipe, values, canvas)
        yield updates | {self.tab_bar: gr.Tabs(selected=found.recipe.task)}

    def restored(self, recipe: Recipe, values: Values, dropped: MaskValue) -> Updates:
        """This tab with the recipe's settings. dropped: what is on the canvas of the tab that the recipe came to."""
        own, stop = values[self.tab.settings.own], values[self.tab.running.stop]
        if opening := self._photo_for(recipe, values):
            status, bar = words.SETTINGS_BACK.format(what=self._what(recipe)), self.hidden()
        else:
            is_result = _holds(dropped, recipe)
            place = dropped if is_result else values[self.tab.photo.canvas]
            opening = Opening(place, truth_behind(place, values[self.tab.photo.truth]))
            status, bar = words.SETTINGS_BACK_WAITING, self._waiting(recipe, self._asking(recipe, is_result), False)
        photo = {self.tab.photo.truth: opening.truth, self.tab.photo.credit: opening.credit}
        return self.tab.recalled(recipe, opening.value, own, stop, status) | photo | bar

    def _asking(self, recipe: Recipe, is_result: bool) -> str:
        or_else = words.OR_THIS if is_result else words.OR_OTHER
        return words.WAITING.format(what=escape(self._what(recipe)), photo=_photo(recipe), or_else=or_else)

    def _photo_for(self, recipe: Recipe, values: Values) -> Opening | None:
        """The photo on the canvas, one that this browser has run, or an example, if it is the recipe's very own."""
        canvas: MaskValue = values[self.tab.photo.canvas]
        if _is_photo_of(recipe, canvas):
            return Opening(canvas, truth_behind(canvas, values[self.tab.photo.truth]))
        remembered = self._remembered(recipe, values[self.seen])
        if remembered is not None and _is_photo_of(recipe, remembered):
            return Opening(remembered, truth_behind(remembered, values[self.tab.photo.truth]))
        for example in self.tab.photo.offered:
            if recipe.photo and Path(example.file.name).stem == Path(recipe.photo.name).stem:
                opening = opening_of(example, self.task)
                if _is_photo_of(recipe, opening.value):
                    return opening
        return None

    def _remembered(self, recipe: Recipe, seen: Any) -> MaskValue | None:
        """What the browser says of that photo; it may say anything, so only files that were handed out are taken."""
        path = seen.get(recipe.photo.sha256) if recipe.photo and isinstance(seen, dict) else None
        if not recipe.photo or not isinstance(path, str) or not is_kept(path):
            return None
        return placed(file_data(path).model_copy(update={"orig_name": recipe.photo.name}))

    def remember(self, outcome: Outcome | None, seen: Any) -> Any:
        """Which file it was that was run, for the day its result comes back."""
        photo = outcome.recipe.photo if outcome and outcome.recipe else None
        if outcome is None or photo is None or photo.sha256 is None or not outcome.photo:
            return gr.skip()
        kept = seen if isinstance(seen, dict) else {}
        kept = {key: entry for key, entry in kept.items() if key != photo.sha256}
        return dict([*kept.items(), (photo.sha256, outcome.photo)][-REMEMBERED:])


def recipe_in(canvas: MaskValue) -> Recipe | None:
    """The recipe in the file on the canvas. Raises `InputError` where it cannot be used."""
    if canvas.file is None or not Path(canvas.file.path).is_file():
        return None
    return find_recipe(canvas.file.path)


def _is_photo_of(recipe: Recipe, canvas: MaskValue) -> bool:
    if recipe.photo is None or recipe.photo.sha256 is None or canvas.file is None:
        return False
    file = Path(canvas.file.path)
    return file.is_file() and sha256_of(file) == recipe.photo.sha256


def _holds(canvas: MaskValue, recipe: Recipe) -> bool:
    """Whether the canvas shows the very result that the recipe was in."""
    try:
        return recipe_in(canvas) == recipe
    except InputError:
        return False


def _photo(recipe: Recipe) -> str:
    """HTML."""
    if recipe.photo is None:
        return words.UNKNOWN_PHOTO
    return escape(words.PHOTO.format(**vars(recipe.photo)))
