"""A result that is dropped back onto the page: its settings come back, and its photo where it can be found."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from ...errors import InputError
from ...recipe import Recipe
from ...tasks import get_task
from ...weights.info import sha256_of
from ..component import task_words, words_of
from ..files import file_data, is_kept
from ..languages import listed, said, say
from ..outcome import moves, path_of_recipe
from ..photo.canvas import MaskValue
from ..photo.examples import Example
from ..photo.photos import Opening, canvas_for, opening_of, recipe_in, reference_behind
from ..photo.reading import placed
from ..shared import AT_ONCE, QUIET, STATE, Adjusted, Feature, Updates, Values, report_errors

COMMON, WORDS = words_of(), words_of("history")


@dataclass(frozen=True)
class Found:
    """A recipe that came with a file."""

    recipe: Recipe
    applied: bool = False
    """Its settings are back, and it waits for its photo."""


class RestoreSettingsFeature(Feature):
    """A bar over the canvas that asks once, and then says what is still missing."""

    def lay_out(self) -> None:
        with gr.Column(visible=False, elem_classes="settings-bar", elem_id=self.named("settings-bar")) as self.bar:
            self.text = gr.HTML(elem_id=self.named("settings-text"))
            with gr.Row(elem_classes="tight"):
                sizes: dict[str, Any] = {"size": "md", "min_width": 140}
                self.use = gr.Button(WORDS.use, variant="primary", elem_id=self.named("settings-use"), **sizes)
                self.leave = gr.Button(WORDS.open, elem_id=self.named("settings-leave"), **sizes)
        self.found = gr.State(None, **STATE)
        """`Found` or None."""
        self.seen = gr.BrowserState({}, storage_key=f"diffir-photos-{self.task.key}")
        """{fingerprint of a photo: its file here}, kept by the browser."""
        self.parts = [self.bar, self.text, self.use, self.leave, self.found]

    def connect(
        self,
        settings: Callable[[Recipe, Any], tuple[Updates, str]],
        settings_parts: Sequence[Any],
        examples: Sequence[Example],
    ) -> None:
        """settings: what a recipe sets, and a sentence about its weights; it changes `settings_parts`."""
        self.settings, self.examples = settings, examples
        self.changed = list(dict.fromkeys([*self.shared.photo, *settings_parts, *self.shared.outputs]))
        """What `restore` changes."""
        self.leave.click(lambda: self.hidden(), None, self.parts, **AT_ONCE)

    def connect_all(self, tabs: Mapping[str, RestoreSettingsFeature], bar: gr.Tabs) -> None:
        """A recipe may be of another task than the tab it is dropped on. bar: what chooses the tab."""
        self.tabs, self.tab_bar = tabs, bar
        inputs = {self.found, self.shared.canvas}
        outputs: list[Any] = [bar, *self.parts]
        for each in tabs.values():
            inputs |= {each.seen, *each.shared.inputs}
            outputs += [*each.parts, *each.changed]
        self.use.click(self.apply, inputs, list(dict.fromkeys(outputs)), **QUIET)

    def restore(self, recipe: Recipe, place: MaskValue, own: Any, handle: threading.Event | None, text: str) -> Updates:
        """A former run, ready to be done again: its settings, and its mask over the photo in `place`.

        text: for the status line. Raises `InputError` for what this page cannot set.
        """
        settings, sentence = self.settings(recipe, own)
        photo = dict(zip(self.shared.photo, (canvas_for(recipe, place), None, ""), strict=True))
        reset = self.shared.reset(handle, text + sentence)
        return reset | settings | photo | {self.shared.adjusted: Adjusted.by(recipe)}

    def hidden(self) -> Updates:
        return {self.bar: gr.Column(visible=False), self.found: None}

    # --- a file was opened -------------------------------------------------------------------------------------------

    def look(self, canvas: MaskValue, found: Found | None) -> Updates:
        """Into the file on the canvas: a recipe may be in it, or another one may wait for it."""
        try:
            recipe = recipe_in(canvas)
        except InputError as error:  # the picture itself is good
            return self.hidden() | self.shared.say(said(error))
        if recipe is not None and not canvas.taken:
            return self._offered(recipe, canvas, WORDS.is_result, WORDS.open)
        if found is None or not found.applied:
            return self.hidden()
        if _is_photo_of(found.recipe, canvas):
            return self._laid(found.recipe, canvas, WORDS.right_photo)
        text = WORDS.other_photo.format(file=escape(canvas.name), photo=_photo(found.recipe))
        return self._waiting(found.recipe, text, can_lay=found.recipe.has_mask)

    def offer(self, recipe: Recipe, canvas: MaskValue) -> Updates:
        """A recipe on its own was opened."""
        return self._offered(recipe, canvas, WORDS.a_recipe, WORDS.dismiss)

    def _laid(self, recipe: Recipe, canvas: MaskValue, text: str) -> Updates:
        """Nothing is missing any more: the recipe's mask lies over the photo."""
        laid = {self.shared.canvas: canvas_for(recipe, canvas), self.shared.adjusted: Adjusted.by(recipe)}
        return self.hidden() | laid | self.shared.say(text)

    def _offered(self, recipe: Recipe, canvas: MaskValue, sentence: str, leave: str) -> Updates:
        """The question. sentence: with {file} and {what}."""
        text = sentence.format(file=escape(canvas.name), what=escape(_what(recipe)))
        return self._shown(text, Found(recipe), WORDS.use, leave)

    def _waiting(self, recipe: Recipe, text: str, can_lay: bool) -> Updates:
        return self._shown(text, Found(recipe, applied=True), WORDS.lay if can_lay else None, WORDS.forget)

    def _shown(self, text: str, found: Found, use: str | None, leave: str) -> Updates:
        return {
            self.bar: gr.Column(visible=True),
            self.text: f'<p role="status">{text}</p>',
            self.use: gr.Button(use or WORDS.use, visible=use is not None),
            self.leave: gr.Button(leave),
            self.found: found,
        }

    # --- its settings are wanted -------------------------------------------------------------------------------------

    @report_errors
    def apply(self, values: Values) -> Iterator[Updates]:
        """Brings everything back that can be; what waits for its photo lays its mask over the one that is there."""
        found: Found | None = values[self.found]
        if found is None:
            return
        canvas: MaskValue = values[self.shared.canvas]
        if found.applied:
            yield self._laid(found.recipe, canvas, WORDS.laid)
            return
        target = self.tabs[found.recipe.task]
        updates = self.hidden() | target.restored(found.recipe, values, canvas)
        yield updates | {self.tab_bar: gr.Tabs(selected=found.recipe.task)}

    def restored(self, recipe: Recipe, values: Values, dropped: MaskValue) -> Updates:
        """This tab with the recipe's settings. dropped: what is on the canvas of the tab that the recipe came to."""
        shared = self.shared
        if opening := self._photo_for(recipe, values):
            text, bar = WORDS.settings_of_recipe_back.format(what=_what(recipe)), self.hidden()
        else:
            is_result = _holds(dropped, recipe)
            opening = _known(dropped if is_result else values[shared.canvas], values[shared.reference])
            or_else = WORDS.or_this if is_result else WORDS.or_other
            asking = WORDS.waiting.format(what=escape(_what(recipe)), photo=_photo(recipe), or_else=or_else)
            text, bar = WORDS.settings_back_waiting, self._waiting(recipe, asking, False)
        restored = self.restore(recipe, opening.value, values[shared.own], values[shared.handle], text)
        return restored | {shared.reference: opening.reference, shared.credit: opening.credit} | bar

    def _photo_for(self, recipe: Recipe, values: Values) -> Opening | None:
        """The photo on the canvas, one that this browser has run, or an example, if it is the recipe's very own."""
        canvas: MaskValue = values[self.shared.canvas]
        for place in (canvas, _remembered(recipe, values[self.seen])):
            if place is not None and _is_photo_of(recipe, place):
                return _known(place, values[self.shared.reference])
        for example in self.examples:
            if recipe.photo and Path(example.file.name).stem == Path(recipe.photo.name).stem:
                opening = opening_of(example, self.task)
                if _is_photo_of(recipe, opening.value):
                    return opening
        return None


