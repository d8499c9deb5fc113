"""The result as a file to keep."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import gradio as gr

from ...events import Restoration
from ...imaging import encode_picture
from .. import views, words
from ..outcome import Outcome
from ..studio import keep
from .panel import Panel, Updates

if TYPE_CHECKING:
    from ..tab import Tab


class ExportPanel(Panel):
    """The download."""

    def __init__(self, tab: Tab) -> None:
        super().__init__(tab)
        self.download = gr.DownloadButton(words.DOWNLOAD, visible=False, elem_id=self.named("download"))
        self.outputs = [self.download]

    def emptied(self) -> Updates:
        return {self.download: gr.DownloadButton(value=None, visible=False)}

    def shown(self, outcome: Outcome) -> Updates:
        return {self.download: gr.DownloadButton(value=outcome.path, visible=True)}

    def written(self, restoration: Restoration, name: str) -> str:
        """The path of the result as a PNG, where the browser may fetch it. name: that of the photo."""
        picture = restoration.picture
        verb = self.words.verb.format(scale=picture.width // restoration.request.picture.width)
        return keep(encode_picture(picture, ".png", text=_recipe(restoration)), views.result_name(name, verb))


def _recipe(restoration: Restoration) -> dict[str, str]:
    """Told inside the PNG: what made it."""
    settings = {"task": restoration.task, "weights": restoration.weights, "seed": restoration.request.seed}
    return {"Software": words.TITLE, "DiffIR": json.dumps(settings)}
