"""What the panel for many photos says."""

from __future__ import annotations

from html import escape

TITLE = "Many photos at once"
USES = "Every photo is restored with the settings above: <b>seed {seed}</b>, <b>{weights}</b>{steps}. You get one zip."
USES_STEPS = ", <b>{steps} diffusion steps</b>"
USES_MASK = (
    "What is painted over above goes over every photo, at the same place. A photo can have a mask of its own instead: "
    "add it beside the photo, named <b>cat_mask.png</b> for <b>cat.jpg</b>."
)
KEEP_OPEN = "Keep this page open until it is done. Between two photos, single runs may go first."
FORMAT = "Save them as"
FORMATS = {
    ".png": "PNG, every pixel kept",
    ".jpg": "JPEG, smaller files",
    ".webp": "WebP, smaller files",
    "": "Whatever each photo was",
}
START, STOP = "Restore all", "Stop"
DOWNLOAD = "Download the zip"

LIST = {
    "drop": "Drop photos here, or click to choose them",
    "drop_hint": "Up to {photos} photos, together up to {megabytes} megabytes. Zips of photos count, too, up to "
    "{zip} megabytes each.",
    "more": "Add more",
    "clear": "Empty the list",
    "choose": "Choose photos or zips",
    "photos": "The photos of this batch",
    "remove": "Take out {name}",
    "uploading": "Uploading {number} of {total} …",
    "too_large": "{name} is larger than {megabytes} megabytes and was left out.",
    "too_many": "These are {count} files, and {most} is the most at once. Take fewer.",
    "not_uploaded": "{name} could not be uploaded.",
    "progress": "Progress of the batch",
}
STATES = {"waiting": "waiting", "working": "working", "done": "done", "failed": "could not"}

GATHERED = "{photos}, {megabytes} megabytes."
PHOTOS = ("{count} photo", "{count} photos")
MASKS = (" {count} of them brought a mask.", " {count} of them brought masks.")
LEFT_OUT = (" {count} other file was left out.", " {count} other files were left out.")
NO_PHOTOS = "There are no photos in the list yet."
NO_PHOTOS_HINT = "Drop some into it first."
STARTING = "Starting …"
GOING = "Photo {number} of {total}"
LEFT = "{text}, about {time} left"
WAITING = "Another run is going first; photo {number} of {total} comes right after it"
WAITING_ROW = "another run goes first"
DONE = "Done: {photos} in {time}."
STOPPED = "Stopped. The zip holds what was finished: {photos} of {total}."
STOPPED_EMPTY = "Stopped before the first photo was finished."
NONE = "None of the photos could be restored; each row says why."
FAILED = (" {count} could not be restored; its row says why.", " {count} could not be restored; their rows say why.")
REMEMBERED = ("A batch of {count} photo", "A batch of {count} photos")
NOT_BEGUN = "not begun"
BUG = "Something went wrong that should not; the server's log tells more. What was finished until then is kept."


def counted(forms: tuple[str, str], count: int) -> str:
    """One or many."""
    return forms[count != 1].format(count=count)


def duration(seconds: float) -> str:
    """0.4 -> 1 s; 75 -> 1 min 15 s; 4000 -> 1 h 7 min."""
    whole = max(1, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole < 600 and whole % 60 else f"{round(whole / 60)} min"
    minutes = round(whole / 60)
    return f"{minutes // 60} h {minutes % 60} min"


def uses(seed: float | None, weights: str, steps: int | None, wants_mask: bool) -> str:
    """What a batch takes from the page, as HTML. steps: None for as many as were trained."""
    number = "" if seed is None else f"{seed:.0f}" if seed == int(seed) else str(seed)
    told = USES.format(seed=number, weights=escape(weights), steps=USES_STEPS.format(steps=steps) if steps else "")
    lines = [told, *([USES_MASK] if wants_mask else []), KEEP_OPEN]
    return "".join(f'<p class="batch-uses">{line}</p>' for line in lines)
