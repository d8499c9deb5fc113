"""How long does a fill with copies take, and how soon can it be cancelled? `python -m tools.bench.holes`.

Processor seconds of one thread, so that other work on the machine counts little. The last line fits `exemplar.cost`
anew, by least squares of what is off in relation to what was measured.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from diffir_demo import exemplar
from diffir_demo.figures import markdown_row, markdown_table
from diffir_demo.imaging import load_picture
from diffir_demo.tasks.masks import mask_of
from tools.machine import conditions

PHOTO = Path(__file__).parents[2] / "examples" / "street-textile-market.jpg"
"""Enlarged to the sizes below."""
HEAD = ("hole", "photo", "pixels of the hole", "parts", "seconds", "longest step, s", "foreseen, s")
Hole = Callable[[int, int], np.ndarray]
"""Height and width of a photo -> (height, width) bool."""


@dataclass(frozen=True)
class Fill:
    """One hole, filled. Seconds are the processor's, of one thread."""

    name: str
    size: tuple[int, int]
    """(width, height) of the photo."""
    parts: int
    hole: int
    """Pixels."""
    seen: int
    """Pixels of the windows around all parts."""
    seconds: float
    longest: float
    """The longest time between two stops."""
    foreseen: float

    @property
    def row(self) -> list[str]:
        width, height = self.size
        times = (f"{each:.2f}" for each in (self.seconds, self.longest, self.foreseen))
        return [self.name, f"{width} x {height}", f"{self.hole:,}", str(self.parts), *times]


def box(side: int) -> Hole:
    """A square in the middle, pixels."""

    def hole(height: int, width: int) -> np.ndarray:
        found = np.zeros((height, width), bool)
        top, left = (height - side) // 2, (width - side) // 2
        found[top : top + side, left : left + side] = True
        return found

    return hole


def kind(name: str) -> Hole:
    """One of `masks.KINDS`."""
    return lambda height, width: mask_of(name, height, width, np.random.default_rng(1))


def frame(wide: int) -> Hole:
    """All along the photo's edge, pixels."""

    def hole(height: int, width: int) -> np.ndarray:
        found = np.ones((height, width), bool)
        found[wide:-wide, wide:-wide] = False
        return found

    return hole


CASES: dict[str, tuple[int, int, Hole]] = {
    "box of 40": (128, 128, box(40)),
    "text": (256, 256, kind("text")),
    "thin strokes": (256, 256, kind("thin")),
    "box of 15 %": (512, 512, box(198)),
    "scribble": (512, 512, kind("scribble")),
    "thick strokes": (512, 512, kind("thick")),
    "thin strokes, large": (1024, 768, kind("thin")),
    "box of 500": (4000, 3000, box(500)),
    "scratches": (4000, 3000, kind("scratches")),
    "box of 1200": (4000, 3000, box(1200)),
    "frame of 40": (3000, 2000, frame(40)),
}
"""Width and height of the photo, and its hole."""


def measured(names: Sequence[str]) -> Iterator[Fill]:
    """Each of these `CASES`."""
    photo = Image.fromarray(load_picture(PHOTO).pixels)
    for name in names:
        width, height, hole_of = CASES[name]
        times = max(width / photo.width, height / photo.height)
        size = round(photo.width * times), round(photo.height * times)
        large = np.asarray(photo.resize(size, Image.Resampling.BICUBIC))
        pixels = np.ascontiguousarray(large[:height, :width])
        hole = hole_of(height, width)
        parts = list(exemplar.parts(hole))
        moments = _moments(pixels, hole)
        longest, spent = float(np.diff(moments).max()), moments[-1] - moments[0]
        seen = sum(part.hole.size for part in parts)
        foreseen = sum(part.seconds for part in parts)
        yield Fill(name, (width, height), len(parts), int(hole.sum()), seen, spent, longest, foreseen)


def _moments(pixels: np.ndarray, hole: np.ndarray) -> list[float]:
    """When a fill begins and at each of its ticks, seconds of the processor."""
    moments = [time.process_time()]
    exemplar.fill(pixels, hole, tick=lambda _: moments.append(time.process_time()))
    return moments


def constants(found: Sequence[Fill]) -> tuple[float, float, float]:
    """Seconds per part, per pixel of the hole, per pixel of the windows; none is negative."""
    rows = np.array([[fill.parts, fill.hole, fill.seen] for fill in found]) / [[fill.seconds] for fill in found]
    best, least = np.zeros(3), np.inf
    for chosen in ([0, 1, 2], [0, 1], [0, 2], [1, 2], [0], [1], [2]):
        some = np.linalg.lstsq(rows[:, chosen], np.ones(len(rows)), rcond=None)[0]
        off = float(((rows[:, chosen] @ some - 1) ** 2).sum())
        if (some >= 0).all() and off < least:
            least, best = off, np.zeros(3)
            best[chosen] = some
    return float(best[0]), float(best[1]), float(best[2])


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints a table in Markdown."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench.holes")
    parser.add_argument("--case", choices=list(CASES), action="append", help="default: all")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    facts = conditions(1)
    print(f"{facts['processor']}, one thread, torch {facts['torch']}, load {facts['load']} before\n")
    print(markdown_table(HEAD))
    found = list[Fill]()
    for fill in measured(options.case or list(CASES)):
        print(markdown_row(fill.row), flush=True)
        found.append(fill)
    part, hole, seen = constants(found)
    print(
        f"\nBest constants: {part:.3f} s a part, {hole * 1e6:.1f} us a pixel of the hole, {seen * 1e6:.2f} of windows"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
