"""One stage for photo and result, the bar under it, and how work goes on: versions, other tools, and old photos."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import cv2
import numpy as np
from gradio.data_classes import FileData, GradioModel
from PIL import Image

from ...chain import FINDS, Proposal, propose
from ...imaging import Picture
from ...recipe import Recipe
from ...tasks import TASKS, Task, get_task
from ..component import TypedHTML, Value, parts, task_words, words_of
from ..files import file_data, keep, still_there, thumbnail
from ..languages import plain, say
from ..photo.reading import photo_of
from ..run_queue import run_in_thread
from ..shared import ON_THE_DEVICE, QUIET, Feature, Shared, Updates, report_errors

COMMON, WORDS, BATCH = words_of(), words_of("stage"), words_of("batch")
MARKS_SIDE, MARKS_COLOUR = 420, (230, 30, 60)
"""Of the picture that shows what would be filled: pixels, and RGB."""
ORDER = "inpaint", "clean", "deblur", "sr"
"""In which tools work on an old photo; what is not among them comes last."""

ONCE_THERE = """const begin = () => {
  const isThere = element.isConnected && element.closest(".bench")?.querySelector(".pad");
  if (!isThere) { requestAnimationFrame(begin); return; }
SCRIPTS
};
begin();"""
"""Gradio may bring the bar to the page before the canvas that it works with, on a busy machine."""


class StepData(GradioModel):
    """A run that a photo seems to need."""

    task: str
    title: str
    reason: str
    """What was found."""
    preset: str = ""
    """The title of the preset, as its radio button has it; "" where it is left as it is."""
    scale: str = ""
    """Likewise, of the scale."""
    mask: FileData | None = None
    shown: str = ""
    """The photo with what would be filled in colour, a small picture as a data URL; "" for a step without a mask."""
    wanted: bool = True
    """False for one that can be added."""


class StageValue(Value):
    """What was found in the photo that was looked over; nothing until then."""

    number: int = 0
    """Another one every time."""
    photo: str = ""
    """The path of its file."""
    steps: list[StepData] = []
    text: str = ""
    looked_over: bool = False
    """To Python: what is marked on the canvas is what a plan would have filled, corrected by hand."""


class StageBar(TypedHTML):
    """Opens a photo, changes between photo and result, and goes on from there. Event `look_over`: an old photo."""

    data_model = StageValue

    def __init__(self, key: str, **options: Any) -> None:
        """key: of the task whose tab it stands in."""
        others = {each: task_words(each).do or task.title for each, task in TASKS.items()}
        scripts = parts("stage/bar", "stage/watch", "stage/versions", "stage/old_photo", "history/stored", "stage/kept")
        scripts["js_on_load"] = ONCE_THERE.replace("SCRIPTS", scripts["js_on_load"])
        facts: dict[str, Any] = {
            "task": key,
            "words": WORDS.bar | {"batch": BATCH.title},
            "tools": others,
        }
        super().__init__(StageValue(), server_functions=[still_there], **facts, **scripts, **options)


class StageFeature(Feature):
    """Looks an old photo over; all else about the stage is the page's own."""

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        self.bar = StageBar(self.task.key, elem_id=self.named("stage-bar"), intro=plain(shared.intro))

    def connect(self) -> None:
        changed = [self.bar, self.shared.status]
        self.bar.look_over(self.look_over, {self.bar, self.shared.canvas}, changed, **QUIET, **ON_THE_DEVICE)

    @report_errors
    def look_over(self, values: dict[Any, Any]) -> Iterator[Updates]:
        """What the photo on the canvas seems to need, with what is marked on it."""
        reader = get_task(FINDS)
        yield self.shared.say(WORDS.looking, 0.3, "busy")
        canvas = values[self.shared.canvas]
        photo = photo_of(canvas)
        model = self.state.at_hand(reader, self.state.chosen(reader, None, {}).path)
        marked = canvas.rasterised(photo.height, photo.width) if canvas.has_mask else None
        before = values[self.bar]

        def looked() -> tuple[tuple[Proposal, ...], str]:
            found = propose(photo, model, marked, before.looked_over)
            hole = next((each.hole for each in found if each.hole is not None), None)
            return found, "" if hole is None else marks(photo, hole)

        found, shown_marks = yield from run_in_thread(looked)
        text = WORDS.found if found else WORDS.nothing_found
        number = before.number + 1
        steps = [_step(each, each in found, shown_marks) for each in with_others(found)]
        shown = StageValue(number=number, photo=canvas.file.path, steps=steps, text=text)
        yield {self.bar: shown} | self.shared.say(self.shared.intro)


def with_others(found: Sequence[Proposal]) -> list[Proposal]:
    """What is proposed, and all else that can be made of a photo without a mask, in the order in which it is done."""
    tasks = {each.recipe.task for each in found}
    others = [task for task in TASKS.values() if not task.wants_mask and task.key not in tasks]
    added = [Proposal(_plain(task), "") for task in others]
    return sorted([*found, *added], key=lambda each: [*ORDER, each.recipe.task].index(each.recipe.task))


def marks(photo: Picture, hole: np.ndarray) -> str:
    """The photo, `MARKS_SIDE` pixels a side at most, with the hole (h, w) bool in colour, specks too: a data URL."""
    scale = min(1.0, MARKS_SIDE / max(hole.shape))
    size = max(1, round(photo.width * scale)), max(1, round(photo.height * scale))
    small = np.asarray(Image.fromarray(photo.pixels).resize(size, Image.Resampling.BOX), np.float32)
    reach = round(0.5 / scale)  # a line one pixel wide would be a shade of itself
    wide = cv2.dilate(hole.view(np.uint8) * np.uint8(255), np.ones((2 * reach + 1,) * 2, np.uint8)) if reach else hole
    cover = np.asarray(Image.fromarray(wide).convert("L").resize(size, Image.Resampling.BOX), np.float32)
    strength = np.minimum(1.0, cover / 128)[..., None]
    grey = small.mean(axis=2, keepdims=True) * 0.6 + small * 0.4
    tinted = grey + strength * (np.array(MARKS_COLOUR, np.float32) - grey)
    return thumbnail(Picture(tinted.astype(np.uint8)), MARKS_SIDE)


def _plain(task: Task) -> Recipe:
    """Of a run with what the task does first; enlarged, as little as it can be."""
    if len(task.scales) == 1:
        return Recipe(task.key)
    scale = min(task.scales)
    return Recipe(task.key, preset=task.preset(scale=scale).key, scale=scale)


def _step(proposal: Proposal, wanted: bool, shown: str) -> StepData:
    recipe = proposal.recipe
    preset = get_task(recipe.task).preset(recipe.preset, recipe.scale) if recipe.scale else None
    return StepData(
        task=recipe.task,
        title=task_words(recipe.task).do,
        reason=say(proposal.reason),
        preset=say(preset.title) if preset else "",
        scale=words_of("settings").times.format(scale=recipe.scale) if recipe.scale else "",
        mask=file_data(keep(recipe.mask, "mask.png")) if recipe.mask else None,
        shown=shown if recipe.mask else "",
        wanted=wanted,
    )
