"""A finished run as the session remembers it: the result, its company, and what they are measured against."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

import numpy as np

from ..baselines import baselines_for, get_baseline
from ..errors import InputError
from ..events import Restoration
from ..imaging import Picture
from ..metrics import scores
from ..recipe import KnownPath, Recipe
from .compare_board import BendData
from .studio import WeightsChoice
from .words import board

RESULT, INPUT, ORIGINAL, DECONVOLVED = "result", "input", "original", "deconvolved"
"""What is there after every run, where it is known the clean photo, and where the camera's path was undone the photo
without it; the rivals have keys of their own."""


@dataclass(frozen=True, eq=False)
class Truth:
    """The clean photo behind a damaged file: the app damaged it, or the visitor has both."""

    path: str
    """The damaged file."""
    reference: Picture
    name: str
    """The name that the photo had."""


@dataclass(frozen=True, eq=False)
class Rival:
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
    rivals: dict[str, Rival] = field(default_factory=dict)
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
    bend: BendData = field(default_factory=BendData)
    """How its camera path was changed by hand."""
    measured: dict[str, dict[str, float]] = field(default_factory=dict)
    """The scores of each picture that was measured, by its key."""

    @property
    def scale(self) -> int:
        return self.restoration.picture.width // self.restoration.request.picture.width

    @property
    def asked_steps(self) -> int | None:
        """Diffusion steps that were asked for; None: as many as the network was trained with."""
        return self.recipe.steps if self.recipe else None

    @property
    def line(self) -> float:
        """Where the slider's line starts, in percent of the width: through the middle of what was painted over."""
        mask = self.restoration.request.mask
        if mask is None or not mask.any():
            return 50.0
        return float(100 * (np.nonzero(mask)[1].mean() + 0.5) / mask.shape[1])

    @property
    def pictures(self) -> dict[str, Picture]:
        """All that can be seen, by key; the input in its own size, the others in the result's."""
        run = self.restoration
        found = {INPUT: run.request.picture, RESULT: run.picture}
        found |= {DECONVOLVED: run.deconvolved} if run.deconvolved else {}
        found |= {key: rival.picture for key, rival in self.rivals.items()}
        return found if self.reference is None else found | {ORIGINAL: self.reference}

    def seconds(self, key: str) -> float | None:
        """What making that picture took; None for those that were not made here."""
        if key == RESULT:
            return self.restoration.seconds.total - self.restoration.seconds.previews
        if key == DECONVOLVED:
            return self.restoration.seconds.undo
        return self.rivals[key].seconds if key in self.rivals else None

    def with_rival(self, key: str) -> Outcome:
        """Runs that baseline on the same request. Raises `InputError` where it cannot be run."""
        request = self.restoration.request
        began = time.perf_counter()
        picture = get_baseline(key, self.restoration.task).run(request.picture, request.mask, self.scale)
        return self.joined(key, Rival(picture, time.perf_counter() - began))

    def joined(self, key: str, rival: Rival) -> Outcome:
        """With a rival that was made elsewhere, in place of an earlier one of that key."""
        measured = {name: found for name, found in self.measured.items() if name != key}
        return replace(self, rivals=self.rivals | {key: rival}, measured=measured)

    @property
    def run(self) -> Restoration:
        """What came back before anyone moved its IPR or bent its camera path."""
        return self.unmoved or self.restoration

    def moved(self, painted: Restoration, bend: BendData | None = None) -> Outcome:
        """With that as its result: the same photo, painted with the run's IPR moved or its camera path bent, or with
        the run's own again. bend: how the path was changed; None: as it is now."""
        run, asked = self.run, painted.request
        spent = replace(run.seconds, paint=painted.seconds.paint, undo=painted.seconds.undo, previews=0.0)
        spent = replace(spent, total=spent.encode + spent.denoise + spent.undo + spent.paint)
        result = run if painted is run else replace(painted, steps=run.steps, seconds=spent)
        told = {"path": KnownPath.of(asked.blur) if asked.blur else None, "strength": asked.strength}
        return replace(
            self,
            restoration=result,
            unmoved=run,
            bend=self.bend if bend is None else bend,
            path=None,
            recipe=self.recipe and replace(self.recipe, steered=dict(painted.steered), **told),
            measured={key: found for key, found in self.measured.items() if key not in (RESULT, DECONVOLVED)},
        )

    def measured_against(self, reference: Picture) -> Outcome:
        """With another clean photo. Raises `InputError` where it has not the result's size."""
        asked, found = ((each.width, each.height) for each in (self.restoration.picture, reference))
        if asked != found:
            raise InputError(board.REFERENCE_SIZE.format(found=found, asked=asked), board.REFERENCE_HINT)
        return replace(self, reference=reference, measured={})

    @property
    def unmeasured(self) -> list[str]:
        """Keys of what has the reference's size and no scores yet."""
        if self.reference is None:
            return []
        fitting = [key for key, each in self.pictures.items() if each.pixels.shape == self.reference.pixels.shape]
        return [key for key in fitting if key not in self.measured and key != ORIGINAL]

    def measure(self, key: str) -> Outcome:
        """With the scores of that picture: seconds of work for a large one. Needs a reference."""
        assert self.reference is not None
        run, picture = self.restoration, self.pictures[key]
        return self.scored(key, scores(run.task, picture.pixels, self.reference.pixels, run.request.mask))

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
