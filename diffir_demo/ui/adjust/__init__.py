"""The result changed by hand: its IPR moved by sliders, or its camera path bent.

A piece of the photo follows while that is done, and the whole picture once it is released or applied. Both are painted
by the run's own IPR; nothing is encoded or diffused anew. Sliders and path are drawn by the compare board.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from typing import Annotated, Any

import gradio as gr
import numpy as np
from gradio.data_classes import GradioModel
from pydantic import Field, ValidationError

from ...deconvolve import Blur, drawn
from ...errors import DiffIRError, InputError
from ...events import last
from ...imaging import Picture
from ...lab import RIM, glimpse
from ...restoration import Restoration
from ...shake import Undone, bent, informative_window
from ...tasks import Request, Task
from ...weights.directions import FURTHEST
from ..compare import finished
from ..compare.board import PatchData
from ..compare.view import board_of
from ..component import words_of
from ..files import Share, picture_url
from ..outcome import Bend, Outcome
from ..run import conduct, released, until_cancelled
from ..run.progress import follow_in_line
from ..run_queue import RunHandle
from ..shared import AT_ONCE, ON_THE_DEVICE, QUIET, STATE, Feature, Shared, Updates, report_errors
from ..state import AppState

WORDS = words_of("adjust")
QUICK = 0.3
"""Seconds that painting a piece may take: with the way to the page and back, half a second."""
SIDES = (96, 256)
"""Pixels of the piece's sides, at least and at most."""
Box = tuple[float, float, float, float]
"""Left, top, right, bottom, as shares of a picture's sides."""
Amount = Annotated[float, Field(ge=-FURTHEST, le=FURTHEST, allow_inf_nan=False)]
Brought = Callable[[Outcome, float], Generator[Updates, None, None]]
"""Shows a result that began at that time, by `perf_counter`."""


class Change(GradioModel):
    """What a browser asks for, with the part of the result that is seen: left, top, right, bottom."""

    number: int
    box: tuple[Share, Share, Share, Share] = (0.0, 0.0, 1.0, 1.0)


class Move(Change):
    """The IPR moved by so many standard deviations, for each kind of damage that it can be read for."""

    amounts: Annotated[dict[str, Amount], Field(max_length=8)] = {}


class PathChange(Change):
    """The camera's path changed like that."""

    bend: Bend = Bend()


class Adjustment(Feature):
    """One way to change the result. The board asks for pieces by one event, and for the whole by another."""

    kind: type[Change]

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        self.wanted = gr.State(None, **STATE)
        """What was asked for last, a `kind`, or None."""

    def _connect(self, look: Any, release: Any, settle: Any, brought: Brought) -> Any:
        """Gives the event after which the result is there.

        look, release: the board's events; settle: lets the board know that what it asked for is over.
        """
        shared, self.brought = self.shared, brought
        look(self.look, shared.outcome, shared.board, trigger_mode="multiple", **QUIET, **ON_THE_DEVICE)
        started = [*shared.buttons, shared.status, shared.handle, self.wanted]
        start = release(self.released, shared.handle, started, trigger_mode="multiple", **AT_ONCE)
        applied = conduct(shared, start, self.apply, [shared.handle, self.wanted, shared.outcome], shared.outputs)
        return applied.then(settle, [shared.handle, shared.outcome], shared.board, **AT_ONCE)

    def look(self, outcome: Outcome | None, event: gr.EventData) -> Any:
        """A piece of what is on the screen; an empty one where there can be none, and applying it says why."""
        try:
            asked = self.kind.model_validate(event._data)
        except ValidationError:
            return gr.skip()
        if outcome is None or not self.is_possible(outcome):
            return gr.skip()
        try:
            url, box = self.piece(outcome, asked)
            patch = PatchData(number=asked.number, url=url, box=box)
        except DiffIRError:
            patch = PatchData(number=asked.number)
        return board_of(outcome, self.state.images).model_copy(update={"patch": patch})

    def released(self, before: Any, event: gr.EventData) -> tuple[Any, ...]:
        """The whole picture is wanted."""
        return released(self.shared, before, event, self.kind)

    @report_errors
    def apply(self, handle: RunHandle | None, wanted: Any, outcome: Outcome | None) -> Iterator[Updates]:
        """The whole picture."""
        yield from until_cancelled(self.shared, handle, self.applied(wanted, outcome))

    def is_possible(self, outcome: Outcome) -> bool:
        return True

    def piece(self, outcome: Outcome, asked: Any) -> tuple[str, Box]:
        """A part of the picture as a data URL, and where it lies. Raises `DiffIRError`."""
        raise NotImplementedError

    def applied(self, wanted: Any, outcome: Outcome | None) -> Generator[Updates, None, None]:
        """Paints all of it, and brings it to the page. Raises `InputError` for what the page cannot want."""
        raise NotImplementedError


class SteeringFeature(Adjustment):
    """The sliders under the result: how far its IPR is moved along what it says of the damage."""

    kind = Move

    def connect(self, settle: Any, brought: Brought) -> Any:
        return self._connect(self.shared.board.look, self.shared.board.steer, settle, brought)

    def piece(self, outcome: Outcome, asked: Move) -> tuple[str, Box]:
        return painted_piece(self.state, self.task, outcome, asked.box, outcome.run.estimate, whole(asked.amounts))

    def applied(self, wanted: Move | None, outcome: Outcome | None) -> Generator[Updates, None, None]:
        began = time.perf_counter()
        if wanted is None:
            raise InputError(WORDS.bad_move.format(most=FURTHEST))
        if outcome is None:
            raise InputError(WORDS.no_run_to_move)
        amounts = whole(wanted.amounts)
        if amounts == outcome.restoration.steered:
            yield {self.shared.status: finished(outcome)}
            return
        painted = yield from self._painted(outcome, amounts)
        yield from self.brought(outcome.moved(painted), began)

    def _painted(self, outcome: Outcome, amounts: Mapping[str, float]) -> Generator[Updates, None, Restoration]:
        run = outcome.run
        if amounts == run.steered and outcome.bend.is_nothing:  # as it came back: that picture is still there
            return run
        request = outcome.restoration.request.changed(ipr=run.estimate, steered=amounts)
        with closing(self.state.run(self.task, request, outcome.weights)) as events:
            return (yield from follow_in_line(events, WORDS.painting_moved, self.shared.status))


