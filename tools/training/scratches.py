"""Fits the judge of scratches: `python -m tools.training.scratches --data FOLDER`, minutes on one core.

Photos are aged with fixed seeds, so it is known which of the parts that stand out are damage; in the clean photos none
is. So that neither grain and fading nor colour stand for the answer, there are prints without damage and modern photos
with a little of it. Larger parts weigh more, since the mask is what counts.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from diffir_demo.errors import DiffIRError
from diffir_demo.imaging import grown
from diffir_demo.scratches import candidates
from diffir_demo.scratches.judge import FILE, Judge, Network, with_context
from diffir_demo.scratches.parts import Parts
from diffir_demo.tasks.old_photo import aged, faded, touched
from diffir_demo.training.data import photo_files, read_photos

SIDES = (600, 700)
"""Rows and columns of each photo that are used, at most."""
SEED = 1000
"""Of the first photo; they count up from here. Measuring counts from 0, and so draws other damage."""
UNITS = 24
STEPS, BATCH, RATE, DECAY = 2500, 8192, 0.02, 1e-3
TOLERANCE = 2.0
"""Pixels by which a part may miss the damage."""
OF_DAMAGE = 0.4
"""Share of its pixels from which a part counts as damage."""
SIZE = 0.7
"""Parts weigh as this power of their pixels."""


@dataclass(frozen=True, eq=False)
class Example:
    """A photo's parts, and which of them are damage."""

    height: int
    width: int
    found: list[Parts]
    damage: list[np.ndarray]
    """(count,) bool each."""

    @classmethod
    def of(cls, pixels: np.ndarray, damaged: np.ndarray) -> Example:
        """pixels: (h, w, 3) uint8, where it is damaged: (h, w) bool."""
        near = grown(damaged, TOLERANCE).reshape(-1)
        found = candidates(pixels)
        shares = [np.bincount(each.labels, near[each.places]) / np.bincount(each.labels) for each in found]
        height, width = damaged.shape
        return cls(height, width, found, [share > OF_DAMAGE for share in shares])

    @property
    def weights(self) -> list[np.ndarray]:
        """(count,) float64 each."""
        return [np.bincount(each.labels) ** SIZE for each in self.found]


def cropped(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A random place of a photo (h, w, 3), of `SIDES` or what it has of them."""
    top, left = (int(rng.integers(max(0, n - most) + 1)) for n, most in zip(photo.shape, SIDES, strict=False))
    return np.ascontiguousarray(photo[top : top + SIDES[0], left : left + SIDES[1]])


def versions(pixels: np.ndarray, number: int, rng: np.random.Generator) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Of a clean photo (h, w, 3) uint8: aged, and by turns touched or faded; with the damage of each."""
    yield aged(pixels, rng)
    yield (faded(pixels, rng), np.zeros(pixels.shape[:2], bool)) if number % 2 else touched(pixels, rng)


def fit(examples: Sequence[Example]) -> Judge:
    """Both networks, one after the other; the same for the same examples."""
    damage = np.concatenate([each for e in examples for each in e.damage])
    weights = np.concatenate([each for e in examples for each in e.weights])
    first = fit_network(np.concatenate([p.figures for e in examples for p in e.found]), damage, weights)
    with_neighbours = [
        figures
        for e in examples
        for figures in with_context(e.found, [first.odds(p.figures) for p in e.found], e.height, e.width)
    ]
    return Judge(first, fit_network(np.concatenate(with_neighbours), damage, weights))


def fit_network(figures: np.ndarray, damage: np.ndarray, weights: np.ndarray) -> Network:
    """The one with the least weighted cross-entropy. figures (n, k) float32, damage (n,) bool, weights (n,)."""
    torch.manual_seed(0)
    mean, deviation = figures.mean(axis=0), figures.std(axis=0) + 1e-6
    x = torch.from_numpy((figures - mean) / deviation)
    y, w = torch.from_numpy(damage).float(), torch.from_numpy(weights / weights.mean()).float()
    hidden, last = nn.Linear(x.shape[1], UNITS), nn.Linear(UNITS, 1)
    optimiser = torch.optim.AdamW([*hidden.parameters(), *last.parameters()], lr=RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, STEPS)
    for _ in range(STEPS):
        few = torch.randint(len(x), (BATCH,))
        odds = last(torch.tanh(hidden(x[few])))[:, 0]
        loss = (w[few] * F.binary_cross_entropy_with_logits(odds, y[few], reduction="none")).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    rows = [torch.cat([layer.weight, layer.bias[:, None]], dim=1).detach().numpy() for layer in (hidden, last)]
    return Network(mean, deviation, rows[0], rows[1][0])


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the judge; 2 where the folder cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m tools.training.scratches")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="clean photos, subfolders too")
    parser.add_argument(
        "--every", type=int, default=2, metavar="N", help="each Nth photo, clean and damaged, and the next, clean only"
    )
    parser.add_argument("--output", type=Path, default=FILE, metavar="FILE.json")
    options = parser.parse_args(arguments)
    examples: list[Example] = []
    try:
        files = photo_files(options.data)
        for turn in range(min(options.every, 2)):
            places = range(turn, len(files), options.every)
            for number, photo in zip(places, read_photos([files[place] for place in places]), strict=True):
                rng = np.random.default_rng(SEED + number)
                crop = cropped(photo, rng)
                examples.append(Example.of(crop, np.zeros(crop.shape[:2], bool)))
                if turn == 0:
                    examples += [Example.of(*v) for v in versions(crop, number // options.every, rng)]
    except DiffIRError as error:
        parser.error(str(error))
    fit(examples).save(options.output)
    print(f"{len(examples)} versions of photos, clean and damaged -> {options.output}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
