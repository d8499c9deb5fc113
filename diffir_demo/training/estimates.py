"""Blurred crops beside what the search for their camera's path makes of them: what the painter of *path* learns from.

`python -m diffir_demo.training.estimates --data PHOTOS --out FOLDER --crops N`, some 1.5 seconds of one core a crop.
Found paths err in ways of their own, which made-up errors do not teach, so every crop is searched as a visitor's photo
is. The folder can be stopped and continued, and grows in files of `SHARD` crops that are whole or not there.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from ..deconvolve import Light, deconvolve, fidelity_for
from ..errors import DiffIRError
from ..imaging import noise_level
from ..imaging.picture import to_pixels
from ..model import fold
from ..shake import Shake
from ..shake.search import Candidate, search
from ..shake.undo import UNSURE
from ..tasks import deblur
from ..tasks.damage import blur, to_levels, white_noise
from ..tasks.jpeg import compress
from .photos import PhotoPool, photo_files, read_photos

SIDE, MARGIN = 384, 32
"""Of a crop, and of what is around it while it is blurred, pixels."""
SHARD = 32
"""Crops in a file."""
KINDS = {"motion": 0.5, "hand": 0.2, "straight": 0.1, "disc": 0.1, "sharp": 0.1}
"""Odds of the blurs: those of the task, hands, straight paths, discs out of focus, and none."""
IN_LEVELS, CLIPPED, COMPRESSED, WRONG = 0.3, 0.3, 0.3, 0.15
"""Share of the crops that are blurred in levels and not in light; that have lights brighter than white; that are saved
as JPEG; and of which another path than the judge's is undone."""
NOISIEST = 8.0
"""Levels of 255; most crops have far less."""
LIGHTS, BRIGHTEST = 0.85, 6.0
"""From that level on things may be brighter than they are shown, up to so many times."""


@dataclass(frozen=True, eq=False)
class Estimate:
    """A crop whose path was looked for; pictures (SIDE, SIDE, 3) uint8."""

    sharp: np.ndarray
    blurred: np.ndarray
    deconvolved: np.ndarray
    """With the path that was found, as if it were sure."""
    trust: float
    """`Shake.trust` of that path."""


def estimated(pool: PhotoPool, rng: np.random.Generator, odds: Tensor) -> Estimate:
    """One crop of the pool's photos. odds: `pool.odds(SIDE + 2 * MARGIN)`."""
    generator = torch.Generator().manual_seed(int(rng.integers(2**63)))
    crop = pool.detailed_crops(1, SIDE + 2 * MARGIN, odds, generator).permute(0, 3, 1, 2).float() / 255
    sharp, blurred = (_pixels(each) for each in (crop, _blurred(crop, rng, generator)))
    found = fold(search(blurred))
    chosen = found[int(rng.integers(len(found)))] if rng.random() < WRONG else found[0]
    fidelity = fidelity_for(max(noise_level(blurred), UNSURE))
    sharpened = fold(deconvolve(blurred, chosen.kernel.numpy(), chosen.light, fidelity))
    return Estimate(sharp, blurred, sharpened, _shake(chosen).trust)


def _shake(found: Candidate) -> Shake:
    return Shake(found.kernel.numpy(), found.light, found.evidence.confidence, (), (slice(None), slice(None)))


def _pixels(crop: Tensor) -> np.ndarray:
    return to_pixels(crop[..., MARGIN:-MARGIN, MARGIN:-MARGIN].contiguous())


def _blurred(sharp: Tensor, rng: np.random.Generator, generator: torch.Generator) -> Tensor:
    """(1, 3, h, w) in [0, 1], not changed -> the same as a camera may have brought it home."""
    kind = rng.choice(list(KINDS), p=list(KINDS.values()))
    light: Light = "sRGB" if rng.random() < IN_LEVELS else "linear"
    if rng.random() < CLIPPED:
        above = ((sharp.amax(dim=1, keepdim=True) - LIGHTS) / (1 - LIGHTS)).clamp(0, 1)
        sharp = sharp * (1 + above * rng.uniform(0, BRIGHTEST ** (1 / 2.2) - 1))
    if kind != "sharp":
        kernel = torch.from_numpy(_kernel(str(kind), rng))[None]
        sharp = blur(sharp, kernel, linear_light=light == "linear")
    noise = torch.tensor([NOISIEST * rng.random() ** 3])
    seen = to_levels(white_noise(sharp.clamp(0, 1), noise, generator))
    if rng.random() < COMPRESSED:
        seen = compress(seen, torch.tensor([int(rng.integers(60, 97))]))
    return seen


def _kernel(kind: str, rng: np.random.Generator) -> np.ndarray:
    if kind == "motion":
        return deblur.motion((deblur.SHORTEST, deblur.LONGEST), rng)
    return {"hand": deblur.hand, "straight": deblur.straight, "disc": deblur.disc}[kind](rng)


def grow(folder: Path, pool: PhotoPool, crops: int) -> None:
    """Adds files to the folder until there are so many crops in it; always the same ones."""
    folder.mkdir(parents=True, exist_ok=True)
    odds = pool.odds(SIDE + 2 * MARGIN)
    numbers = range(len(shards(folder)), -(-crops // SHARD))
    for number in tqdm(numbers, unit="file"):
        rng = np.random.default_rng([number, 0])
        found = [estimated(pool, rng, odds) for _ in range(SHARD)]
        pictures = np.stack([(each.sharp, each.blurred, each.deconvolved) for each in found])
        path = folder / f"{number:05d}.npy"
        path.with_suffix(".json").write_text(json.dumps([each.trust for each in found]))
        with path.with_suffix(".part").open("wb") as file:
            np.save(file, pictures)
        os.replace(path.with_suffix(".part"), path)


def shards(folder: Path) -> list[Path]:
    """The files of crops that are whole, in order."""
    return sorted(folder.glob("*.npy"))


def main(arguments: Sequence[str] | None = None) -> int:
    """2 where the folder of photos cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m diffir_demo.training.estimates")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="clean photos, subfolders too")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the crops")
    parser.add_argument("--crops", type=int, required=True, metavar="N", help=f"in all, in files of {SHARD}")
    parser.add_argument("--threads", type=int, help="CPU threads")
    options = parser.parse_args(arguments)
    if options.threads:
        torch.set_num_threads(options.threads)
    try:
        grow(options.out, PhotoPool(list(read_photos(photo_files(options.data)))), options.crops)
    except DiffIRError as error:
        parser.error(str(error))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
