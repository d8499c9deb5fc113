"""Own components: Python, HTML, CSS and JavaScript side by side in one folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def parts(folder: Path, *more_scripts: str) -> dict[str, Any]:
    """The arguments of `gr.HTML` that make it the component of this folder, whose files bear its name's last word.

    more_scripts: further JavaScript files, in order, that run in the scope of the first.
    """
    name = folder.name.split("_")[-1]
    return {
        "apply_default_css": False,
        "html_template": _read(folder / f"{name}.html"),
        "css_template": _read(folder / f"{name}.css"),
        "js_on_load": "\n".join(_read(folder / f"{script}.js") for script in (name, *more_scripts)),
    }


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8")
