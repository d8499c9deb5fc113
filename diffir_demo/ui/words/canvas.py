"""What the canvas says: its tools, its keys, and what can go wrong on it."""

from __future__ import annotations

from typing import Any

CANVAS: dict[str, Any] = {
    "toolbar": "Mask tools",
    "tool": "Tool",
    "brush": "Brush",
    "eraser": "Eraser",
    "box": "Box",
    "lasso": "Lasso",
    "subtract": "Take away instead of adding",
    "size": "Size",
    "size_long": "Brush size in pixels of the photo; keys [ and ]",
    "undo": "Undo",
    "redo": "Redo",
    "invert": "Invert the mask",
    "edge": "Edge of the mask: grow, shrink, soften",
    "grow_by": "Grow or shrink by",
    "pixels": "px",
    "grow": "Grow",
    "shrink": "Shrink",
    "feather": "Soft edge",
    "feather_hint": "Around the mask, what is painted fades into the photo over so many pixels.",
    "clear": "Clear mask",
    "clear_long": "Remove the whole mask; the photo stays",
    "bare": "Show the photo without the mask",
    "in_use": "Mask in use: what the network is given, pixel by pixel",
    "in_use_wait": "Asking for the mask as the network will get it …",
    "closer": "Zoom in",
    "farther": "Zoom out",
    "fit": "Fit the photo into the frame",
    "zoom": "Zoom",
    "other": "Other photo",
    "choose": "Choose a photo",
    "photo": "The photo to restore",
    "mask": "The mask; paint here, or press “Upload a mask” to do without a pointer",
    "stage": "The photo; zoom with plus and minus, move with the arrow keys, press the question mark for all keys",
    "drop": "Drop a photo here, or click to choose one",
    "drop_hint": "JPEG, PNG, WebP, AVIF, TIFF and more, up to 100 megapixels. You can also paste it.",
    "opening": "Opening the photo …",
    "opening_to_run": "Opening the photo … It is restored as soon as it is there.",
    "not_uploaded": "The photo could not be uploaded.",
    "not_shown": "The photo cannot be shown.",
    "not_asked": "The mask could not be fetched. Try again.",
    "find": "Find scratches for me",
    "find_long": "Look for scratches, dust, folds and date stamps, and add them to the mask, to look over",
    "find_stop": "Stop looking",
    "finding": "Looking for scratches …",
    "found_less": "fewer",
    "found_more": "more",
    "sensitivity": "How much is marked, from what is surely damage to all that may be",
    "sensitivity_value": "{percent} percent",
    "not_searched": "The photo could not be searched. Try again.",
    "too_many": "This mask holds no more strokes. Undo a few, save it, upload it, and paint on.",
    "close": "Close",
    "keys_title": "Keys and gestures",
    "keys_hint": "They work while the pointer is on the photo or its tools, and never while you type in a field.",
    "run_keys": [
        {"keys": ["Ctrl", "Enter"], "does": "Restore"},
        {
            "keys": ["Esc"],
            "does": "Cancel the run, or the search for scratches; or drop the stroke that is being drawn",
        },
        {"keys": ["?"], "does": "This list"},
    ],
    "view_keys": [
        {"keys": ["Wheel", "two fingers"], "does": "Zoom towards the pointer"},
        {"keys": ["+", "−", "0"], "does": "Zoom in, zoom out, fit"},
        {"keys": ["1"], "does": "One pixel of the photo to one of the screen"},
        {"keys": ["Space + drag", "middle button"], "does": "Move the photo"},
    ],
    "mask_keys": [
        {"keys": ["B", "E"], "does": "Brush, eraser"},
        {"keys": ["M", "L"], "does": "Box, lasso"},
        {"keys": ["X"], "does": "Switch between adding and taking away"},
        {"keys": ["Alt + drag"], "does": "Take away with any tool (the eraser adds)"},
        {"keys": ["Shift + click"], "does": "Straight line from the last stroke; with the box a square"},
        {"keys": ["[", "]"], "does": "Smaller, larger brush"},
        {"keys": ["I"], "does": "Invert the mask"},
        {"keys": ["Tab"], "does": "Hold, with the pointer on the photo: the photo without its mask"},
        {"keys": ["Ctrl", "Z"], "does": "Undo"},
        {"keys": ["Ctrl", "Shift", "Z"], "does": "Redo"},
    ],
}
"""For the page's templates and scripts."""

IN_USE = "The network is given {width} × {height} pixels; {percent} % of them are to be painted anew."
IN_USE_FEATHER = " The outermost {feather} pixels fade into the photo."
FOUND = "{percent} % of the photo marked; look it over: wires and twigs look like scratches."
NOTHING_FOUND = "Nothing that looks like a scratch was found."
FOUND_NOTHING = NOTHING_FOUND + " Slide towards more, or paint over it by hand."
NOTHING_FOUND_HINT = "Raise the sensitivity, or paint the mask by hand."
