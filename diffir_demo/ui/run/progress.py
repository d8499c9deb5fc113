"""How far a run is and how long it has still to go, and its events as updates of the page.

Stages are weighed by what they were expected to take. Events come some twenty times a second, so that a run can be
left; the page changes less often, since each update gives its browser something to do, and where that is on the same
machine the run waits for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any

from ...events import COPYING, UNDOING, Encoding, Event, Finished, Painting, Started, Waiting
from ...planning import Estimate
from ...restoration import PriorStep, Restoration
from ..component import words_of
from ..languages import say
from ..shared import status

WORDS = words_of()
STAGES = ("read", "encode", "previews", "paint", "copy", "undo", "save")
USUAL = {"read": 1.0, "encode": 4.0, "previews": 0.0, "paint": 80.0, "copy": 0.0, "undo": 0.0, "save": 15.0}
"""Shares of a run of which nothing is known."""
WORTH_SHOWING = 4.0
"""Seconds. What takes less is over before one has read how long it takes."""
TRUST = 0.25
"""Share of a run after which its own pace is believed rather than the estimate."""
CALM = 2.0
"""Seconds in which what is shown follows what is measured."""
SURPRISE = 1.25
"""Times longer than shown before the time left may rise again."""
PAUSE = 0.25
"""Seconds between two updates of the status line, at least."""
BEGUN = 0.02
"""Share of the bar that shows that something is going on."""


@dataclass(frozen=True)
class Position:
    """share: of the whole run, in [0, 1]; never falls. left: seconds to go, None where that is not worth showing."""

    share: float
    left: float | None

    @property
    def percent(self) -> int:
        """What the bar shows; the words beside it say the same."""
        return round(100 * self.share)

    def status(self, text: str) -> str:
        """The status line. text: with {percent}, if at all."""
        return status(text.replace("{percent}", str(self.percent)), max(BEGUN, self.share), "busy", self.left)


class Progress:
    """Of one run. expected: None where nothing was foreseen. clock: seconds, rising."""

    def __init__(self, expected: Estimate | None, clock: Callable[[], float] = time.monotonic) -> None:
        weights = {stage: getattr(expected, stage) for stage in STAGES} if expected else dict(USUAL)
        total = sum(weights.values()) or 1.0
        self._weights = {stage: weight / total for stage, weight in weights.items()}
        self._expected = expected.seconds if expected else None
        self._clock = clock
        self._began = self._last = clock()
        self._share = 0.0
        self._end: float | None = None
        self._shown: float | None = None

    def at(self, stage: str, fraction: float) -> Position:
        """fraction: of that stage, in [0, 1]; stages before it count as done."""
        before = sum(self._weights[each] for each in STAGES[: STAGES.index(stage)])
        share = min(1.0, before + min(1.0, max(0.0, fraction)) * self._weights[stage])
        self._share = max(self._share, share)
        return Position(self._share, self._left())

    def _left(self) -> float | None:
        """The estimate at first, then more and more the pace so far; smoothed, and steadily falling as far as true."""
        now = self._clock()
        elapsed, share = now - self._began, self._share
        measured = elapsed * (1 - share) / share if share > 0 else None
        foreseen = self._expected * (1 - share) if self._expected is not None else None
        if measured is None and foreseen is None:
            return None
        trust = 1.0 if foreseen is None else min(1.0, share / TRUST) ** 2 if measured is not None else 0.0
        left = trust * (measured or 0.0) + (1 - trust) * (foreseen or 0.0)
        if self._end is None:
            self._end = now + left
        else:
            follow = min(1.0, (now - self._last) / CALM)
            self._end += follow * (now + left - self._end)
        self._last = now
        smooth = max(0.0, self._end - now)
        if self._shown is None or smooth < self._shown or smooth > SURPRISE * self._shown + 2:
            self._shown = smooth
        return self._shown if elapsed + left >= WORTH_SHOWING else None


def follow(
    events: Iterator[Event],
    progress: Progress,
    line: Any,
    started: Callable[[Started], dict[Any, Any]],
    happened: Callable[[Event], dict[Any, Any]],
) -> Generator[dict[Any, Any], None, Restoration]:
    """Shows a run as it goes; gives what it made.

    line: the component of the status line. started, happened: what else the page shows of the first event, and of every
    step and the end.
    """
    while isinstance(first := next(events), Waiting):
        yield {line: status(WORDS.device_taken, 0.0, "busy")}
    assert isinstance(first, Started)  # the grammar of events: after any waiting Started, last Finished
    size = first.output_size if first.output_size != first.input_size else None
    last, steps = time.monotonic(), 0
    yield started(first) | {line: progress.at("encode", 0.0).status(WORDS.encoding)}
    for event in events:
        match event:
            case Started():
                steps = 0
                yield started(event)
            case Waiting():  # what ran it is gone: it begins again with another replica
                yield {}
            case PriorStep():
                steps = event.number
                yield happened(event) | {line: _after(event, first.steps, progress, size)}
            case Finished():
                yield happened(event) | {line: progress.at("save", 0.0).status(WORDS.saving)}
                return event.restoration
            case Encoding() | Painting() if time.monotonic() - last < PAUSE:
                yield {}
                continue
            case Encoding():
                yield {line: progress.at("encode", event.fraction).status(WORDS.encoding_share)}
            case Painting():
                yield {line: painting(event, progress, (steps, first.steps - 1), size)}
        last = time.monotonic()
    raise RuntimeError("the run ended without a result")


def follow_in_line(events: Iterator[Event], text: str, line: Any) -> Generator[dict[Any, Any], None, Restoration]:
    """A run of which the status line alone shows how far it is. text: with {percent}."""
    last = -PAUSE
    for event in events:
        if isinstance(event, Finished):
            return event.restoration
        if time.monotonic() - last < PAUSE:
            yield {}
            continue
        last = time.monotonic()
        share = event.fraction if isinstance(event, Painting) else 0.0
        yield {line: status(text.replace("{percent}", str(round(100 * share))), share, "busy")}
    raise RuntimeError("the run ended without a result")


def painting(
    event: Painting, progress: Progress, previews: tuple[int, int], size: tuple[int, int] | None = None
) -> str:
    """previews: how many are done, and how many there will be. size: (width, height) of a result that is larger."""
    if event.label.startswith("preview"):
        done, of = previews
        position = progress.at("previews", (done + event.fraction) / max(1, of))
        return position.status(WORDS.previewing.replace("{label}", say(event.label)))
    if event.label == COPYING:
        return progress.at("copy", event.fraction).status(WORDS.copying)
    if event.label == UNDOING:
        return progress.at("undo", event.fraction).status(WORDS.undoing)
    text = WORDS.painting
    if size:
        text = WORDS.painting_larger.replace("{width}", str(size[0])).replace("{height}", str(size[1]))
    return progress.at("paint", event.fraction).status(text)


def _after(step: PriorStep, steps: int, progress: Progress, size: tuple[int, int] | None) -> str:
    """The status once a step is done: after the last one it is the painting that takes the time.

    The steps themselves take no time; their previews do.
    """
    if step.number == steps:
        return painting(Painting(0.0), progress, (step.number, steps - 1), size)
    text = WORDS.denoising.format(number=step.number, total=steps, length=len(step.ipr))
    return progress.at("previews", step.number / max(1, steps - 1)).status(text)
