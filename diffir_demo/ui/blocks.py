"""Gradio's frame, with updates of a running handler that neither spoil one another nor cost more than they change."""

from __future__ import annotations

from copy import copy
from typing import Any

import gradio as gr
from gradio.blocks import convert_component_dict_to_list

UNWATCHED = """<script>{
  const unwatched = Object.create(Object.prototype);
  for (const each of window.gradio_config?.dependencies ?? []) Object.setPrototypeOf(each, unwatched);
}</script>"""
"""For the page's head, which is there before the components are.

The page (Gradio 6.31) looks through the list of handlers for every component, and watches plain objects for changes:
each look costs several times what it would. Handlers never change, and objects of another kind are not watched.
"""


class Blocks(gr.Blocks):
    """`gr.Blocks` whose updates are told whole, and leave alone what they do not name.

    Gradio tells the second and later updates of a handler as differences, and its page (6.31) applies these to the
    very objects that it has not shown yet. Where two updates arrive together, the later one so takes back what it
    does not repeat: a result's download button stayed hidden. A whole object is a new one on the page.

    A step of a run changes a few of its handler's forty outputs. Gradio makes the others anew all the same, and gives
    each `gr.HTML` among them an empty change of its properties, which the page takes as something to show.
    """

    def get_config_file(self) -> Any:
        """The parent's, without targets that are no components.

        A `then` has one such, and the page looks for it: among all components, when it opens and with every event.
        """
        config: Any = super().get_config_file()
        for each in config["dependencies"]:
            each["targets"] = [target for target in each["targets"] if target[0] is not None]
        return config

    async def postprocess_data(self, block_fn: Any, predictions: Any, state: Any) -> list[Any]:
        """The parent's, of the outputs that change; the others are `gr.skip()`, which the page passes over."""
        outputs = list(block_fn.outputs)
        values = _in_order(outputs, predictions)
        if len(values) != len(outputs) or not any(map(_is_skipped, values)):
            return await super().postprocess_data(block_fn, predictions, state)
        changed = [index for index, value in enumerate(values) if not _is_skipped(value)]
        told: list[Any] = [gr.skip() for _ in outputs]
        if changed:
            narrow = copy(block_fn)
            narrow.outputs = [outputs[index] for index in changed]
            news: Any = [values[index] for index in changed]
            given = await super().postprocess_data(narrow, news if len(news) > 1 else news[0], state)
            for index, value in zip(changed, given, strict=True):
                told[index] = value
        return told

    def handle_streaming_diffs(
        self,
        block_fn: Any,
        data: list[Any],
        session_hash: str | None,
        run: str | None,
        final: bool,
        simple_format: bool = False,
    ) -> list[Any]:
        """The parent's differences: `[]` for what stays, else one that replaces the whole."""
        given = list(data)
        told = super().handle_streaming_diffs(block_fn, data, session_hash, run, final, simple_format)
        if final or simple_format:
            return told
        return [_whole(value, difference) for value, difference in zip(given, told, strict=True)]


def _in_order(outputs: list[Any], answer: Any) -> list[Any]:
    """A handler's answer, one value for each of its outputs if it is a right one. Raises `ValueError`."""
    if _is_skipped(answer):
        return [answer] * len(outputs)
    if isinstance(answer, dict) and answer:  # an empty one is a value, as for the parent
        answer = convert_component_dict_to_list(outputs, answer)
    return list(answer) if isinstance(answer, (list, tuple)) else [answer]


def _is_skipped(value: Any) -> bool:
    return isinstance(value, dict) and value == gr.skip()


def _whole(value: Any, difference: Any) -> Any:
    """difference: the value itself where it is a handler's first."""
    return difference if difference is value or not difference else [("replace", [], value)]
