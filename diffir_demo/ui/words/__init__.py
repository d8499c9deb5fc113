"""Every sentence that a visitor reads, in one place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

TITLE = "DiffIR Studio"
LEAD = (
    "Restore a photo with a diffusion model that runs on <b>256 numbers</b> instead of on pixels: "
    "it takes four quick steps, and then one network paints the picture once."
)
PRIVACY = "Photos stay on the computer that runs this page, and are deleted from it after a day."


@dataclass(frozen=True)
class TaskWords:
    """What differs from tab to tab."""

    intro: str
    """With {times} filled in: "two or four times"."""
    damage: str
    """The button that makes a test case."""
    damaged: str
    """What that did, for the status line, with {times} filled in."""
    verb: str
    """Joined to the file's name, with {scale} filled in: photo-VERB.png."""
    input: str = "Your photo"
    hint: str = "Press <b>Restore</b>."
    """Where the result will be, once there is a photo of one's own."""


TASKS = {
    "inpaint": TaskWords(
        intro="Paint over what should go: a wire, a scratch, a stranger. Everything you do not paint stays as it is, "
        "bit for bit.",
        damage="Scribble on it for me",
        damaged="Scribbles were added and masked. Press Restore: the result is measured against the clean photo.",
        verb="inpainted",
        hint="Paint over what should go, then press <b>Restore</b>.",
    ),
    "clean": TaskWords(
        intro="Give it a photo that is noisy, soft or full of JPEG blocks; it comes back clean, at the same size.",
        damage="Add test damage",
        damaged="Noise, soft focus and JPEG were added, each by chance. Press Restore: the result is measured against "
        "the photo as it was.",
        verb="cleaned",
    ),
    "sr": TaskWords(
        intro="Give it a small photo; it comes back {times} as wide and as high.",
        damage="Shrink it for me",
        damaged="The photo was made {times} smaller. Press Restore: the result is measured against the original.",
        verb="{scale}x",
        input="Your photo, just enlarged",
    ),
    "deblur": TaskWords(
        intro="Give it a photo that was blurred by a shaken camera; it comes back sharper, at the same size.",
        damage="Blur it for me",
        damaged="The photo was blurred by a made-up shake of the camera. Press Restore: the result is measured "
        "against the sharp photo.",
        verb="deblurred",
    ),
}
_NUMBERS = {2: "two", 3: "three", 4: "four"}
_ANY_TASK = TaskWords(
    intro="",
    damage="Damage it for me",
    damaged="The photo was damaged. Press Restore: the result is measured against the clean photo.",
    verb="restored",
)


def preset_label(title: str, file: str, is_default: bool) -> str:
    """What to call a preset's file in the list of all weight files."""
    return f"{title}, the default ({file})" if is_default else f"{title} ({file})"


def times(scales: Iterable[int]) -> str:
    """(2, 4) -> "two or four times"."""
    return " or ".join(_NUMBERS.get(scale, str(scale)) for scale in scales) + " times"


def for_task(key: str) -> TaskWords:
    """The words of a task; plain ones for a task that has none of its own yet."""
    return TASKS.get(key, _ANY_TASK)


EXAMPLES = {"label": "Try one:"}
EXAMPLE_LABELS = {
    "noise": "Noisy",
    "soft": "Soft",
    "jpeg": "Over-compressed",
    "none": "Fine as it is",
    "old": "Find its scratches",
}
"""What is wrong with an example, by the set of damage that was done to it."""

RESTORE, CANCEL = "Restore", "Cancel"
UPLOAD_MASK, SAVE_MASK = "Upload a mask", "Save the mask"
UNDAMAGE = "Back to the clean photo"
OPTIONS = "Options"
SEED = "Seed"
SEED_INFO = "The noise that the diffusion starts from. The same seed gives the same pixels."
PREVIEWS = "Preview every step"
PREVIEWS_INFO = "Paints the picture after each step, too. Each preview takes as long as the result itself."
STEPS = "Diffusion steps"
STEPS_TRAINED = "As trained"
STEPS_INFO = "Other numbers cover the same range of noise in fewer or more steps. Scores are measured as trained."
WEIGHTS_GROUP = "Weights"
WEIGHTS = "Weight file"
WEIGHTS_INFO = "What the network has learned. Files in the checkpoints folder are listed here."
PRESET, SCALE, TIMES = "Preset", "Enlarge", "x{scale}"
NO_PRESET = "No preset: the weight file {name} is chosen, under Weights."
PRESET_MISSING = "The weights of {title} are not here."
PRESET_MISSING_HINT = "Choose another preset, or add its file to the checkpoints folder."
OWN_WEIGHTS = "Use a weight file of my own (.safetensors, .pth, .ckpt)"
YOURS = "yours, until you leave"
NO_WEIGHTS = "No weights for this task are in the checkpoints folder yet. Add some, or use a file of your own."
NO_WEIGHTS_BADGE = "no weights here"
ORIGINAL = "Clean original"

