"""Tell the network that something else is wrong with the photo, and see what it paints."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import gradio as gr
import numpy as np
from pydantic import ValidationError

from ...errors import DiffIRError, InputError
from ...events import last
from ...lab import as_if, hear_ipr
from ...weights import Directions, in_words
from .. import views
from ..comparison import reading_of
from ..ipr_lab import IprNumbers
from ..outcome import Outcome
from ..panels.panel import AT_ONCE, ON_THE_DEVICE, QUIET, STATE, Updates, Values, told
from ..panels.steering import Move, glimpsed, whole
from ..steer_lab import SteerLab, SteerLabValue
from ..words import lab as words
from ..words import steering
from .experiment import Experiment

if TYPE_CHECKING:
    from ..panels.lab import LabPanel

MIDDLE = (0.0, 0.0, 1.0, 1.0)
"""What is seen of the photo: all, so that the piece lies around its middle."""


class AsIf(Experiment):
    """Sliders with a small live piece, and the numbers of this very photo with other damage."""

    def __init__(self, lab: LabPanel) -> None:
        super().__init__(lab)
        self.steer = SteerLab(elem_id=self.named("steer"))
        self.kind = gr.State("", **STATE)
        """What the visitor wants the photo to be told to be."""
        self.inputs, self.outputs = [self.kind, self.steer], [self.steer]

    def begin(self) -> list[tuple[Any, Any]]:
        chosen = self.steer.tell(_kind_of, None, self.kind, **AT_ONCE)
        return [(chosen.then, self.tell)]

    def connect(self) -> None:
        self.outputs.append(self.lab.edit.editor)  # which is laid out after this, further down
        known = [self.steer, self.tab.result.outcome]
        self.steer.look(self.look, known, self.steer, trigger_mode="multiple", **QUIET, **ON_THE_DEVICE)

    def emptied(self) -> Updates:
        return {self.steer: SteerLabValue()}

    def shown(self, outcome: Outcome) -> Updates:
        """Nothing is painted before anyone pulls a slider; they stand at the estimate, whatever the result's do."""
        reading = reading_of(outcome.run)
        if reading is None:
            return self.emptied()
        sliders = [each.model_copy(update={"amount": 0.0}) for each in reading.sliders]
        run = f"{id(outcome.run):x}"
        return {self.steer: SteerLabValue(says=reading.says, sliders=sliders, furthest=reading.furthest, run=run)}

    def look(self, value: SteerLabValue, outcome: Outcome | None, event: gr.EventData) -> Any:
        """The piece by the numbers as they were moved; beside it the estimate's, which is painted once."""
        try:
            asked = Move.model_validate(event._data)
        except ValidationError:
            return gr.skip()
        if outcome is None or not value.sliders:
            return gr.skip()
        answer = value.model_copy(update={"number": asked.number})
        amounts = whole(asked.amounts)
        told_by = steering.moves(amounts)
        caption = words.STEER_MOVED.format(moves=told_by) if told_by else words.STEER["own"]
        try:
            own = value.own or self._piece(outcome, outcome.run.estimate, {})
            other = self._piece(outcome, outcome.run.estimate, amounts)
        except DiffIRError as error:
            return answer.model_copy(update={"caption": str(error)})
        return answer.model_copy(update={"own": own, "other": other, "caption": caption})

    @told
    def tell(self, values: Values) -> Iterator[Updates]:
        """Damages this photo, takes the IPR of that, and paints this photo with it; the bars get it, too."""
        began, outcome, kind = time.perf_counter(), self.outcome(values), values[self.kind]
        directions = _directions(outcome)
        small, _ = self.piece(outcome)
        best = outcome.reference or outcome.restoration.picture
        seen = small.request.picture
        if seen.pixels.shape != outcome.run.request.picture.pixels.shape:
            run = self.runs(outcome)(small.request, ipr=outcome.run.estimate)
            best = last(run).picture
        damaged = as_if(kind, seen, best)
        looked = self.runs(outcome)(replace(small.request, picture=damaged))
        ipr = yield from self.progress(hear_ipr(looked), words.AS_IF_LOOKING)
        says = in_words(directions.reading(ipr))
        value: SteerLabValue = values[self.steer]
        own = value.own or self._piece(outcome, outcome.run.estimate, {})
        other = self._piece(outcome, ipr, {})
        sliders = [each.model_copy(update={"amount": 0.0}) for each in value.sliders]
        caption = words.AS_IF_CAPTION.format(kind=words.AS_IF[kind], says=says)
        yield {
            self.steer: value.model_copy(
                update={"own": own, "other": other, "caption": caption, "sliders": sliders, "number": 0}
            ),
            self.lab.edit.editor: IprNumbers.of(outcome.restoration.ipr, ipr),
        }
        yield self.saying(
            words.AS_IF_DONE.format(kind=words.AS_IF[kind], seconds=views.seconds(time.perf_counter() - began)),
            1.0,
            "good",
        )

    def _piece(self, outcome: Outcome, ipr: np.ndarray, amounts: dict[str, float]) -> str:
        """The middle of the photo painted with that IPR, moved: a data URL."""
        url, _ = glimpsed(self.tab, outcome, MIDDLE, ipr, amounts)
        return url


def _directions(outcome: Outcome) -> Directions:
    """Raises `InputError` for a run of a network that does not tell."""
    info = outcome.run.info
    found = info.directions if info else None
    if found is None:
        raise InputError(words.UNMEASURED)
    return found


def _kind_of(event: gr.EventData) -> str:
    kind = event._data.get("kind") if isinstance(event._data, dict) else None
    return kind if isinstance(kind, str) else ""
