"""One tab: its parts, and which press leads to which handler."""

from __future__ import annotations

import json
from typing import Any

from ..tasks import Task
from . import words
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
    buttons = [parts.run, parts.cancel]
    pressed = parts.run.click(
        handlers.pressed, None, [*buttons, parts.status, parts.stop], js=_scroll_on_phones(task), **AT_ONCE
    )
    run = pressed.then(handlers.run, [parts.stop, *asked], _answer(parts), **QUIET, **ONE_AT_A_TIME)
    pressed.then(None, js=_pass_focus(f"{task.key}-run", f"{task.key}-cancel"))
    back = _pass_focus(f"{task.key}-cancel", f"{task.key}-run")
    run.then(handlers.idle, None, buttons, **AT_ONCE).then(None, js=back).then(None, js=_describe(task))
    stopped = [*buttons, parts.status, parts.ipr]
    parts.cancel.click(handlers.cancelled, parts.stop, stopped, cancels=[run], **AT_ONCE).then(None, js=back)
    compared = [parts.status, parts.slider, parts.scores, parts.outcome]
    parts.left.input(handlers.compare, [parts.left, parts.outcome], compared, **QUIET)


def _connect_inputs(parts: Parts, handlers: Handlers) -> None:
    canvas, status = parts.canvas, parts.status
    renewed, placed = [parts.credit, *_answer(parts)], [canvas, parts.truth, parts.credit, *_answer(parts)]
    canvas.unreadable(handlers.preview_photo, [canvas, parts.stop], [canvas, *renewed], **QUIET)
    canvas.opened(handlers.took_photo, parts.stop, renewed, **AT_ONCE)
    known = [canvas, parts.truth, parts.stop]
    parts.damage.click(handlers.damage, known, placed, **QUIET)
    parts.undamage.click(handlers.undamage, known, placed, **QUIET)
    if parts.examples is not None:
        parts.examples.choose(handlers.choose_example, parts.stop, placed, **QUIET)
    chosen = [parts.weights, parts.own, parts.outcome]
    parts.weights.input(handlers.choose_weights, chosen, [parts.badge, status], **QUIET)
    brought = [parts.own, parts.weights, parts.badge, status]
    parts.own_weights.upload(handlers.bring_weights, [parts.own_weights, parts.own], brought, **QUIET)


def _answer(parts: Parts) -> list[Any]:
    """What a run fills in, and another photo empties."""
    result = [parts.hint, parts.slider, parts.left, parts.download, parts.scores, parts.outcome]
    return [parts.status, parts.ipr, parts.undamage, *result]


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


def _describe(task: Task) -> str:
    """Gradio's slider has no setting for what its pictures are called."""
    texts = json.dumps([words.LEFT_ALT, words.RIGHT_ALT])
    pictures = f"document.querySelectorAll('#{task.key}-slider img')"
    return f"() => {pictures}.forEach((picture, i) => (picture.alt = {texts}[i] || ''))"


def _pass_focus(giver: str, taker: str) -> str:
    """A button that is switched off loses the focus; the one that is switched on in its place takes it."""
    return f"""() => setTimeout(() => {{
        const focus = document.activeElement;
        if (focus === document.body || focus.id === "{giver}")
            document.getElementById("{taker}").focus({{ preventScroll: true }});
    }}, 100)"""


def _press(elem_id: str) -> str:
    """Presses a button once the page has taken in its new file."""
    return f"() => setTimeout(() => document.getElementById('{elem_id}').click(), 300)"
