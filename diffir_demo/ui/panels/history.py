"""The tab's part in the list of this browser's runs: tells it of each, and brings one back that is asked for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from ...errors import InputError
from ...imaging import Picture
from ...recipe import Recipe
from .. import views
from ..mask_canvas import MaskValue
from ..opening import file_data, placed
from ..outcome import Outcome
from ..run_list import MOST_IN_RECIPE, RunData, RunList, RunListValue, again
from ..words import history as words
from ..words.path import changes
from ..words.steering import moves
from .panel import QUIET, Panel, Updates, told
from .settings import Own

if TYPE_CHECKING:
    from ..tab import Tab

SIDE = 160
"""Pixels of the pictures that the browser keeps."""


class HistoryPanel(Panel):
    """Shows nothing itself: the list stands once on the page, below all tabs."""

    def __init__(self, tab: Tab, runs: RunList) -> None:
        super().__init__(tab)
        self.list = runs
        self.outputs = [runs]

    def connect(self) -> None:
        tab = self.tab
        asked = [self.list, tab.photo.canvas, tab.settings.own, tab.running.stop]
        getattr(self.list, again(self.task.key))(self.bring_back, asked, tab.recalled_parts, **QUIET)

    def shown(self, outcome: Outcome) -> Updates:
        if outcome.path is None:  # its file is still being written
            return {}
        run, weights = outcome.restoration, Path(outcome.weights).stem
        moved = [moves(run.steered)] if run.steered else []
        moved += [changes(outcome.bend)] if not outcome.bend.is_nothing else []
        facts = [f"{run.picture.width} × {run.picture.height}", views.seconds(run.seconds.total), *moved]
        return self.remembered(
            outcome.path,
            outcome.name,
            [*facts, words.LIST["seed"].format(seed=run.request.seed), weights],
            outcome.recipe,
            (run.request.picture, run.picture),
            outcome.photo,
        )

    def remembered(
        self,
        result: str,
        name: str,
        facts: list[str],
        recipe: Recipe | None,
        pictures: tuple[Picture | None, Picture | None],
        photo: str = "",
    ) -> Updates:
        """Tells the browser of a run. pictures: before and after; photo, result: files of ours."""
        before, after = (views.thumbnail(each, SIDE) if each else None for each in pictures)
        text = recipe.to_json() if recipe else None
        run = RunData(
            id=Path(result).parent.name,  # Gradio's cache names folders after what is in them
            telling=uuid4().hex,
            task=self.task.key,
            name=name,
            facts=facts,
            before=before,
            after=after,
            result=file_data(result),
            photo=file_data(photo) if photo else None,
            recipe=text if text and len(text) <= MOST_IN_RECIPE else None,
        )
        return {self.list: RunListValue(run=run)}

    @told
    def bring_back(
        self, asked: RunListValue, canvas: MaskValue, own: Own, stop: threading.Event | None
    ) -> Iterator[Updates]:
        """A former run's photo and settings; where the photo is gone, its settings for the one that is there."""
        if asked.wish is None:
            return
        recipe, wish = Recipe.from_json(asked.wish.recipe), asked.wish
        if recipe.task != self.task.key:
            raise InputError(words.OTHER_TASK)
        if wish.photo is not None and Path(wish.photo.path).is_file():
            place, status = placed(wish.photo), words.BACK
        else:
            place, status = canvas, words.SETTINGS_BACK
        yield self.tab.recalled(recipe, place, own, stop, status)
