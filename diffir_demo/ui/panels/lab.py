"""The IPR lab: experiments on the numbers of the run that is on the page, folded away until somebody is curious."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import gradio as gr

from .. import views
from ..experiments import figures
from ..experiments.as_if import AsIf
from ..experiments.donor import Donation
from ..experiments.edit import Edit
from ..experiments.experiment import Experiment
from ..experiments.heat import Heat
from ..experiments.seeds import Seeds
from ..experiments.steps import StepCounts
from ..experiments.teacher import AskTeacher
from ..fold import Fold
from ..outcome import Outcome
from ..words import lab as words
from .panel import AT_ONCE, ON_THE_DEVICE, QUIET, STATE, Panel, Updates, Values
from .running import READ_OUT

if TYPE_CHECKING:
    from ..tab import Tab


@dataclass
class Going:
    """The experiment that was started last."""

    stop: threading.Event = field(default_factory=threading.Event)
    is_over: bool = False


class LabPanel(Panel):
    """Starts experiments and stops them, one at a time: a new one takes the place of the one before.

    They share the device's queue with all other runs. Whoever presses Restore, or brings another photo, ends them.
    """

    def __init__(self, tab: Tab) -> None:
        super().__init__(tab)
        with gr.Column(elem_id=self.named("lab"), elem_classes="tight foldable ipr-lab"):
            Fold(words.TITLE)
            gr.HTML(figures.sentence(words.LEAD), apply_default_css=False, elem_classes="lab-text")
            gr.HTML(figures.sentence(words.EMPTY), apply_default_css=False, elem_classes="lab-text lab-empty")
            with gr.Column(elem_classes="tight lab-body"):  # lab.css hides it while the bars are empty
                self.experiments = self._lay_out_experiments()
                with gr.Row(elem_classes="tight lab-foot", equal_height=True):
                    self.status = gr.HTML(
                        views.status(words.READY), js_on_load=READ_OUT, min_height=0, elem_id=self.named("lab-status")
                    )
                    self.stop = gr.Button(
                        words.STOP, size="md", scale=0, min_width=90, interactive=False, elem_id=self.named("lab-stop")
                    )
        self.going = gr.State(None, **STATE)
        """`Going` or None."""
        self.outputs = [
            self.status,
            self.unmeasured,
            *(part for experiment in self.experiments for part in experiment.outputs),
        ]

    def _lay_out_experiments(self) -> list[Experiment]:
        """Plain words first; the numbers are one fold deeper, and there everything else is a headline each."""
        told = AsIf(self)
        with gr.Column(elem_classes="tight foldable", elem_id=self.named("lab-research")):
            Fold(words.RESEARCH)
            self.unmeasured = gr.HTML("", apply_default_css=False, elem_classes="lab-text")
            return [told, *self._lay_out_research()]

    def _lay_out_research(self) -> list[Experiment]:
        """The bars and what they paint are always there."""
        self.edit = Edit(self)
        with self._folded("donor"):
            donation = Donation(self)
        self.edit.lay_out_result()
        made: list[Experiment] = [self.edit, donation]
        for key, kind in (("seeds", Seeds), ("steps", StepCounts), ("heat", Heat), ("oracle", AskTeacher)):
            with self._folded(key):
                made.append(kind(self))
        return made

    @contextmanager
    def _folded(self, key: str) -> Iterator[None]:
        with gr.Column(elem_classes="tight foldable", elem_id=self.named(f"lab-{key}")):
            Fold(words.TITLES[key])
            yield

    def connect(self) -> None:
        runs = []
        for experiment in self.experiments:
            experiment.connect()
            asked = {self.going, self.tab.result.outcome, self.edit.editor, *experiment.inputs}
            changed = [self.status, *experiment.outputs]
            for event, work in experiment.begin():
                begun = event(self.begun, self.going, [self.going, self.stop, self.status], **AT_ONCE)
                run = begun.then(self._until_stopped(work), asked, changed, **QUIET, **ON_THE_DEVICE)
                run.then(self.idle, self.going, self.stop, **AT_ONCE)
                runs.append(run)
        self.stop.click(self.stopped, self.going, [self.stop, self.status], cancels=runs, **AT_ONCE)
        photo = self.tab.photo
        events = [self.tab.running.restore.click, photo.canvas.opened, photo.damage.click, photo.undamage.click]
        if photo.examples is not None:
            events.append(photo.examples.choose)
        for event in events:
            event(self.left_behind, self.going, None, **AT_ONCE)

    def emptied(self) -> Updates:
        gone: Updates = {self.status: views.status(words.READY)}
        for experiment in self.experiments:
            gone |= experiment.emptied()
        return gone

    def shown(self, outcome: Outcome) -> Updates:
        info = outcome.restoration.info
        unmeasured = "" if info and info.directions else figures.sentence(words.UNMEASURED)
        here: Updates = {self.status: views.status(words.READY), self.unmeasured: unmeasured}
        for experiment in self.experiments:
            here |= experiment.shown(outcome)
        return here

    def begun(self, before: Going | None) -> tuple[Going, Any, str]:
        if before is not None:
            before.stop.set()
        return Going(), gr.Button(interactive=True), views.status(words.PRESSED, 0.0, "busy")

    def _until_stopped(self, work: Callable[[Values], Iterator[Updates]]) -> Callable[[Values], Iterator[Updates]]:
        """The handler of an experiment: what it yields, until somebody stops it or something else is begun."""

        def going(values: Values) -> Iterator[Updates]:
            current: Going = values[self.going]
            try:
                with closing(work(values)) as updates:  # pyright: ignore[reportArgumentType]  # a generator
                    for update in updates:
                        if current.stop.is_set():
                            return
                        yield update
            finally:
                current.is_over = True

        return going

    def idle(self, current: Going | None) -> Any:
        """After an experiment; where another was begun meanwhile, that one can still be stopped."""
        return gr.Button(interactive=current is not None and not current.is_over)

    def stopped(self, current: Going | None) -> tuple[Any, str]:
        self.left_behind(current)
        return gr.Button(interactive=False), views.status(words.STOPPED)

    def left_behind(self, current: Going | None) -> None:
        """The run that the experiment works on will soon be history."""
        if current is not None:
            current.stop.set()
            current.is_over = True
