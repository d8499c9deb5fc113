"""The compare board: up to four pictures under one zoom, as slider, panes, lens, flicker or amplified difference."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from gradio.data_classes import FileData, GradioModel
from pydantic import Field, ValidationError

from ...deconvolve import LARGEST
from ..component import TypedHTML, parts
from ..gallery import Gallery, Region, data_url
from ..words.board import BOARD
from ..words.path import PATH
from ..words.steering import SLIDERS

LENGTHS = (50, 200)
"""Percent to which a path can be made shorter or longer."""
MOST_POINTS = 400
"""Of a line that is drawn."""
Place = Annotated[float, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]
"""Pixels."""
PATH_SCRIPTS = ("trail", "path", "draw_path")


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


class KernelData(GradioModel):
    """A camera's path as a picture, light on black."""

    side: int
    levels: list[int]
    """side x side, row by row, 0 .. 255: the share of the light."""
    share: float = 1.0
    """Of the photo's sides, at which it was found."""


class BendData(GradioModel):
    """How a camera path was changed by hand; as it stands here, not at all."""

    turn: Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)] = 0
    """Degrees, clockwise."""
    length: Annotated[float, Field(ge=LENGTHS[0], le=LENGTHS[1], allow_inf_nan=False)] = 100
    """Percent of the path before."""
    strength: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)] | None = None
    """Percent; None: as the run had it."""
    line: Annotated[list[tuple[Place, Place]], Field(max_length=MOST_POINTS)] = []
    """Drawn in place of the path, x and y in pixels of the photo; [] where none was."""

    @property
    def keeps_path(self) -> bool:
        """Whether the path is what it was, whatever its strength."""
        return not self.line and self.turn == 0 and self.length == 100

    @property
    def is_nothing(self) -> bool:
        return self.keeps_path and self.strength is None


class PathData(GradioModel):
    """The camera's path that a run has undone."""

    says: str
    """What is believed of it, a sentence."""
    bent: str = ""
    """How it was changed by hand, a sentence; "" where it was not."""
    kernel: KernelData
    steps: list[KernelData] = []
    """As the search found it, coarse to fine; [] where it was told."""
    strength: int
    """Percent, of the run itself."""
    bend: BendData = BendData()
    """As the result was made."""


class PatchData(GradioModel):
    """A piece of the result, painted with a moved IPR or another camera path."""

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
    path: PathData | None = None
    """None where no camera path was looked for."""
    patch: PatchData | None = None


class CompareBoard(TypedHTML):
    """Event `ask`: a visitor wants to see a method that was not run yet; its data is {"key": str, "number": int}.

    Events `look` and `steer`: the sliders are being pulled, or were let go; {"number", "amounts": {name: amount}} both,
    and for `look` the part of the result that is seen: {"box": [left, top, right, bottom]}, as shares of its sides.
    Events `look_path` and `bend`: likewise while the camera's path is changed and where it is to be applied, with
    {"bend": `BendData`} instead of the amounts.
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

        scripts = ("table", "pictures", "zoom", "paint", "origins", "modes", "../sliders", "steer", *PATH_SCRIPTS)
        settings = parts(Path(__file__).parent, *scripts, "hands", styles=["../sliders", "path"]) | options
        texts = BOARD | {"sliders": SLIDERS, "path": PATH}
        super().__init__(value or BoardValue(), words=texts, task_key=task_key, server_functions=[region], **settings)
