"""A finished run as the session keeps it: the result, what it is compared with, and what all are measured against."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated

import numpy as np
from gradio.data_classes import GradioModel
from pydantic import Field

from ..baselines import baselines_for, get_baseline
from ..deconvolve import LARGEST
from ..errors import InputError
from ..imaging import Picture
from ..recipe import Recipe
from ..restoration import Restoration
from ..tasks import get_task
from .component import words_of
from .languages import listed, number
from .state import WeightsChoice

WORDS, ADJUST_WORDS = words_of("compare"), words_of("adjust")

RESULT, INPUT, ORIGINAL, DECONVOLVED, OPENED = "result", "input", "original", "deconvolved", "opened"
"""What is there after every run, where it is known the clean photo, where the camera's path was undone the photo
without it, and where a result was worked on further the photo that it was made from; comparisons have keys of their
own."""
LENGTHS = (50, 200)
"""Percent to which a path can be made shorter or longer."""
MOST_POINTS = 400
"""Of a line that is drawn."""
Place = Annotated[float, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]
"""Pixels."""


class Bend(GradioModel):
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


@dataclass(frozen=True, eq=False)
class Reference:
    """The clean photo behind a damaged file: damaged here, or uploaded by the visitor."""

    path: str
    """The damaged file."""
    picture: Picture
    name: str
    """The name that the photo had."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """What a baseline, or a network with other weights, made of the same request."""

    picture: Picture
    seconds: float


@dataclass(frozen=True, eq=False)
class Outcome:
    """Frozen: each comparison or measurement that is added gives a new one."""

    restoration: Restoration
    name: str
    """The photo's file name on the visitor's disk."""
    path: str | None = None
    """The result as a PNG file, once it is written."""
    reference: Picture | None = None
    """The clean photo, where it is known and has the result's size."""
    opened: Picture | None = None
    """The photo as it was opened, where what was restored is itself a result; of any size, in the same proportions."""
    comparisons: dict[str, Comparison] = field(default_factory=dict)
    """By key of the baseline, or of the weights."""
    recipe: Recipe | None = None
    """What repeats the run; None where nothing does."""
    photo: str = ""
    """The file that went in, on the server."""
    waited: float = 0.0
    """Seconds from the start of the run until its file was written."""
    weights: str = ""
    """The file of the network that made it, on the server: what goes on from this run uses the same."""
    networks: tuple[WeightsChoice, ...] = ()
    """Those that the page offers for comparison."""
    unmoved: Restoration | None = None
    """The run itself, where the result was painted again with its IPR moved, or with another camera path."""
    bend: Bend = field(default_factory=Bend)
    """How its camera path was changed by hand."""
    measured: dict[str, dict[str, float]] = field(default_factory=dict)
    """The scores of each picture that was measured, by its key."""

    @property
    def scale(self) -> int:
        return self.restoration.picture.width // self.restoration.request.picture.width

    @property
    def line(self) -> float:
        """Where the slider's line starts, in percent of the width: through the middle of what was painted over."""
        mask = self.restoration.request.mask
        if mask is None or not mask.any():
            return 50.0
        return float(100 * (np.nonzero(mask)[1].mean() + 0.5) / mask.shape[1])

    @property
    def pictures(self) -> dict[str, Picture]:
        """All that can be seen, by key; the photo that was opened and the input in their own sizes, the others in the
        result's."""
        run = self.restoration
        found = {OPENED: self.opened} if self.opened else {}
        found |= {INPUT: run.request.picture, RESULT: run.picture}
        found |= {DECONVOLVED: run.deconvolved} if run.deconvolved else {}
        found |= {key: each.picture for key, each in self.comparisons.items()}
        return found if self.reference is None else found | {ORIGINAL: self.reference}

    def seconds(self, key: str) -> float | None:
        """What making that picture took; None for those that were not made here."""
        if key == RESULT:
            return self.restoration.seconds.total - self.restoration.seconds.previews
        if key == DECONVOLVED:
            return self.restoration.seconds.undo
        return self.comparisons[key].seconds if key in self.comparisons else None

    def with_baseline(self, key: str) -> Outcome:
        """Runs that baseline on the same request. Raises `InputError` where it cannot be run."""
        request = self.restoration.request
        began = time.perf_counter()
        picture = get_baseline(key, self.restoration.task).run(request.picture, request.mask, self.scale)
        return self.with_comparison(key, Comparison(picture, time.perf_counter() - began))

    def with_comparison(self, key: str, made: Comparison) -> Outcome:
        """In place of an earlier one of that key."""
        measured = {name: found for name, found in self.measured.items() if name != key}
        return replace(self, comparisons=self.comparisons | {key: made}, measured=measured)

    @property
    def run(self) -> Restoration:
        """What came back before its IPR was moved or its camera path bent."""
        return self.unmoved or self.restoration

    def moved(self, painted: Restoration, bend: Bend | None = None) -> Outcome:
        """With that as its result: the same photo, painted with the run's IPR moved or its camera path bent, or with
        the run's own again. bend: how the path was changed; None: as it is now."""
        run, asked = self.run, painted.request
        spent = replace(run.seconds, paint=painted.seconds.paint, undo=painted.seconds.undo, previews=0.0)
        spent = replace(spent, total=spent.encode + spent.denoise + spent.undo + spent.paint)
        result = run if painted is run else replace(painted, steps=run.steps, seconds=spent)
        options = {"steered": painted.steered, "blur": asked.settings.blur, "strength": asked.settings.strength}
        return replace(
            self,
            restoration=result,
            unmoved=run,
            bend=self.bend if bend is None else bend,
            path=None,
            recipe=self.recipe and self.recipe.changed(**options),
            measured={key: found for key, found in self.measured.items() if key not in (RESULT, DECONVOLVED)},
        )

    def measured_against(self, reference: Picture) -> Outcome:
        """With another clean photo. Raises `InputError` where it has not the result's size."""
        asked, found = ((each.width, each.height) for each in (self.restoration.picture, reference))
        if asked != found:
            raise InputError(WORDS.reference_size.format(found=found, asked=asked), WORDS.reference_hint)
        return replace(self, reference=reference, measured={})

    @property
    def unmeasured(self) -> list[str]:
        """Keys of what has the reference's size and no scores yet."""
        if self.reference is None:
            return []
        fitting = [key for key, each in self.pictures.items() if each.pixels.shape == self.reference.pixels.shape]
        return [key for key in fitting if key not in self.measured and key not in (ORIGINAL, OPENED)]

    def measure(self, key: str) -> Outcome:
        """With the scores of that picture: seconds of work for a large one. Needs a reference."""
        assert self.reference is not None
        run, picture = self.restoration, self.pictures[key]
        return self.scored(key, get_task(run.task).scores(picture.pixels, self.reference.pixels, run.request.mask))

    def scored(self, key: str, found: dict[str, float]) -> Outcome:
        """With more scores of that picture."""
        return replace(self, measured=self.measured | {key: self.measured.get(key, {}) | found})

    def best(self, name: str, lower: bool = False) -> float | None:
        """The best value of that score; lower: the lowest is. None where nothing was measured."""
        values = [found[name] for found in self.measured.values() if name in found]
        return (min if lower else max)(values, default=None)


