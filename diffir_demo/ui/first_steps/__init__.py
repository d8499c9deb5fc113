"""Three steps for whoever is here for the first time; dismissed once, it stays away from this browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from ..component import parts
from ..words import minute as words


class FirstSteps(gr.HTML):
    """Hidden until the page finds that nobody dismissed it here before. Value: the title."""

    def __init__(self, **options: Any) -> None:
        settings = parts(Path(__file__).parent) | options
        super().__init__(words.STEPS_TITLE, steps=list(words.STEPS), close=words.STEPS_CLOSE, **settings)
