"""The compare board: up to four pictures under one zoom, as slider, panes, lens, flicker or amplified difference."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from gradio.data_classes import FileData, GradioModel
from pydantic import ValidationError

from ..component import TypedHTML, parts
from ..gallery import Gallery, Region, data_url
from ..words.board import BOARD
from ..words.steering import SLIDERS


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


class SliderData(GradioModel):
    """One thing that the IPR tells of."""

    name: str
    label: str
    amount: float = 0
    """How far it is moved, in standard deviations."""


class ReadingData(GradioModel):
    """What the IPR says of the photo, and how it was moved."""

    says: str
    errors: str
    """How far such readings are off, one or two sentences."""
    moved: str = ""
    """A sentence; "" where nothing is moved."""
    sliders: list[SliderData] = []
    furthest: float = 1.5


class OriginsData(GradioModel):
    """Where what is in the hole comes from."""

    copied: FileData
    """Opaque where the result was copied from elsewhere in the photo."""
    copied_text: str
    """For the legend."""
    painted_text: str


class PatchData(GradioModel):
    """A piece of the result, painted with a moved IPR."""

    number: int
    """Of the `look` that it answers."""
    url: str = ""
    """A data URL; "" where nothing could be painted."""
    box: tuple[float, float, float, float] | None = None
    """Left, top, right, bottom, as shares of the result's sides."""


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
    origins: OriginsData | None = None
    """None where nothing in the hole was copied; `notes` say so."""
    reading: ReadingData | None = None
    """None for networks whose IPR cannot be read."""
    patch: PatchData | None = None


class CompareBoard(TypedHTML):
    """Event `ask`: a visitor wants to see a method that was not run yet; its data is {"key": str, "number": int}.

    Events `look` and `steer`: the sliders are being pulled, or were let go; {"number", "amounts": {name: amount}} both,
    and for `look` the part of the result that is seen: {"box": [left, top, right, bottom]}, as shares of its sides.
    """

    data_model = BoardValue

    def __init__(self, gallery: Gallery, task_key: str, value: BoardValue | None = None, **options: Any) -> None:
        def region(asked: object) -> dict[str, object] | None:
            """The exact pixels of a part of a large picture; None for a question that no board asks."""
            try:
                found = gallery.region(Region.model_validate(asked))
            except ValidationError:
                return None
            return None if found is None else {"url": data_url(found[0]), "box": found[1]}

        scripts = ("table", "pictures", "zoom", "paint", "origins", "modes", "../sliders", "steer", "hands")
        settings = parts(Path(__file__).parent, *scripts, styles=["../sliders"]) | options
        texts = BOARD | {"sliders": SLIDERS}
        super().__init__(value or BoardValue(), words=texts, task_key=task_key, server_functions=[region], **settings)
