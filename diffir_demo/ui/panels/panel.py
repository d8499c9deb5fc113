"""What every panel of a tab is: parts that lay themselves out, and answers to what happens in the tab."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import gradio as gr

from ...errors import DiffIRError
from .. import views, words
from ..opening import NoMask
from ..outcome import Outcome
from ..words.canvas import CANVAS

if TYPE_CHECKING:
    from ..tab import Tab

Updates = dict[Any, Any]
"""Component -> new value or property."""
Values = dict[Any, Any]
"""Component -> the value it has on the page, for every one of a tab's `inputs`."""

QUIET: dict[str, Any] = {"show_progress": "hidden", "show_progress_on": [], "api_visibility": "private"}
"""The status line tells the progress; Gradio's own overlay would hide the steps, and call a cancelled run an error.
On no component: hidden or not, the page would bring every output's state, and that of all in it, up to each step.
"""
AT_ONCE: dict[str, Any] = QUIET | {"queue": False}
ON_THE_DEVICE: dict[str, Any] = {"concurrency_limit": 1, "concurrency_id": "device"}
"""For handlers that run a network: one at a time, whoever asks."""
STATE: dict[str, Any] = {"time_to_live": 86400}
TOAST = 4
"""Seconds; the status line keeps the sentence."""

P = TypeVar("P", bound="Panel")


class Panel:
    """A region of a tab. Making one lays its parts out where Gradio's layout stands.

    A panel that runs something or changes the photo does so through `tab`; it hears of the others' doing by `emptied`
    and `shown`.
    """

    def __init__(self, tab: Tab) -> None:
        self.tab, self.task, self.studio = tab, tab.task, tab.studio
        self.words = words.for_task(tab.task.key)
        self.inputs: list[Any] = []
        """The components that a run reads, through `Values`."""
        self.outputs: list[Any] = []
        """The components that `emptied` and `shown` may change."""

    def named(self, part: str) -> str:
        """The element's id on the page."""
        return f"{self.task.key}-{part}"

    @property
    def line(self) -> Any:
        """The status line that tells of this panel's doings."""
        return self.tab.running.status

    def connect(self) -> None:
        """Leads the presses to their handlers, once all panels are there."""

    def emptied(self) -> Updates:
        """Another photo is on the canvas: what was made from the one before it leaves the page."""
        return {}

    def shown(self, outcome: Outcome) -> Updates:
        """A run is finished."""
        return {}


def told(handler: Callable[..., Iterator[Updates]]) -> Callable[..., Iterator[Updates]]:
    """Turns what a visitor can get wrong into one sentence, as a toast and in the status line. Bugs stay errors.

    For the handlers of panels, and of what else has a `line`; each yields the components that change, and no others.
    The empty updates of `patience.meanwhile` are chances to leave; Gradio would take one for a forgotten answer.
    """

    @functools.wraps(handler)
    def guarded(self: Any, *values: Any) -> Iterator[Updates]:
        status = self.line
        try:
            yield from filter(None, handler(self, *values))
        except DiffIRError as error:
            offer = _way_out(error)
            if not offer:  # a toast would lie over it on a phone
                gr.Warning(str(error), title=words.TROUBLE, duration=TOAST)
            yield {status: views.status(str(error), tone="bad", offer=offer)}
        except Exception:
            yield {status: views.status(words.BUG, tone="bad")}
            raise

    return guarded


def _way_out(error: DiffIRError) -> tuple[str, str] | None:
    """What to offer beside that sentence, as `views.status` takes it."""
    if isinstance(error, NoMask):
        return CANVAS["find"], f"#{error.task.key}-canvas [data-do=scratches]"
    return None


def press(elem_id: str) -> str:
    """Presses a button once the page has taken in its new file."""
    return f"() => setTimeout(() => document.getElementById('{elem_id}').click(), 300)"
