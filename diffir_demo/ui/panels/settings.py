"""The settings of a run: seed, previews, diffusion steps, and which weights."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from ...errors import InputError, WeightsError
from ...recipe import Recipe
from ...restore import MAX_STEPS
from ...tasks import Task
from .. import views, words
from ..opening import LARGEST_SEED
from ..outcome import Outcome
from ..studio import WeightsChoice
from .panel import QUIET, STATE, Panel, Updates, Values, told

if TYPE_CHECKING:
    from ..tab import Tab

Own = dict[str, WeightsChoice]
AS_TRAINED = 0


class SettingsPanel(Panel):
    """How it is to be restored; the defaults are good, so all of it is folded away."""

    def __init__(self, tab: Tab) -> None:
        super().__init__(tab)
        choices = self.studio.weights_for(self.task)
        self.first = choices[0] if choices else None
        """What the page opens with; None where the checkpoints folder has nothing for this task."""
        with gr.Accordion(words.OPTIONS, open=False, elem_id=self.named("options")):
            self.seed = gr.Number(0, label=words.SEED, info=words.SEED_INFO, elem_id=self.named("seed"))
            self.previews = gr.Checkbox(
                False, label=words.PREVIEWS, info=words.PREVIEWS_INFO, elem_id=self.named("previews")
            )
            self.steps = gr.Dropdown(
                [(words.STEPS_TRAINED, AS_TRAINED), *((str(k), k) for k in range(1, MAX_STEPS + 1))],
                value=AS_TRAINED,
                label=words.STEPS,
                info=words.STEPS_INFO,
                elem_id=self.named("steps"),
            )
        with gr.Accordion(words.WEIGHTS_GROUP, open=False, elem_id=self.named("weights-group")):
            self.weights = gr.Dropdown(
                [(each.label, each.key) for each in choices],
                value=self.first.key if self.first else None,
                label=words.WEIGHTS,
                info=words.WEIGHTS_INFO if choices else words.NO_WEIGHTS,
                elem_id=self.named("weights"),
            )
            self.own_weights = gr.UploadButton(words.OWN_WEIGHTS, size="md", elem_id=self.named("own-weights"))
        self.own = gr.State({}, **STATE)
        """{key: WeightsChoice} of the files this visitor brought."""
        self.inputs = [self.seed, self.previews, self.steps, self.weights, self.own]

    def connect(self) -> None:
        running, outcome, presets = self.tab.running, self.tab.result.outcome, self.tab.presets.parts
        chosen = [self.weights, self.own, outcome]
        self.weights.input(self.choose_weights, chosen, [*presets, running.badge, running.status], **QUIET)
        brought = [self.own, self.weights, *presets, running.badge, running.status]
        self.own_weights.upload(self.bring_weights, [self.own_weights, self.own], brought, **QUIET)

    @told
    def choose_weights(self, weights: str, own: Own, outcome: Outcome | None) -> Iterator[Updates]:
        running, text = self.tab.running, words.WEIGHTS_CHOSEN if outcome else words.READY
        chosen = self.behind(weights, own)
        yield self.tab.presets.following(chosen) | {
            running.badge: running.badge_of(chosen),
            running.status: views.status(text),
        }

    @told
    def bring_weights(self, path: str, own: Own) -> Iterator[Updates]:
        """A visitor's own weight file, for this visit."""
        running = self.tab.running
        yield {running.status: views.status(words.LOADING, 0.0, "busy")}
        mine = self.studio.own_weights(path, self.task)
        own = own | {mine.key: mine}
        offered = [*self.studio.weights_for(self.task), *own.values()]
        yield self.tab.presets.following(mine) | {
            self.own: own,
            self.weights: gr.Dropdown(choices=[(each.label, each.key) for each in offered], value=mine.key),
            running.badge: running.badge_of(mine),
            running.status: views.status(words.WEIGHTS_OPENED.format(name=Path(path).name, badge=mine.badge)),
        }

    def recalled(self, recipe: Recipe, own: Own) -> tuple[Updates, str]:
        """What a recipe sets here, and a sentence about the weights where its own are not here ("" where they are).

        Raises `InputError` for what this page cannot set, and `WeightsError` where there are no weights at all.
        """
        if recipe.seed > LARGEST_SEED:
            raise InputError(words.LARGE_SEED.format(seed=recipe.seed))
        if recipe.steps is not None and recipe.steps > MAX_STEPS:
            raise InputError(words.MANY_STEPS.format(steps=recipe.steps, most=MAX_STEPS))
        meant = self.studio.weights_of(recipe, self.task, own.values())
        used = meant or self.behind(None, own)
        running, sentence = self.tab.running, ""
        if recipe.weights and recipe.weights.sha256 != used.sha256:
            sentence = words.OTHER_WEIGHTS.format(meant=recipe.weights.file, used=used.label)
        return self.tab.presets.following(used) | {
            self.seed: recipe.seed,
            self.steps: recipe.steps or AS_TRAINED,
            self.weights: used.key,
            running.badge: running.badge_of(used),
        }, sentence

    @property
    def recalled_parts(self) -> list[Any]:
        """What `recalled` changes."""
        return [self.seed, self.steps, self.weights, *self.tab.presets.parts, self.tab.running.badge]

    def steps_of(self, values: Values) -> int | None:
        """How many diffusion steps the page asks for; None: as many as the network was trained with."""
        return values[self.steps] or None

    def chosen(self, values: Values) -> WeightsChoice:
        """The file that the page names. Raises `WeightsError` where there is none at all."""
        return self.behind(values[self.weights], values[self.own])

    def task_for(self, weights: str | None, own: Own) -> Task:
        """The task as the chosen network does it: which damage it is for, and how far it enlarges."""
        try:
            chosen = self.behind(weights, own)
        except WeightsError:
            return self.task
        if chosen.preset:
            return self.task.as_preset(self.task.preset(chosen.preset, chosen.scale))
        return self.task.at_scale(chosen.scale) if chosen.scale in self.task.scales else self.task

    def behind(self, weights: str | None, own: Own) -> WeightsChoice:
        """The file behind a key; only files that were offered can be named."""
        offered = {each.key: each for each in self.studio.weights_for(self.task)} | own
        if not offered:
            raise WeightsError(words.NO_WEIGHTS)
        return offered.get(weights or "") or next(iter(offered.values()))
