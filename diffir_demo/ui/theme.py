"""The look: one theme for light and dark, fonts that every computer already has."""

from __future__ import annotations

from pathlib import Path

from gradio.themes import Base
from gradio.themes.utils import colors, sizes

STYLE = "\n".join(file.read_text(encoding="utf-8") for file in sorted((Path(__file__).parent / "style").glob("*.css")))
"""Every file of the style folder, in order of name: rules that belong to no component."""
NARROW_TABS = """<style>@media (max-width: 640px) {
  .gradio-container .tab-container button { padding-left: 8px !important; padding-right: 8px !important; }
}</style>"""
"""For the page's head: Gradio decides which tabs fit a phone before `css` is there, and then never again."""
_SANS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "sans-serif")
_MONO = ("ui-monospace", "SFMono-Regular", "Consolas", "Liberation Mono", "monospace")

_TEAL = colors.Color(
    name="deep-teal",
    c50="#eefaf8",
    c100="#d3f1ec",
    c200="#a8e2d9",
    c300="#74ccc0",
    c400="#41aea2",
    c500="#1f9085",
    c600="#0f766e",
    c700="#115e58",
    c800="#134b47",
    c900="#143e3b",
    c950="#062524",
)


def theme() -> Base:
    """Neutral greys, one teal accent; text on the accent keeps a contrast of 5 to 1 or more."""
    base = Base(
        primary_hue=_TEAL,
        secondary_hue=_TEAL,
        neutral_hue=colors.zinc,
        radius_size=sizes.radius_md,
        spacing_size=sizes.spacing_md,
        text_size=sizes.text_md,
        font=_SANS,
        font_mono=_MONO,
    )
    return base.set(
        body_background_fill="#f7f7f5",
        body_background_fill_dark="#141517",
        body_text_color="#1d1f22",
        body_text_color_dark="#ececea",
        body_text_color_subdued="#5c5f66",
        body_text_color_subdued_dark="#a4a7ad",
        background_fill_primary="#ffffff",
        background_fill_primary_dark="#1c1e21",
        background_fill_secondary="#f0f0ed",
        background_fill_secondary_dark="#26282c",
        block_background_fill="#ffffff",
        block_background_fill_dark="#1c1e21",
        block_border_color="#e1e1dd",
        block_border_color_dark="#33363b",
        border_color_primary="#d9d9d4",
        border_color_primary_dark="#3a3d43",
        block_label_background_fill="transparent",
        block_label_background_fill_dark="transparent",
        block_label_text_color="#5c5f66",
        block_label_text_color_dark="#a4a7ad",
        block_title_text_weight="500",
        button_primary_background_fill="#0f766e",
        button_primary_background_fill_hover="#115e58",
        button_primary_background_fill_dark="#12766d",
        button_primary_background_fill_hover_dark="#0f6860",
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark="#ffffff",
        button_secondary_background_fill="#ffffff",
        button_secondary_background_fill_dark="#26282c",
        button_secondary_background_fill_hover="#f0f0ed",
        button_secondary_background_fill_hover_dark="#303338",
        button_border_width="1px",
        button_large_text_weight="600",
        button_medium_text_weight="500",
        button_primary_border_color="transparent",
        button_primary_border_color_dark="transparent",
        button_secondary_text_color="#1d1f22",
        button_secondary_text_color_dark="#ececea",
        button_secondary_border_color="#d9d9d4",
        button_secondary_border_color_dark="#3a3d43",
        error_text_color="#b3261e",
        error_text_color_dark="#ff9d94",
        link_text_color="#0f766e",
        link_text_color_dark="#5fd0c3",
        link_text_color_hover="#115e58",
        link_text_color_hover_dark="#8fe3d9",
    )
