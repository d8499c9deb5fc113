"""The compare board: up to four pictures under one zoom, as slider, panes, lens, flicker or amplified difference."""

from __future__ import annotations

from typing import Any, Literal

from gradio.data_classes import FileData, GradioModel
from pydantic import ValidationError

from ..component import TypedHTML, Value, parts, words_of
from ..files import ImageServer, Region, data_url
from ..outcome import Bend

WORDS, ADJUST_WORDS = words_of("compare"), words_of("adjust")
SCRIPTS = (
    "gestures",
    *(f"compare/{name}" for name in ("table", "pictures", "zoom", "paint", "origins", "modes")),
    *(f"adjust/{name}" for name in ("sliders", "steer", "trail", "path", "draw_path")),
    "compare/input",
)


class ViewData(GradioModel):
    """A picture that can be seen."""

    file: FileData
    width: int
    """Of the file: a preview is smaller than its picture."""
    token: str | None = None
    """For the exact regions of a preview; None where the file is exact."""
    enlarged: bool = False
    """Whether the picture is smaller than the result, and is shown smoothly enlarged to its size, by the browser."""


class ScoreData(GradioModel):
    text: str
    best: bool = False


class MethodData(GradioModel):
    """A row of the table, and what a pane may show."""

    key: str
    title: str
    note: str = ""
    kind: Literal["given", "network", "classical", "reference"]
    time: str = ""
    view: ViewData | None = None
    """None for what was not run yet."""
    scores: list[ScoreData | None] = []
    """In the order of `columns`."""


class ColumnData(GradioModel):
    title: str
    note: str


class SliderData(GradioModel):
    """One kind of damage that the IPR can be read for."""

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


class PathData(GradioModel):
    """The camera's path that a run has undone."""

    says: str
    """What is believed of it, a sentence."""
    bent: str = ""
    """How it was changed by hand, a sentence; "" where it was not."""
    kernel: KernelData
    steps: list[KernelData] = []
    """As the search found it, coarse to fine; [] where it was given."""
    strength: int
    """Percent, of the run itself."""
    bend: Bend = Bend()
    """As the result was made."""


class PatchData(GradioModel):
    """A piece of the result, painted with a moved IPR or another camera path."""

    number: int
    """Of the `look` that it answers."""
    url: str = ""
    """A data URL; "" where nothing could be painted."""
    box: tuple[float, float, float, float] | None = None
    """Left, top, right, bottom, as shares of the result's sides."""


class BoardValue(Value):
    """All that the board shows; what a visitor chose to look at stays in the browser."""

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
    """Event `ask`: a method that was not run yet is to be shown; its data is {"key": str, "number": int}.

    Events `look` and `steer`: the sliders are being pulled, or were let go; {"number", "amounts": {name: amount}} both,
    and for `look` the part of the result that is seen: {"box": [left, top, right, bottom]}, as shares of its sides.
    Events `look_path` and `bend`: likewise while the camera's path is changed and where it is to be applied, with
    {"bend": `Bend`} instead of the amounts.
    """

    data_model = BoardValue

    def __init__(self, images: ImageServer, task_key: str, value: BoardValue | None = None, **options: Any) -> None:
        def region(asked: object) -> dict[str, object] | None:
            """The exact pixels of a part of a large picture; None for a question that no board asks."""
            try:
                found = images.region(Region.model_validate(asked))
            except ValidationError:
                return None
            return None if found is None else {"url": data_url(found[0]), "box": found[1]}

        settings = parts("compare/board", *SCRIPTS, styles=["adjust/sliders", "adjust/path"]) | options
        texts = WORDS.board | {"sliders": ADJUST_WORDS.sliders, "path": ADJUST_WORDS.path}
        super().__init__(value or BoardValue(), words=texts, task_key=task_key, server_functions=[region], **settings)
