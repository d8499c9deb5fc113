"""The sliders under the result: a piece is painted while they are pulled, the whole picture once they are let go."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Annotated, Any

import gradio as gr
import numpy as np
from gradio.data_classes import GradioModel
from pydantic import Field, ValidationError

from ...errors import DiffIRError, InputError
from ...events import Restoration, last
from ...lab import glimpse
from ...recipe import Recipe
from ...weights.directions import FURTHEST
from .. import views
from ..compare_board import PatchData
from ..comparison import board_of
from ..gallery import Share, picture_url
from ..live import overhear
from ..outcome import Outcome
from ..turns import Stop
from ..words import steering as texts
from .panel import AT_ONCE, ON_THE_DEVICE, QUIET, STATE, Panel, Updates, told

if TYPE_CHECKING:
    from ..tab import Tab

HASTE = 0.3
"""Seconds that painting a piece may take: with the way to the page and back, half a second."""
Box = tuple[float, float, float, float]
"""Left, top, right, bottom, as shares of a picture's sides."""
SIDES = (96, 256)
"""Pixels of the piece's sides, at least and at most."""
Amount = Annotated[float, Field(ge=-FURTHEST, le=FURTHEST, allow_inf_nan=False)]


class Move(GradioModel):
    """What a browser asks for: so many standard deviations, by what the IPR tells of."""

    number: int
    amounts: Annotated[dict[str, Amount], Field(max_length=8)] = {}


class Look(Move):
    """With the part of the result that is seen: left, top, right, bottom."""

    box: tuple[Share, Share, Share, Share] = (0.0, 0.0, 1.0, 1.0)


class SteeringPanel(Panel):
    """Lays nothing out: line and sliders are a part of the compare board, where the result is."""

    def __init__(self, tab: Tab) -> None:
        super().__init__(tab)
        self.recalled = gr.State({}, **STATE)
        """How a recipe that was brought back wants the next run's IPR moved; {} on all other days."""
        self.wanted = gr.State(None, **STATE)
        """`Move` that was asked for last, or None."""
        self.inputs = [self.recalled]
        self.outputs = [self.recalled]

    def connect(self) -> None:
        result, running = self.tab.result, self.tab.running
        looked = {"trigger_mode": "multiple", **QUIET, **ON_THE_DEVICE}
        result.board.look(self.look, result.outcome, result.board, **looked)
        started = [*running.buttons, running.status, running.stop, self.wanted]
        released = result.board.steer(self.released, running.stop, started, trigger_mode="multiple", **AT_ONCE)
        known = [running.stop, self.wanted, result.outcome]
        painted = running.conduct(released, self.repaint, known, self.tab.outputs)
        painted.then(result.settle, [running.stop, result.outcome], result.board, **AT_ONCE)

    def emptied(self) -> Updates:
        return {self.recalled: {}}

    def shown(self, outcome: Outcome) -> Updates:
        return {self.recalled: {}}

    def asked_by(self, recipe: Recipe) -> Updates:
        """A recipe was brought back: the next run does as it did."""
        return {self.recalled: dict(recipe.steered)}

    def look(self, outcome: Outcome | None, event: gr.EventData) -> Any:
        """A piece of what is on the screen; the page is told, too, where there can be none."""
        try:
            asked = Look.model_validate(event._data)
        except ValidationError:
            return gr.skip()
        if outcome is None:
            return gr.skip()
        try:
            patch = self._patch(outcome, asked)
        except DiffIRError:
            patch = PatchData(number=asked.number)  # letting go tells what is wrong
        return board_of(outcome, self.studio.gallery).model_copy(update={"patch": patch})

    def _patch(self, outcome: Outcome, asked: Look) -> PatchData:
        url, box = glimpsed(self.tab, outcome, asked.box, outcome.run.estimate, whole(asked.amounts))
        return PatchData(number=asked.number, url=url, box=box)

    def released(self, before: Any, event: gr.EventData) -> tuple[Any, ...]:
        """The sliders were let go."""
        return self.tab.running.released(before, event, Move)

    @told
    def repaint(self, stop: Stop, wanted: Move | None, outcome: Outcome | None) -> Iterator[Updates]:
        """The whole picture, painted by the run's own IPR, moved; nothing is encoded or diffused anew."""
        yield from self.tab.running.until_stopped(stop, self._repainted(wanted, outcome))

    def _repainted(self, wanted: Move | None, outcome: Outcome | None) -> Generator[Updates, None, None]:
        began = time.perf_counter()
        if wanted is None:
            raise InputError(texts.BAD_MOVE.format(most=FURTHEST))
        if outcome is None:
            raise InputError(texts.NO_RUN)
        amounts = whole(wanted.amounts)
        if amounts == outcome.restoration.steered:
            yield {self.tab.running.status: views.finished(outcome.restoration, outcome.waited)}
            return
        painted = yield from self._painted(outcome, amounts)
        yield from self.tab.result.brought(outcome.moved(painted), began)

    def _painted(self, outcome: Outcome, amounts: Mapping[str, float]) -> Generator[Updates, None, Restoration]:
        run = outcome.run
        if amounts == run.steered and outcome.bend.is_nothing:  # as it came back: that picture is still there
            return run
        request = outcome.restoration.request
        events = self.studio.run(self.task, request, outcome.weights, False, run.estimate, None, amounts)
        with closing(events):
            return (yield from overhear(events, texts.PAINTING, self.tab.running.status))


def glimpsed(tab: Tab, outcome: Outcome, seen: Box, ipr: np.ndarray, amounts: Mapping[str, float]) -> tuple[str, Box]:
    """A piece around the middle of what is seen, painted with that IPR, moved -> (a data URL, where it lies)."""
    piece = glimpse(outcome.run.request, outcome.scale, seen, side_for(outcome.restoration))
    events = tab.studio.run(tab.task, piece.request, outcome.weights, False, ipr, None, amounts)
    return picture_url(piece.shown(last(events).picture)), piece.box


def side_for(run: Restoration) -> int:
    """Pixels of a piece's side that this machine paints within `HASTE`, going by the run itself."""
    painted = (
        sum(height * width for height, width in run.painted)
        * (run.picture.width // max(1, run.request.picture.width)) ** 2
    )
    rate = painted / max(1e-6, run.seconds.paint)
    return int(min(SIDES[1], max(SIDES[0], (HASTE * rate) ** 0.5))) // 8 * 8


def whole(amounts: Mapping[str, float]) -> dict[str, float]:
    """In tenths, as the sliders have them; nothing that is zero."""
    found = {name: round(amount, 1) for name, amount in amounts.items()}
    return {name: amount for name, amount in found.items() if amount}
