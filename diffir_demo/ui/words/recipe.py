"""Sentences about keeping a result, repeating its run elsewhere, and bringing its settings back."""

from __future__ import annotations

# --- saving ---
FORMAT = "Save the result as"
FORMATS = {"PNG": ".png", "JPEG": ".jpg", "WebP": ".webp"}
QUALITY = "Quality"
QUALITY_INFO = "Higher looks better and takes more space; 90 is hard to tell from the result itself."
EXIF = "Keep camera data (date, camera, place)"
PROFILE = "Keep the photo's own colour profile{name}"
RECIPE = "Put the recipe inside"
RECIPE_INFO = (
    "Task, strokes, seed and weights, and the photo's file name: drop the file back here, and they are set again."
)
DOWNLOAD = "Download {format} ({size})"
PREPARING = "Preparing {format} …"
MEANINGS = {
    "PNG": "Every pixel exactly as computed; the largest file.",
    "JPEG": "Opens everywhere and is small; every pixel changes a little.",
    "WebP": "Smaller than JPEG at the same look; newer programs open it.",
}
LOSSLESS = "At 100, WebP keeps every pixel exactly."
ON_WHITE = "JPEG has no transparency: what is see-through becomes white."
OUTSIDE = "Pixels outside the mask change a little, too; PNG keeps those bit for bit."
IN_SRGB = "Colours are converted to sRGB, the profile that every screen understands."
TOO_LONG = "The recipe is too long for a JPEG and is left out; PNG and WebP hold it."

# --- bringing back ---
IS_RESULT = "<b>{file}</b> was made here: {what}."
USE, OPEN = "Use its settings", "Just open the picture"
DISMISS = "Not now"
SETTINGS_BACK = "The settings are back: {what}. Press Restore."
SETTINGS_BACK_WAITING = "The settings are back; only the photo is missing."
WAITING = "Its settings are back: {what}. Now drop the photo it was made from, <b>{photo}</b>. {or_else}"
OR_THIS = "Or press <b>Restore</b> to restore this picture again."
OR_OTHER = "Or go on with the photo that is here."
UNKNOWN_PHOTO = "whatever it was"
PHOTO = "{name}, {width} × {height} pixels"
FORGET = "Forget about it"
RIGHT_PHOTO = "That is the photo: all is as it was. Press Restore."
OTHER_PHOTO = (
    "<b>{file}</b> is not the photo that the result was made from (<b>{photo}</b>). The settings stay as they are."
)
LAY = "Lay its mask over this photo"
LAID = "The mask of the result lies over this photo. Press Restore."
A_RECIPE = "<b>{file}</b> is a recipe: {what}."
SEED, STEPS = "seed {seed}", "{steps} diffusion steps"
MOVED = "the numbers moved ({moves})"
STROKES, MASK = "{count} strokes", "a mask file"
ONE_STROKE = "1 stroke"

# --- repeating elsewhere ---
COPY = {
    "title": "Repeat it elsewhere: command line, Python, web API",
    "label": "How to repeat this run",
    "copy": "Copy",
    "copied": "Copied",
    "failed": "Select the text and copy it yourself",
    "save": "Save as a file",
    "photo": "The photo that went in",
}
TABS = {"cli": "Command line", "python": "Python", "client": "Python client", "curl": "curl", "json": "Recipe"}
FINDING = "Find them elsewhere: command line, Python, web API"
FINDING_NOTES = {
    "cli": "{photo} is the photo. What is drawn or erased by hand is not in it: save the mask for that.",
    "python": "In this project's folder, with {photo} beside it.",
    "client": "From anywhere: pip install gradio_client. The search happens on this server.",
    "curl": "In a terminal of Linux or macOS. The search happens on this server.",
}
NOTES = {
    "cli": "{result} is the result, downloaded as PNG: its recipe is inside. {photo} is the photo.",
    "python": "In this project's folder, with {photo} beside it.",
    "client": "From anywhere: pip install gradio_client. The run happens on this server.",
    "curl": "In a terminal of Linux or macOS. The run happens on this server.",
    "json": "All settings as JSON, for --recipe, or to drop back here; the longest are shown as a file only.",
}
