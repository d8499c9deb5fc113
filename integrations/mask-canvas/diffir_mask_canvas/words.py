"""What the canvas says: the app's words, but for those that speak of what only the app does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ._studio.ui.languages import catalogue

OWN: dict[str, dict[str, str]] = json.loads((Path(__file__).parent / "words.json").read_text(encoding="utf-8"))
"""Language -> key -> text. `escape` and `exact` are keys of this package alone."""


def words_in(language: str, can_run: bool) -> dict[str, Any]:
    """What the page's template and scripts ask for. can_run: whether Ctrl+Enter presses a button."""
    own, app = OWN[language], catalogue(language)["photo"]["canvas"]
    run, escape, *others = app["run_keys"]
    keys = [{**escape, "does": own["escape"]}, *others]
    return app | own | {"run_keys": [run, *keys] if can_run else keys}
