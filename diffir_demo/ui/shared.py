"""What the features of one tab share: the few components that several of them read or change, and what a feature is."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any
from uuid import uuid4

import gradio as gr

from ..deconvolve import Blur
from ..errors import DiffIRError
from ..recipe import Recipe
from ..tasks import Task
from .component import Words, task_words, times, words_of
from .languages import plain, said, say
from .outcome import Outcome
from .state import AppState, WeightsChoice

WORDS = words_of()
Updates = dict[Any, Any]
"""Component -> new value or property."""
Values = dict[Any, Any]
"""Component -> the value it has on the page, for every one of a tab's `inputs`."""
QUIET: dict[str, Any] = {"show_progress": "hidden", "show_progress_on": [], "api_visibility": "private"}
"""The status line shows the progress; Gradio's own overlay would hide the steps, and call a cancelled run an error.
On no component: hidden or not, the page would bring every output's state, and that of all in it, up to each step.
"""
AT_ONCE: dict[str, Any] = QUIET | {"queue": False}
ON_THE_DEVICE: dict[str, Any] = {"concurrency_limit": 1, "concurrency_id": "device"}
"""For handlers that run a network: one at a time, over all visitors."""
STATE: dict[str, Any] = {"time_to_live": 4 * 3600}
"""Seconds that a page's state is kept without being changed; when the page is closed, it has an hour."""
TOAST = 4
"""Seconds; the status line keeps the sentence."""


@dataclass(frozen=True)
class Adjusted:
    """How the next run differs from what the page shows, since a recipe was restored that asks for it."""

    steered: Mapping[str, float] = field(default_factory=dict)
    """These as in `Settings`."""
    blur: Blur | None = None
    strength: float | None = None

    @classmethod
    def by(cls, recipe: Recipe) -> Adjusted:
        return cls(recipe.settings.steered, recipe.settings.blur, recipe.settings.strength)


@dataclass(frozen=True)
class Shared:
    """Made by `Tab`; every feature is given it, and knows the others by nothing else."""

    task: Task
    state: AppState
    canvas: Any
    """`MaskCanvas`: the photo and its mask."""
    reference: gr.State
    """`Reference` or None."""
    credit: gr.HTML
    """Of an example photo."""
    seed: gr.Number
    previews: gr.Checkbox
    steps: gr.Dropdown
    weights: gr.Dropdown
    own: gr.State
    """{key: WeightsChoice} of the files that this visitor uploaded."""
    badge: gr.HTML
    """Weights, device and precision, beside the button that uses them."""
    restore: gr.Button
    cancel: gr.Button
    status: gr.HTML
    """The status line."""
    handle: gr.State
    """`RunHandle` of the run that was started last, or None."""
    experiment: gr.State
    """`RunHandle` of the lab's experiment that was started last, or None."""
    board: Any
    """`CompareBoard`."""
    outcome: gr.State
    """`Outcome` or None."""
    result: gr.State
    """A name of the result that is shown, another one for every run; None where there is none."""
    timeline: Any
    """`Timeline`."""
    runs: Any
    """`RunList`, one for all tabs."""
    adjusted: gr.State
    """`Adjusted`, for the next run alone."""
    features: list[Feature] = field(default_factory=list)

    @property
    def intro(self) -> str:
        """What the tab is for, in the status line until something happens."""
        return intro_of(self.task)

    @property
    def words(self) -> Words:
        return task_words(self.task.key)

    def named(self, part: str) -> str:
        """The element's id on the page."""
        return f"{self.task.key}-{part}"

    @property
    def buttons(self) -> list[gr.Button]:
        return [self.restore, self.cancel]

    @property
    def settings(self) -> list[Any]:
        """What a run is set by."""
        return [self.seed, self.previews, self.steps, self.weights, self.own]

    @property
    def photo(self) -> list[Any]:
        """What another photo changes, beside `outputs`."""
        return [self.canvas, self.reference, self.credit]

    @property
    def inputs(self) -> set[Any]:
        """What a run reads. As a set, so that Gradio hands it over by component."""
        own = {self.canvas, self.reference, *self.settings, self.handle, self.outcome, self.adjusted}
        return own.union(*(feature.inputs for feature in self.features))

    @property
    def outputs(self) -> list[Any]:
        """What `reset` and `update` may change."""
        parts = [
            self.status,
            self.adjusted,
            self.result,
            *(part for feature in self.features for part in feature.outputs),
        ]
        return list(dict.fromkeys(parts))

    def chosen(self, values: Values) -> WeightsChoice:
        """The weights that the page names. Raises `WeightsError` where there are none at all."""
        return self.state.chosen(self.task, values[self.weights], values[self.own])

    def steps_of(self, values: Values) -> int | None:
        """How many diffusion steps the page asks for; None: as many as the network was trained with."""
        return values[self.steps] or None

    def say(self, text: str, share: float | None = None, tone: str = "idle") -> Updates:
        """In the status line."""
        return {self.status: status(text, share, "intro" if text == self.intro else tone)}

    def reset(self, handle: threading.Event | None, text: str = "") -> Updates:
        """Another photo: a run on the former one ends, and its result leaves the page.

        text: for the status line; "" for what this tab is for.
        """
        if handle is not None:
            handle.set()
        gone: Updates = {self.adjusted: Adjusted(), self.result: None}
        for feature in self.features:
            gone |= feature.reset()
        return gone | self.say(text or self.intro)

    def update(self, outcome: Outcome) -> Updates:
        """A finished run, on the page."""
        here: Updates = {self.adjusted: Adjusted(), self.result: uuid4().hex}
        for feature in self.features:
            here |= feature.update(outcome)
        return here


