"""Trials: other noise, other numbers of steps, and what one number of the IPR moves."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from functools import partial

import gradio as gr
import numpy as np

from ...errors import DiffIRError
from ...imaging import Picture
from ...lab import MAX_SEEDS, Moved, Run, Small, StepRow, Sweep, finish, move, over, sweep, try_steps
from ...lab.experiments import WINDOW
from ...tick import Stages, Tick
from ..component import words_of
from ..languages import number
from ..outcome import Outcome, score_text, score_title
from ..shared import Updates, Values
from . import figures
from .editor import differing
from .experiment import Lab, Trial

WORDS = words_of("lab")
USUAL = 16
"""Seeds."""


class Seeds(Trial):
    """The spread of the estimate over seeds, and, on request, what it does to the picture."""

    def __init__(self, lab: Lab) -> None:
        super().__init__(lab)
        self.said(figures.sentence(WORDS.seeds_lead))
        with gr.Row(elem_classes="tight"):
            self.count = gr.Slider(
                2, MAX_SEEDS, value=USUAL, step=1, label=WORDS.seeds_count, elem_id=self.named("seeds-count")
            )
            self.also = gr.Checkbox(False, label=WORDS.seeds_paint, elem_id=self.named("seeds-paint"))
        self.inputs = [self.count, self.also]
        self.lay_out_result("seeds", WORDS.seeds_go)

    def work(self, values: Values, outcome: Outcome, small: Small, note: str) -> Generator[Updates, None, str]:
        run = self.runs(outcome)
        found = yield from self.progress(partial(sweep, run, small.request, values[self.count]), WORDS.seeds_going)
        shown = _spread(found) + note
        if not values[self.also]:
            return shown
        yield {self.found: shown}
        return shown + (yield from self._painted(run, small, found))

    def _painted(self, run: Run, small: Small, found: Sweep) -> Generator[Updates, None, str]:
        """The pictures of the two seeds that differ most, as HTML."""
        first, second = (found.seeds[place] for place in found.most_distant)

        def both(tick: Tick) -> list[tuple[str, Picture]]:
            stages = Stages(tick, 2)
            runs = [finish(run(small.request.changed(seed=seed)), stages.stage(1)) for seed in (first, second)]
            captions = (WORDS.seed_caption.format(seed=seed) for seed in (first, second))
            return [(caption, each.picture) for caption, each in zip(captions, runs, strict=True)]

        pictures = yield from self.progress(both, WORDS.seeds_painting)
        difference, shots = differing(*pictures)
        text = WORDS.seeds_pair if difference.share else WORDS.seeds_same
        facts = {"mean": figures.levels(difference.mean), "psnr": figures.decibels(difference.psnr)}
        return figures.sentence(text.format(first=first, second=second, **facts)) + shots


def _spread(found: Sweep) -> str:
    mean, low, high = found.mean, found.iprs.min(axis=0), found.iprs.max(axis=0)
    length, worst = max(float(np.linalg.norm(mean)), 1e-9), int(found.deviations.argmax())
    text = WORDS.seeds_found.format(
        verdict=next(text for most, text in WORDS.seeds_read if most is None or found.spread <= most),
        count=len(found.seeds),
        spread=figures.percent(found.spread),
        pair=figures.percent(found.mean_distance / length),
        worst=worst + 1,
        deviation=number(found.deviations[worst], ".3f"),
    )
    sizes = {"widest": number((high - low).max(), ".3f"), "tallest": number(np.abs(mean).max(), ".2f")}
    return (
        figures.sentence(text)
        + figures.band(mean, low, high, WORDS.seeds_plot)
        + figures.band(np.zeros_like(mean), low - mean, high - mean, WORDS.seeds_close)
        + figures.sentence(WORDS.seeds_band.format(**sizes))
    )


class StepCounts(Trial):
    """One row per number of steps."""

    def __init__(self, lab: Lab) -> None:
        super().__init__(lab)
        self.said(figures.sentence(WORDS.steps_lead))
        self.lay_out_result("steps", WORDS.steps_go)

    def work(self, values: Values, outcome: Outcome, small: Small, note: str) -> Generator[Updates, None, str]:
        trial = partial(try_steps, self.runs(outcome), small.request, self.task, small.reference)
        rows = yield from self.progress(trial, WORDS.steps_going)
        return _steps_table(rows) + _steps_sentence(rows) + note + figures.details(WORDS.steps_detail)


def _steps_table(rows: Sequence[StepRow]) -> str:
    names = list(rows[0].scores)
    head = [*WORDS.steps_head, *(score_title(name)[0] for name in names)]
    most = max(row.likeness.relative for row in rows)
    cells = [
        [
            WORDS.steps_trained.format(steps=row.steps) if row.trained else str(row.steps),
            figures.Bar(figures.percent(row.likeness.relative), row.likeness.relative / most if most else 0.0),
            WORDS.steps_same if row.trained else figures.decibels(row.agreement),
            *(score_text(name, row.scores[name]) for name in names),
        ]
        for row in rows
    ]
    return figures.table(head, cells, strong=next(i for i, row in enumerate(rows) if row.trained))


def _steps_sentence(rows: Sequence[StepRow]) -> str:
    trained = next(row.steps for row in rows if row.trained)
    later = [row.likeness.relative for row in rows if row.steps >= trained]
    text = WORDS.steps_found.format(
        most=figures.percent(max(later)),
        trained=trained,
        one=figures.percent(rows[0].likeness.relative),
        psnr=figures.decibels(min(row.agreement for row in rows)),
    )
    return figures.sentence(text)


class Heat(Trial):
    """One number up and down, painted with both."""

    def __init__(self, lab: Lab) -> None:
        super().__init__(lab)
        self.said(figures.sentence(WORDS.heat_lead))
        with gr.Row(elem_classes="tight"):
            self.number = gr.Dropdown(
                [],
                label=WORDS.heat_number,
                info=WORDS.heat_number_info,
                min_width=260,
                elem_id=self.named("heat-number"),
            )
            self.strength = gr.Radio(
                [(label, share) for share, label in WORDS.heat_strengths],
                value=0.5,
                label=WORDS.heat_strength,
                info=WORDS.heat_strength_info,
                min_width=260,
                elem_id=self.named("heat-strength"),
            )
        self.inputs, self.outputs = [self.number, self.strength], [self.number]
        self.lay_out_result("heat", WORDS.heat_go)

    def update(self, outcome: Outcome) -> Updates:
        count = len(outcome.restoration.ipr)
        steering = self._steering(outcome)
        order = range(count) if steering is None else np.argsort(-steering, kind="stable").tolist()
        choices = [
            (WORDS.heat_choice.format(number=place + 1, rank=rank, total=count), place)
            for rank, place in enumerate(order, start=1)
        ]
        return self.reset() | {self.number: gr.Dropdown(choices=choices, value=choices[0][1] if choices else None)}

    def _steering(self, outcome: Outcome) -> np.ndarray | None:
        """None where the weight file is gone by now: a run that was done is shown all the same."""
        try:
            return self.state.steering(self.task, outcome.weights)
        except DiffIRError:
            return None

    def work(self, values: Values, outcome: Outcome, small: Small, note: str) -> Generator[Updates, None, str]:
        ipr, place = outcome.restoration.ipr, int(values[self.number] or 0)
        delta = values[self.strength] * (float(np.linalg.norm(ipr)) or 1.0)
        trial = partial(move, self.runs(outcome), small.request, ipr, place, delta)
        found = yield from self.progress(trial, WORDS.heat_going.replace("{number}", str(place + 1)))
        return _heat_map(found) + note + self._details(outcome)

    def _details(self, outcome: Outcome) -> str:
        steering = self._steering(outcome)
        if steering is None:
            return ""
        facts = {"largest": steering.max(), "smallest": steering.min(), "median": np.median(steering)}
        sizes = {name: number(float(value), ".2f") for name, value in facts.items()}
        precision = outcome.restoration.precision
        return figures.details(WORDS.heat_detail.format(window=WINDOW, precision=precision, **sizes))


def _heat_map(found: Moved) -> str:
    place, top = found.dimension + 1, float(found.heat.max())
    facts = {"number": place, "delta": number(found.delta, ".2f"), "top": figures.levels(top)}
    if not found.share:
        return figures.sentence(WORDS.heat_nothing.format(**facts))
    text = WORDS.heat_found.format(mean=figures.levels(found.mean), share=figures.percent(found.share), **facts)
    shot = figures.shots((WORDS.heat_caption.format(number=place), over(found.up, found.heat, top)))
    return figures.sentence(text) + shot + figures.colour_bar(top)
