"""Hosted GPUs that are lent for the length of a call (Hugging Face ZeroGPU).

The host wants its library imported before torch, so `app.py` does that first. What is wrapped runs in a process of its
own, forked for the call: nothing that it learns comes back but its events, and of errors only Gradio's own.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Generator
from contextlib import closing
from typing import Any

import gradio as gr

from ..errors import DeviceError, DiffIRError
from ..events import Event
from ..planning import Estimate
from ..tasks import Request, Task
from ..ui.state import AppState

LONGEST, SHORTEST = 120, 10
"""Seconds of GPU per call. What is asked for counts against the visitor's quota, some two minutes a day without an
account, and short calls are let in first."""
READY = 4.0
"""Seconds from the lease to the first event: the process is forked, the network is read and goes to the GPU."""
SLACK = 2.0
"""How much longer than foreseen a run may take."""
_ABORTED = "GPU task aborted"
_WORKER = "ZeroGPU worker error"
"""The host's title for errors of the code that it runs, as opposed to those about quota and queue."""


def accelerator() -> Callable[[Any], Any] | None:
    """What `AppState.lend` takes, on a host that lends GPUs; None anywhere else."""
    if not os.environ.get("SPACES_ZERO_GPU"):
        return None
    try:
        import spaces  # pyright: ignore[reportMissingImports]
    except ImportError:
        return None

    def lent(events: Any) -> Any:
        """events: the method of that name of an `AppState`."""
        state: AppState = events.__self__

        def lease(task: Task, request: Request, path: str, found: Any = None) -> int:
            return seconds_for(state.expected(task, request, path))

        return with_sentences(spaces.GPU(carrying(events), duration=lease))

    return lent


def seconds_for(expected: Estimate) -> int:
    """Seconds of GPU to ask for; the photo is read, and the result is saved, without one."""
    working = expected.seconds - expected.read - expected.save
    return min(max(math.ceil(READY + SLACK * working), SHORTEST), LONGEST)


def carrying(events: Callable[..., Generator[Event, None, None]]) -> Callable[..., Generator[Event, None, None]]:
    """The same for the process that has the GPU: an error of one sentence travels inside of one of Gradio's."""

    def packed(*asked: Any) -> Generator[Event, None, None]:
        try:
            with closing(events(*asked)) as found:
                yield from found
        except DiffIRError as error:
            parcel = gr.Error(str(error), print_exception=False)
            parcel.sentence = error  # pyright: ignore[reportAttributeAccessIssue]
            raise parcel from error

    return packed


def with_sentences(events: Callable[..., Generator[Event, None, None]]) -> Callable[..., Generator[Event, None, None]]:
    """The same for the process that asks: what the host, or the run, refuses in one sentence is raised as such an
    error. Bugs stay what they are."""

    def unpacked(*asked: Any) -> Generator[Event, None, None]:
        try:
            with closing(events(*asked)) as found:
                yield from found
        except gr.Error as error:
            raise _sentence_of(error) from error

    return unpacked


def _sentence_of(error: gr.Error) -> Exception:
    sentence, text = getattr(error, "sentence", None), str(error.message)
    if isinstance(sentence, DiffIRError):
        return sentence
    if error.title != _WORKER:  # no GPU was free, or the visitor has used up what he may
        return DeviceError(f"{text.rstrip('. ')}.", "Try again later, or sign in.")
    if text == _ABORTED:
        return DeviceError("The GPU was taken back before the run was finished.", "Use a smaller photo, or try again.")
    return error
