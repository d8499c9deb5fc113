"""Own components: Python, HTML, CSS and JavaScript side by side in one folder."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import gradio as gr
from gradio.data_classes import GradioModel

SHARED = Path(__file__).with_name("component.js")
"""What all their scripts may use."""


class TypedHTML(gr.HTML):
    """A component whose value is a model: what a browser sends is checked against it, and nobody is handed None."""

    data_model: ClassVar[type[GradioModel]]  # pyright: ignore[reportIncompatibleVariableOverride]

    def preprocess(self, payload: Any) -> Any:
        return payload or self.data_model()

    def postprocess(self, value: Any) -> Any:
        return value or self.data_model()

    def api_info(self) -> dict[str, Any]:
        return deepcopy(_schema(self.data_model))

    def example_payload(self) -> Any:
        return None

    def example_value(self) -> Any:
        return None


@cache
def _schema(model: type[GradioModel]) -> dict[str, Any]:
    """Gradio asks for it some 150 times while the app is built, and it takes milliseconds each time."""
    return model.model_json_schema()


def parts(folder: Path, *more_scripts: str, styles: Sequence[str] = ()) -> dict[str, Any]:
    """The arguments of `gr.HTML` that make it the component of this folder, whose files bear its name's last word.

    more_scripts: further JavaScript files, in order, that run in the scope of the first. styles: further CSS files.
    """
    name = folder.name.split("_")[-1]
    return {
        "apply_default_css": False,
        "html_template": _read(folder / f"{name}.html"),
        "css_template": "\n".join(_read(folder / f"{style}.css") for style in (name, *styles)),
        "js_on_load": "\n".join(map(_read, [SHARED, *(folder / f"{script}.js" for script in (name, *more_scripts))])),
    }


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8")
