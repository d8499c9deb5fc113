"""The settings of a run: seed, previews, diffusion steps, and which weights, by preset or by file."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from ...errors import InputError
from ...messages import SENTENCES, joined
from ...recipe import Recipe
from ...settings import MAX_STEPS
from ...tasks import Preset, Task
from ..component import words_of
from ..languages import say
from ..outcome import Outcome
from ..photo.photos import LARGEST_SEED
from ..shared import QUIET, STATE, Feature, Shared, Updates, badge, report_errors
from ..state import AppState, WeightsChoice

COMMON, WORDS = words_of(), words_of("settings")
Own = dict[str, WeightsChoice]
"""The files that a visitor uploaded, by key."""
AS_TRAINED = 0


def shared_parts(task: Task, state: AppState) -> dict[str, Any]:
    """What a run reads of the settings, and the badge that shows them."""
    choices = state.weights_for(task)
    first = choices[0] if choices else None

    def options(part: str, info: str) -> dict[str, Any]:
        return {"info": info, "elem_id": f"{task.key}-{part}", "render": False}

    said = WORDS.weights_info if choices else COMMON.no_weights
    steps = [(WORDS.steps_trained, AS_TRAINED), *((str(count), count) for count in range(1, MAX_STEPS + 1))]
    return {
        "seed": gr.Number(0, label=WORDS.seed, **options("seed", WORDS.seed_info)),
        "previews": gr.Checkbox(False, label=WORDS.previews, **options("previews", WORDS.previews_info)),
        "steps": gr.Dropdown(steps, value=AS_TRAINED, label=WORDS.steps, **options("steps", WORDS.steps_info)),
        "weights": gr.Dropdown(
            [(each.label, each.key) for each in choices],
            value=first.key if first else None,
            label=WORDS.weights,
            **options("weights", joined([said, *state.unusable_for(task)], SENTENCES)),
        ),
        "own": gr.State({}, **STATE),
        "badge": gr.HTML(badge_of(first, state), elem_id=f"{task.key}-badge", render=False),
    }


def badge_of(chosen: WeightsChoice | None, state: AppState) -> str:
    """Weights, device and precision, as they stand beside the button that uses them."""
    text = chosen.badge if chosen else COMMON.no_weights_badge
    return badge(text, state.device, state.precision, warn=chosen is None or chosen.untrained)


class SettingsFeature(Feature):
    """How it is to be restored; the defaults are good, so all but the presets is folded away.

    What a run reads is the weight file: the presets set it, and follow it when it is set elsewhere.
    """

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        self.offered = [each for each in self.state.weights_for(self.task) if each.preset]

    def lay_out(self) -> None:
        shared = self.shared
        with gr.Accordion(WORDS.options, open=False, elem_id=self.named("options")):
            for part in (shared.seed, shared.previews, shared.steps):
                part.render()
        with gr.Accordion(WORDS.weights_group, open=False, elem_id=self.named("weights-group")):
            shared.weights.render()
            shared.badge.render()
            self.upload = gr.UploadButton(WORDS.own_weights, size="md", elem_id=self.named("own-weights"))
            self.opened = gr.HTML("", elem_id=self.named("own-weights-said"), elem_classes="own-weights-said")

    def lay_out_presets(self) -> None:
        """Only where there is a choice: plainly, and with the scale where there are several."""
        first = next(iter(self.state.weights_for(self.task)), None)
        several = len(self.offered) > 1
        with gr.Column(visible=several, elem_classes="tight presets", elem_id=self.named("presets")) as self.presets:
            with gr.Row(elem_classes="tight"):
                self.preset = gr.Radio(
                    self._titles(),
                    value=first.preset if first else None,
                    label=WORDS.preset,
                    scale=3,
                    min_width=200,
                    elem_id=self.named("preset"),
                )
                self.scale = gr.Radio(
                    label=WORDS.scale, scale=2, min_width=200, elem_id=self.named("scale"), **self._scales(first)
                )
            self.summary = gr.HTML(self._summary(first), elem_id=self.named("preset-summary"))

    @property
    def parts(self) -> list[Any]:
        """What `restored` changes."""
        shared = self.shared
        return [shared.seed, shared.steps, shared.weights, self.preset, self.scale, self.summary, shared.badge]

    def connect(self) -> None:
        shared, changed = self.shared, [*self.parts, self.shared.status]
        chosen = [shared.weights, shared.own, shared.outcome]
        shared.weights.input(self.choose_weights, chosen, changed, **QUIET)
        self.upload.upload(self.upload_weights, [self.upload, shared.own], [shared.own, self.opened, *changed], **QUIET)
        for part in (self.preset, self.scale):
            chosen = part.input(self.choose_preset, [self.preset, self.scale, shared.outcome], changed, **QUIET)
            chosen.then(
                None, js=f"() => document.dispatchEvent(new CustomEvent('chosen', {{ detail: '{self.task.key}' }}))"
            )

    @report_errors
    def choose_weights(self, weights: str, own: Own, outcome: Outcome | None) -> Iterator[Updates]:
        yield self._set(self.state.chosen(self.task, weights, own)) | self._said(outcome)

    @report_errors
    def choose_preset(self, key: str, scale: int | None, outcome: Outcome | None) -> Iterator[Updates]:
        """A preset, at that scale where it has it."""
        named = [each for each in self.offered if each.preset == key]
        chosen = next((each for each in named if each.scale == scale), named[0] if named else None)
        if chosen is not None:
            said = self._said(outcome, WORDS.preset_chosen)
            yield self._set(chosen) | {self.shared.weights: chosen.key} | said

    def _said(self, outcome: Outcome | None, text: str = WORDS.weights_chosen) -> Updates:
        return self.shared.say(text if outcome else self.shared.intro)

    @report_errors
    def upload_weights(self, path: str, own: Own) -> Iterator[Updates]:
        """A visitor's own weight file, for this visit."""
        shared = self.shared
        yield shared.say(COMMON.loading, 0.0, "busy") | {self.opened: ""}
        mine = self.state.own_weights(path, self.task)
        own = own | {mine.key: mine}
        if mine.is_peer:
            yield {shared.own: own} | shared.say(WORDS.peer_opened.format(name=mine.title))
            return
        offered = [*self.state.weights_for(self.task), *(each for each in own.values() if not each.is_peer)]
        text = WORDS.weights_opened.format(name=Path(path).name, badge=mine.badge)
        yield (
            self._set(mine)
            | shared.say(text)
            | {
                self.opened: f'<p role="status">{escape(text)}</p>',  # beside the button, where the visitor looks
                shared.own: own,
                shared.weights: gr.Dropdown(choices=[(each.label, each.key) for each in offered], value=mine.key),
            }
        )

    def restored(self, recipe: Recipe, own: Own) -> tuple[Updates, str]:
        """What a recipe sets here, and a sentence about the weights where its own are not here ("" where they are).

        Raises `InputError` for what this page cannot set, and `WeightsError` where there are no weights at all.
        """
        if recipe.settings.seed > LARGEST_SEED:
            raise InputError(WORDS.large_seed.format(seed=recipe.settings.seed))
        if recipe.settings.steps is not None and recipe.settings.steps > MAX_STEPS:
            raise InputError(WORDS.many_steps.format(steps=recipe.settings.steps, most=MAX_STEPS))
        meant = self.state.weights_of(recipe, self.task, own.values())
        used = meant or self.state.chosen(self.task, None, own)
        sentence = ""
        if recipe.weights and recipe.weights.sha256 != used.sha256:
            sentence = WORDS.other_weights.format(meant=recipe.weights.file, used=used.label)
        shared = self.shared
        settings = {
            shared.seed: recipe.settings.seed,
            shared.steps: recipe.settings.steps or AS_TRAINED,
            shared.weights: used.key,
        }
        return self._set(used) | settings, sentence

    def _set(self, chosen: WeightsChoice) -> Updates:
        """Badge and presets in step with the weight file; one that is no preset leaves none chosen."""
        return {
            self.shared.badge: badge_of(chosen, self.state),
            self.preset: gr.Radio(value=chosen.preset),
            self.scale: gr.Radio(**self._scales(chosen)),
            self.summary: self._summary(chosen),
        }

    def _titles(self) -> list[tuple[str, str]]:
        """(title, name) of every preset, each once."""
        titles = {preset.key: preset.title for preset in map(self._preset_of, self.offered) if preset}
        return [(title, key) for key, title in titles.items()]

    def _scales(self, chosen: WeightsChoice | None) -> dict[str, Any]:
        """What the choice of the scale shows: nothing where all presets have the same one alone."""
        mine = [each.scale for each in self.offered if chosen and chosen.preset and each.preset == chosen.preset]
        choices = [(WORDS.times.format(scale=scale), scale) for scale in sorted(mine)]
        differ = len({each.scale for each in self.offered if each.preset}) > 1
        return {
            "choices": choices,
            "value": chosen.scale if chosen and mine else None,
            "visible": differ and bool(mine),
        }

    def _summary(self, chosen: WeightsChoice | None) -> str:
        """One sentence about the choice, as HTML."""
        preset = self._preset_of(chosen)
        text = preset.summary if preset else WORDS.no_preset.format(name=chosen.title) if chosen else ""
        return f'<p class="preset-summary" role="status">{escape(say(text))}</p>'

    def _preset_of(self, chosen: WeightsChoice | None) -> Preset | None:
        return self.task.preset(chosen.preset, chosen.scale) if chosen and chosen.preset else None
