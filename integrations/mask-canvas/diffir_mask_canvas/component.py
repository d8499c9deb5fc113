"""The canvas of DiffIR Studio as a component of any Gradio app."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from ._studio.errors import DiffIRError
from ._studio.ui.component import parts
from ._studio.ui.languages import LANGUAGES, said, speaking
from ._studio.ui.photo import canvas as studio
from ._studio.ui.photo.canvas import MaskValue
from ._studio.ui.photo.reading import photo_of, preview_of
from .exact import exact_mask_in
from .values import Painted, Placed, painted, placing
from .words import words_in

STYLE = (Path(__file__).parent / "frame.css").read_text(encoding="utf-8")


class MaskCanvas(studio.MaskCanvas):
    """A photo that is dropped, pasted or chosen, and a mask painted over it by mouse, pen or touch.

    A function is given {"photo": (h, w, 3) uint8, "mask": (h, w) uint8, "file": path} at the photo's full size, upright
    and in sRGB: 255 where it is painted, 0 where it is not, between in the soft edge around. Without a photo all three
    are None. What a function returns is a photo (an array, a picture of Pillow's, or a path), or (photo, mask), or such
    a dictionary; None empties the canvas. Events: `change`, at every stroke and photo, and `opened`, another photo.
    """

    def __init__(
        self,
        value: Placed = None,
        *,
        label: str | None = None,
        height: int = 480,
        language: str = "en",
        run: str = "",
        scale: int | None = None,
        min_width: int = 320,
        visible: bool = True,
        elem_id: str | None = None,
        elem_classes: list[str] | str | None = None,
        render: bool = True,
        key: int | str | tuple[int | str, ...] | None = None,
    ) -> None:
        """height: of the photo's frame, in pixels of the page. language: en, de, es, fr, ja or zh.

        run: the `elem_id` of the button that Ctrl+Enter presses. A press of it while a photo is being opened waits.
        Raises `ValueError` for a language that is not there, and for a photo or mask that cannot be used.
        """
        if language not in LANGUAGES:
            raise ValueError(f"language is one of {', '.join(LANGUAGES)}, not {language!r}")
        # Gradio reads parameters off the component.
        self.height, self.language, self.run = height, language, run
        self._is_made = False
        files = parts("photo/canvas", "gestures", *(f"photo/{name}" for name in studio.SCRIPTS))
        below = 18 if label else 0  # where Gradio has the label lie over the corner
        files["css_template"] += f"\n.pad {{ --stage-h: {int(height)}px; margin-top: {below}px; }}\n{STYLE}"
        super().__init__(
            MaskValue() if value is None else self.postprocess(value),
            run=run,
            words=words_in(language, can_run=bool(run)),
            server_functions=[exact_mask_in(language)],
            label=label,
            show_label=label is not None,
            container=True,
            scale=scale,
            min_width=min_width,
            visible=visible,
            elem_id=elem_id or f"mask-canvas-{secrets.token_hex(4)}",
            elem_classes=elem_classes,
            render=render,
            key=key,
            **files,
        )
        self._is_made = True
        if self.is_rendered:
            self._listen()

    def render(self) -> MaskCanvas:
        super().render()
        if self._is_made:  # else it goes on being made
            self._listen()
        return self

    def preprocess(self, payload: MaskValue | None) -> Painted:
        """What a function is given. Raises `gr.Error` for a photo that cannot be read."""
        try:
            return painted(payload or MaskValue())
        except DiffIRError as error:
            raise self._error(error) from error

    def postprocess(self, value: Placed) -> MaskValue:
        """What the page is sent. Raises `gr.Error` for a photo that cannot be read."""
        try:
            return placing(value)
        except DiffIRError as error:
            raise self._error(error) from error

    def _listen(self) -> None:
        """What the page itself asks for, in the app that the canvas stands in."""
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        asked = self.unreadable(self._show, self, self, preprocess=False, concurrency_limit=None, **quiet)
        self.answered(asked)
        self.answered(self.opened(None, None, None, js="() => []", **quiet))

    def _show(self, sent: dict[str, Any]) -> Iterator[MaskValue]:
        """For a file that browsers cannot show: a PNG of it. Where it is no photo, the one before comes back."""
        canvas = MaskValue.model_validate(sent)
        try:
            canvas.preview = preview_of(photo_of(canvas))
        except DiffIRError as error:
            yield MaskValue()
            raise self._error(error) from error
        yield canvas

    def _error(self, error: DiffIRError) -> gr.Error:
        with speaking(self.language):
            return gr.Error(said(error), print_exception=False)
