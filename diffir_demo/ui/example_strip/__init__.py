"""A row of example photos to start from; event `choose` tells which one was picked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from .. import words
from ..component import parts


class ExampleStrip(gr.HTML):
    """Value: list of {"title", "thumbnail" (a data URL), "label" (may be empty)}, in order. Event data of `choose`:
    {"index": int}.
    """

    def __init__(self, value: list[dict[str, str]], label: str = words.EXAMPLES["label"], **options: Any) -> None:
        settings = parts(Path(__file__).parent) | options
        super().__init__(value, words={"label": label}, **settings)

    def postprocess(self, value: list[dict[str, str]]) -> list[dict[str, str]]:
        return value

    def api_info(self) -> dict[str, Any]:
        return {"type": "array"}
