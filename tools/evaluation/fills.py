"""What do copies do for holes? `python -m tools.evaluation.fills --data FOLDER`, on crops of clean photos.

A hole is filled by what ships: the network alone, copies alone, and the presets that mix the two. Crops are small, so
that many photos count in minutes; crop and hole of photo i are drawn with seed i, the kinds of holes take turns. The
 numbers in `texture.py` and `exemplar/level.py` were chosen by this.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from diffir_demo import exemplar
from diffir_demo.api import Model, load
from diffir_demo.errors import DiffIRError, InputError
from diffir_demo.figures import markdown_table
from diffir_demo.imaging import Picture, load_picture
from diffir_demo.metrics import psnr
from diffir_demo.stlpips import PACKAGE, StLpips
from diffir_demo.tasks import TASKS, Request
from diffir_demo.texture import textured

from .sets import photos

SIDE = 384
"""Sides of a crop, pixels: strokes as in LaMa's tables for 512, at two thirds of the time."""
VARIANTS = ("network", "copies", "texture", "auto")
Score = tuple[float, float, float]
"""PSNR in the hole in dB, ST-LPIPS of the crop, seconds of one core (the network's own left out)."""


def cut(file: Path, seed: int) -> tuple[str, Request, np.ndarray]:
    """A kind of hole, the crop with that hole in it, and the crop as it was, (h, w, 3) uint8."""
    rng = np.random.default_rng(seed)
    pixels = load_picture(file).pixels
    sides = [min(SIDE, side) for side in pixels.shape[:2]]
    top, left = (int(rng.integers(all_of - side + 1)) for all_of, side in zip(pixels.shape[:2], sides, strict=True))
    clean = np.ascontiguousarray(pixels[top : top + sides[0], left : left + sides[1]])
    task = TASKS["inpaint"]
    kind = list(task.sets)[seed % len(task.sets)]
    return kind, task.sets[kind](Picture(clean), rng).request, clean


def scores(request: Request, clean: np.ndarray, engine: Model, metric: StLpips) -> Iterator[tuple[str, Score]]:
    """Each of `VARIANTS` on one crop."""
    hole, seen, distance = request.mask, request.picture.pixels, metric.against(clean)
    if hole is None or distance is None:
        raise InputError("A crop is too small to be measured.", "Choose larger photos.")
    network = engine.restore(request, fill="network").picture.pixels  # alone: what the presets mix is measured below
    for variant in VARIANTS:
        began = time.process_time()
        if variant == "copies":
            found = exemplar.fill(seen, hole, request.settings.seed).pixels
        elif variant == "texture" or variant == "auto":
            found = textured(seen, hole, network, variant, request.settings.seed).pixels
        else:
            found = network
        spent = time.process_time() - began
        yield variant, (psnr(found, clean, mask=hole), distance(found), spent)


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints a table in Markdown; 2 where the folder cannot be used, or the metric is not installed."""
    parser = argparse.ArgumentParser(prog="python -m tools.evaluation.fills")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="clean photos")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="leave out the first N photos")
    parser.add_argument("--pictures", type=int, metavar="N", help="only N photos from there")
    options = parser.parse_args(arguments)
    found: dict[tuple[str, str], list[Score]] = defaultdict(list)
    try:
        files = list(enumerate(photos(options.data)))[options.first :][: options.pictures]
        metric = StLpips.installed()
        if metric is None:
            raise InputError(f"ST-LPIPS needs {PACKAGE}.", "pip install --no-deps -r requirements-evaluation.txt")
        engine = load("inpaint")
        with torch.inference_mode():
            for seed, file in tqdm(files, unit="photo", disable=None, leave=False):
                kind, request, clean = cut(file, seed)
                for variant, score in scores(request, clean, engine, metric):
                    found[variant, kind].append(score)
    except DiffIRError as error:
        parser.error(str(error))
    kinds = [kind for kind in TASKS["inpaint"].sets if (VARIANTS[0], kind) in found]
    counts = ", ".join(f"{len(found[VARIANTS[0], kind])} {kind}" for kind in kinds)
    print(f"{len(files)} crops of {SIDE} pixels ({counts}): PSNR in the hole, dB / ST-LPIPS, lower is better\n")
    rows = []
    for variant in VARIANTS:
        means = [np.mean(found[variant, kind], axis=0) for kind in kinds]
        total = np.mean([score for kind in kinds for score in found[variant, kind]], axis=0)
        cells = [f"{mean[0]:.2f} / {mean[1]:.4f}" for mean in [*means, total]]
        rows.append([variant, *cells, f"{total[2]:.2f}"])
    print(markdown_table(["", *kinds, "all", "seconds of one core"], rows))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
