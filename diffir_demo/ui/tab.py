"""One tab: its parts, and which press leads to which handler."""

from __future__ import annotations

from typing import Any

from ..tasks import Task
from .examples import examples_for
from .handlers import Handlers
from .mask_canvas import MaskValue
from .opening import Opening, opening_of
from .parts import Parts, lay_out
from .studio import Studio

ONE_AT_A_TIME: dict[str, Any] = {"concurrency_limit": 1, "concurrency_id": "device"}
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
"""The status line tells the progress; Gradio's own overlay would hide the steps, and call a cancelled run an error."""
AT_ONCE: dict[str, Any] = QUIET | {"queue": False}


def build_tab(task: Task, studio: Studio) -> None:
    """Inside a `gr.Tab`: lays out the parts and connects them."""
    examples = examples_for(task.key)
    opening = opening_of(examples[0], task) if examples else Opening(MaskValue())
    parts = lay_out(task, studio, examples, opening)
    handlers = Handlers(task, studio, parts, examples)
    _connect_run(task, parts, handlers)
    _connect_inputs(parts, handlers)
    if task.wants_mask:
        _connect_mask(task, parts, handlers)


def _connect_run(task: Task, parts: Parts, handlers: Handlers) -> None:
    asked = [parts.canvas, parts.seed, parts.previews, parts.weights, parts.own, parts.truth, parts.left]
    result = [parts.hint, parts.slider, parts.left, parts.download, parts.scores, parts.outcome]
    buttons = [parts.run, parts.cancel]
    pressed = parts.run.click(
        handlers.pressed, None, [*buttons, parts.status, parts.stop], js=_scroll_on_phones(task), **AT_ONCE
    )
    answered = [parts.status, parts.ipr, *result]
    run = pressed.then(handlers.run, [parts.stop, *asked], answered, **QUIET, **ONE_AT_A_TIME)
    run.then(handlers.idle, None, buttons, **AT_ONCE)
    parts.cancel.click(handlers.cancelled, parts.stop, [*buttons, parts.status], cancels=[run], **AT_ONCE)
    compared = [parts.status, parts.slider, parts.scores, parts.outcome]
    parts.left.input(handlers.compare, [parts.left, parts.outcome], compared, **QUIET)


def _connect_inputs(parts: Parts, handlers: Handlers) -> None:
    canvas, status = parts.canvas, parts.status
    canvas.unreadable(handlers.preview_photo, canvas, [canvas, parts.credit, status], **QUIET)
    canvas.opened(lambda: "", None, parts.credit, **AT_ONCE)
    parts.damage.click(handlers.damage, [canvas, parts.truth], [canvas, parts.truth, status], **QUIET)
    if parts.examples is not None:
        parts.examples.choose(handlers.choose_example, None, [canvas, parts.truth, parts.credit, status], **QUIET)
    parts.weights.input(handlers.choose_weights, [parts.weights, parts.own], [parts.badge, status], **QUIET)
    brought = [parts.own, parts.weights, parts.badge, status]
    parts.own_weights.upload(handlers.bring_weights, [parts.own_weights, parts.own], brought, **QUIET)


def _connect_mask(task: Task, parts: Parts, handlers: Handlers) -> None:
    assert parts.mask_upload and parts.mask_save and parts.mask_file  # there wherever a task wants a mask
    canvas, status = parts.canvas, parts.status
    parts.mask_upload.upload(handlers.upload_mask, [canvas, parts.mask_upload], [canvas, status], **QUIET)
    saved = parts.mask_save.click(handlers.save_mask, canvas, [parts.mask_file, status], **QUIET)
    saved.success(None, js=_press(f"{task.key}-mask-file"))


def _scroll_on_phones(task: Task) -> str:
    """There the result is below the photo."""
    line = f"document.getElementById('{task.key}-status').scrollIntoView({{behavior: 'smooth'}})"
    return f"() => {{ if (window.innerWidth < 768) {line}; }}"


def _press(elem_id: str) -> str:
    """Presses a button once the page has taken in its new file."""
    return f"() => setTimeout(() => document.getElementById('{elem_id}').click(), 300)"
