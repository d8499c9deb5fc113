"""The result beside what it can be compared with, and the scores of all."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from ...baselines import baselines_for
from ...errors import InputError
from ...figures import seconds
from ...imaging import Picture, load_picture
from ...planning import learn_file
from ...recipe import Recipe
from ...restoration import Restoration
from ...settings import AS_ESTIMATED
from ...weights import in_words
from ..component import parts, words_of
from ..languages import all_said, say
from ..outcome import Comparison, Outcome, Reference, first_baseline
from ..photo.canvas import MaskValue
from ..photo.photos import LARGEST_SEED, reference_behind
from ..run import conduct, held, pressed, until_cancelled
from ..run.progress import follow_in_line
from ..run_queue import RunHandle, run_in_thread
from ..settings import Own
from ..shared import AT_ONCE, QUIET, STATE, Feature, Shared, Updates, Values, press, report_errors, status
from ..state import WeightsChoice
from . import perceptual
from .board import BoardValue
from .view import board_of, network_title

COMMON, WORDS = words_of(), words_of("compare")
LARGE = 2.0
"""Megapixels from which measuring takes seconds, so that the status line says so."""
EARLY = 0.25
"""Seconds after which the page is given what there is so far; a small result comes all at once."""
Stages = Generator[Outcome | Updates, None, None]
"""A result as it fills, among other updates of the page."""


class CompareFeature(Feature):
    """Before, after, and other methods."""

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        shared.board.render()
        self.wanted = gr.State(None, **STATE)
        """The key of the method that was asked for last."""

    def lay_out_another(self) -> None:
        """Beside Restore."""
        self.another = gr.Button(WORDS.another, size="lg", min_width=120, visible=False, elem_id=self.named("another"))

    def lay_out_measures(self) -> None:
        gr.HTML(elem_id=self.named("measures"), **parts("compare/measures"))  # the board brings its table here
        uploads: dict[str, Any] = {"size": "md", "min_width": 140, "visible": False}
        with gr.Row(elem_classes="tight"):
            self.reference = gr.UploadButton(
                WORDS.reference, file_types=["image"], elem_id=self.named("reference"), **uploads
            )
            self.perceptual = gr.Button(WORDS.perceptual, elem_id=self.named("perceptual"), **uploads)
        self.outputs = [self.shared.board, self.another, self.reference, self.perceptual, self.shared.outcome]

    def connect(self, save: Callable[[Outcome], str]) -> None:
        """save: writes a result as a file, and gives its path."""
        self.save, shared = save, self.shared
        board, outcome, handle, seed = shared.board, shared.outcome, shared.handle, shared.seed
        started = [*shared.buttons, shared.status, handle]
        changed = [shared.status, *self.outputs]
        asked = board.ask(self.asked, None, [*started, self.wanted], **AT_ONCE)
        compared = conduct(shared, asked, self.compare, [handle, self.wanted, outcome], changed)
        likeness = self.perceptual.click(lambda: pressed(shared, False), None, started, **AT_ONCE)
        conduct(shared, likeness, self.measure_perceptual, [handle, outcome], changed)
        for event in (compared.then, shared.cancel.click):
            event(self.settle, [handle, outcome], board, **AT_ONCE)
        known = [self.reference, outcome, shared.canvas]
        self.reference.upload(self.upload_reference, known, [shared.reference, *changed], **QUIET)
        reseeded = self.another.click(self.next_seed, [outcome, handle, seed], seed, **AT_ONCE)
        reseeded.then(None, js=press(self.named("run")))
        shared.weights.change(self.offer_another, [outcome, shared.weights, shared.own], self.another, **AT_ONCE)
        shared.own.change(self.offer, [shared.own, outcome], [board, outcome], **QUIET)

    def reset(self) -> Updates:
        return {
            self.shared.board: BoardValue(),
            self.another: gr.Button(visible=False),
            self.reference: gr.UploadButton(visible=False),
            self.perceptual: gr.Button(visible=False),
            self.shared.outcome: None,
        }

    def update(self, outcome: Outcome) -> Updates:
        is_known = outcome.reference is not None
        return self._board(outcome) | {
            self.another: gr.Button(visible=bool(outcome.restoration.copied_share)),
            self.reference: gr.UploadButton(visible=True),
            self.perceptual: gr.Button(visible=is_known and perceptual.metric() is not None),
        }

    def _board(self, outcome: Outcome) -> Updates:
        return {self.shared.board: board_of(outcome, self.state.images), self.shared.outcome: outcome}

    # --- a run, before and after -------------------------------------------------------------------------------------

    def presented(
        self, restoration: Restoration, recipe: Recipe, began: float, values: Values
    ) -> Generator[Updates, None, None]:
        """A run that came back. recipe: what was asked, without the facts of the run; began: by `perf_counter`."""
        shared, canvas = self.shared, values[self.shared.canvas]
        known = reference_behind(canvas, values[shared.reference])
        comparable = known is not None and known.picture.pixels.shape == restoration.picture.pixels.shape
        outcome = Outcome(
            restoration,
            known.name if known else canvas.name,
            reference=known.picture if known and comparable else None,
            recipe=restoration.recipe(canvas.name, recipe),
            photo=canvas.file.path if canvas.file else "",
            opened=(yield from run_in_thread(partial(opened_before, canvas, restoration.picture))),
            weights=shared.chosen(values).path,
            networks=tuple(self._networks(values[shared.own])),
        )
        yield from self.brought(outcome, began)

    def brought(self, outcome: Outcome, began: float) -> Generator[Updates, None, None]:
        """A result whose file is not written yet; began: as `presented` takes it."""
        yield from self._shown(self._stages(outcome, began))

    def _stages(self, outcome: Outcome, began: float) -> Stages:
        """First the picture, then its file, then the first baseline and the scores."""
        yield outcome
        saving = time.perf_counter()
        path = yield from run_in_thread(lambda: self.save(outcome))
        learn_file("save", outcome.restoration.picture.megapixels, time.perf_counter() - saving)
        outcome = replace(outcome, path=path, waited=time.perf_counter() - began)
        yield outcome
        baseline = first_baseline(self.task.key)
        if baseline and baseline not in outcome.comparisons:
            outcome = yield from run_in_thread(lambda: outcome.with_baseline(baseline))
        yield from self._measured(outcome, finished(outcome))

    def _shown(self, stages: Stages) -> Generator[Updates, None, None]:
        """The page is given a result once it is whole, and every `EARLY` seconds until then."""
        waiting: Outcome | None = None
        last, is_whole = time.perf_counter(), False
        with closing(stages):
            while True:
                problem: Exception | None = None
                try:
                    stage = next(stages, None)
                except Exception as error:  # of a baseline, or a score: the result itself is there
                    stage, problem = None, error
                if isinstance(stage, Outcome):
                    waiting, stage = stage, {}
                if waiting and (stage is None or stage or time.perf_counter() - last > EARLY):
                    shown, waiting = waiting, None
                    first_whole, is_whole = shown.path is not None and not is_whole, shown.path is not None
                    yield (yield from run_in_thread(partial(self._update_by, shown, first_whole)))
                    last = time.perf_counter()
                if problem:
                    raise problem
                if stage is None:
                    return
                yield stage

    def _update_by(self, outcome: Outcome, first_whole: bool) -> Updates:
        """All of the page at the first time that the result's file is there, else the board alone."""
        if first_whole:
            return self.shared.update(outcome)
        return self.update(outcome) if outcome.path is None else self._board(outcome)

    def _measured(self, outcome: Outcome, done: str) -> Stages:
        """The pictures at once, then the scores that are still to be found. done: what the status line says after."""
        yield outcome
        unmeasured, is_large = outcome.unmeasured, outcome.restoration.picture.megapixels > LARGE
        for key in unmeasured:
            if is_large:
                yield self.shared.say(WORDS.measuring, 1.0, "busy")
            outcome = yield from run_in_thread(partial(outcome.measure, key))
        yield outcome
        yield {self.shared.status: done}

    # --- other methods -----------------------------------------------------------------------------------------------

    def asked(self, event: gr.EventData) -> tuple[Any, ...]:
        """A method that is to be seen; `compare` finds out whether there is such a one."""
        wanted = event._data if isinstance(event._data, dict) else {}
        number = wanted.get("number")
        return *pressed(self.shared, False, number if isinstance(number, int) else 0), wanted.get("key")

    @report_errors
    def compare(self, handle: RunHandle | None, wanted: Any, outcome: Outcome | None) -> Iterator[Updates]:
        """Runs another method on the same request."""
        yield from until_cancelled(self.shared, handle, self._compared(wanted, outcome))

    def settle(self, handle: Any, outcome: Outcome | None) -> Any:
        """Lets the board know that what it asked for is over; not if that was not what was pressed last."""
        if outcome is None or not isinstance(handle, RunHandle) or not handle.is_over:
            return gr.skip()
        return board_of(outcome, self.state.images).model_copy(update={"over": handle.number})

    def _compared(self, wanted: Any, outcome: Outcome | None) -> Generator[Updates, None, None]:
        if outcome is None or not isinstance(wanted, str) or wanted in outcome.pictures:
            return
        titles = {each.key: say(each.title) for each in baselines_for(self.task.key)}
        networks = {each.key: each for each in outcome.networks}
        if wanted in titles:
            name = titles[wanted]
            yield self.shared.say(WORDS.running.format(name=name), 0.5, "busy")
            outcome = yield from run_in_thread(partial(outcome.with_baseline, wanted))
        elif wanted in networks:
            name = network_title(networks[wanted], among_several=True)
            outcome = yield from self._by_network(networks[wanted], name, outcome)
        else:
            raise InputError(WORDS.no_such_method)
        text = WORDS.compared_in.format(name=name, seconds=seconds(outcome.comparisons[wanted].seconds))
        done = status(text, 1.0, "good")
        yield {self.shared.status: done}
        yield from self._shown_again(self._measured(outcome, done))

    def _by_network(self, chosen: WeightsChoice, name: str, outcome: Outcome) -> Generator[Updates, None, Outcome]:
        request = outcome.restoration.request.changed(fill=chosen.fill, **AS_ESTIMATED)
        if not chosen.wants_path:  # what is known of a path is not for this one
            request = request.changed(blur=None, strength=None)
        if chosen.is_peer:
            run_of = self.state.run_peer
        else:
            run_of = self.state.run
            if not self.state.is_loaded(self.task, chosen.path):
                yield self.shared.say(COMMON.loading, 0.0, "busy")
        with closing(run_of(self.task, request, chosen.path)) as events:
            text = WORDS.compared.format(name=name, text=COMMON.painting)
            run = yield from follow_in_line(events, text, self.shared.status)
        return outcome.with_comparison(chosen.key, Comparison(run.picture, run.seconds.total))

    def _shown_again(self, stages: Stages) -> Generator[Updates, None, None]:
        """As `_shown`, of a result that the page has already."""
        for stage in stages:
            yield self._board(stage) if isinstance(stage, Outcome) else stage

    # --- what the result is measured against -------------------------------------------------------------------------

    @report_errors
    def upload_reference(self, path: str, outcome: Outcome | None, canvas: MaskValue) -> Iterator[Updates]:
        """The visitor has the clean picture: this result and the next ones are measured against it."""
        if outcome is None or canvas.file is None:
            raise InputError(WORDS.nothing_yet)
        picture = load_picture(path)
        outcome = outcome.measured_against(picture)
        text = WORDS.reference_taken.format(name=Path(path).name)
        known = Reference(canvas.file.path, picture, outcome.name)
        yield self.update(outcome) | {self.shared.reference: known} | self.shared.say(text)
        yield from self._shown_again(self._measured(outcome, status(text, 1.0, "good")))

    @report_errors
    def measure_perceptual(self, handle: RunHandle | None, outcome: Outcome | None) -> Iterator[Updates]:
        """ST-LPIPS of all that is there."""
        handle = held(handle)
        with handle.during():
            if outcome is None or outcome.reference is None or perceptual.metric() is None:
                raise InputError(WORDS.nothing_yet)
            yield self.shared.say(WORDS.measuring, 0.5, "busy")
            measured = perceptual.measured(outcome)
            if not handle.is_set():
                yield self._board(measured) | {self.shared.status: finished(outcome)}

    # --- what can be tried next --------------------------------------------------------------------------------------

    def next_seed(self, outcome: Outcome | None, handle: Any, seed: float | None) -> Any:
        """The seed of another result, with other copies; the one that is there while a run goes."""
        is_running = isinstance(handle, RunHandle) and not handle.is_over
        if outcome is None or is_running:
            return seed
        return (outcome.restoration.request.settings.seed + 1) % (LARGEST_SEED + 1)

    def offer_another(self, outcome: Outcome | None, weights: str | None, own: Own) -> Any:
        """Not where the next run copies nothing, so that another seed would change next to nothing."""
        can = outcome is not None and bool(outcome.restoration.copied_share)
        return gr.Button(visible=can and self.state.chosen(self.task, weights, own).fill != "network")

    def offer(self, own: Own, outcome: Outcome | None) -> Iterator[Updates]:
        """The visitor uploaded weights: they can be compared, too."""
        if outcome is not None:
            yield self._board(replace(outcome, networks=tuple(self._networks(own))))

    def _networks(self, own: Own) -> list[WeightsChoice]:
        return [*self.state.weights_for(self.task), *own.values()]


def opened_before(canvas: MaskValue, result: Picture) -> Picture | None:
    """The photo that the one on the canvas was made from, where it is still there and of the result's proportions."""
    if canvas.first is None or not Path(canvas.first.path).is_file():
        return None
    try:
        found = load_picture(canvas.first.path)
    except InputError:
        return None
    is_alike = abs(found.width * result.height - found.height * result.width) <= max(result.width, result.height)
    return found if is_alike else None


def finished(outcome: Outcome) -> str:
    """The status line after a run; the time runs until its file was written, which is more than the network took."""
    run = outcome.restoration
    text, reading = COMMON.done.format(seconds=seconds(outcome.waited)), run.reading
    read = (
        []
        if reading is None or run.steered
        else [WORDS.read.format(count=len(run.estimate), reading=in_words(reading))]
    )
    return status(all_said((text, *read, *run.notices)), 1.0, "good")