class PathFeature(Adjustment):
    """Trail and handles of the camera's path."""

    kind = PathChange

    def connect(self, settle: Any, brought: Brought) -> Any:
        return self._connect(self.shared.board.look_path, self.shared.board.bend, settle, brought)

    def is_possible(self, outcome: Outcome) -> bool:
        return outcome.run.undone is not None

    def piece(self, outcome: Outcome, asked: PathChange) -> tuple[str, Box]:
        undone = outcome.run.undone
        assert undone is not None  # `is_possible`
        request = bent_request(outcome.run.request, undone, asked.bend)
        strength = undone.strength if request.settings.strength is None else request.settings.strength
        request = request.changed(blur=request.settings.blur or undone.shake.blur, strength=strength)
        ipr, steered = outcome.run.estimate, outcome.restoration.steered
        seen = busiest(request.picture, asked.box, side_for(outcome.restoration) // outcome.scale)
        return painted_piece(self.state, self.task, outcome, seen, ipr, steered, request)

    def applied(self, wanted: PathChange | None, outcome: Outcome | None) -> Generator[Updates, None, None]:
        began = time.perf_counter()
        if wanted is None:
            raise InputError(WORDS.bad_bend)
        if outcome is None or outcome.run.undone is None:
            raise InputError(WORDS.no_run_to_bend)
        painted = yield from self._painted(outcome, outcome.run.undone, wanted.bend)
        yield from self.brought(outcome.moved(painted, wanted.bend), began)

    def _painted(self, outcome: Outcome, undone: Undone, bend: Bend) -> Generator[Updates, None, Restoration]:
        run, steered = outcome.run, outcome.restoration.steered
        if bend.is_nothing and steered == run.steered:  # as it came back: that picture is still there
            return run
        request = bent_request(run.request, undone, bend)
        found = undone.shake if request.settings.blur is None else None
        request = request.changed(ipr=run.estimate, steered=steered)
        with closing(self.state.run(self.task, request, outcome.weights, found)) as events:
            return (yield from follow_in_line(events, WORDS.applying, self.shared.status))


def painted_piece(
    state: AppState,
    task: Task,
    outcome: Outcome,
    seen: Box,
    ipr: np.ndarray,
    amounts: Mapping[str, float],
    request: Request | None = None,
) -> tuple[str, Box]:
    """A piece around the middle of what is seen, painted with that IPR, moved -> (a data URL, where it lies).

    request: the run's own if None; a kernel in it needs as much more of the photo around the piece.
    """
    request = request or outcome.run.request
    rim = RIM + (len(request.settings.blur.kernel) // 2 if request.settings.blur else 0)
    piece = glimpse(request, outcome.scale, seen, side_for(outcome.restoration), rim)
    events = state.run(task, piece.request.changed(ipr=ipr, steered=amounts), outcome.weights)
    return picture_url(piece.shown(last(events).picture)), piece.box


def busiest(picture: Picture, seen: Box, side: int) -> Box:
    """The part of what is seen, `side` pixels a side at most, with most edges: a sky looks alike under any path."""
    height, width = picture.height, picture.width
    left, top = int(seen[0] * width), int(seen[1] * height)
    part = picture.pixels[top : max(top + 1, round(seen[3] * height)), left : max(left + 1, round(seen[2] * width))]
    rows, columns = informative_window(part, side)
    return (
        (left + columns.start) / width,
        (top + rows.start) / height,
        (left + columns.stop) / width,
        (top + rows.stop) / height,
    )


def side_for(run: Restoration) -> int:
    """Pixels of a piece's side that this machine paints within `QUICK`, going by the run itself."""
    painted = (
        sum(height * width for height, width in run.painted)
        * (run.picture.width // max(1, run.request.picture.width)) ** 2
    )
    rate = painted / max(1e-6, run.seconds.paint)
    return int(min(SIDES[1], max(SIDES[0], (QUICK * rate) ** 0.5))) // 8 * 8


def whole(amounts: Mapping[str, float]) -> dict[str, float]:
    """In tenths, as the sliders have them; nothing that is zero."""
    found = {name: round(amount, 1) for name, amount in amounts.items()}
    return {name: amount for name, amount in found.items() if amount}


def bent_request(request: Request, undone: Undone, bend: Bend) -> Request:
    """What a run asked for, with its path changed by hand. undone: what that run has undone.

    Raises `InputError` for a path that needs a larger kernel than there can be.
    """
    if bend.is_nothing:
        return request
    strength = undone.strength if bend.strength is None else bend.strength / 100
    if bend.keeps_path:
        return request.changed(strength=strength)
    kernel = drawn(np.array(bend.line)) if bend.line else undone.shake.kernel
    changed = bent(kernel, bend.turn, bend.length / 100)
    return request.changed(blur=Blur(changed, undone.shake.light, exact=False), strength=strength)