def _known(place: MaskValue, known: Any) -> Opening:
    return Opening(place, reference_behind(place, known))


def _remembered(recipe: Recipe, seen: Any) -> MaskValue | None:
    """What the browser says of that photo; it may say anything, so only files that were handed out are taken."""
    path = seen.get(recipe.photo.sha256) if recipe.photo and isinstance(seen, dict) else None
    if not recipe.photo or not isinstance(path, str) or not is_kept(path):
        return None
    return placed(file_data(path).model_copy(update={"orig_name": recipe.photo.name}))


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


def _what(recipe: Recipe) -> str:
    """Inpaint, seed 7, 3 strokes"""
    title = task_words(recipe.task).do or say(get_task(recipe.task).title)
    said = [title, WORDS.seed.format(seed=recipe.settings.seed)]
    said += [WORDS.steps.format(steps=recipe.settings.steps)] if recipe.settings.steps else []
    said += [WORDS.moved.format(moves=moves(recipe.settings.steered))] if recipe.settings.steered else []
    said += path_of_recipe(recipe)
    if count := len(recipe.strokes):
        said.append(WORDS.one_stroke if count == 1 else WORDS.strokes.format(count=count))
    return listed([*said, *([WORDS.mask] if recipe.mask else [])])


def _photo(recipe: Recipe) -> str:
    """HTML."""
    if recipe.photo is None:
        return WORDS.unknown_photo
    return escape(WORDS.photo.format(**vars(recipe.photo)))
