"""Photos in, training pairs out: crops and damage made in batches on the training device.

Photos are decoded once into one block of uint8 pixels. One gather takes a whole batch of crops, each at its own place,
turned and mirrored, so neither Python nor a loader process stands between the photos and the network.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ..errors import InputError
from ..imaging import READABLE, pictures_in
from ..tasks import Task
from ..tasks.damage import Damage

GRID = 8
"""Input pixels: where windows begin, so that JPEG's blocks and the prior encoder's cells lie in them as in photos."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Training pairs on the training device, channels-last."""

    damaged: Tensor
    """(b, c, h, w) float32 in [0, 1]: the network's input."""
    target: Tensor
    """(b, 3, h * scale, w * scale) float32 in [0, 1]."""
    noise: Tensor
    """(b, ipr_length) float32 from N(0, 1): for stage 2 to diffuse the IPR with."""
    severity: Tensor | None = None
    """(b, k) how noisy, soft and compressed each was made, in the order of `Task.reads`; None if it reads nothing."""
    window: tuple[int, int, int] | None = None
    """Row, column and side of what is restored, on the input's grid; None where the prior encoder sees no more."""

    @property
    def cropped(self) -> Batch:
        """What the U-Net gets to see: all of it, or the window."""
        if self.window is None:
            return self
        top, left, side = self.window
        scale = self.target.shape[-1] // self.damaged.shape[-1]

        def cut(x: Tensor, factor: int) -> Tensor:
            rows, columns = (slice(at * factor, (at + side) * factor) for at in (top, left))
            return x[..., rows, columns].contiguous(memory_format=torch.channels_last)

        return Batch(cut(self.damaged, 1), cut(self.target, scale), self.noise, self.severity)


@dataclass(frozen=True)
class TrainData:
    """What a task's runs learn from: photos, and the kernels or masks that damage them, kept on one device."""

    task: Task
    pool: PhotoPool
    damage: Damage
    estimates: Path | None = None
    """Folder of crops whose camera's path was looked for (`training.estimates`), for networks that want that."""

    @classmethod
    def prepare(cls, task: Task, pool: PhotoPool, estimates: Path | None = None) -> TrainData:
        """Draws kernels or masks, always the same ones. Raises `InputError` without estimates where they are needed."""
        if task.config.wants_path != (estimates is not None):
            raise InputError(
                "A network that sees deconvolved photos, and no other, learns from estimated camera paths.",
                "Name their folder with --estimates, or leave that out.",
            )
        return cls(task, pool, task.damage(pool.pixels.device, np.random.default_rng(0)), estimates)


class Stream(Protocol):
    """One source of batches, with a random state of its own."""

    def batch(self, count: int, patch: int, surroundings: int = 0) -> Batch:
        """`count` pairs with targets of `patch` pixels a side; surroundings: how much wider the prior encoder sees."""
        ...

    def state(self) -> Tensor: ...

    def restore(self, state: Tensor) -> None: ...


