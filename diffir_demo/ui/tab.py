"""One tab: its features, where they stand, and which function of one serves which other. No feature sees this."""

from __future__ import annotations

import gradio as gr

from ..tasks import Task
from . import photo, run, settings
from .adjust import PathFeature, SteeringFeature
from .batch import BatchFeature
from .compare import CompareFeature
from .compare.board import BoardValue, CompareBoard
from .component import words_of
from .export import CopyPanel, ExportFeature, finding_value
from .fold import folded
from .history import HistoryFeature, RunList
from .history.settings import RestoreSettingsFeature
from .lab import LabFeature
from .preflight import PreflightFeature
from .shared import STATE, Adjusted, Shared
from .stage import StageFeature
from .state import AppState
from .timeline import Timeline, TimelineFeature


class Tab:
    """Made inside a `gr.Tab`: one stage for photo and result, a bar with what can be done, and what is folded below."""

    def __init__(self, task: Task, state: AppState, runs: RunList) -> None:
        """runs: the page's list of finished runs."""
        self.shared = shared = _shared(task, state, runs)
        self.finding = CopyPanel(words_of("export").finding, elem_id=shared.named("finding"), render=False)
        self.restore_settings = RestoreSettingsFeature(shared)
        with gr.Column(elem_id=shared.named("bench"), elem_classes="bench"):
            with gr.Row(elem_classes="over-stage"):
                self.settings = settings.SettingsFeature(shared)
                self.settings.lay_out_presets()
                self.photo = photo.PhotoFeature(shared)
            self.restore_settings.lay_out()
            with gr.Column(elem_classes="stages"):
                shared.canvas.render()
                self.compare = CompareFeature(shared)
            self._lay_out_bar()
        self._lay_out_below()
        self._connect()

    def _lay_out_bar(self) -> None:
        """It stays at the window's lower edge, so that the next thing to do is always there."""
        shared = self.shared
        self.run, self.export = run.RunFeature(shared), ExportFeature(shared)
        with gr.Column(elem_classes="desk"), gr.Row(elem_classes="doing"):
            self.stage = StageFeature(shared)
            with gr.Column(elem_classes="said"):
                self.run.lay_out_status()
                self.preflight = PreflightFeature(shared)
            self.compare.lay_out_another()
            self.export.lay_out_download()
            self.run.lay_out_buttons()

    def _lay_out_below(self) -> None:
        shared = self.shared
        shared.credit.render()
        with folded(words_of("stage").details, shared.named("details"), "details", "details"):
            self.photo.lay_out_more(self.finding)
            self.compare.lay_out_measures()
            self.export.lay_out()
            self.settings.lay_out()
        self.steering, self.path = SteeringFeature(shared), PathFeature(shared)
        with folded(words_of("stage").inside, shared.named("inside"), "inside", "inside"):
            self.timeline = TimelineFeature(shared)
            self.lab = LabFeature(shared)
        self.batch = BatchFeature(shared)
        self.history = HistoryFeature(shared)

    def _connect(self) -> None:
        """Once all are there, since what one changes is among what another one's handlers may change."""
        restoring, before, compare = self.restore_settings, self.preflight, self.compare
        restoring.connect(self.settings.restored, self.settings.parts, self.photo.offered)
        self.photo.connect(finding_value, restoring.offer, restoring.parts, restoring.look)
        self.settings.connect()
        self.stage.connect()
        self.run.connect(before.expected, before.ask, before.answered, compare.presented, self.timeline)
        before.connect()
        compare.connect(self.export.as_png)
        for adjustment in (self.steering, self.path):
            self.timeline.follow(adjustment.connect(compare.settle, compare.brought))
        self.export.connect()
        self.timeline.connect()
        self.lab.connect(self.photo.changes)
        self.batch.connect(self.history.remembered)
        self.history.connect(restoring.restore, restoring.changed, restoring.seen)


def _shared(task: Task, state: AppState, runs: RunList) -> Shared:
    named = f"{task.key}-{{}}".format
    nothing = BoardValue()
    return Shared(
        task,
        state,
        **photo.shared_parts(task, state),
        **settings.shared_parts(task, state),
        **run.shared_parts(task),
        board=CompareBoard(state.images, task.key, nothing, elem_id=named("board"), render=False),
        experiment=gr.State(None, **STATE),
        outcome=gr.State(None, **STATE),
        result=gr.State(None, **STATE),
        timeline=Timeline(task.config.timesteps, elem_id=named("timeline"), render=False),
        runs=runs,
        adjusted=gr.State(Adjusted(), **STATE),
    )
