"""Gradio's frame, with updates of a running handler that none of the next ones can spoil."""

from __future__ import annotations

from typing import Any

import gradio as gr


class Blocks(gr.Blocks):
    """`gr.Blocks` whose streamed updates are told whole.

    Gradio tells the second and later updates of a handler as differences, and its page (6.31) applies these to the
    very objects that it has not shown yet. Where two updates arrive together, the later one so takes back what it
    does not repeat: a result's download button stayed hidden. A whole object is a new one on the page.
    """

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


def _whole(value: Any, difference: Any) -> Any:
    """difference: the value itself where it is a handler's first."""
    return difference if difference is value or not difference else [("replace", [], value)]