class PairStream:
    """One source of batches, with a random state of its own: whichever process asks, it gives the same ones."""

    def __init__(self, data: TrainData, seed: int, number: int = 0) -> None:
        self.pool, self.task, self.damage = data.pool, data.task, data.damage
        pool = data.pool
        self.generator = torch.Generator(pool.pixels.device).manual_seed(seed * 1000 + number)
        self._odds: dict[int, Tensor] = {}

    def batch(self, count: int, patch: int, surroundings: int = 0) -> Batch:
        """`count` pairs with targets of `patch` pixels a side, a multiple of what the network needs.

        surroundings: pixels by which what the prior encoder sees is wider than the patch; a multiple of that, too. The
        patch lies somewhere in it, where JPEG's blocks begin.
        """
        whole = self.damaged(self.sharp(count, patch + surroundings))
        if not surroundings:
            return whole
        scale = self.task.config.scale
        places = surroundings // scale // GRID + 1
        row, column = (torch.randint(places, (2,), generator=self.generator, device=self.generator.device)).tolist()
        return dataclasses.replace(whole, window=(row * GRID, column * GRID, patch // scale))

    def sharp(self, count: int, patch: int) -> Tensor:
        """(count, 3, side, side) float32 in [0, 1], `side` larger than `patch` by the margin that damage needs."""
        side = patch + 2 * self.task.margin
        if side not in self._odds:
            self._odds[side] = self.pool.odds(side)
        crops = self.pool.detailed_crops(count, side, self._odds[side], self.generator)
        return crops.permute(0, 3, 1, 2).float().div_(255)  # channels-last in memory, as they were gathered

    def damaged(self, sharp: Tensor) -> Batch:
        """Damages crops from `sharp` and cuts their margin off."""
        margin, scale = self.task.margin, self.task.config.scale
        parameters = self.damage.draw(len(sharp), self.generator)
        damaged = self.damage.apply(sharp, parameters, self.generator)
        severity = None
        if self.task.reads:
            severity = parameters.severity(scale)[:, self.task.columns]
        length = self.task.config.ipr_length
        noise = torch.randn(len(sharp), length, generator=self.generator, device=sharp.device)
        return Batch(_cut(damaged, margin // scale), _cut(sharp, margin), noise, severity)

    def state(self) -> Tensor:
        return self.generator.get_state()

    def restore(self, state: Tensor) -> None:
        self.generator.set_state(state)


def _cut(x: Tensor, margin: int) -> Tensor:
    inner = x[..., margin:-margin, margin:-margin] if margin else x
    return inner.contiguous(memory_format=torch.channels_last)


def photo_files(folder: Path) -> list[Path]:
    """Every photo below `folder`, sorted; raises `InputError` where there is none."""
    files = pictures_in(folder, subfolders=True)
    if not files:
        raise InputError(f"There are no photos in '{folder.name}'.", f"Files with {', '.join(sorted(READABLE))} count.")
    return files


def read_photos(files: list[Path]) -> Iterator[np.ndarray]:
    """Decodes to (h, w, 3) uint8, in order, on all cores; raises `InputError` for a file that is no photo."""

    def read(file: Path) -> np.ndarray:
        try:
            with Image.open(file) as image:
                return np.asarray(image.convert("RGB"))
        except OSError as error:
            raise InputError(f"'{file.name}' is no readable photo.", "Take it out of the folder.") from error

    with ThreadPoolExecutor(os.cpu_count() or 1) as executor:
        yield from executor.map(read, files)


class PhotoPool:
    """All photos as one (pixels, 3) block, and where each begins."""

    def __init__(self, photos: list[np.ndarray], device: torch.device | str = "cpu") -> None:
        """photos: (h, w, 3) uint8 each. Raises `InputError` where there is none."""
        if not photos:
            raise InputError("There are no photos to learn from.", "Name a folder of clean photos with --data.")
        self.pixels = torch.from_numpy(np.concatenate([photo.reshape(-1, 3) for photo in photos])).to(device)
        sizes = np.array([photo.shape[:2] for photo in photos], dtype=np.int64)
        starts = np.concatenate([[0], np.cumsum(sizes.prod(axis=1))[:-1]])
        self.heights, self.widths, self.starts = (torch.from_numpy(v).to(device) for v in (*sizes.T.copy(), starts))

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def megapixels(self) -> float:
        return self.pixels.shape[0] / 1e6

    @property
    def largest_crop(self) -> int:
        """Side of the largest square that some photo holds, pixels."""
        return int(torch.minimum(self.heights, self.widths).max())

    def odds(self, side: int) -> Tensor:
        """Chance of each photo, (n,): large ones hold more, but not in proportion; too small ones are left out.

        Raises `InputError` where none has sides of `side` pixels.
        """
        fits = (self.heights >= side) & (self.widths >= side)
        if not fits.any():
            raise InputError(f"None of the {len(self)} photos has sides of {side} pixels.", "Choose a smaller --patch.")
        odds = (self.heights * self.widths).double().sqrt() * fits
        return odds / odds.sum()

    def crops(self, count: int, side: int, odds: Tensor, generator: torch.Generator) -> Tensor:
        """(count, side, side, 3) uint8: random photos, places, quarter turns and mirrorings."""
        device = self.pixels.device

        def place(extent: Tensor) -> Tensor:
            share = torch.rand(count, generator=generator, device=device, dtype=torch.float64)
            return (share * (extent - side + 1)).long()

        photo = torch.multinomial(odds, count, replacement=True, generator=generator)
        width = self.widths[photo]
        corner = self.starts[photo] + place(self.heights[photo]) * width + place(width)
        row, column = self._orientations(side)
        turn = torch.randint(len(row), (count,), generator=generator, device=device)
        index = corner[:, None, None] + row[turn] * width[:, None, None] + column[turn]
        return self.pixels[index.flatten()].view(count, side, side, 3)

    def detailed_crops(self, count: int, side: int, odds: Tensor, generator: torch.Generator) -> Tensor:
        """As `crops`, but the more detailed of two candidates each: flat sky teaches little."""
        pairs = self.crops(2 * count, side, odds, generator).unflatten(0, (2, count))
        green = pairs[..., 1].to(torch.int16)
        across, down = green.diff(dim=-1).abs(), green.diff(dim=-2).abs()
        detail = across.float().mean(dim=(-2, -1)) + down.float().mean(dim=(-2, -1))
        first = (detail[0] >= detail[1])[:, None, None, None]
        return torch.where(first, pairs[0], pairs[1])

    def _orientations(self, side: int) -> tuple[Tensor, Tensor]:
        """Rows and columns, (8, side, side) each, of a crop seen in its eight turns and mirrorings."""
        steps = torch.arange(side, device=self.pixels.device)
        row, column = torch.meshgrid(steps, steps, indexing="ij")
        turned = [(row.rot90(k), column.rot90(k)) for k in range(4)]
        seen = [*turned, *((r.flip(1), c.flip(1)) for r, c in turned)]
        return torch.stack([r for r, _ in seen]), torch.stack([c for _, c in seen])
