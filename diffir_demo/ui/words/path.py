"""The camera's path: what it is, and how it is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...recipe import Recipe
    from ..compare_board import BendData

PATH = {
    "title": "The camera's path",
    "what": "While the shutter was open the camera moved, and every point of light in the scene drew this line into "
    "the photo. Where the line is brighter, the camera stayed longer.",
    "trail": "The camera's path, as a trail of light: {length} pixels long, {angle} degrees from level",
    "steps": "How it was found: in the photo made small first, then in larger ones",
    "step": "{percent} %",
    "step_long": "The path as it was found in the photo at {percent} % of its size",
    "change": "Change the path and its strength",
    "grip": "Drag to turn the path and to make it longer or shorter",
    "glance": "A piece of the photo appears here while you change the path",
    "glance_long": "The piece of the photo, with the path as it is changed",
    "turn": "Turned by",
    "length": "Length",
    "strength": "Strength",
    "less": "less",
    "more": "more",
    "degrees": "{amount}°",
    "percent": "{amount} %",
    "spoken_turn": "{amount} degrees clockwise",
    "spoken_percent": "{amount} percent",
    "draw": "Draw the path",
    "drawing": "Draw a line on the black square",
    "straight": "Straight line",
    "back": "Back to what was found",
    "back_given": "Back to the path of the run",
    "apply": "Apply to the whole photo",
    "hint": "Drag the round handle, or the sliders: a piece of what is on the screen follows at once. Strength is how "
    "much of the deconvolved photo is used. Double-click a slider: back to what was found.",
    "pixels": "{amount} px",
}
APPLYING = "Undoing the changed path: {percent} %"
NO_RUN = "There is no result whose path could be changed."
BAD_BEND = "A path is turned by up to 180 degrees, made half to twice as long, or drawn with up to 400 points."
BENT = "Changed by you: {changes}."
DRAWN, TURNED, LONGER, STRENGTH = (
    "drawn by hand",
    "turned by {turn:+.0f}°",
    "{length:.0f} % long",
    "strength {percent:.0f} %",
)
GIVEN = "a path of its own"
"""A recipe that brings a path."""
DECONVOLVED = "Deconvolved, no network"
DECONVOLVED_NOTE = "The photo with the camera's path undone by arithmetic alone, before any network saw it"


def changes(bend: BendData) -> str:
    """drawn by hand, turned by +12°, strength 40 %"""
    told = [DRAWN] if bend.line else []
    told += [TURNED.format(turn=bend.turn)] if bend.turn else []
    told += [LONGER.format(length=bend.length)] if bend.length != 100 else []
    told += [STRENGTH.format(percent=bend.strength)] if bend.strength is not None else []
    return ", ".join(told).replace("-", "−")


def bent(bend: BendData) -> str:
    return "" if bend.is_nothing else BENT.format(changes=changes(bend))


def of_recipe(recipe: Recipe) -> list[str]:
    """What a recipe tells of a path: nothing, a path of its own, a strength, or both."""
    told = [GIVEN] if recipe.path else []
    return told + ([STRENGTH.format(percent=100 * recipe.strength)] if recipe.strength is not None else [])
