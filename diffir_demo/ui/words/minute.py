"""What a visitor reads before and while a run goes: how long, how much memory, whose turn it is, what to do first."""

from __future__ import annotations

AHEAD_WHOLE = "{width} × {height} pixels: {time} and {memory} of memory on this machine."
AHEAD_LARGER = (
    "{width} × {height} pixels become {to_width} × {to_height}: {time} and {memory} of memory on this machine."
)
AHEAD_PART = (
    "{width} × {height} pixels. Only what is around the hole is worked on, so this takes {time} and {memory} of memory."
)
AHEAD_TILES = " Painted in {tiles} tiles, which fade into each other, to fit the memory."
AHEAD_PREVIEWS = " The previews take most of it."
NO_HOLE_YET = "{width} × {height} pixels: up to {time} on this machine, much less for a small hole."
TOO_LARGE = "{width} × {height} pixels would become {to_width} × {to_height}, which is more than can be held."
SMALLER = "Make it smaller ({width} × {height})"
CROP = "Crop to what I see"
NOT_ZOOMED = (
    "All of the photo is in sight. Zoom in on the part that you want (wheel, pinch or the + button), then press again."
)
SMALLER_DONE = "The photo is now {width} × {height}. Press Restore."
CROPPED_DONE = "Only the part that you saw is left: {width} × {height}. Press Restore."
ASKED_TIME = "This would take {time} on this machine."
ASKED_MEMORY = "This would take {memory} of memory; {free} are free. It may become very slow, or fail."
ASKED = "{reason} Go on?"
GO_ON, NOT_NOW = "Go on", "Not now"
PUT_OFF = "Not started. Your photo and settings are still here."
IN_LINE = {1: "Waiting: 1 run before yours …"}
IN_LINE_MANY = "Waiting: {count} runs before yours …"
NEXT = "Starting …"
FULL = "Too many runs are waiting already. Your photo and settings are still here: try again in a minute."
DEVICE_TAKEN = "Waiting: another run is just being finished …"
LEFT = "{time} left"
ENCODING = "Encoding the photo: {percent} %"

STEPS_TITLE = "New here? Three steps"
STEPS = (
    "The example below is ready: press <b>Restore</b> and watch.",
    "Then drop a photo of your own onto it, or choose another task.",
    "Drag the line over the result to compare, and download it.",
)
STEPS_CLOSE = "Got it"

_SECONDS = (2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50)
_COUNTS = (2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50)


def about(seconds: float) -> str:
    """As exact as an estimate is: "about 20 seconds", "about 2 minutes"."""
    if seconds < 1.5:
        return "about a second"
    if seconds < 55:
        return f"about {_nearest(seconds, _SECONDS)} seconds"
    if seconds < 90:
        return "about a minute"
    if seconds < 55 * 60:
        return f"about {_nearest(seconds / 60, _COUNTS)} minutes"
    if seconds < 90 * 60:
        return "about an hour"
    return f"about {round(seconds / 3600)} hours"


def memory(count: float) -> str:
    """Bytes in words, rounded up: "300 MB", "2.5 GB"."""
    if count < 0.95e9:
        return f"{max(1, -(-int(count) // 50_000_000)) * 50} MB"
    halves = -(-int(count) // 500_000_000)
    return f"{halves / 2:g} GB"


def left(seconds: float) -> str:
    """ "about 12 s left": short, as it stands beside what is going on."""
    if seconds < 55:
        return LEFT.format(time=f"about {max(1, round(seconds))} s")
    minutes = max(1, round(seconds / 60))
    return LEFT.format(time=f"about {minutes} min")


def in_line(before: int) -> str:
    """before: runs that come first."""
    if before < 1:
        return NEXT
    return IN_LINE.get(before) or IN_LINE_MANY.format(count=before)


def _nearest(value: float, steps: tuple[int, ...]) -> int:
    return min(steps, key=lambda step: abs(step - value) / step)
