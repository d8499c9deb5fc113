"""What to say about a run before it starts, and whether to ask first: pure functions of its estimate."""

from __future__ import annotations

from dataclasses import dataclass

from ..estimate import Estimate
from ..restore import MAX_OUTPUT_MEGAPIXELS
from .words import minute as words

SECONDS, BYTES = 5.0, 1e9
"""From which an estimate is worth a line."""
LONG = 60.0
"""Seconds from which a run is asked about before it starts."""
MUCH = 0.7
"""Share of the free memory from which a run is asked about before it starts."""
QUICK = 4.0
"""Seconds that a photo should take once it was made smaller."""
LEAST = 1e6
"""Pixels of a result below which no photo is made smaller."""
WORTHWHILE = 0.8
"""Share of the pixels that a smaller photo may have at most, or it is not offered."""


def is_worth_telling(estimate: Estimate) -> bool:
    return estimate.seconds > SECONDS or estimate.bytes > BYTES or estimate.tiles > 1 or _is_too_large(estimate)


def sentence(estimate: Estimate, has_hole: bool, is_part: bool) -> str:
    """has_hole: there is a mask, or the task wants none. is_part: only what is around the hole is worked on."""
    time, memory = words.about(estimate.seconds), words.memory(estimate.bytes)
    (width, height), (to_width, to_height) = estimate.input_size, estimate.output_size
    facts = {"width": width, "height": height, "to_width": to_width, "to_height": to_height}
    if _is_too_large(estimate):
        return words.TOO_LARGE.format(**facts)
    if not has_hole:
        return words.NO_HOLE_YET.format(**facts, time=time)
    larger = estimate.input_size != estimate.output_size
    form = words.AHEAD_PART if is_part else words.AHEAD_LARGER if larger else words.AHEAD_WHOLE
    text = form.format(**facts, time=time, memory=memory)
    if estimate.tiles > 1:
        text += words.AHEAD_TILES.format(tiles=estimate.tiles)
    return text + (words.AHEAD_PREVIEWS if estimate.previews > estimate.seconds / 2 else "")


@dataclass(frozen=True)
class Question:
    """What speaks against just starting, as a sentence."""

    reason: str


def question(estimate: Estimate, free: int | None) -> Question | None:
    """free: bytes of memory, None where the system does not tell. None: there is nothing to ask about.

    Nor is there where the run would refuse at once.
    """
    if _is_too_large(estimate):
        return None
    if free is not None and estimate.bytes > MUCH * free:
        facts = {"memory": words.memory(estimate.bytes), "free": words.memory(free)}
        return Question(words.ASKED_MEMORY.format(**facts))
    if estimate.seconds > LONG:
        return Question(words.ASKED_TIME.format(time=words.about(estimate.seconds)))
    return None


def smaller_size(estimate: Estimate) -> tuple[int, int] | None:
    """(width, height) at which a photo would take moments; None where it nearly does, or would be hardly smaller."""
    (width, height), (to_width, to_height) = estimate.input_size, estimate.output_size
    output = to_width * to_height
    share = min(QUICK / estimate.seconds, BYTES / estimate.bytes, MAX_OUTPUT_MEGAPIXELS * 1e6 / output)
    share = max(share, LEAST / output)
    if share > WORTHWHILE:
        return None
    return max(1, round(width * share**0.5)), max(1, round(height * share**0.5))


def _is_too_large(estimate: Estimate) -> bool:
    return estimate.output_size[0] * estimate.output_size[1] > MAX_OUTPUT_MEGAPIXELS * 1e6
