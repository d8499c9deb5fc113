"""The compare board: up to four pictures under one zoom, as slider, panes, lens, flicker or amplified difference."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from gradio.data_classes import FileData, GradioModel
from pydantic import ValidationError

from ..component import TypedHTML, parts
from ..gallery import Gallery, Region, data_url
from ..words.board import BOARD


class ViewData(GradioModel):
    """A picture that can be seen."""

    file: FileData
    width: int
    """Of the file: a preview is smaller than its picture."""
    token: str | None = None
    """For the exact regions of a preview; None where the file is exact."""


class ScoreData(GradioModel):
    text: str
    best: bool = False


class MethodData(GradioModel):
    """A row of the table, and what a pane may show."""

    key: str
    title: str
    note: str = ""
    kind: Literal["given", "network", "classical", "truth"]
    time: str = ""
    view: ViewData | None = None
    """None for what was not run yet."""
    scores: list[ScoreData | None] = []
    """In the order of `columns`."""


class ColumnData(GradioModel):
    title: str
    note: str


class BoardValue(GradioModel):
    """All that the board shows; what a visitor chose to look at stays in the browser."""

    hint: str = ""
    """What to do next, where there is nothing to show yet; HTML of ours."""
    size: tuple[int, int] | None = None
    """(width, height) of the result, present or to come: its place is kept."""
    line: float = 50.0
    """Where the slider's line starts, percent of the width."""
    methods: list[MethodData] = []
    columns: list[ColumnData] = []
    notes: list[str] = []
    """Sentences under the table."""
    over: int = 0
    """The number of the `ask` that is over, whether its picture came or not."""
    mask: FileData | None = None
    """Opaque where the hole is."""


class CompareBoard(TypedHTML):
    """Event `ask`: a visitor wants to see a method that was not run yet; its data is {"key": str, "number": int}."""

    data_model = BoardValue

    def __init__(self, gallery: Gallery, task_key: str, value: BoardValue | None = None, **options: Any) -> None:
        def region(asked: object) -> dict[str, object] | None:
            """The exact pixels of a part of a large picture; None for a question that no board asks."""
            try:
                found = gallery.region(Region.model_validate(asked))
            except ValidationError:
                return None
            return None if found is None else {"url": data_url(found[0]), "box": found[1]}

        scripts = ("table", "pictures", "zoom", "paint", "modes", "hands")
        settings = parts(Path(__file__).parent, *scripts) | options
        super().__init__(value or BoardValue(), words=BOARD, task_key=task_key, server_functions=[region], **settings)
