"""Photos in memory: decoded once into one block of uint8 pixels on the training device, cropped there in batches.

One gather takes a whole batch of crops, each at its own place, turned and mirrored, so neither Python nor a loader
process stands between the photos and the network.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ..errors import InputError

SUFFIXES = {".avif", ".png", ".jpg", ".jpeg", ".webp"}


def photo_files(folder: Path) -> list[Path]:
    """Every photo below `folder`, sorted; raises `InputError` where there is none."""
    files = sorted(f for f in folder.rglob("*") if f.suffix.lower() in SUFFIXES)
    if not files:
        raise InputError(f"There are no photos in '{folder.name}'.", f"Files with {', '.join(sorted(SUFFIXES))} count.")
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