def first_baseline(task: str) -> str | None:
    """The one that is shown without asking."""
    return next((baseline.key for baseline in baselines_for(task)), None)


def score_text(name: str, value: float) -> str:
    """With the digits that papers print. name: a key of `metrics.scores`."""
    if not math.isfinite(value):
        return "∞"
    return number(value, ".3f" if "ssim" in name or "lpips" in name else ".2f")


def score_title(name: str) -> tuple[str, str]:
    """(column title, what it means) of a key of `metrics.scores`."""
    title, meaning = words_of().scores.get(name, (name, ""))
    return title, meaning


def moves(amounts: Mapping[str, float]) -> str:
    """How an IPR was moved: grain +0.5, softness −1"""
    short = ADJUST_WORDS.short
    said = (f"{short.get(name, name)} {number(amount, '+.2g')}" for name, amount in amounts.items() if amount)
    return listed(said).replace("-", "−")


def changes(bend: Bend) -> str:
    """How a camera path was changed: drawn by hand, turned by +12°, strength 40 %"""
    said = [ADJUST_WORDS.drawn] if bend.line else []
    said += [ADJUST_WORDS.turned.format(turn=bend.turn)] if bend.turn else []
    said += [ADJUST_WORDS.longer.format(length=bend.length)] if bend.length != 100 else []
    said += [ADJUST_WORDS.strength.format(percent=bend.strength)] if bend.strength is not None else []
    return listed(said).replace("-", "−")


def path_of_recipe(recipe: Recipe) -> list[str]:
    """What a recipe says of a camera path: nothing, a path of its own, a strength, or both."""
    said = [ADJUST_WORDS.given] if recipe.settings.blur else []
    strength = recipe.settings.strength
    return said + ([ADJUST_WORDS.strength.format(percent=100 * strength)] if strength is not None else [])
