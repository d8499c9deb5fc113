"""Which of the task's networks restores: a plain choice of presets, and of the scale where there are several."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING, Any

import gradio as gr

from ...tasks import Preset
from .. import views, words
from ..outcome import Outcome
from ..studio import WeightsChoice
from .panel import QUIET, Panel, Updates, told

if TYPE_CHECKING:
    from ..tab import Tab


class PresetPanel(Panel):
    """Only where there is a choice.

    What a run reads is the weight file of `SettingsPanel`: this panel sets it, and follows it when it is set elsewhere.
    """

    def __init__(self, tab: Tab) -> None:
        super().__init__(tab)
        self.offered = [each for each in self.studio.weights_for(self.task) if each.preset]
        first = tab.settings.first
        several = len(self.offered) > 1
        with gr.Column(visible=several, elem_classes="tight presets", elem_id=self.named("presets")) as self.box:
            with gr.Row(elem_classes="tight"):
                self.kind = gr.Radio(
                    self._kinds(),
                    value=first.preset if first else None,
                    label=words.PRESET,
                    scale=3,
                    min_width=200,
                    elem_id=self.named("preset"),
                )
                self.scale = gr.Radio(
                    label=words.SCALE, scale=2, min_width=200, elem_id=self.named("scale"), **self._scales(first)
                )
            self.summary = gr.HTML(self._summary(first), elem_id=self.named("preset-summary"))
        self.parts = [self.kind, self.scale, self.summary]

    def connect(self) -> None:
        settings, running, outcome = self.tab.settings, self.tab.running, self.tab.result.outcome
        changed = [*self.parts, settings.weights, running.badge, running.status]
        for part in (self.kind, self.scale):
            part.input(self.choose, [self.kind, self.scale, outcome], changed, **QUIET)

    @told
    def choose(self, key: str, scale: int | None, outcome: Outcome | None) -> Iterator[Updates]:
        """A preset, at that scale where it has it."""
        named = [each for each in self.offered if each.preset == key]
        chosen = next((each for each in named if each.scale == scale), named[0] if named else None)
        if chosen is not None:
            text = words.WEIGHTS_CHOSEN if outcome else words.READY
            yield self.following(chosen) | {
                self.tab.settings.weights: chosen.key,
                self.tab.running.badge: self.tab.running.badge_of(chosen),
                self.tab.running.status: views.status(text),
            }

    def following(self, chosen: WeightsChoice) -> Updates:
        """In step with the weight file; one that is no preset leaves none chosen."""
        return {
            self.kind: gr.Radio(value=chosen.preset),
            self.scale: gr.Radio(**self._scales(chosen)),
            self.summary: self._summary(chosen),
        }

    def _kinds(self) -> list[tuple[str, str]]:
        """(title, name) of every preset, each once."""
        titles = {preset.key: preset.title for preset in map(self._preset_of, self.offered) if preset}
        return [(title, key) for key, title in titles.items()]

    def _scales(self, chosen: WeightsChoice | None) -> dict[str, Any]:
        """What the choice of the scale shows: nothing where the preset has one alone."""
        mine = [each.scale for each in self.offered if chosen and chosen.preset and each.preset == chosen.preset]
        choices = [(words.TIMES.format(scale=scale), scale) for scale in sorted(mine)]
        return {"choices": choices, "value": chosen.scale if chosen and mine else None, "visible": len(mine) > 1}

    def _summary(self, chosen: WeightsChoice | None) -> str:
        """One sentence about the choice, as HTML."""
        preset = self._preset_of(chosen)
        text = preset.summary if preset else words.NO_PRESET.format(name=chosen.title) if chosen else ""
        return f'<p class="preset-summary" role="status">{escape(text)}</p>'

    def _preset_of(self, chosen: WeightsChoice | None) -> Preset | None:
        return self.task.preset(chosen.preset, chosen.scale) if chosen and chosen.preset else None
