"""How well are scratches found? `python -m tools.evaluation.scratches --data FOLDER`, on clean photos.

Each photo is aged on purpose (`tasks/old_photo.py`, photo i with seed i), so that what should be found is known; and
what is found in the clean photo itself is a false alarm. Shares are of all pixels of the folder together.

With `--plan`, photos are counted in place of pixels: which does `chain.propose` take for scratched?
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from tqdm import tqdm

from diffir_demo.api import Model, load
from diffir_demo.chain import propose
from diffir_demo.errors import DiffIRError
from diffir_demo.figures import markdown_table
from diffir_demo.imaging import Picture, grown, load_picture
from diffir_demo.scratches import find_scratches, search
from diffir_demo.tasks import get_task
from diffir_demo.tasks.old_photo import aged

from .sets import photos

SENSITIVITIES = (0.25, 0.5, 0.75)
TOLERANCE = 2.0
"""Pixels by which a mark may miss the damage, and damage the nearest mark."""
WORN = "mixed"
"""The set of `clean` by which photos are worn: softness of 1 pixel, noise of 10 levels, JPEG of quality 55."""


@dataclass
class Count:
    """Pixels, of one photo or of many together."""

    damage: int = 0
    found: int = 0
    """Of the damage: marked."""
    nearly: int = 0
    """Of the damage: a mark is within `TOLERANCE`."""
    marked: int = 0
    near: int = 0
    """Of the marked: damage is within `TOLERANCE`."""
    clean: int = 0
    alarms: int = 0
    """Of the clean photos: marked."""

    def add(self, other: Count) -> None:
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))

    def cells(self) -> list[str]:
        """Recall, precision, both strictly, and false alarms, as cells of a table."""
        shares = (
            self.nearly / max(self.damage, 1),
            self.near / max(self.marked, 1),
            self.found / max(self.damage, 1),
            self.found / max(self.marked, 1),
        )
        return [*(f"{share:.3f}" for share in shares), f"{100 * self.alarms / max(self.clean, 1):.2f} %"]


def compared(mask: np.ndarray, damage: np.ndarray) -> Count:
    """What was marked against what should be; both (h, w) bool."""
    return Count(
        damage=int(damage.sum()),
        found=int((damage & mask).sum()),
        nearly=int((damage & grown(mask, TOLERANCE)).sum()),
        marked=int(mask.sum()),
        near=int((mask & grown(damage, TOLERANCE)).sum()),
    )


def counts(pixels: np.ndarray, seed: int, sensitivities: Sequence[float] = SENSITIVITIES) -> Iterator[Count]:
    """One clean photo (h, w, 3) uint8, aged with that seed and as it is, at each sensitivity."""
    damaged, damage = aged(pixels, np.random.default_rng(seed))
    found, clean = search(damaged), search(pixels)
    for sensitivity in sensitivities:
        count = compared(found.mask(sensitivity), damage)
        count.clean, count.alarms = damage.size, int(clean.mask(sensitivity).sum())
        yield count


def judged(picture: Picture, seed: int, reader: Model) -> dict[str, tuple[bool, bool]]:
    """One clean photo, aged and worn with that seed: by what it is, whether it is scratched and is taken for that."""
    old = Picture(aged(picture.pixels, np.random.default_rng(seed))[0])
    worn, clean = get_task("clean"), Picture(picture.pixels)
    kinds = {"as it is": (clean, False), "aged": (old, True)}
    for name, (kept, is_scratched) in list(kinds.items()):
        request = worn.sets[WORN](kept, np.random.default_rng(seed)).request
        kinds[f"{name}, with grain, soft and as JPEG"] = (request.picture, is_scratched)
    return {
        name: (should, any(each.recipe.task == "inpaint" for each in propose(kind, reader)))
        for name, (kind, should) in kinds.items()
    }


def plans(files: Sequence[Path]) -> str:
    """How many of these photos are taken for scratched, as a table in Markdown."""
    reader = load("clean")
    taken: dict[tuple[str, bool], list[bool]] = defaultdict(list)
    for seed, file in enumerate(tqdm(files, unit="photo", disable=None, leave=False)):
        for name, (should, found) in judged(load_picture(file), seed, reader).items():
            taken[name, should].append(found)
    rows = [
        [name, "yes" if should else "no", f"{sum(found)} of {len(found)}"] for (name, should), found in taken.items()
    ]
    return markdown_table(["photos", "scratched", "taken for scratched"], rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints a table in Markdown; 2 where the folder cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m tools.evaluation.scratches")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="clean photos")
    parser.add_argument("--pictures", type=int, metavar="N", help="only the first N photos")
    parser.add_argument("--plan", action="store_true", help="count the photos that a plan fills scratches in")
    options = parser.parse_args(arguments)
    try:
        files = photos(options.data, options.pictures)
        if options.plan:
            print(plans(files))
            return 0
        totals = [Count() for _ in SENSITIVITIES]
        spent = pixels = 0.0
        for seed, file in enumerate(files):
            picture = load_picture(file)
            began = time.process_time()
            find_scratches(picture.pixels)
            spent, pixels = spent + time.process_time() - began, pixels + picture.megapixels
            for total, count in zip(totals, counts(picture.pixels, seed), strict=True):
                total.add(count)
    except DiffIRError as error:
        parser.error(str(error))
    print(f"{len(files)} photos, {spent / pixels:.2f} s of one core per megapixel; tolerance {TOLERANCE:g} pixels\n")
    rows = [[f"{sensitivity:g}", *total.cells()] for sensitivity, total in zip(SENSITIVITIES, totals, strict=True)]
    print(
        markdown_table(
            ["sensitivity", "recall", "precision", "strict recall", "strict precision", "false alarms"], rows
        )
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
