"""What is believed of a camera's path, as a sentence and as numbers."""

from __future__ import annotations

from .find import BELIEF, LEAST_SIDE, STILL
from .undo import Undone

FAIRLY = 0.5
"""Confidence from which on a path is called fairly sure."""
FOUND = "Camera path found: {length:.0f} px long, {sure} ({confidence} %)"
GIVEN = "Camera path as given: {length:.0f} px long"
UNSURE = "Not sure of the camera's path ({confidence} %)"
IN_PART = ": undone in part"
SHARP = "No shake found: the photo counts as sharp"
NO_PATH = "No path of the camera explains this photo, so none was undone"
NONE_FITS = "No path of the camera explains this photo ({confidence} %)"
TOO_SMALL = "The photo is too small to look for the camera's path: {least} x {least} pixels are the least"
ASKED = "; strength {strength} %, as asked"


def path_in_words(undone: Undone, asked: float | None = None) -> str:
    """One sentence: what was found or given, how sure that is, and what was done. asked: a strength that was wanted."""
    shake = undone.shake
    facts = {"length": shake.length, "confidence": round(100 * shake.confidence), "least": LEAST_SIDE}
    at_will = "" if asked is None else ASKED.format(strength=round(100 * asked))
    if undone.given:
        return GIVEN.format(**facts) + at_will + "."
    if not shake.steps:
        return TOO_SMALL.format(**facts) + "."
    if shake.trust == 0:
        if shake.radius <= STILL:
            return SHARP + at_will + "."
        return (NONE_FITS.format(**facts) + at_will if undone.strength else NO_PATH) + "."
    if shake.confidence < FAIRLY:
        return UNSURE.format(**facts) + (at_will or IN_PART) + "."
    sure = "sure" if shake.confidence >= BELIEF else "fairly sure"
    return FOUND.format(sure=sure, **facts) + at_will + "."


def path_facts(undone: Undone) -> dict[str, float | bool]:
    """The same for programs: length and radius in pixels, confidence and strength in [0, 1], whether it was given."""
    shake = undone.shake
    return {
        "given": undone.given,
        "length": round(shake.length, 2),
        "radius": round(shake.radius, 3),
        "confidence": round(shake.confidence, 4),
        "strength": round(undone.strength, 4),
    }
