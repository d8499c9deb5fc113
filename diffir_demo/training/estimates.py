"""Blurred crops beside what the search for their camera's path makes of them: what the network of *path* learns from.

`python -m diffir_demo.training.estimates --data PHOTOS --out FOLDER --crops N`, some 1.5 seconds of one core a crop.
Found paths err in ways of their own, which made-up errors do not show, so every crop is searched as an uploaded photo
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
from ..errors import DiffIRError, InputError
from ..imaging import noise_level
from ..model.pixels import to_pixels
from ..shake import Shake
from ..shake.search import search
from ..shake.undo import UNSURE
from ..tasks import Task, deblur
from ..tasks.damage import blur, to_levels, white_noise
from ..tasks.jpeg import compress
from .data import GRID, Batch, PhotoPool, photo_files, read_photos

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
ANY_STRENGTH = 0.2
"""Share of the pairs whose strength is drawn evenly instead of being the path's trust, as people may set it."""
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
    found = search(blurred)
    chosen = found[int(rng.integers(len(found)))] if rng.random() < WRONG else found[0]
    fidelity = fidelity_for(max(noise_level(blurred), UNSURE))
    sharpened = deconvolve(blurred, chosen.kernel.numpy(), chosen.light, fidelity)
    return Estimate(sharp, blurred, sharpened, Shake.of(chosen, (slice(None), slice(None))).trust)


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


class EstimateStream:
    """One source of batches, as `data.PairStream` is; reads only what it shows. The folder may grow in the meantime."""

    def __init__(self, task: Task, folder: Path, device: torch.device, seed: int, number: int = 0) -> None:
        """Raises `InputError` where the folder has no crops."""
        self.task, self.folder, self.device = task, folder, device
        self.generator = torch.Generator().manual_seed(seed * 1000 + number)
        self._open: dict[Path, tuple[np.ndarray, list[float]]] = {}
        if not shards(folder):
            raise InputError(
                f"There are no estimated paths in '{folder.name}'.",
                "Make some first: python -m diffir_demo.training.estimates.",
            )

    def batch(self, count: int, patch: int, surroundings: int = 0) -> Batch:
        """`count` pairs of `patch` pixels a side.

        surroundings: pixels by which what the prior encoder sees is wider; the patch lies somewhere in it.
        """
        files = shards(self.folder)
        pairs = [self._pair(files, patch + surroundings) for _ in range(count)]
        damaged, target = (_planes(each, self.device) for each in zip(*pairs, strict=True))
        noise = torch.randn(count, self.task.config.ipr_length, generator=self.generator).to(self.device)
        if not surroundings:
            return Batch(damaged, target, noise)
        row, column = (GRID * self._below(surroundings // GRID + 1) for _ in range(2))
        return Batch(damaged, target, noise, window=(row, column, patch))

    def _pair(self, files: list[Path], side: int) -> tuple[np.ndarray, np.ndarray]:
        """(side, side, 7) and (side, side, 3) in [0, 1]: what the network sees, and what it should make of it."""
        pictures, trusts = self._shard(files[self._below(len(files))])
        number = self._below(len(pictures))
        top, left = (GRID * self._below((extent - side) // GRID + 1) for extent in pictures.shape[2:4])
        sharp, blurred, deconvolved = pictures[number, :, top : top + side, left : left + side]
        strength = trusts[number]
        if self._share() < ANY_STRENGTH:
            strength = self._share()
        if strength == 0:  # then nothing is deconvolved
            deconvolved = blurred
        share = np.full_like(blurred[..., :1], strength, np.float32)
        seen = np.concatenate([np.float32(blurred) / 255, np.float32(deconvolved) / 255, share], axis=2)
        turns, mirrored = self._below(4), self._below(2)
        seen, sharp = (np.rot90(each, turns) for each in (seen, np.float32(sharp) / 255))
        return (seen[:, ::-1], sharp[:, ::-1]) if mirrored else (seen, sharp)

    def _shard(self, file: Path) -> tuple[np.ndarray, list[float]]:
        if file not in self._open:
            self._open[file] = np.load(file, mmap_mode="r"), json.loads(file.with_suffix(".json").read_text())
        return self._open[file]

    def _below(self, count: int) -> int:
        return int(torch.randint(count, (), generator=self.generator))

    def _share(self) -> float:
        return float(torch.rand((), generator=self.generator))

    def state(self) -> Tensor:
        return self.generator.get_state()

    def restore(self, state: Tensor) -> None:
        self.generator.set_state(state)


def _planes(pictures: tuple[np.ndarray, ...], device: torch.device) -> Tensor:
    """(h, w, c) each -> (b, c, h, w), channels-last in memory."""
    return torch.from_numpy(np.stack(pictures)).to(device).permute(0, 3, 1, 2)


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
