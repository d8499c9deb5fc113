"""Many photos at once: a list that is filled, run through with the tab's settings, and given back as one zip."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from math import prod
from pathlib import Path
from typing import Any

import gradio as gr

from ...batch import (
    Archive,
    Entry,
    Gathered,
    Job,
    Run,
    Working,
    foreseen,
    gather,
    plan,
    request_of,
    run_batch,
    text_for,
)
from ...batch.masks import Source
from ...chain import Link, chained
from ...errors import DiffIRError, InputError, WeightsError
from ...imaging import FORMATS, OFFERED, QUALITY, Packed, load_picture, pictures_in_zip
from ...recipe import MOST_RUNS, Recipe
from ...settings import Settings
from ...tasks import TASKS, Task, get_task
from ..compare.board import BoardValue, CompareBoard, MethodData
from ..compare.view import view_of
from ..component import counted, task_words, words_of
from ..files import place_for
from ..languages import plain, said
from ..outcome import INPUT, RESULT
from ..photo.photos import checked_seed, recipe_for
from ..shared import AT_ONCE, QUIET, STATE, Feature, Shared, Updates, Values
from ..state import AppState, WeightsChoice
from .photos import BatchView, PhotoList, PhotoListValue, duration, uses, waiting

COMMON, WORDS, HISTORY_WORDS = words_of(), words_of("batch"), words_of("history")
IN_TURN: dict[str, Any] = {"concurrency_limit": 4, "concurrency_id": "batch"}
"""A queue of their own: a visitor who presses Restore waits for one photo at most, and not for a whole batch."""
PULSE = 0.15
"""Seconds between two updates of the list: a run has more events than can be seen."""


def first_uses(task: Task, state: AppState) -> str:
    """What the page's settings are at first, as HTML."""
    first = next(iter(state.weights_for(task)), None)
    return uses(0, first.label if first else COMMON.no_weights_badge, None, task.wants_mask)


