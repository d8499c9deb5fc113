"""What this browser ran lately: sent by Python once per run, kept by the browser alone, and asked for again from there.

The server keeps no list. What comes back from the browser is checked like anything from outside: files by Gradio, the
recipe by `Recipe.from_json`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import gradio as gr
from gradio.data_classes import FileData, GradioModel
from pydantic import Field

from ...errors import InputError
from ...figures import seconds
from ...imaging import Picture
from ...recipe import Recipe
from ...tasks import TASKS
from ..component import TypedHTML, Value, parts, task_words, words_of
from ..files import file_data, still_there, thumbnail
from ..languages import say
from ..outcome import Outcome, changes, moves
from ..photo.canvas import MaskValue
from ..photo.reading import placed
from ..shared import AT_ONCE, QUIET, Feature, Shared, Updates, report_errors

WORDS = words_of("history")
MOST_RUNS = 24
MOST_CHARACTERS = 1_500_000
"""Of all runs together, as they are stored; a browser gives a page about three times as much."""
MOST_PHOTOS = 40
"""Photos whose files a browser remembers, per task."""
MOST_IN_RECIPE = 400_000
"""Characters; a longer one is not kept. Only masks that are ragged all over need more."""
SIDE = 160
"""Pixels of the pictures that the browser keeps."""
_TEXT = 300
_PICTURE = 30_000


class RunData(GradioModel):
    """One run, as the list shows it and remembers it."""

    id: str = Field(max_length=_TEXT)
    """The same result has the same."""
    message: str = Field(default="", max_length=_TEXT)
    """Every run's own: the page is given a handler's last update twice, and what was done between is to stay."""
    task: str = Field(max_length=_TEXT)
    name: str = Field(max_length=_TEXT)
    facts: list[str] = Field(default=[], max_length=8)
    """Short, in the order they are shown."""
    before: str | None = Field(default=None, max_length=_PICTURE)
    """As a data URL."""
    after: str | None = Field(default=None, max_length=_PICTURE)
    result: FileData | None = None
    photo: FileData | None = None
    recipe: str | None = Field(default=None, max_length=MOST_IN_RECIPE)


class RestoreRequest(GradioModel):
    """A run whose photo and settings are to come back."""

    recipe: str = Field(max_length=MOST_IN_RECIPE)
    photo: FileData | None = None


class RunListValue(Value):
    """To the browser: a run that was just finished. From the browser: one that is wanted again."""

    run: RunData | None = None
    restore: RestoreRequest | None = None


def again(task: str) -> str:
    """The event that asks for a run of this task."""
    return f"again_{task}"


class RunList(TypedHTML):
    """One for the whole page. Event `again(task)` for every task, with `restore` in the value."""

    data_model = RunListValue

    def __init__(self, **options: Any) -> None:
        settings = parts("history/list", "history/stored", "history/storage") | options
        events = {key: again(key) for key in TASKS}
        settings["js_on_load"] = f"const AGAIN = {json.dumps(events)};\n{settings['js_on_load']}"
        limits = {"runs": MOST_RUNS, "characters": MOST_CHARACTERS}
        titles = {key: task_words(key).do or task.title for key, task in TASKS.items()}
        super().__init__(
            RunListValue(), words=WORDS.list, titles=titles, limits=limits, server_functions=[still_there], **settings
        )


class HistoryFeature(Feature):
    """The tab's part in the list. It shows nothing itself: the list stands once on the page, below all tabs."""

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        self.outputs = [shared.runs]

    def connect(self, restore_settings: Callable[..., Updates], changed: list[Any], seen: gr.BrowserState) -> None:
        """restore_settings: a former run's settings, and its mask over a photo; it changes the parts `changed`.

        seen: {fingerprint of a photo: its file here}, kept by the browser.
        """
        shared, self.restore_settings = self.shared, restore_settings
        shared.outcome.change(self.remember, [shared.outcome, seen], seen, **AT_ONCE)
        asked = [shared.runs, shared.canvas, shared.own, shared.handle]
        getattr(shared.runs, again(self.task.key))(self.bring_back, asked, changed, **QUIET)

    def update(self, outcome: Outcome) -> Updates:
        if outcome.path is None:  # its file is still being written
            return {}
        run, weights = outcome.restoration, Path(outcome.weights).stem
        changed = [moves(run.steered)] if run.steered else []
        changed += [changes(outcome.bend)] if not outcome.bend.is_nothing else []
        facts = [f"{run.picture.width} × {run.picture.height}", say(seconds(outcome.waited)), *changed]
        facts += [WORDS.list["seed"].format(seed=run.request.settings.seed), weights]
        pictures = run.request.picture, run.picture
        return self.remembered(outcome.path, outcome.name, facts, outcome.recipe, pictures, outcome.photo)

    def remembered(
        self,
        result: str,
        name: str,
        facts: list[str],
        recipe: Recipe | None,
        pictures: tuple[Picture | None, Picture | None],
        photo: str = "",
    ) -> Updates:
        """Another run for the browser's list. pictures: before and after; photo, result: files of ours."""
        before, after = (thumbnail(each, SIDE) if each else None for each in pictures)
        text = recipe.to_json() if recipe else None
        run = RunData(
            id=Path(result).parent.name,  # Gradio's cache names folders after what is in them
            message=uuid4().hex,
            task=self.task.key,
            name=name,
            facts=facts,
            before=before,
            after=after,
            result=file_data(result),
            photo=file_data(photo) if photo else None,
            recipe=text if text and len(text) <= MOST_IN_RECIPE else None,
        )
        return {self.shared.runs: RunListValue(run=run)}

    def remember(self, outcome: Outcome | None, seen: Any) -> Any:
        """Which file it was that was run, for the day its result comes back."""
        photo = outcome.recipe.photo if outcome and outcome.recipe else None
        if outcome is None or photo is None or photo.sha256 is None or not outcome.photo:
            return gr.skip()
        kept = seen if isinstance(seen, dict) else {}
        kept = {key: entry for key, entry in kept.items() if key != photo.sha256}
        return dict([*kept.items(), (photo.sha256, outcome.photo)][-MOST_PHOTOS:])

    @report_errors
    def bring_back(
        self, asked: RunListValue, canvas: MaskValue, own: Any, handle: threading.Event | None
    ) -> Iterator[Updates]:
        """A former run's photo and settings; where the photo is gone, its settings for the one that is there."""
        if asked.restore is None:
            return
        recipe, photo = Recipe.from_json(asked.restore.recipe), asked.restore.photo
        if recipe.task != self.task.key:
            raise InputError(WORDS.other_task)
        if photo is not None and Path(photo.path).is_file():
            place, text = placed(photo), WORDS.back
        else:
            place, text = canvas, WORDS.settings_back
        yield self.restore_settings(recipe, place, own, handle, text)
