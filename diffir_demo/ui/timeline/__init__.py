"""The diffusion as it happens and afterwards: every step's IPR as a map, as bars and as numbers, and what it paints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from ...trace.plot import DARK, LIGHT, PLACES
from ..component import parts
from ..words.inside import TIMELINE


class Timeline(gr.HTML):
    """Value: what `Film.value` makes, or None before the first run; nothing comes back from the browser in it.

    Events: `paint`, with {"number": int} for one step or {"number": None, "noise": bool} for all that have no picture;
    `halt`, to stop that; `save`, with {"suffix": ".gif" | ".png" | ".npy"}.
    """

    def __init__(self, steps: int, value: dict[str, Any] | None = None, **options: Any) -> None:
        """steps: how many a run takes as a rule, for the room that is kept free."""
        settings = parts(Path(__file__).parent, "plot", "readings", "picture", "controls") | options
        colours = {"places": PLACES, "light": LIGHT, "dark": DARK}
        super().__init__(value, words=TIMELINE, colours=colours, usual=steps + 1, **settings)

    def postprocess(self, value: dict[str, Any] | None) -> dict[str, Any] | None:
        return value

    def api_info(self) -> dict[str, Any]:
        return {"type": "object"}
