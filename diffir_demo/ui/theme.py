"""The look: one theme for light and dark, fonts that every computer already has."""

from __future__ import annotations

import json
from pathlib import Path

from gradio.themes import Base
from gradio.themes.utils import colors, sizes

UI = Path(__file__).parent
STYLE = "\n".join(file.read_text(encoding="utf-8") for file in [UI / "style.css", *sorted(UI.glob("*/style.css"))])
"""Rules that belong to no component: the page's own, then each feature's."""
NARROW_TABS = """<style>@media (max-width: 640px) {
  .gradio-container .tab-container button { padding-left: 8px !important; padding-right: 8px !important; }
}</style>"""
"""For the page's head: Gradio decides which tabs fit a phone before `css` is there, and then never again."""
_SANS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "sans-serif")
_MONO = ("ui-monospace", "SFMono-Regular", "Consolas", "Liberation Mono", "monospace")

TOKENS = json.loads((UI / "theme.json").read_text(encoding="utf-8"))
"""accent: one hue from light to dark; settings: what differs from Gradio's base, dark ones by their suffix."""


def theme() -> Base:
    """Neutral greys, one teal accent; text on the accent keeps a contrast of 5 to 1 or more."""
    accent = colors.Color(**TOKENS["accent"])
    base = Base(
        primary_hue=accent,
        secondary_hue=accent,
        neutral_hue=colors.zinc,
        radius_size=sizes.radius_md,
        spacing_size=sizes.spacing_md,
        text_size=sizes.text_md,
        font=_SANS,
        font_mono=_MONO,
    )
    return base.set(**TOKENS["settings"])
