"""Every example of the app, before and after: `python -m tests.example_sheets OUT_FOLDER`, for docs/examples.md.

One JPEG a task, with the weights of the checkpoints folder: a row an example, at 100 %; what goes in, every preset of
the task's first scale, and the truth where it is known. The crop is around the hole, or where there is most detail.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from diffir_demo import load
from diffir_demo.imaging import grown
from diffir_demo.scratches import find_scratches
from diffir_demo.settings import Settings
from diffir_demo.tasks import TASKS, Request, Task
from diffir_demo.ui.photo.canvas import MaskValue, StrokeData
from diffir_demo.ui.photo.examples import Example, examples_for

CROP = 256
"""Side of a crop, pixels of the result."""
GAP, STRIP = 4, 16
QUALITY = 88
PAPER, INK = (255, 255, 255), (20, 20, 20)


def mask_of(example: Example, pixels: np.ndarray) -> np.ndarray:
    """The mask that the page offers: what is drawn, or what is found."""
    if not example.strokes:
        return find_scratches(pixels)
    drawn = MaskValue(strokes=[StrokeData.model_validate(stroke) for stroke in example.strokes])
    return drawn.rasterised(*pixels.shape[:2])


def row(task: Task, example: Example) -> list[tuple[str, np.ndarray]]:
    """(label, crop) of one example."""
    picture, truth = example.prepared(task)
    mask = mask_of(example, picture.pixels) if task.wants_mask else None
    scale = task.presets[0].scale
    shown = picture.pixels.copy()
    if mask is not None:  # as the canvas shows it
        rim = grown(mask, 1.5) & ~mask
        shown[rim] = (255, 0, 120)
    cells = [(Path(example.file).stem, shown.repeat(scale, axis=0).repeat(scale, axis=1))]
    for preset in task.presets:
        if preset.scale == scale:
            engine = load(task.key, preset=preset.key, scale=scale)
            done = engine.restore(Request(picture, mask, Settings(fill=preset.fill)))
            cells.append((preset.key, done.picture.pixels))
    if truth is not None:
        cells.append(("truth", truth.pixels))
    top, left = place(cells[1][1] if mask is None else mask, mask is not None)
    return [(label, pixels[top : top + CROP, left : left + CROP]) for label, pixels in cells]


def place(found: np.ndarray, hole: bool) -> tuple[int, int]:
    """(top, left) of the crop with most of a hole (h, w) bool, or with most detail of pixels (h, w, 3)."""
    if hole:
        weight = found.astype(np.float64)
    else:
        grey = found.astype(np.float64).mean(axis=2)
        weight = np.abs(np.gradient(grey, axis=0)) + np.abs(np.gradient(grey, axis=1))
    high, wide = (min(CROP, side) for side in weight.shape)
    sums = np.pad(weight, ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)
    boxes = sums[high:, wide:] - sums[:-high, wide:] - sums[high:, :-wide] + sums[:-high, :-wide]
    best = np.argwhere(boxes >= boxes.max() * (1 - 1e-9))  # of equal ones, that in their middle
    top, left = best[len(best) // 2]
    return int(top), int(left)


def sheet(rows: list[list[tuple[str, np.ndarray]]]) -> Image.Image:
    page = Image.new("RGB", (max(map(len, rows)) * (CROP + GAP) - GAP, len(rows) * (CROP + STRIP + GAP) - GAP), PAPER)
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(11)
    for number, cells in enumerate(rows):
        y = number * (CROP + STRIP + GAP)
        for column, (label, crop) in enumerate(cells):
            x = column * (CROP + GAP)
            pen.text((x + 1, y + 1), label, INK, font)
            page.paste(Image.fromarray(np.ascontiguousarray(crop)), (x, y + STRIP))
    return page


def main(folder: Path) -> None:
    for task in TASKS.values():
        rows = [row(task, example) for example in examples_for(task.key)]
        sheet(rows).save(folder / f"examples-{task.key}.jpg", quality=QUALITY, optimize=True)
        print(task.key, len(rows))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
