"""The IPR lab: experiments on the numbers of the run that is on the page, folded away until they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing
from typing import Any
from uuid import uuid4

import gradio as gr

from ..component import words_of
from ..fold import folded
from ..outcome import Outcome
from ..run import READ_OUT
from ..run_queue import RunHandle
from ..shared import AT_ONCE, ON_THE_DEVICE, QUIET, Feature, Shared, Updates, Values, status
from . import figures
from .donor import Donation
from .editor import Edit, IprEditor
from .experiment import Experiment, Lab
from .steer import AsIf
from .teacher import AskTeacher
from .trials import Heat, Seeds, StepCounts

COMMON, WORDS = words_of(), words_of("lab")


class LabFeature(Feature):
    """Starts experiments and stops them, one at a time: a new one takes the place of the one before.

    They share the device's queue with all other runs. Restore, or another photo, ends them. What the lab shows of a
    run is computed once it is open.
    """

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        named = self.named
        options: dict[str, Any] = {"js_on_load": READ_OUT, "min_height": 0, "render": False}
        line = gr.HTML(status(WORDS.ready), elem_id=named("lab-status"), **options)
        self.lab = Lab(shared, line, IprEditor(elem_id=named("lab-editor"), render=False))
        with folded(WORDS.title, named("lab"), "lab", "ipr-lab") as self.fold:
            gr.HTML(figures.sentence(WORDS.lead), apply_default_css=False, elem_classes="lab-text")
            gr.HTML(figures.sentence(WORDS.empty), apply_default_css=False, elem_classes="lab-text lab-empty")
            with gr.Column(elem_classes="tight lab-body"):  # style.css hides it while the bars are empty
                self.experiments = self._lay_out_experiments()
                with gr.Row(elem_classes="tight lab-foot", equal_height=True):
                    line.render()
                    self.stop = gr.Button(
                        WORDS.stop, size="md", scale=0, min_width=90, interactive=False, elem_id=named("lab-stop")
                    )
        self.outputs = [self.fold]

    def _lay_out_experiments(self) -> list[Experiment]:
        """Plain words first; the numbers are one fold deeper, and there everything else is a headline each."""
        plain = AsIf(self.lab)
        with folded(WORDS.research, self.named("lab-research")):
            self.unmeasured = gr.HTML("", apply_default_css=False, elem_classes="lab-text")
            edit = Edit(self.lab)
            with self._part("donor"):
                donation = Donation(self.lab)
            edit.lay_out_result()
            made: list[Experiment] = [plain, edit, donation]
            for key, kind in (("seeds", Seeds), ("steps", StepCounts), ("heat", Heat), ("oracle", AskTeacher)):
                with self._part(key):
                    made.append(kind(self.lab))
        return made

    def _part(self, key: str) -> AbstractContextManager[gr.HTML]:
        return folded(WORDS.titles[key], self.named(f"lab-{key}"))

    def reset(self) -> Updates:
        """By its value, as handlers that do not queue set off no change of a state."""
        return {self.fold: {"stale": uuid4().hex}}

    def connect(self, other_photos: Sequence[Any]) -> None:
        """other_photos: events that put another photo on the canvas."""
        shared, line, handle, runs = self.shared, self.lab.status, self.shared.experiment, []
        for experiment in self.experiments:
            experiment.connect()
            asked = {handle, shared.outcome, self.lab.editor, *experiment.inputs}
            changed = [line, *experiment.outputs]
            for event, work in experiment.begin():
                begun = event(self.begun, handle, [handle, self.stop, line], **AT_ONCE)
                run = begun.then(self._until_stopped(work), asked, changed, **QUIET, **ON_THE_DEVICE)
                run.then(self.idle, handle, self.stop, **AT_ONCE)
                runs.append(run)
        self.stop.click(self.stopped, handle, [self.stop, line], cancels=runs, **AT_ONCE)
        for event in other_photos:
            event(self.left, handle, None, **AT_ONCE)
        shared.result.change(None, None, self.fold, js="() => ({ stale: performance.now() })")
        parts = [part for experiment in self.experiments for part in experiment.outputs]
        filled = [self.fold, line, self.unmeasured, *dict.fromkeys(parts)]
        self.fold.open(self.fill, shared.outcome, filled, trigger_mode="multiple", **AT_ONCE)

    def fill(self, outcome: Outcome | None, event: gr.EventData) -> Updates:
        """The lab is open, and what it shows is of a former run."""
        wanted = event._data.get("wanted") if isinstance(event._data, dict) else None
        info = outcome.restoration.info if outcome else None
        unmeasured = outcome is not None and not (info and info.directions)
        here: Updates = {
            self.fold: {"filled": wanted if isinstance(wanted, int | float) else 0},
            self.lab.status: status(WORDS.ready),
            self.unmeasured: figures.sentence(WORDS.unmeasured) if unmeasured else "",
        }
        for experiment in self.experiments:
            here |= experiment.update(outcome) if outcome else experiment.reset()
        return here

    def begun(self, before: RunHandle | None) -> tuple[RunHandle, Any, str]:
        self.left(before)
        return RunHandle(restores=False), gr.Button(interactive=True), status(WORDS.pressed, 0.0, "busy")

    def _until_stopped(self, work: Callable[[Values], Iterator[Updates]]) -> Callable[[Values], Iterator[Updates]]:
        """The handler of an experiment: what it yields, until it is stopped or something else is begun."""

        def going(values: Values) -> Iterator[Updates]:
            handle: RunHandle | None = values[self.shared.experiment]
            if handle is None:
                yield {self.lab.status: status(COMMON.forgotten, tone="bad")}
                return
            with handle.during(), closing(work(values)) as updates:  # pyright: ignore[reportArgumentType]  # a generator
                for update in updates:
                    if handle.is_set():
                        return
                    yield update

        return going

    def idle(self, handle: RunHandle | None) -> Any:
        """After an experiment; where another was begun in the meantime, that one can still be stopped."""
        return gr.Button(interactive=handle is not None and not handle.is_over)

    def stopped(self, handle: RunHandle | None) -> tuple[Any, str]:
        self.left(handle)
        return gr.Button(interactive=False), status(WORDS.stopped)

    def left(self, handle: RunHandle | None) -> None:
        """The run that the experiment works on will soon be history."""
        if handle is not None:
            handle.set()
