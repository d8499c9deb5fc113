"""The diffusion as it happens: every step's IPR as a map, as bars and as numbers, on one canvas fed with lists."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from .. import words
from ..component import parts


class IprView(gr.HTML):
    """Value: what `views.ipr` makes, or None before the first run."""

    def __init__(self, value: dict[str, Any] | None = None, **options: Any) -> None:
        settings = parts(Path(__file__).parent) | options
        super().__init__(value, words=words.IPR, **settings)

    def postprocess(self, value: dict[str, Any] | None) -> dict[str, Any] | None:
        return value

    def api_info(self) -> dict[str, Any]:
        return {"type": "object"}
