"""What the IPR says of a photo, and the sliders that move it."""

from __future__ import annotations

from collections.abc import Mapping

from ...weights import Reading

NAMES = {"noise": "Grain", "softness": "Softness", "compression": "JPEG damage"}
"""Of what a network tells, for the sliders."""
SHORT = {"noise": "grain", "softness": "softness", "compression": "JPEG damage"}
TITLES = {"noise": "Grain", "softness": "Softness", "compression": "JPEG quality"}
UNITS = {"noise": "{value:.0f} of 255", "softness": "{value:.1f} px", "compression": "about {value:.0f}"}
PLAIN = {"noise": "{:.0f}", "softness": "{:.1f}", "compression": "{:.0f}"}
"""Readings with the digits that they are good for."""
MOVED = "Moved by you: {moves} (standard deviations)."
ERRORS = (
    "These numbers (the IPR) are what the diffusion found for this photo. Read on held-out photos that were damaged in "
    "known ways, they were off by {errors} (root mean square)."
)
ERROR = {
    "noise": "{value:.0f} levels of grain",
    "softness": "{value:.1f} px of softness",
    "compression": "{value:.0f} points of JPEG quality",
}
SLIDERS = {
    "group": "Tell the network otherwise",
    "hint": "More grain: it smooths more. More softness: it sharpens more. Drag for a preview; let go, and the whole "
    "picture is painted. Double-click: back to the estimate.",
    "less": "less",
    "more": "more",
    "as_read": "as read",
    "spoken_as_read": "as the numbers say",
    "spoken_more": "{amount} standard deviations more than the numbers say",
    "spoken_less": "{amount} standard deviations less than the numbers say",
    "back": "Back to the estimate",
    "sure": "How sure is that?",
    "preview": "preview",
}
PAINTING = "Painting with the numbers moved: {percent} %"
BACK = "This is the picture of the estimate again."
NO_RUN = "There is no result whose numbers could be moved."
BAD_MOVE = "The numbers can be moved by grain, softness and JPEG damage, up to {most} standard deviations each."


def moves(amounts: Mapping[str, float]) -> str:
    """grain +0.5, softness −1"""
    told = (f"{SHORT.get(name, name)} {amount:+.2g}" for name, amount in amounts.items() if amount)
    return ", ".join(told).replace("-", "−")


def errors(reading: Reading) -> str:
    """±3 levels of grain, ±0.3 px of softness"""
    told = (f"±{ERROR[each.name].format(value=each.error)}" for each in reading.values if each.name in ERROR)
    return ", ".join(told)
