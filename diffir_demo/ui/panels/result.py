"""The result beside what it can be compared with, and the scores of all."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from ...baselines import baselines_for
from ...errors import InputError
from ...estimate import PACES
from ...events import Restoration
from ...imaging import load_picture
from ...recipe import Recipe
from ...tasks import Request
from .. import perceptual, views, words
from ..compare_board import BoardValue, CompareBoard
from ..comparison import board_of, network_title
from ..live import overhear
from ..mask_canvas import MaskValue
from ..opening import LARGEST_SEED
from ..outcome import Outcome, Rival, Truth, first_baseline
from ..patience import meanwhile
from ..studio import WeightsChoice
from ..turns import Stop
from ..words import board as texts
from .panel import AT_ONCE, QUIET, STATE, Panel, Updates, Values, press, told

if TYPE_CHECKING:
    from ..tab import Tab
    from .settings import Own

LARGE = 2.0
"""Megapixels from which measuring takes seconds, so that it is told."""


class ResultPanel(Panel):
    """Before, after, and company."""

    def __init__(self, tab: Tab) -> None:
        super().__init__(tab)
        self.board = CompareBoard(
            self.studio.gallery, self.task.key, BoardValue(hint=words.HINT), elem_id=self.named("board")
        )
        with gr.Row(elem_classes="tight"):
            self.another = gr.Button(
                texts.ANOTHER, size="md", min_width=140, visible=False, elem_id=self.named("another")
            )
            self.reference = gr.UploadButton(
                texts.REFERENCE,
                file_types=["image"],
                size="md",
                min_width=140,
                visible=False,
                elem_id=self.named("reference"),
            )
            self.likeness = gr.Button(
                texts.PERCEPTUAL, size="md", min_width=140, visible=False, elem_id=self.named("likeness")
            )
        self.outcome = gr.State(None, **STATE)
        """`Outcome` or None."""
        self.wanted = gr.State(None, **STATE)
        """The key of the method that was asked for last."""
        self.inputs = [self.outcome]
        self.outputs = [self.board, self.another, self.reference, self.likeness, self.outcome]

    def connect(self) -> None:
        running, photo, own = self.tab.running, self.tab.photo, self.tab.settings.own
        started = [*running.buttons, running.status, running.stop]
        changed = [running.status, *self.outputs]
        asked = self.board.ask(self.asked, None, [*started, self.wanted], **AT_ONCE)
        compared = running.conduct(asked, self.compare, [running.stop, self.wanted, self.outcome], changed)
        likeness = self.likeness.click(lambda: running.pressed(False), None, started, **AT_ONCE)
        running.conduct(likeness, self.measure_likeness, [running.stop, self.outcome], changed)
        compared.then(self.settle, [running.stop, self.outcome], self.board, **AT_ONCE)
        running.cancel.click(self.settle, [running.stop, self.outcome], self.board, **AT_ONCE)
        known = [self.reference, self.outcome, photo.canvas]
        self.reference.upload(self.bring_reference, known, [photo.truth, *changed], **QUIET)
        seed, weights = self.tab.settings.seed, self.tab.settings.weights
        reseeded = self.another.click(self.next_seed, [self.outcome, running.stop, seed], seed, **AT_ONCE)
        reseeded.then(None, js=press(self.named("run")))
        weights.change(self.offer_another, [self.outcome, weights, own], self.another, **AT_ONCE)
        own.change(self.offer, [own, self.outcome], [self.board, self.outcome], **QUIET)

    def hinted(self, text: str) -> Updates:
        """What to do next, where the result will be. text: HTML."""
        return {self.board: BoardValue(hint=text)}

    def awaited(self, request: Request, values: Values) -> Updates:
        """Keeps the place of the first result, so that the page does not jump when it comes."""
        if values[self.outcome] is not None:
            return {}
        scale = self.tab.settings.chosen(values).scale
        size = (request.picture.width * scale, request.picture.height * scale)
        return {self.board: BoardValue(hint=words.HINT_RUNNING, size=size)}

    def given_up(self, outcome: Outcome | None) -> Updates:
        """A run brought nothing: the place that was kept for the first result does not wait for it any longer."""
        return {} if outcome is not None else {self.board: BoardValue(hint=words.HINT_STOPPED)}

    def emptied(self) -> Updates:
        return {
            self.board: BoardValue(hint=words.HINT),
            self.another: gr.Button(visible=False),
            self.reference: gr.UploadButton(visible=False),
            self.likeness: gr.Button(visible=False),
            self.outcome: None,
        }

    def shown(self, outcome: Outcome) -> Updates:
        is_known = outcome.reference is not None
        return self._updated(outcome) | {
            self.another: gr.Button(visible=bool(outcome.restoration.copied_share)),
            self.reference: gr.UploadButton(visible=True),
            self.likeness: gr.Button(visible=is_known and perceptual.metric() is not None),
        }

    def presented(
        self, restoration: Restoration, recipe: Recipe, pressed: float, truth: Truth | None, values: Values
    ) -> Generator[Updates, None, None]:
        """A run that came back: first the picture, then its file, then the first baseline and the scores.

        recipe: what was asked, without the facts of the run. pressed: when the run began, by `perf_counter`.
        """
        settings, picture, canvas = self.tab.settings, restoration.picture, values[self.tab.photo.canvas]
        comparable = truth is not None and truth.reference.pixels.shape == picture.pixels.shape
        outcome = Outcome(
            restoration,
            truth.name if truth else canvas.name,
            reference=truth.reference if truth and comparable else None,
            recipe=recipe.done(restoration, canvas.name),
            photo=canvas.file.path if canvas.file else "",
            weights=settings.chosen(values).path,
            networks=tuple(self._networks(values[settings.own])),
        )
        yield from self.brought(outcome, pressed)

    def brought(self, outcome: Outcome, pressed: float) -> Generator[Updates, None, None]:
        """A result whose file is not written yet; pressed: as `presented` takes it."""
        picture = outcome.restoration.picture
        yield (yield from meanwhile(lambda: self.shown(outcome)))
        began = time.perf_counter()
        path = yield from meanwhile(lambda: self.tab.export.written(outcome))
        PACES.learn("save", picture.megapixels, time.perf_counter() - began)
        outcome = replace(outcome, path=path, waited=time.perf_counter() - pressed)
        yield self.tab.shown(outcome) | {self.tab.running.status: views.finished(outcome.restoration, outcome.waited)}
        baseline = first_baseline(self.task.key)
        if baseline and baseline not in outcome.rivals:
            outcome = yield from meanwhile(lambda: outcome.with_rival(baseline))
        yield from self._measured(outcome)

    def asked(self, event: gr.EventData) -> tuple[Any, ...]:
        """A method that is to be seen; `compare` finds out whether there is such a one."""
        wanted = event._data if isinstance(event._data, dict) else {}
        number = wanted.get("number")
        number = number if isinstance(number, int) else 0
        return *self.tab.running.pressed(restores=False, number=number), wanted.get("key")

    def next_seed(self, outcome: Outcome | None, stop: Any, seed: float | None) -> Any:
        """The seed of another result, with other copies; the one that is there while a run goes."""
        is_running = isinstance(stop, Stop) and not stop.is_over
        if outcome is None or is_running:
            return seed
        return (outcome.restoration.request.seed + 1) % (LARGEST_SEED + 1)

    def offer_another(self, outcome: Outcome | None, weights: str | None, own: Own) -> Any:
        """Not where the next run copies nothing, so that another seed would change next to nothing."""
        can = outcome is not None and bool(outcome.restoration.copied_share)
        return gr.Button(visible=can and self.tab.settings.behind(weights, own).fill != "network")

    @told
    def compare(self, stop: Stop, wanted: Any, outcome: Outcome | None) -> Iterator[Updates]:
        """Runs another method on the same request."""
        yield from self.tab.running.until_stopped(stop, self._joined(wanted, outcome))

    def settle(self, stop: Any, outcome: Outcome | None) -> Any:
        """Tells the board that what it asked for is over; not if that was not the last thing that was pressed."""
        if outcome is None or not isinstance(stop, Stop) or not stop.is_over:
            return gr.skip()
        return board_of(outcome, self.studio.gallery).model_copy(update={"over": stop.number})

    def _joined(self, wanted: Any, outcome: Outcome | None) -> Generator[Updates, None, None]:
        if outcome is None or not isinstance(wanted, str) or wanted in outcome.pictures:
            return
        titles = {each.key: each.title for each in baselines_for(self.task.key)}
        networks = {each.key: each for each in outcome.networks}
        if wanted in titles:
            name, run = titles[wanted], self._classical(wanted, titles[wanted], outcome)
        elif wanted in networks:
            name = network_title(networks[wanted], has_company=True)
            run = self._network(networks[wanted], name, outcome)
        else:
            raise InputError(texts.NO_SUCH_METHOD)
        outcome = yield from run
        told = texts.COMPARED_IN.format(name=name, seconds=views.seconds(outcome.rivals[wanted].seconds))
        yield {self.tab.running.status: views.status(told, 1.0, "good")}
        yield from self._measured(outcome, told)

    def _classical(self, key: str, name: str, outcome: Outcome) -> Generator[Updates, None, Outcome]:
        yield {self.tab.running.status: views.status(texts.RUNNING.format(name=name), 0.5, "busy")}
        return (yield from meanwhile(lambda: outcome.with_rival(key)))

    def _network(self, chosen: WeightsChoice, name: str, outcome: Outcome) -> Generator[Updates, None, Outcome]:
        status, request = self.tab.running.status, replace(outcome.restoration.request, fill=chosen.fill)
        if not chosen.wants_path:  # what was told of a path is not for this one
            request = replace(request, blur=None, strength=None)
        if not self.studio.is_loaded(self.task, chosen.path):
            yield {status: views.status(words.LOADING, 0.0, "busy")}
        with closing(self.studio.run(self.task, request, chosen.path, False, None, outcome.asked_steps)) as events:
            text = texts.COMPARED.format(name=name, text=words.PAINTING)
            run = yield from overhear(events, text, status)
        return outcome.joined(chosen.key, Rival(run.picture, run.seconds.total))

    def _measured(self, outcome: Outcome, told: str | None = None) -> Iterator[Updates]:
        """The pictures at once, then the scores that are still to be found. told: what the status line says after."""
        status = self.tab.running.status
        yield (yield from meanwhile(lambda: self._updated(outcome)))
        unmeasured, is_large = outcome.unmeasured, outcome.restoration.picture.megapixels > LARGE
        for key in unmeasured:
            if is_large:
                yield {status: views.status(texts.MEASURING, 1.0, "busy")}
            outcome = yield from meanwhile(partial(outcome.measure, key))
        if unmeasured:
            yield self._updated(outcome)
        if unmeasured and is_large:
            done = views.status(told, 1.0, "good") if told else views.finished(outcome.restoration, outcome.waited)
            yield {status: done}

    @told
    def bring_reference(self, path: str, outcome: Outcome | None, canvas: MaskValue) -> Iterator[Updates]:
        """The visitor has the clean picture: this result and the next ones are measured against it."""
        if outcome is None or canvas.file is None:
            raise InputError(texts.NOTHING_YET)
        reference = load_picture(path)
        outcome = outcome.measured_against(reference)
        told = texts.REFERENCE_TAKEN.format(name=Path(path).name)
        truth = Truth(canvas.file.path, reference, outcome.name)
        yield self.shown(outcome) | {self.tab.photo.truth: truth, self.tab.running.status: views.status(told)}
        yield from self._measured(outcome, told)

    @told
    def measure_likeness(self, stop: Stop, outcome: Outcome | None) -> Iterator[Updates]:
        """ST-LPIPS of all that is there."""
        with stop.during():
            if outcome is None or outcome.reference is None or perceptual.metric() is None:
                raise InputError(texts.NOTHING_YET)
            yield {self.tab.running.status: views.status(texts.MEASURING, 0.5, "busy")}
            measured = perceptual.measured(outcome)
            if not stop.is_set():
                done = views.finished(outcome.restoration, outcome.waited)
                yield self._updated(measured) | {self.tab.running.status: done}

    def offer(self, own: Own, outcome: Outcome | None) -> Iterator[Updates]:
        """The visitor brought weights of his own: they can be compared, too."""
        if outcome is not None:
            yield self._updated(replace(outcome, networks=tuple(self._networks(own))))

    def _networks(self, own: Own) -> list[WeightsChoice]:
        return [*self.studio.weights_for(self.task), *own.values()]

    def _updated(self, outcome: Outcome) -> Updates:
        return {self.board: board_of(outcome, self.studio.gallery), self.outcome: outcome}
