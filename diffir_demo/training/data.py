"""Photos in, training pairs out: decoded once into memory, cropped and damaged on the fly by the task itself."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ..errors import InputError
from ..imaging.picture import Picture, to_tensor
from ..tasks import Task

SUFFIXES = {".avif", ".png", ".jpg", ".jpeg", ".webp"}


@dataclass(frozen=True, eq=False)
class Batch:
    """Training pairs, all on the CPU."""

    damaged: Tensor
    """(b, c, h, w) float32 in [0, 1]: the network's input."""
    target: Tensor
    """(b, 3, h * scale, w * scale) float32 in [0, 1]."""


def photo_files(folder: Path) -> list[Path]:
    """Every photo below `folder`, sorted; raises `InputError` where there is none."""
    files = sorted(f for f in folder.rglob("*") if f.suffix.lower() in SUFFIXES)
    if not files:
        raise InputError(f"There are no photos in '{folder.name}'.", f"Files with {', '.join(sorted(SUFFIXES))} count.")
    return files


def read_photos(files: list[Path], smallest: int) -> list[np.ndarray]:
    """Decodes to (h, w, 3) uint8, leaving out photos with a side below `smallest`."""

    def read(file: Path) -> np.ndarray:
        try:
            with Image.open(file) as image:
                return np.asarray(image.convert("RGB"))
        except OSError as error:
            raise InputError(f"'{file.name}' is no readable photo.", "Take it out of the folder.") from error

    with ThreadPoolExecutor(2) as pool:
        photos = [photo for photo in pool.map(read, files) if min(photo.shape[:2]) >= smallest]
    if not photos:
        raise InputError(
            f"None of the {len(files)} photos has sides of {smallest} pixels.", "Choose a smaller --patch."
        )
    return photos


class PairSampler:
    """Draws batches for ever: random crops (of two candidates the more detailed one), flips and quarter turns."""

    def __init__(self, photos: list[np.ndarray], task: Task, patch: int, batch: int, rng: np.random.Generator) -> None:
        self.photos, self.task, self.patch, self.batch, self.rng = photos, task, patch, batch, rng
        areas = np.array([photo.shape[0] * photo.shape[1] for photo in photos], dtype=np.float64)
        self.odds = np.sqrt(areas) / np.sqrt(areas).sum()  # large photos hold more, but not in proportion

    def __iter__(self) -> Iterator[Batch]:
        while True:
            pairs = [self.pair() for _ in range(self.batch)]
            yield Batch(torch.cat([p[0] for p in pairs]), torch.cat([p[1] for p in pairs]))

    def pair(self) -> tuple[Tensor, Tensor]:
        """(1, c, h, w) and (1, 3, patch, patch), h = w = patch / scale."""
        scale, margin = self.task.config.scale, self.task.margin
        crop = max((self._crop(self.patch + 2 * margin) for _ in range(2)), key=_detail)
        damaged = self.task.degrade(Picture(crop), self.rng)
        inner = slice(margin // scale, (margin + self.patch) // scale)
        core = slice(margin, margin + self.patch)
        lq = self.task.encode(damaged.request)[..., inner, inner]
        return lq, to_tensor(damaged.reference.pixels[core, core])

    def _crop(self, side: int) -> np.ndarray:
        photo = self.photos[int(self.rng.choice(len(self.photos), p=self.odds))]
        top, left = (int(self.rng.integers(0, extent - side + 1)) for extent in photo.shape[:2])
        crop = np.rot90(photo[top : top + side, left : left + side], int(self.rng.integers(4)))
        return np.ascontiguousarray(crop[:, ::-1] if self.rng.random() < 0.5 else crop)


def _detail(crop: np.ndarray) -> float:
    """Mean gradient of the green channel: flat sky teaches little."""
    green = crop[..., 1].astype(np.int16)
    return float(np.abs(np.diff(green, axis=0)).mean() + np.abs(np.diff(green, axis=1)).mean())
