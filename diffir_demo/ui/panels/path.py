"""The camera's path, changed by hand: a piece follows while that is done, the whole picture once it is applied."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import gradio as gr
import numpy as np
from gradio.data_classes import GradioModel
from pydantic import ValidationError

from ...deconvolve import Blur, drawn
from ...errors import DiffIRError, InputError
from ...events import Restoration, last
from ...lab import RIM, glimpse
from ...recipe import KnownPath, Recipe
from ...shake import Undone, bent
from ...tasks import Request
from ..compare_board import BendData, PatchData
from ..comparison import board_of
from ..gallery import Share, picture_url
from ..live import overhear
from ..outcome import Outcome
from ..turns import Stop
from ..words import path as texts
from .panel import AT_ONCE, ON_THE_DEVICE, QUIET, STATE, Panel, Updates, told
from .steering import side_for

if TYPE_CHECKING:
    from ..studio import WeightsChoice
    from ..tab import Tab

Known = tuple[KnownPath | None, float | None]
"""A path that was told, and a strength in [0, 1]."""
NOTHING: Known = (None, None)


class Bend(GradioModel):
    """What a browser asks for: the path changed like that."""

    number: int
    bend: BendData = BendData()


class Look(Bend):
    """With the part of the result that is seen: left, top, right, bottom."""

    box: tuple[Share, Share, Share, Share] = (0.0, 0.0, 1.0, 1.0)


class PathPanel(Panel):
    """Lays nothing out: trail and handles are a part of the compare board, where the result is."""

    def __init__(self, tab: Tab) -> None:
        super().__init__(tab)
        self.recalled = gr.State(NOTHING, **STATE)
        """What a recipe that was brought back tells the next run; `NOTHING` on all other days."""
        self.wanted = gr.State(None, **STATE)
        """`Bend` that was asked for last, or None."""
        self.inputs = [self.recalled]
        self.outputs = [self.recalled]

    def connect(self) -> None:
        result, running = self.tab.result, self.tab.running
        looked = {"trigger_mode": "multiple", **QUIET, **ON_THE_DEVICE}
        result.board.look_path(self.look, result.outcome, result.board, **looked)
        started = [*running.buttons, running.status, running.stop, self.wanted]
        pressed = result.board.bend(self.pressed, running.stop, started, trigger_mode="multiple", **AT_ONCE)
        known = [running.stop, self.wanted, result.outcome]
        applied = running.conduct(pressed, self.apply, known, self.tab.outputs)
        applied.then(result.settle, [running.stop, result.outcome], result.board, **AT_ONCE)

    def emptied(self) -> Updates:
        return {self.recalled: NOTHING}

    def shown(self, outcome: Outcome) -> Updates:
        return {self.recalled: NOTHING}

    def asked_by(self, recipe: Recipe) -> Updates:
        """A recipe was brought back: the next run is told what it was told."""
        return {self.recalled: (recipe.path, recipe.strength)}

    def told_to(self, recipe: Recipe, request: Request, known: Known, chosen: WeightsChoice) -> tuple[Recipe, Request]:
        """A run with what was brought back, if it looks at paths at all."""
        if known == NOTHING or not chosen.wants_path:
            return recipe, request
        path, strength = known
        told = {"blur": path.blur if path else None, "strength": strength}
        return replace(recipe, path=path, strength=strength), replace(request, **told)

    def look(self, outcome: Outcome | None, event: gr.EventData) -> Any:
        """A piece of what is on the screen; the page is told, too, where there can be none."""
        try:
            asked = Look.model_validate(event._data)
        except ValidationError:
            return gr.skip()
        if outcome is None or outcome.run.undone is None:
            return gr.skip()
        try:
            patch = self._patch(outcome, outcome.run.undone, asked)
        except DiffIRError:
            patch = PatchData(number=asked.number)  # applying it tells what is wrong
        return board_of(outcome, self.studio.gallery).model_copy(update={"patch": patch})

    def _patch(self, outcome: Outcome, undone: Undone, asked: Look) -> PatchData:
        request = bent_request(outcome.run.request, undone, asked.bend)
        blur = request.blur or undone.shake.blur
        strength = undone.strength if request.strength is None else request.strength
        rim = RIM + len(blur.kernel) // 2
        piece = glimpse(request, outcome.scale, asked.box, side_for(outcome.restoration), rim)
        seen = replace(piece.request, blur=blur, strength=strength)
        steered = outcome.restoration.steered
        events = self.studio.run(self.task, seen, outcome.weights, False, outcome.run.estimate, None, steered)
        return PatchData(number=asked.number, url=picture_url(piece.shown(last(events).picture)), box=piece.box)

    def pressed(self, before: Any, event: gr.EventData) -> tuple[Any, ...]:
        """It is to be applied."""
        return self.tab.running.released(before, event, Bend)

    @told
    def apply(self, stop: Stop, wanted: Bend | None, outcome: Outcome | None) -> Iterator[Updates]:
        """The whole picture with the changed path, painted by the run's own IPR; nothing is diffused anew."""
        yield from self.tab.running.until_stopped(stop, self._applied(wanted, outcome))

    def _applied(self, wanted: Bend | None, outcome: Outcome | None) -> Generator[Updates, None, None]:
        began = time.perf_counter()
        if wanted is None:
            raise InputError(texts.BAD_BEND)
        if outcome is None or outcome.run.undone is None:
            raise InputError(texts.NO_RUN)
        painted = yield from self._painted(outcome, outcome.run.undone, wanted.bend)
        yield from self.tab.result.brought(outcome.moved(painted, wanted.bend), began)

    def _painted(self, outcome: Outcome, undone: Undone, bend: BendData) -> Generator[Updates, None, Restoration]:
        run, steered = outcome.run, outcome.restoration.steered
        if bend.is_nothing and steered == run.steered:  # as it came back: that picture is still there
            return run
        request = bent_request(run.request, undone, bend)
        found = undone.shake if request.blur is None else None
        events = self.studio.run(self.task, request, outcome.weights, False, run.estimate, None, steered, found)
        with closing(events):
            return (yield from overhear(events, texts.APPLYING, self.tab.running.status))


def bent_request(request: Request, undone: Undone, bend: BendData) -> Request:
    """What a run asked for, with its path changed by hand. undone: what that run has undone.

    Raises `InputError` for a path that needs more room than a kernel has.
    """
    if bend.is_nothing:
        return request
    strength = undone.strength if bend.strength is None else bend.strength / 100
    if bend.keeps_path:
        return replace(request, strength=strength)
    kernel = drawn(np.array(bend.line)) if bend.line else undone.shake.kernel
    changed = bent(kernel, bend.turn, bend.length / 100)
    return replace(request, blur=Blur(changed, undone.shake.light, exact=False), strength=strength)
