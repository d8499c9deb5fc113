"""How far estimates are off: `python -m tools.bench.estimates [--sizes MEGAPIXELS ...]`.

Every task, with the preset that it opens with, runs on a photo of each size, damaged as the task does it. What was
foreseen before each run stands beside what it took, from the photo in memory to the picture in memory: at first from
the trial that measures the machine, then from what the runs before have taught, smaller ones first. One process, so
that all learn from all, as in the app.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from diffir_demo.api import load
from diffir_demo.events import last
from diffir_demo.figures import markdown_row, markdown_table
from diffir_demo.imaging import Picture
from diffir_demo.planning import Machine, estimate, learn
from diffir_demo.tasks import TASKS, Request, Task
from diffir_demo.tasks.masks import mask_of
from tools.machine import conditions

PHOTO = Path(__file__).parents[2] / "examples" / "street-textile-market.jpg"
"""Brought to the sizes below."""
SIZES = 0.25, 1.0, 2.0
"""Megapixels of the result."""
HEAD = ("task", "photo", "foreseen, s", "took, s", "ratio")


@dataclass(frozen=True)
class Guess:
    """One run. Both without reading and saving files."""

    task: str
    size: tuple[int, int]
    """(width, height) of the photo."""
    foreseen: float
    took: float

    @property
    def ratio(self) -> float:
        return self.foreseen / self.took

    @property
    def row(self) -> list[str]:
        width, height = self.size
        return [self.task, f"{width} x {height}", f"{self.foreseen:.1f}", f"{self.took:.1f}", f"{self.ratio:.2f}"]


def guesses(tasks: Sequence[str], sizes: Sequence[float]) -> Iterator[Guess]:
    """A run of every task at every size of the result, in megapixels."""
    for size in sizes:
        for key in tasks:
            yield _guess(TASKS[key], size)


def _guess(task: Task, megapixels: float) -> Guess:
    model, request = load(task), _request(task, megapixels)
    photo, settings = request.picture, request.settings
    machine = Machine(model.device, model.precision)
    fill = settings.fill or "network"
    found = estimate(model.config, (photo.width, photo.height), machine, mask=request.mask, fill=fill)
    began = time.perf_counter()
    run = last(model.stream(request))
    took = time.perf_counter() - began
    learn(model.config, machine, run)
    return Guess(task.key, (photo.width, photo.height), replace(found, read=0.0, save=0.0).seconds, took)


def _request(task: Task, megapixels: float) -> Request:
    with Image.open(PHOTO) as image:
        factor = (1e6 * megapixels / (image.width * image.height)) ** 0.5 / task.preset().scale
        size = round(image.width * factor), round(image.height * factor)
        photo = Picture(np.asarray(image.convert("RGB").resize(size)))
    rng = np.random.default_rng(0)
    if task.wants_mask:
        return Request(photo, mask_of("medium", photo.height, photo.width, rng)).changed(fill=task.presets[0].fill)
    return Request(photo) if task.preset().scale > 1 else task.degrade(photo, rng).request


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.bench.estimates", description="How far estimates are off.")
    parser.add_argument("--task", choices=list(TASKS), action="append", help="default: all")
    parser.add_argument("--sizes", type=float, nargs="+", default=SIZES, metavar="MEGAPIXELS")
    options = parser.parse_args(arguments)
    print(", ".join(f"{name}: {value}" for name, value in conditions(1).items()) + "\n")
    print(markdown_table(HEAD))
    found = list[Guess]()
    for each in guesses(options.task or list(TASKS), options.sizes):
        found.append(each)
        print(markdown_row(each.row), flush=True)
    within = sum(0.5 <= each.ratio <= 2 for each in found)
    print(f"\nWithin a factor of two: {within} of {len(found)}.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
