"""Other damage than the photo's: sliders with a small live piece, and the numbers of this photo with that damage."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import gradio as gr
import numpy as np
from pydantic import ValidationError

from ...errors import DiffIRError, InputError
from ...events import last
from ...figures import seconds as in_seconds
from ...lab import as_if, ipr_of
from ...weights import Directions, in_words
from ..adjust import Move, painted_piece, whole
from ..compare.board import SliderData
from ..compare.view import reading_of
from ..component import TypedHTML, Value, parts, words_of
from ..languages import said, say
from ..outcome import Outcome, moves
from ..shared import AT_ONCE, ON_THE_DEVICE, QUIET, STATE, Updates, Values, report_errors
from .editor import IprNumbers
from .experiment import Experiment, Lab

WORDS, ADJUST_WORDS = words_of("lab"), words_of("adjust")
MIDDLE = (0.0, 0.0, 1.0, 1.0)
"""What is seen of the photo: all, so that the piece lies around its middle."""


class SteerValue(Value):
    """Empty where there is no run, or its network's IPR cannot be read."""

    says: str = ""
    sliders: list[SliderData] = []
    furthest: float = 1.5
    run: str = ""
    """Another one for every run."""
    number: int = 0
    """Of the `look` that the second picture answers; 0 where it answers none."""
    own: str = ""
    """A data URL: painted as the numbers say."""
    other: str = ""
    """Likewise: painted with other numbers."""
    caption: str = ""
    """Of the second."""


class SteerSliders(TypedHTML):
    """Events: `look`, with {"number", "amounts": {name: amount}}; `paint_as`, with {"kind": one of `lab.KINDS`}."""

    data_model = SteerValue

    def __init__(self, value: SteerValue | None = None, **options: Any) -> None:
        settings = parts("lab/steer", "adjust/sliders", "lab/crops", styles=["adjust/sliders"]) | options
        texts = WORDS.steer | {"sliders": ADJUST_WORDS.sliders}
        super().__init__(value or SteerValue(), words=texts, kinds=WORDS.as_if, **settings)


class AsIf(Experiment):
    """Sliders with a small live piece, and the numbers of this very photo with other damage."""

    def __init__(self, lab: Lab) -> None:
        super().__init__(lab)
        self.steer = SteerSliders(elem_id=self.named("steer"))
        self.kind = gr.State("", **STATE)
        """The damage that the photo is to be painted for."""
        self.inputs, self.outputs = [self.kind, self.steer], [self.steer, lab.editor]

    def begin(self) -> list[tuple[Any, Any]]:
        chosen = self.steer.paint_as(_kind_of, None, self.kind, **AT_ONCE)
        return [(chosen.then, self.paint_as)]

    def connect(self) -> None:
        known = [self.steer, self.shared.outcome]
        self.steer.look(self.look, known, self.steer, trigger_mode="multiple", **QUIET, **ON_THE_DEVICE)

    def reset(self) -> Updates:
        return {self.steer: SteerValue()}

    def update(self, outcome: Outcome) -> Updates:
        """Nothing is painted before a slider is pulled; they stand at the estimate, whatever the result's do."""
        reading = reading_of(outcome.run)
        if reading is None:
            return self.reset()
        sliders = [each.model_copy(update={"amount": 0.0}) for each in reading.sliders]
        run = f"{id(outcome.run):x}"
        return {self.steer: SteerValue(says=reading.says, sliders=sliders, furthest=reading.furthest, run=run)}

    def look(self, value: SteerValue, outcome: Outcome | None, event: gr.EventData) -> Any:
        """The piece by the numbers as they were moved; beside it the estimate's, which is painted once."""
        try:
            asked = Move.model_validate(event._data)
        except ValidationError:
            return gr.skip()
        if outcome is None or not value.sliders:
            return gr.skip()
        answer = value.model_copy(update={"number": asked.number})
        amounts = whole(asked.amounts)
        moved = moves(amounts)
        caption = WORDS.steer_moved.format(moves=moved) if moved else WORDS.steer["own"]
        try:
            own = value.own or self._piece(outcome, outcome.run.estimate, {})
            other = self._piece(outcome, outcome.run.estimate, amounts)
        except DiffIRError as error:
            return answer.model_copy(update={"caption": said(error)})
        return answer.model_copy(update={"own": own, "other": other, "caption": caption})

    @report_errors
    def paint_as(self, values: Values) -> Iterator[Updates]:
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
        ipr = yield from self.progress(partial(ipr_of, looked), WORDS.as_if_looking)
        says = say(in_words(directions.reading(ipr)))
        value: SteerValue = values[self.steer]
        own = value.own or self._piece(outcome, outcome.run.estimate, {})
        other = self._piece(outcome, ipr, {})
        sliders = [each.model_copy(update={"amount": 0.0}) for each in value.sliders]
        caption = WORDS.as_if_caption.format(kind=WORDS.as_if[kind], says=says)
        yield {
            self.steer: value.model_copy(
                update={"own": own, "other": other, "caption": caption, "sliders": sliders, "number": 0}
            ),
            self.lab.editor: IprNumbers.of(outcome.restoration.ipr, ipr),
        }
        yield self.saying(
            WORDS.as_if_done.format(kind=WORDS.as_if[kind], seconds=in_seconds(time.perf_counter() - began)),
            1.0,
            "good",
        )

    def _piece(self, outcome: Outcome, ipr: np.ndarray, amounts: dict[str, float]) -> str:
        """The middle of the photo painted with that IPR, moved: a data URL."""
        url, _ = painted_piece(self.state, self.task, outcome, MIDDLE, ipr, amounts)
        return url


def _directions(outcome: Outcome) -> Directions:
    """Raises `InputError` for a run of a network whose IPR cannot be read."""
    info = outcome.run.info
    found = info.directions if info else None
    if found is None:
        raise InputError(WORDS.unmeasured)
    return found


def _kind_of(event: gr.EventData) -> str:
    kind = event._data.get("kind") if isinstance(event._data, dict) else None
    return kind if isinstance(kind, str) else ""