HINT = "Press <b>Restore</b>. The example is ready to go; or choose a photo of your own."
HINT_RUNNING = "It is being made; the line above tells how far it is."
HINT_STOPPED = "Press <b>Restore</b> to try again."
HINT_DAMAGED = "Press <b>Restore</b>. The result will be measured against the clean photo."
HINT_RECALLED = "Press <b>Restore</b> to run it again."
READY = "Ready."
TROUBLE = "That did not work"
PRESSED = "Starting; if another run is going, yours comes right after it …"
READING = "Reading the photo …"
LOADING = "Loading the weights (only the first time) …"
ENCODING = "Encoding the photo …"
DENOISING = "Diffusion: step {number} of {total} on {length} numbers"
PAINTING = "Painting the picture: {percent} %"
PAINTING_LARGER = "Painting the picture, {width} × {height} pixels: {percent} %"
COPYING = "Copying texture from elsewhere in the photo: {percent} %"
UNDOING = "Undoing the camera's path: {percent} %"
PREVIEWING = "Painting {label}: {percent} %"
SAVING = "Saving the result …"
BUG = "Something went wrong that should not; the server's log tells more. Your photo and settings are still here."
CANCELLED = "Cancelled. Your photo and settings are still here."
DONE = "Done in {seconds}."
NO_PHOTO = "There is no photo yet."
NO_PHOTO_HINT = "Drop one into the frame, or choose an example."
NO_MASK = "Nothing is painted over yet."
NO_MASK_HINT = "Paint over what should go, or have scratches found for you."
NO_MASK_TO_SAVE = "There is no mask to save yet."
BAD_SEED = "The seed must be a whole number from 0 to 9007199254740991."
LARGE_SEED = "The seed {seed} is too large for a browser. The command line takes it."
MANY_STEPS = "That run took {steps} diffusion steps, and {most} is the most."
OTHER_WEIGHTS = " It was made with {meant}, which is not here; {used} is chosen instead."
MASK_OPENED = "The mask was put over the photo. Paint on, or press Restore."
WEIGHTS_OPENED = "{name} will be used for the next run: {badge}."
WEIGHTS_CHOSEN = "Other weights were chosen. The result here is still from the former ones."
LOST_FILE = "That photo is no longer on the server."
LOST_FILE_HINT = "Choose it again."

SCORES = {
    "hole_psnr": ("PSNR in the hole, dB", "Closeness to the clean photo inside the mask; higher is better"),
    "psnr": ("PSNR, dB", "Closeness to the clean photo, pixel by pixel; higher is better"),
    "ssim": ("SSIM", "Likeness of structure to the clean photo; 1 is identical"),
    "psnr_y": ("PSNR, dB", "Closeness in brightness, without the border, as papers measure it; higher is better"),
    "ssim_y": ("SSIM", "Likeness of structure in brightness; 1 is identical"),
    "st_lpips": ("ST-LPIPS", "How different it looks to a network; lower is better, 0 is identical"),
}


def score(name: str) -> tuple[str, str]:
    """(column title, what it means) of a key of `metrics.scores`."""
    return SCORES.get(name, (name, ""))


STAGE_COPIED = " Texture was copied in {copy}."
STAGE_UNDONE = " The camera's path was undone in {undo}."
STAGES = "Where the time went: reading and encoding {encode}, diffusion {denoise}, painting {paint}."
CREDIT_LINK = "source"
CREDITS = "Photo credits"
CREDITS_NOTE = (
    "All photos are shown smaller than they were published, some are cropped, and examples are damaged on purpose."
)
