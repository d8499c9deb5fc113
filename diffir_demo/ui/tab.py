"""One tab: its panels, where they stand, and what they tell each other."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import gradio as gr

from ..recipe import Recipe
from ..tasks import Request, Task
from . import views, words
from .mask_canvas import MaskValue
from .opening import asked_for, canvas_for
from .outcome import Outcome
from .panels.ahead import AheadPanel
from .panels.batch import BatchPanel
from .panels.export import ExportPanel
from .panels.history import HistoryPanel
from .panels.inside import InsidePanel
from .panels.lab import LabPanel
from .panels.panel import Panel, Updates, Values
from .panels.path import PathPanel
from .panels.photo import PhotoPanel
from .panels.result import ResultPanel
from .panels.running import RunningPanel
from .panels.settings import Own, SettingsPanel
from .panels.steering import SteeringPanel
from .run_list import RunList
from .studio import Studio


class Tab:
    """Made inside a `gr.Tab`: left the photo, right the result, the inside of the diffusion below both."""

    def __init__(self, task: Task, studio: Studio, runs: RunList) -> None:
        """runs: the page's list of finished runs."""
        self.task, self.studio = task, studio
        scales = sorted({each.scale for each in studio.weights_for(task)}) or task.scales
        intro = words.for_task(task.key).intro.format(times=words.times(scales)) or task.summary
        gr.HTML(f'<p class="intro">{intro}</p>')
        with gr.Row(elem_classes="work"):
            with gr.Column(scale=1, min_width=320, elem_classes="tight"):
                self.photo = PhotoPanel(self)
                self.recall = self.photo.recall
                self.settings = SettingsPanel(self)
            with gr.Column(scale=1, min_width=320, elem_classes="tight"):
                self.running = RunningPanel(self)
                self.presets = self.running.presets
                self.ahead = AheadPanel(self)
                self.result = ResultPanel(self)
                self.steering = SteeringPanel(self)
                self.path = PathPanel(self)
                self.export = ExportPanel(self)
        self.inside = InsidePanel(self)
        self.lab = LabPanel(self)
        self.batch = BatchPanel(self)
        self.history = HistoryPanel(self, runs)
        self.panels: Sequence[Panel] = (
            self.photo,
            self.recall,
            self.settings,
            self.running,
            self.presets,
            self.ahead,
            self.result,
            self.steering,
            self.path,
            self.export,
            self.inside,
            self.lab,
            self.batch,
            self.history,
        )
        for panel in self.panels:
            panel.connect()

    @property
    def inputs(self) -> set[Any]:
        """What a run reads. As a set, so that Gradio hands it over by component."""
        return {part for panel in self.panels for part in panel.inputs}

    @property
    def outputs(self) -> list[Any]:
        """What `emptied` and `shown` may change."""
        return list(dict.fromkeys(part for panel in self.panels for part in panel.outputs))

    def asked(self, values: Values) -> tuple[Recipe, Request]:
        """The page's values without the photo, and what they ask of the network. Raises `InputError`."""
        steps, chosen = self.settings.steps_of(values), self.settings.chosen(values)
        canvas, seed = values[self.photo.canvas], values[self.settings.seed]
        recipe, request = asked_for(self.task, canvas, seed, steps, chosen.preset)
        recipe = replace(recipe, steered=values[self.steering.recalled])
        return self.path.told_to(recipe, request, values[self.path.recalled], chosen)

    def emptied(self, stop: threading.Event | None, hint: str, status: str = words.READY) -> Updates:
        """Another photo: a run on the former one ends, and what came of it leaves the page. hint: HTML."""
        if stop is not None:
            stop.set()
        gone: Updates = {}
        for panel in self.panels:
            gone |= panel.emptied()
        return gone | self.result.hinted(hint) | {self.running.status: views.status(status)}

    def shown(self, outcome: Outcome) -> Updates:
        """A finished run, on the page."""
        here: Updates = {}
        for panel in self.panels:
            here |= panel.shown(outcome)
        return here

    def recalled(
        self, recipe: Recipe, place: MaskValue, own: Own, stop: threading.Event | None, status: str
    ) -> Updates:
        """A former run, ready to be done again: its settings, and its mask over the photo in `place`.

        status: what to tell. Raises `InputError` for what this page cannot set.
        """
        settings, sentence = self.settings.recalled(recipe, own)
        photo = {self.photo.canvas: canvas_for(recipe, place), self.photo.truth: None, self.photo.credit: ""}
        return (
            self.emptied(stop, words.HINT_RECALLED, status + sentence)
            | settings
            | photo
            | self.steering.asked_by(recipe)
            | self.path.asked_by(recipe)
        )

    @property
    def recalled_parts(self) -> list[Any]:
        """What `recalled` changes."""
        photo = [self.photo.canvas, self.photo.truth, self.photo.credit]
        return list(dict.fromkeys([*photo, *self.settings.recalled_parts, *self.outputs]))
