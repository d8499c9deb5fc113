"""A headline that folds away what stands below it in its column.

Gradio's accordion makes its content only once it is opened, and a component of our own whose value changes before that
comes without its settings. Here everything is there from the start, and only hidden.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from ..component import parts


class Fold(gr.HTML):
    """Value: the headline. The first child of a column; folded until somebody presses it."""

    def __init__(self, value: str, **options: Any) -> None:
        settings = parts(Path(__file__).parent) | options
        super().__init__(value, **settings)