class Feature:
    """A part of a tab. Making one lays its components out where Gradio's layout stands."""

    def __init__(self, shared: Shared) -> None:
        self.shared, self.task, self.state, self.named = shared, shared.task, shared.state, shared.named
        self.inputs: list[Any] = []
        """The components of its own that a run reads, through `Values`."""
        self.outputs: list[Any] = []
        """The components that `reset` and `update` may change."""
        shared.features.append(self)

    @property
    def status_line(self) -> Any:
        """Where `report_errors` writes."""
        return self.shared.status

    def reset(self) -> Updates:
        """Another photo is on the canvas: what was made from the one before it leaves the page."""
        return {}

    def update(self, outcome: Outcome) -> Updates:
        """A run is finished."""
        return {}


def report_errors(handler: Callable[..., Iterator[Updates]]) -> Callable[..., Iterator[Updates]]:
    """Turns what a visitor can get wrong into one sentence, as a toast and in the status line. Bugs stay errors.

    For the handlers of features, and of what else has a `status_line`; each yields the components that change, and no
    others. The empty updates of `run_in_thread` are chances to leave; Gradio would take one for a forgotten answer.
    An error may offer a way out: `offer`, as `status` takes it.
    """

    @functools.wraps(handler)
    def guarded(self: Any, *values: Any) -> Iterator[Updates]:
        line = self.status_line
        try:
            yield from filter(None, handler(self, *values))
        except DiffIRError as error:
            offer = getattr(error, "offer", None)
            if not offer:  # a toast would lie over it on a phone
                gr.Warning(plain(said(error)), title=WORDS.trouble, duration=TOAST)
            yield {line: status(said(error), tone="bad", offer=offer)}
        except Exception:
            yield {line: status(WORDS.bug, tone="bad")}
            raise

    return guarded


def intro_of(task: Task) -> str:
    return task_words(task.key).intro.format(times=times(task.scales)) or say(task.summary)


def press(elem_id: str) -> str:
    """Presses a button once the page has taken in its new file."""
    return f"() => setTimeout(() => document.getElementById('{elem_id}').click(), 300)"


# --- the status line, as HTML --------------------------------------------------------------------------------------


def status(
    text: str,
    share: float | None = None,
    tone: str = "idle",
    left: float | None = None,
    offer: tuple[str, str] | None = None,
) -> str:
    """The line above the result; run/status.js reads it out.

    share: progress in [0, 1]; tone: intro, idle, busy, good or bad; left: seconds to go, None where that is not shown.
    offer: (text of a button, CSS selector of the button of the page that it presses).
    """
    percent = round(100 * min(1.0, max(0.0, share or 0.0)))
    bar = f'role="progressbar" aria-valuenow="{percent}" aria-valuemin="0" aria-valuemax="100"'
    bar += f' aria-label="{escape(WORDS.progress)}"'
    rest = "" if left is None else f"<small>{escape(time_left(left))}</small>"
    if offer:
        rest += f'<button type="button" class="offer" data-press="{escape(offer[1])}">{escape(offer[0])}</button>'
    return (
        f'<div class="status {tone}"><div class="line"><span>{escape(say(text))}</span>{rest}</div>'
        f'<div class="track" {bar}><div class="fill" style="width:{percent}%"></div></div></div>'
    )


def badge(text: str, device: str, precision: str, warn: bool) -> str:
    tone = "badge warn" if warn else "badge"
    return f'<div class="{tone}"><b>{escape(say(text))}</b> <span>{escape(device)} · {escape(precision)}</span></div>'


def time_left(seconds: float) -> str:
    """ "about 12 s left": short, as it stands beside what is going on."""
    if seconds < 55:
        return WORDS.left.format(time=WORDS.about_seconds.format(count=max(1, round(seconds))))
    return WORDS.left.format(time=WORDS.about_minutes.format(count=max(1, round(seconds / 60))))


def in_line(before: int) -> str:
    """before: runs that come first."""
    if before < 1:
        return WORDS.next_in_line
    return WORDS.in_line_one if before == 1 else WORDS.in_line_many.format(count=before)
