"""Other noise: do the numbers stay?"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import gradio as gr
import numpy as np

from ...lab import MAX_SEEDS, Small, Sweep, sweep
from ...lab.hear import heard
from ..panels.panel import Updates, Values, told
from ..words import lab as words
from . import figures
from .edit import differing
from .experiment import Experiment

if TYPE_CHECKING:
    from ..panels.lab import LabPanel

USUAL = 16


class Seeds(Experiment):
    """The spread of the estimate over seeds, and, on request, what it does to the picture."""

    def __init__(self, lab: LabPanel) -> None:
        super().__init__(lab)
        self.said(figures.sentence(words.SEEDS_LEAD))
        with gr.Row(elem_classes="tight"):
            self.count = gr.Slider(
                2, MAX_SEEDS, value=USUAL, step=1, label=words.SEEDS_COUNT, elem_id=self.named("seeds-count")
            )
            self.also = gr.Checkbox(False, label=words.SEEDS_PAINT, elem_id=self.named("seeds-paint"))
        self.go = gr.Button(words.SEEDS_GO, size="md", elem_id=self.named("seeds-go"))
        self.found = self.result("seeds-found")
        self.inputs, self.outputs = [self.count, self.also], [self.found]

    def begin(self) -> list[tuple[Any, Any]]:
        return [(self.go.click, self.try_seeds)]

    def emptied(self) -> Updates:
        return {self.found: ""}

    @told
    def try_seeds(self, values: Values) -> Iterator[Updates]:
        began, outcome = time.perf_counter(), self.outcome(values)
        small, note = self.piece(outcome)
        run = self.runs(outcome)
        found = yield from self.progress(sweep(run, small.request, values[self.count]), words.SEEDS_GOING)
        shown = _spread(found) + figures.sentence(note)
        yield {self.found: shown}
        if values[self.also]:
            pair = yield from self._painted(run, small, found)
            yield {self.found: shown + pair}
        yield self.done(time.perf_counter() - began)

    def _painted(self, run: Any, small: Small, found: Sweep) -> Any:
        """The pictures of the two seeds that are furthest apart, as HTML."""
        first, second = (found.seeds[place] for place in found.most_distant)
        pictures = []
        for number, seed in enumerate((first, second)):
            painting = heard(run(replace(small.request, seed=seed)), number / 2, 0.5)
            painted = yield from self.progress(painting, words.SEEDS_PAINTING)
            pictures.append((words.SEED_CAPTION.format(seed=seed), painted.picture))
        apart, shots = differing(*pictures)
        text = words.SEEDS_PAIR if apart.share else words.SEEDS_SAME
        facts = {"mean": figures.levels(apart.mean), "psnr": figures.decibels(apart.psnr)}
        return figures.sentence(text.format(first=first, second=second, **facts)) + shots


def _spread(found: Sweep) -> str:
    mean, low, high = found.mean, found.iprs.min(axis=0), found.iprs.max(axis=0)
    length, worst = max(float(np.linalg.norm(mean)), 1e-9), int(found.deviations.argmax())
    text = words.SEEDS_FOUND.format(
        verdict=next(text for most, text in words.SEEDS_READ if found.spread <= most),
        count=len(found.seeds),
        spread=figures.percent(found.spread),
        pair=figures.percent(found.mean_distance / length),
        worst=worst + 1,
        deviation=f"{found.deviations[worst]:.3f}",
    )
    sizes = {"widest": f"{(high - low).max():.3f}", "tallest": f"{np.abs(mean).max():.2f}"}
    return (
        figures.sentence(text)
        + figures.band(mean, low, high, words.SEEDS_PLOT)
        + figures.band(np.zeros_like(mean), low - mean, high - mean, words.SEEDS_CLOSE)
        + figures.sentence(words.SEEDS_BAND.format(**sizes))
    )
