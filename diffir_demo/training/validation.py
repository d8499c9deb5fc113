"""Validation while training: photos damaged with fixed seeds, restored as for a user, and scored."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import nn

from ..api import Model
from ..devices import has_fast_bf16
from ..imaging import Picture
from ..metrics import mean_scores
from ..model import DiffIR, Teacher
from ..oracle import oracle
from ..tasks import Case, Task
from ..weights import WeightsInfo
from .data import photo_files, read_photos

SAMPLES = 4
"""Restorations kept for people to look at."""
Sample = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Case, restored, reference: (h, w, 3) uint8; the damaged one may be smaller by a whole factor."""


class Validator:
    """Means of the task's scores over a fixed set; callable as the loop wants it.

    The task's named sets take turns over the photos, so that every kind of damage counts. Photos are cut to their
    middle, at most `crop` (width, height) pixels: quick enough to be done often. `evaluate` measures whole photos.

    For a stage 2 whose IPR says what the damage was there is one number more, `swap`: the dB of the headline score
    that are lost where every case but the first is decoded with the IPR of the one before, another photo with another
    damage.
    """

    def __init__(
        self, task: Task, folder: Path, pictures: int | None = None, crop: tuple[int, int] | None = (384, 256)
    ) -> None:
        self.task = task
        self.cases = list(islice(_cases(task, folder, crop), pictures))
        self.samples: list[Sample] = []
        """Of the latest validation, the first few."""

    def __call__(self, network: nn.Module) -> dict[str, float]:
        """Stage 2 runs through `restore`; a teacher has no such path, so it is shown the ground truth directly."""
        network.eval()
        if isinstance(network, Teacher):
            restored = [oracle(self.task, network, case).picture.pixels for case in self.cases]
            return self._means(restored, self._scores(restored, self.cases))
        assert isinstance(network, DiffIR)
        engine = self._engine(network)
        done = [engine.restore(case.request) for case in self.cases]
        restored = [each.picture.pixels for each in done]
        found = self._scores(restored, self.cases)
        means = self._means(restored, found)
        if self.task.reads and len(done) > 1:
            means["swap"] = self._swap(engine, found, [each.ipr for each in done])
        return means

    def _scores(self, restored: list[np.ndarray], cases: list[Case]) -> list[dict[str, float]]:
        return [
            self.task.scores(pixels, case.reference.pixels, case.request.mask)
            for pixels, case in zip(restored, cases, strict=True)
        ]

    def _means(self, restored: list[np.ndarray], found: list[dict[str, float]]) -> dict[str, float]:
        """Keeps the first few for people to look at, too."""
        self.samples = [
            (case.request.picture.pixels, pixels, case.reference.pixels)
            for case, pixels in islice(zip(self.cases, restored, strict=True), SAMPLES)
        ]
        return mean_scores(found)

    def _engine(self, network: DiffIR) -> Model:
        device = next(network.parameters()).device
        precision = torch.bfloat16 if has_fast_bf16(device) else torch.float32
        return Model(self.task, network, _in_training(network, self.task), device, precision)

    def _swap(self, engine: Model, own: list[dict[str, float]], iprs: list[np.ndarray]) -> float:
        """dB lost with the IPR of the case before; the sets take turns, so its damage is another one."""
        swapped = [
            engine.restore(case.request, ipr=before).picture.pixels
            for case, before in zip(self.cases[1:], iprs[:-1], strict=True)
        ]
        kept, lost = own[1:], self._scores(swapped, self.cases[1:])
        headline = self.task.headline
        return float(np.mean([a[headline] - b[headline] for a, b in zip(kept, lost, strict=True)]))


def _cases(task: Task, folder: Path, crop: tuple[int, int] | None) -> Iterator[Case]:
    """Photo i, in order of name, its middle damaged by the task's set i (they take turns) with seed i."""
    sets = list(task.sets.values())
    for seed, photo in enumerate(read_photos(photo_files(folder))):
        yield sets[seed % len(sets)](_middle(Picture(photo), crop), np.random.default_rng(seed))


def _middle(photo: Picture, crop: tuple[int, int] | None) -> Picture:
    if crop is None:
        return photo
    width, height = crop if photo.width >= photo.height else crop[::-1]
    top, left = max(0, (photo.height - height) // 2), max(0, (photo.width - width) // 2)
    return photo.with_pixels(np.ascontiguousarray(photo.pixels[top : top + height, left : left + width]))


def _in_training(network: DiffIR, task: Task) -> WeightsInfo:
    """The facts of weights that are in no file yet."""
    return WeightsInfo(
        name="in training",
        task=task.key,
        stage=2,
        config=network.config,
        provenance="trained",
        training={},
        sha256="",
        parameters=sum(p.numel() for p in network.parameters()),
        file="",
    )
