"""What the compare board says."""

from __future__ import annotations

BOARD = {
    "title": "Compare",
    "modes": "How to compare",
    "slider": "Slider",
    "side": "Side by side",
    "lens": "Lens",
    "flicker": "Flicker",
    "difference": "Difference",
    "zoom": "Zoom",
    "zoom_in": "Zoom in (+)",
    "zoom_out": "Zoom out (−)",
    "level": "Size on the screen; 100 % is one pixel of the result for one of the page",
    "fit": "Fit",
    "fit_long": "Show the whole picture (0)",
    "full": "1:1",
    "full_long": "Show every pixel of the result as it is (1)",
    "fullscreen": "Full screen (Esc leaves it)",
    "stage": "The pictures. Plus and minus zoom, arrows move, 0 fits, 1 shows single pixels, F holds the view of A.",
    "line": "The line between A and B",
    "line_value": "{percent} % shows {name}",
    "lens_handle": "The lens: arrows move it",
    "magnify": "Magnify",
    "hold": "Hold to see A",
    "hold_hint": "Or hold the picture itself, or the F key",
    "gain": "Amplify",
    "gain_value": "× {gain}",
    "legend_low": "equal",
    "legend_high": "{levels} levels of 255 or more",
    "legend_note": "What A and B differ by, for each colour; black is equal. Zoom to 100 % to judge single pixels.",
    "outline": "Mask outline",
    "origins": "Copied / painted",
    "origins_long": "Show over the result what was copied from elsewhere in the photo, and what the network painted",
    "add": "Add a picture",
    "remove": "Remove this picture",
    "pane": "Picture {letter}",
    "preview": "preview",
    "preview_long": "The picture is too large to be sent whole: this is a preview. Zoom in, and what you see comes in "
    "its own pixels.",
    "not_run": "{title}: run",
    "run": "Run",
    "run_long": "Run {title} on this photo, to compare",
    "waiting": "running …",
    "show_in": "Show {title} as {letter}",
    "method": "Method",
    "time": "Time",
    "missing": "A picture could not be fetched. Is the server still there?",
    "scores": "Methods, their times and scores",
    "empty": "The result appears here",
    "reading": "What the 256 numbers say:",
}

COPIED = "copied from elsewhere in the photo, {percent} % of the hole"
PAINTED = "painted by the network, {percent} %"
ALL_PAINTED = "All of the hole was painted by the network; nothing was copied from elsewhere in the photo."
FILL_MAP = "Save as PNG what was copied and what was painted"
ANOTHER = "Try another"
MODEL = "DiffIR"
NETWORK = "{model}, {weights}"
"""A network among several."""
COMPARED = "{name}, to compare: {text}"
"""Before what the status line says of a run that only a comparison needs."""
RUNNING = "Running {name}, to compare …"
COMPARED_IN = "{name} took {seconds}."
MEASURING = "Measuring against the clean photo …"
NO_SUCH_METHOD = "There is no such method for this photo."
REFERENCE = "I have the clean picture"
REFERENCE_INFO = (
    "Scores need the picture as it should be: press “{damage}” to make a case where it is known, or give it with "
    "“I have the clean picture”."
)
REFERENCE_SIZE = "The clean picture has {found[0]} × {found[1]} pixels, the result {asked[0]} × {asked[1]}."
REFERENCE_HINT = "It must show the same, pixel for pixel."
REFERENCE_TAKEN = "Everything is now measured against {name}."
PERCEPTUAL = "Measure likeness (ST-LPIPS)"
PERCEPTUAL_LARGE = "ST-LPIPS can be measured up to {megapixels} megapixels here."
PERCEPTUAL_SMALL = "The picture is too small for ST-LPIPS."
NOTHING_YET = "There is no result to measure yet."
