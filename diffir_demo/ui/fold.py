"""A headline that folds away what stands below it in its column."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gradio as gr

from .component import parts


@contextmanager
def folded(title: str, elem_id: str, name: str = "", classes: str = "") -> Iterator[gr.HTML]:
    """A column whose content is folded away at first; gives its headline.

    Gradio's accordion makes its content only once it is opened, and a component of our own whose value changes before
    that comes without its settings. Here everything is there from the start, and only hidden. The headline's event
    `open`, with {"wanted": number}: the content can be seen and is not filled.

    name: under which this browser remembers whether it is open; "" to be folded at every visit.
    """
    with gr.Column(elem_id=elem_id, elem_classes=f"tight foldable {classes}"):
        options: dict[str, Any] = parts("fold")
        yield gr.HTML(None, headline=title, name=name, **options)
