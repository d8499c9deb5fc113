"""What the list of a browser's runs says."""

from __future__ import annotations

LIST = {
    "title": "Your runs in this browser",
    "note": "Only this browser keeps the list. The photos themselves stay on the server for a day.",
    "empty": "Nothing yet. Each run is listed here as soon as it is done, with its settings, to be used again.",
    "before": "Before",
    "after": "After",
    "seed": "seed {seed}",
    "again": "Use again",
    "again_long": "Bring back the photo and the settings of {name}",
    "settings": "Use its settings",
    "settings_long": "Bring back the settings of {name}, for the photo that is here now",
    "download": "Download",
    "download_long": "Download the result of {name}",
    "gone": "Its files are gone; they are kept for a day.",
    "photo_gone": "The photo is gone; files are kept for a day.",
    "result_gone": "The result is gone; files are kept for a day.",
    "remove": "Remove {name} from the list",
    "removed": "{name} was removed from the list.",
    "clear": "Remove all",
    "cleared": "All {count} runs were removed from the list.",
    "undo": "Undo",
    "more": "Show all {count}",
    "less": "Show fewer",
    "unsaved": "This browser lets the page keep nothing, so the list lasts until you leave.",
}
BACK = "The photo and its settings are back. Press Restore."
SETTINGS_BACK = (
    "The settings are back, for the photo that is here now. The former photo is gone; files are kept for a day."
)
OTHER_TASK = "This run belongs to another tab."