class BatchFeature(Feature):
    """Folded away: most visitors have one photo."""

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        with gr.Accordion(WORDS.title, open=False, elem_id=self.named("batch")):
            self.uses = gr.HTML(first_uses(self.task, self.state), elem_id=self.named("batch-uses"))
            self.list = PhotoList(elem_id=self.named("batch-list"))
            board: dict[str, Any] = {"elem_id": self.named("batch-board"), "elem_classes": "batch-board"}
            self.board = CompareBoard(self.state.images, f"{self.task.key}-batch", **board)
            with gr.Row(elem_classes="tight batch-actions"):
                self._lay_out_actions()
        self.gathered = gr.State(Gathered(), **STATE)
        self.results = gr.State({}, **STATE)
        """`{name in the zip: (photo, result)}` of the batch that is over, as files."""
        self.seen = gr.State((), **STATE)
        """The pictures on the board, which serves regions of them as long as they are kept."""
        self.stop = gr.State(None, **STATE)
        """`threading.Event` of the batch that was started last; set when it is stopped."""

    def _lay_out_actions(self) -> None:
        named = self.named
        meanings = {True: WORDS.lossy, False: WORDS.lossless}
        formats = [(meanings[FORMATS[end].is_lossy(QUALITY)].format(format=form), end) for form, end in OFFERED.items()]
        formats.append((WORDS.as_it_was, ""))
        self.then = gr.Dropdown(
            [(title, key) for key, (title, _, _) in self._offered().items()],
            value=[],
            multiselect=True,
            max_choices=MOST_RUNS - 1,
            label=WORDS.then,
            info=WORDS.then_info,
            scale=2,
            min_width=220,
            elem_id=named("batch-then"),
        )
        self.format = gr.Dropdown(
            formats, value=".png", label=WORDS.format, scale=2, min_width=220, elem_id=named("batch-format")
        )
        self.start = gr.Button(
            WORDS.start, variant="primary", interactive=False, min_width=120, elem_id=named("batch-start")
        )
        self.halt = gr.Button(WORDS.stop, interactive=False, min_width=90, elem_id=named("batch-stop"))
        self.download = gr.DownloadButton(
            WORDS.download, variant="primary", visible=False, min_width=160, elem_id=named("batch-download")
        )

    def connect(self, remember: Callable[..., Updates]) -> None:
        """remember: puts a batch into the list of this browser's runs."""
        self.remember, shared = remember, self.shared
        listed = [self.list, self.gathered, self.start]
        self.list.added(self.add, [self.list, self.gathered], listed, **QUIET)
        self.list.removed(self.remove, self.gathered, listed, **AT_ONCE)
        self.list.cleared(self.clear, None, listed, **AT_ONCE)
        named = {shared.seed, shared.weights, shared.steps, shared.own}
        changes = [part.change for part in (shared.seed, shared.weights, shared.steps)]
        gr.on(changes, self.describe, named, self.uses, trigger_mode="always_last", **AT_ONCE)
        pressed = self.start.click(self.pressed, None, [self.start, self.halt, self.stop], **AT_ONCE)
        run = pressed.then(
            self.run,
            shared.inputs | {self.gathered, self.format, self.then, self.stop},
            [self.list, self.download, self.board, self.results, shared.runs],
            **QUIET,
            **IN_TURN,
        )
        run.then(self.idle, None, [self.start, self.halt], **AT_ONCE)
        self.halt.click(self.stopped, [self.stop], self.halt, **AT_ONCE)
        self.list.opened(self.look, self.results, [self.board, self.seen, self.list], **QUIET)

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
            value.line, value.tone = said(error), "bad"
        return self._listed(gathered, value)

    def remove(self, gathered: Gathered, event: gr.EventData) -> Updates:
        asked = event._data if isinstance(event._data, dict) else {}
        index = asked.get("index")
        if isinstance(index, int) and 0 <= index < len(gathered.photos):
            gathered = gathered.without(index)
        listed = self._listed(gathered, waiting(gathered))
        if asked.get("kept") and gathered.photos:
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
        shared = self.shared
        try:
            label = shared.chosen(values).label
        except WeightsError:
            label = None
        return self._used(values[shared.seed], label, shared.steps_of(values))

    def _used(self, seed: float | None, weights: str | None, steps: int | None) -> str:
        return uses(seed, weights or COMMON.no_weights_badge, steps, self.task.wants_mask)

    def pressed(self) -> tuple[Any, Any, threading.Event]:
        return gr.Button(interactive=False), gr.Button(interactive=True), threading.Event()

    def idle(self) -> tuple[Any, Any]:
        return gr.Button(interactive=True), gr.Button(interactive=False)

    def stopped(self, stop: threading.Event | None) -> Any:
        """The run sees it at its next event, and ends by giving what is finished."""
        if stop is not None:
            stop.set()
        return gr.Button(interactive=False)

    def run(self, values: Values) -> Iterator[Updates]:
        """All photos of the list, until they are done or the batch is stopped."""
        gathered: Gathered = values[self.gathered]
        view, archive = BatchView(gathered), None
        try:
            recipe, then = self._recipe(gathered, values), self._then(values)
            run = self._runner(recipe, then, values)
            jobs, ahead = self._jobs(gathered, values)
            hidden = {self.download: gr.DownloadButton(visible=False), self.board: BoardValue(), self.results: {}}
            yield {self.list: view.begin(ahead)} | hidden
            with self._archive(recipe, then[-1][0] if then else recipe, self._verb(values)) as archive:
                ask, stopped = partial(request_of, recipe=recipe), values[self.stop].is_set
                with closing(run_batch(jobs, ask, run, archive, stopped=stopped)) as events:
                    yield from self._shown(events, view)
            kept = {self.results: _results(jobs, archive)}
            yield {self.list: view.end()} | kept | self._offer(archive) | self._remembered(archive, recipe, view)
        except DiffIRError as error:
            yield {self.list: view.broke(said(error))}
        except Exception:
            yield {self.list: view.broke(WORDS.bug)} | self._offer(archive)
            raise

    def _jobs(self, gathered: Gathered, values: Values) -> tuple[list[Job], list[str]]:
        """(a job per photo, what is known before they begin)."""
        if not gathered.photos:
            raise InputError(WORDS.no_photos, WORDS.no_photos_hint)
        jobs = plan(gathered, self._verb(values), values[self.format])
        scale = self.shared.chosen(values).scale * prod(chosen.scale for _, chosen in self._then(values))
        place = place_for("photos.zip")
        return foreseen(jobs, scale, has_mask=self.task.wants_mask, may_change=True, place=place)

    def _recipe(self, gathered: Gathered, values: Values) -> Recipe:
        """The tab's settings, and what is drawn there; nothing need be drawn where photos bring masks of their own."""
        shared = self.shared
        canvas, seed = values[shared.canvas], values[shared.seed]
        steps, chosen = shared.steps_of(values), shared.chosen(values)
        which: dict[str, Any] = {"preset": chosen.preset, "scale": chosen.scale}
        if not canvas.has_mask and any(gathered.mask_of(photo) for photo in gathered.photos):
            return Recipe(self.task.key, Settings(seed=checked_seed(seed), steps=steps), **which)
        return replace(recipe_for(self.task, canvas, seed, steps), **which)

    def _offered(self) -> dict[str, tuple[str, Recipe, WeightsChoice]]:
        """What can be done with the results, by a key of its own: (title, its recipe, its network).

        Not what needs a mask, which would have to be drawn on every result.
        """
        found: dict[str, tuple[str, Recipe, WeightsChoice]] = {}
        for task in (task for task in TASKS.values() if not task.wants_mask):
            several = len(offered := [each for each in self.state.weights_for(task) if each.preset]) > 1
            for each in offered:
                title = task_words(task.key).do or task.title
                title = WORDS.then_preset.format(task=title, preset=each.title) if several else title
                recipe = Recipe(task.key, preset=each.preset, scale=each.scale)
                found[f"{task.key}:{each.preset}:{each.scale}"] = title, recipe, each
        return found

    def _then(self, values: Values) -> list[tuple[Recipe, WeightsChoice]]:
        """What follows the tab's own run, in order."""
        offered = self._offered()
        return [offered[key][1:] for key in values[self.then] or () if key in offered]

    def _runner(self, recipe: Recipe, then: Sequence[tuple[Recipe, WeightsChoice]], values: Values) -> Run:
        """The tab's run, or that and the others as one."""

        def run_of(task: Task, path: str) -> Run:
            return lambda request: self.state.run(task, request, path)

        first = Link(recipe, run_of(self.task, self.shared.chosen(values).path))
        others = [Link(each, run_of(get_task(each.task), chosen.path)) for each, chosen in then]
        return chained([first, *others]) if others else first.run

    def _archive(self, recipe: Recipe, last: Recipe, verb: str) -> Archive:
        """Every picture in it says what repeats it; the settings of all lie beside them. last: of the last run."""
        return Archive(
            place_for(f"photos-{verb}.zip"),
            text=partial(text_for, recipe=last),
            files={"recipe.json": (last.after(recipe) if last is not recipe else recipe).to_json(indent=1)},
        )

    def _verb(self, values: Values) -> str:
        """What was done, for the names of files: "cleaned-2x"."""
        done = [(self.task.key, self.shared.chosen(values)), *((each.task, its) for each, its in self._then(values))]
        return "-".join(task_words(key).verb.format(scale=chosen.scale) for key, chosen in done)

    def look(self, results: dict[str, tuple[Source, Packed]], event: gr.EventData) -> Updates:
        """A row was opened: photo and result on the stage of the page."""
        asked = event._data.get("result") if isinstance(event._data, dict) else None
        if asked not in results:
            return {self.board: gr.skip()}
        try:
            before, after = (load_picture(each) for each in results[asked])
        except DiffIRError as error:
            gr.Warning(plain(said(error)))
            return {self.board: BoardValue()}
        shown = {INPUT: (self.shared.words.input, before), RESULT: (results[asked][1].name, after)}
        methods = [
            MethodData(key=key, title=title, kind="network", view=view_of(each, self.state.images))
            for key, (title, each) in shown.items()
        ]
        return {self.board: BoardValue(size=(after.width, after.height), methods=methods), self.seen: (before, after)}

    def _shown(self, events: Iterator[Working | Entry], view: BatchView) -> Iterator[Updates]:
        """Every end of a photo, and as much of what lies between as can be seen."""
        last = 0.0
        for event in events:
            value = view.show(event)
            if isinstance(event, Entry) or time.monotonic() - last >= PULSE:
                last = time.monotonic()
                yield {self.list: value}

    def _offer(self, archive: Archive | None) -> Updates:
        if archive is None or not archive.finished:
            return {}
        return {self.download: gr.DownloadButton(value=str(archive.path), visible=True)}

    def _remembered(self, archive: Archive, recipe: Recipe, view: BatchView) -> Updates:
        """A batch is one run of this browser's list, shown by its first photo."""
        first = next((entry for entry in archive.entries if entry.thumbnail), None)
        if first is None:
            return {}
        name = counted(WORDS.remembered, archive.finished)
        facts = [duration(view.seconds), HISTORY_WORDS.list["seed"].format(seed=recipe.settings.seed)]
        return self.remember(str(archive.path), name, facts, recipe, (None, first.thumbnail))


def _results(jobs: Sequence[Job], archive: Archive) -> dict[str, tuple[Source, Packed]]:
    """Photo and result of every finished photo, by the result's name in the zip."""
    if not archive.finished:
        return {}
    packed = {each.member: each for each in pictures_in_zip(archive.path)[0]}
    photos = {job.target.name: job.source for job in jobs}
    return {
        entry.result: (photos[entry.result], packed[entry.result])
        for entry in archive.entries
        if entry.result in photos and entry.result in packed
    }
