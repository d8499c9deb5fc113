"""What this browser ran lately: told by Python once per run, kept by the browser alone, and asked for again from there.

The server keeps no list. What comes back from the browser is checked like anything from a stranger: files by Gradio,
the recipe by `Recipe.from_json`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gradio.data_classes import FileData, GradioModel
from pydantic import Field

from ...tasks import TASKS
from ..component import TypedHTML, parts
from ..studio import is_kept
from ..words import history as words

MOST_RUNS = 24
MOST_CHARACTERS = 1_500_000
"""Of all runs together, as they are stored; a browser gives a page about three times as much."""
MOST_IN_RECIPE = 400_000
"""Characters; a longer one is not kept. Only masks that are ragged all over need more."""
_TEXT = 300
_PICTURE = 30_000


class RunData(GradioModel):
    """One run, as the list shows it and remembers it."""

    id: str = Field(max_length=_TEXT)
    """The same result has the same."""
    telling: str = Field(default="", max_length=_TEXT)
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


class Wish(GradioModel):
    """A run that is to come back."""

    recipe: str = Field(max_length=MOST_IN_RECIPE)
    photo: FileData | None = None


class RunListValue(GradioModel):
    """To the browser: a run that was just finished. From the browser: one that is wanted again."""

    run: RunData | None = None
    wish: Wish | None = None


def again(task: str) -> str:
    """The event that asks for a run of this task."""
    return f"again_{task}"


class RunList(TypedHTML):
    """One for the whole page. Event `again(task)` for every task, with a `wish` in the value."""

    data_model = RunListValue

    def __init__(self, **options: Any) -> None:
        settings = parts(Path(__file__).parent, "shelf") | options
        events = {key: again(key) for key in TASKS}
        settings["js_on_load"] = f"const AGAIN = {json.dumps(events)};\n{settings['js_on_load']}"
        limits = {"runs": MOST_RUNS, "characters": MOST_CHARACTERS}
        titles = {key: task.title for key, task in TASKS.items()}
        super().__init__(
            RunListValue(), words=words.LIST, titles=titles, limits=limits, server_functions=[still_there], **settings
        )


def still_there(paths: Any) -> list[bool]:
    """Whether these files are still in Gradio's cache; of any other file it says no."""
    asked = paths if isinstance(paths, list) else []
    return [isinstance(path, str) and is_kept(path) for path in asked[: 2 * MOST_RUNS]]
