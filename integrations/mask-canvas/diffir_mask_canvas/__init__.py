"""A photo, and a mask painted over it, for Gradio apps.

import gradio as gr
from diffir_mask_canvas import MaskCanvas

with gr.Blocks() as demo:
    canvas = MaskCanvas(label="Photo and hole")
    mask = gr.Image()
    gr.Button("Show the mask").click(lambda value: value["mask"], canvas, mask)
"""

from __future__ import annotations

from .component import MaskCanvas
from .values import Painted

__all__ = ["MaskCanvas", "Painted"]
