"""The app's own components for the page without a server: the same files, with Gradio's part played by page/host.js."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from diffir_demo.trace.sheet import DARK, LIGHT, PLACES
from diffir_demo.ui.compare import board
from diffir_demo.ui.component import Words, parts, words_of
from diffir_demo.ui.photo import canvas
from diffir_demo.ui.timeline import SCRIPTS as TIMELINE
from diffir_demo.ui.timeline import STYLES as OF_TIMELINE

from .template import rendered

SCOPE = ("element", "props", "trigger", "upload", "server", "watch")
"""What Gradio gives to a component's script."""


@dataclass(frozen=True)
class Part:
    """A component: where it is used, `data-part` names it."""

    name: str
    files: Mapping[str, Any]
    """As `parts` gives them."""
    facts: Mapping[str, Any]
    """What its script finds in `props`, and its template by name."""

    def html(self, paintable: bool) -> str:
        """The template, filled but for {task_key}. paintable: whether it is for a tool that takes a mask."""
        facts = dict(self.facts) | {"paintable": paintable, "task_key": "{task_key}"}
        return rendered(self.files["html_template"], facts)

    @property
    def style(self) -> str:
        """Its rules, for what is inside of it only; as specific as Gradio makes them, which names its own by an id."""
        css: str = self.files["css_template"]
        if css.count("{") != css.count("}"):
            raise ValueError(f"the braces of {self.name}'s style do not match: what follows it would be lost")
        frames = [line for line in css.splitlines() if line.startswith("@keyframes")]
        rest = "\n".join(line for line in css.splitlines() if not line.startswith("@keyframes"))
        return "\n".join([*frames, f':is([data-part="{self.name}"], #{self.name}-part) {{', rest, "}"])

    @property
    def script(self) -> str:
        """A module whose function sets one of these going."""
        body: str = self.files["js_on_load"]
        facts = json.dumps(dict(self.facts), ensure_ascii=False)
        templates = json.dumps([self.html(False), self.html(True)], ensure_ascii=False)
        head = f"export const templates = {templates};\nexport const facts = {facts};\n"
        return f"{head}export function start({', '.join(SCOPE)}) {{\n{body}\n}}\n"


def strings(words: Words) -> dict[str, Any]:
    """All words of a feature, as the page's scripts read them."""
    return {key: getattr(words, key) for key in sorted(words.keys())}


def all_parts(own: Mapping[str, Any]) -> list[Part]:
    """Canvas, compare board, timeline and the stage's bar, with the app's words.

    own: the page's words, which stand in where the app's speak of what only its server does.
    """
    photo, compare, adjust = canvas.WORDS, words_of("compare"), words_of("adjust")
    texts = compare.board | {"sliders": adjust.sliders, "path": adjust.path}
    return [
        Part(
            "canvas",
            parts("photo/canvas", "gestures", *(f"photo/{name}" for name in canvas.SCRIPTS)),
            {
                "words": photo.canvas | {"drop_hint": own["drop_hint"]},
                "limits": canvas.LIMITS,
                "makers": [],
                "first": "",
                "accept": "image/*",
            },
        ),
        Part(
            "board",
            parts("compare/board", *board.SCRIPTS, styles=["adjust/sliders", "adjust/path"]),
            {"words": texts},
        ),
        Part(
            "timeline",
            parts("timeline/timeline", *TIMELINE, styles=OF_TIMELINE),
            {
                "words": words_of("timeline").timeline | {"save_hint": own["save_hint"]},
                "colours": {"places": list(PLACES), "light": list(LIGHT), "dark": list(DARK)},
            },
        ),
        Part("bar", parts("stage/bar", "stage/watch", "stage/versions"), {"words": words_of("stage").bar}),
    ]
