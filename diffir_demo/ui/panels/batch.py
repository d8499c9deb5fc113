"""Many photos at once: a list that is filled, run through with the tab's settings, and given back as one zip."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from ...batch import Archive, Entry, Gathered, Working, gather, plan, run_batch
from ...errors import DiffIRError, InputError, WeightsError
from ...jobs import Job, Run, request_of, text_for
from ...recipe import Recipe
from .. import words as common
from ..batch_view import BatchView, waiting
from ..opening import checked_seed, recipe_for
from ..photo_list import PhotoList, PhotoListValue
from ..studio import place_for
from ..words import batch as words
from ..words import history
from .panel import AT_ONCE, QUIET, STATE, Panel, Updates, Values

if TYPE_CHECKING:
    from ..tab import Tab

IN_TURN: dict[str, Any] = {"concurrency_limit": 4, "concurrency_id": "batch"}
"""A line of their own, so that a visitor who presses Restore waits for one photo at most, and not for a whole batch."""
PULSE = 0.15
"""Seconds between two updates of the list: a run tells more often than anyone can see."""


class BatchPanel(Panel):
    """Folded away: most visitors have one photo."""

    def __init__(self, tab: Tab) -> None:
        super().__init__(tab)
        with gr.Accordion(words.TITLE, open=False, elem_id=self.named("batch")):
            first = tab.settings.first
            self.uses = gr.HTML(self._used(0, first and first.label, None), elem_id=self.named("batch-uses"))
            self.list = PhotoList(elem_id=self.named("batch-list"))
            with gr.Row(elem_classes="tight batch-actions"):
                self._lay_out_actions()
        self.gathered = gr.State(Gathered(), **STATE)
        self.stop = gr.State(None, **STATE)
        """`threading.Event` of the batch that was started last; set when it is stopped."""

    def _lay_out_actions(self) -> None:
        named = self.named
        formats = [(label, suffix) for suffix, label in words.FORMATS.items()]
        self.format = gr.Dropdown(
            formats, value=".png", label=words.FORMAT, scale=2, min_width=220, elem_id=named("batch-format")
        )
        self.start = gr.Button(
            words.START, variant="primary", interactive=False, min_width=120, elem_id=named("batch-start")
        )
        self.halt = gr.Button(words.STOP, interactive=False, min_width=90, elem_id=named("batch-stop"))
        self.download = gr.DownloadButton(words.DOWNLOAD, visible=False, min_width=160, elem_id=named("batch-download"))

    def connect(self) -> None:
        settings, listed = self.tab.settings, [self.list, self.gathered, self.start]
        self.list.added(self.add, [self.list, self.gathered], listed, **QUIET)
        self.list.removed(self.remove, self.gathered, listed, **AT_ONCE)
        self.list.cleared(self.clear, None, listed, **AT_ONCE)
        named = {settings.seed, settings.weights, settings.steps, settings.own}
        changes = [part.change for part in (settings.seed, settings.weights, settings.steps)]
        gr.on(changes, self.describe, named, self.uses, trigger_mode="always_last", **AT_ONCE)
        pressed = self.start.click(self.pressed, None, [self.start, self.halt, self.stop], **AT_ONCE)
        run = pressed.then(
            self.run,
            self.tab.inputs | {self.gathered, self.format, self.stop},
            [self.list, self.download, *self.tab.history.outputs],
            **QUIET,
            **IN_TURN,
        )
        run.then(self.idle, None, [self.start, self.halt], **AT_ONCE)
        self.halt.click(self.stopped, [self.stop], self.halt, **AT_ONCE)

    # --- the list ----------------------------------------------------------------------------------------------------

    def add(self, listed: PhotoListValue, gathered: Gathered) -> Updates:
        """Files were uploaded; where they cannot be taken, the list stays as it was and says why."""
        try:
            files = [Path(file.path) for file in listed.files]
            gathered = gather(files, self.task.wants_mask, gathered)
            value = waiting(gathered)
            if listed.line:  # of what the browser itself had to leave out
                value.line, value.tone = f"{value.line} {listed.line}", "bad"
        except DiffIRError as error:
            value = waiting(gathered)
            value.line, value.tone = str(error), "bad"
        return self._listed(gathered, value)

    def remove(self, gathered: Gathered, event: gr.EventData) -> Updates:
        told = event._data if isinstance(event._data, dict) else {}
        index = told.get("index")
        if isinstance(index, int) and 0 <= index < len(gathered.photos):
            gathered = gathered.without(index)
        listed = self._listed(gathered, waiting(gathered))
        if told.get("kept") and gathered.photos:
            del listed[self.list]
        return listed

    def clear(self) -> Updates:
        return self._listed(Gathered(), PhotoListValue())

    def _listed(self, gathered: Gathered, value: PhotoListValue) -> Updates:
        return {
            self.list: value,
            self.gathered: gathered,
            self.start: gr.Button(interactive=bool(gathered.photos)),
        }

    # --- the run -----------------------------------------------------------------------------------------------------

    def describe(self, values: Values) -> str:
        """What the batch will use, in words."""
        settings = self.tab.settings
        try:
            label = settings.chosen(values).label
        except WeightsError:
            label = None
        return self._used(values[settings.seed], label, settings.steps_of(values))

    def _used(self, seed: float | None, weights: str | None, steps: int | None) -> str:
        return words.uses(seed, weights or common.NO_WEIGHTS_BADGE, steps, self.task.wants_mask)

    def pressed(self) -> tuple[Any, Any, threading.Event]:
        return gr.Button(interactive=False), gr.Button(interactive=True), threading.Event()

    def idle(self) -> tuple[Any, Any]:
        return gr.Button(interactive=True), gr.Button(interactive=False)

    def stopped(self, stop: threading.Event | None) -> Any:
        """The run hears of it at its next event, and ends by giving what is finished."""
        if stop is not None:
            stop.set()
        return gr.Button(interactive=False)

    def run(self, values: Values) -> Iterator[Updates]:
        """All photos of the list, until they are done or the batch is stopped."""
        gathered: Gathered = values[self.gathered]
        view, archive = BatchView(gathered), None
        try:
            jobs, recipe, run = self._jobs(gathered, values), self._recipe(gathered, values), self._runner(values)
            yield {self.list: view.begin(), self.download: gr.DownloadButton(visible=False)}
            with self._archive(recipe, self._verb(values)) as archive:
                ask, stopped = partial(request_of, recipe=recipe), values[self.stop].is_set
                with closing(run_batch(jobs, ask, run, archive, stopped=stopped)) as events:
                    yield from self._shown(events, view)
            yield {self.list: view.end()} | self._offer(archive) | self._remembered(archive, recipe, view)
        except DiffIRError as error:
            yield {self.list: view.broke(str(error))}
        except Exception:
            yield {self.list: view.broke(words.BUG)} | self._offer(archive)
            raise

    def _jobs(self, gathered: Gathered, values: Values) -> list[Job]:
        if not gathered.photos:
            raise InputError(words.NO_PHOTOS, words.NO_PHOTOS_HINT)
        return plan(gathered, self._verb(values), values[self.format])

    def _recipe(self, gathered: Gathered, values: Values) -> Recipe:
        """The tab's settings, and what is drawn there; nothing need be drawn where photos bring masks of their own."""
        canvas, seed = values[self.tab.photo.canvas], values[self.tab.settings.seed]
        steps, chosen = self.tab.settings.steps_of(values), self.tab.settings.chosen(values)
        which: dict[str, Any] = {"preset": chosen.preset, "scale": chosen.scale}
        if not canvas.has_mask and any(gathered.mask_of(photo) for photo in gathered.photos):
            return Recipe(self.task.key, checked_seed(seed), steps=steps, **which)
        return replace(recipe_for(self.task, canvas, seed, steps), **which)

    def _runner(self, values: Values) -> Run:
        settings = self.tab.settings
        path, steps = settings.chosen(values).path, settings.steps_of(values)
        return lambda request: self.studio.run(self.task, request, path, False, None, steps)

    def _archive(self, recipe: Recipe, verb: str) -> Archive:
        """Every picture in it says what repeats it; the settings of all lie beside them."""
        return Archive(
            place_for(f"photos-{verb}.zip"),
            text=partial(text_for, recipe=recipe),
            files={"recipe.json": recipe.to_json(indent=1)},
        )

    def _verb(self, values: Values) -> str:
        return self.words.verb.format(scale=self.tab.settings.chosen(values).scale)

    def _shown(self, events: Iterator[Working | Entry], view: BatchView) -> Iterator[Updates]:
        """Every end of a photo, and as much of what lies between as can be seen."""
        last = 0.0
        for event in events:
            value = view.tell(event)
            if isinstance(event, Entry) or time.monotonic() - last >= PULSE:
                last = time.monotonic()
                yield {self.list: value}

    def _offer(self, archive: Archive | None) -> Updates:
        if archive is None or not archive.finished:
            return {}
        return {self.download: gr.DownloadButton(value=str(archive.path), visible=True)}

    def _remembered(self, archive: Archive, recipe: Recipe, view: BatchView) -> Updates:
        """A batch is one run of this browser's list, shown by its first photo."""
        first = next((entry for entry in archive.entries if entry.glance), None)
        if first is None:
            return {}
        name = words.counted(words.REMEMBERED, archive.finished)
        facts = [words.duration(view.seconds), history.LIST["seed"].format(seed=recipe.seed)]
        return self.tab.history.remembered(str(archive.path), name, facts, recipe, (None, first.glance))
