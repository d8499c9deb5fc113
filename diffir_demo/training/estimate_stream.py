"""Batches for a network that sees a photo beside its deconvolved selves, from a folder of `estimates`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError
from ..tasks import Task
from .data import GRID, Batch
from .estimates import shards

ANY_STRENGTH = 0.2
"""Share of the pairs whose strength is drawn evenly instead of being the path's trust, as people may set it."""


class EstimateStream:
    """One source of batches, as `data.PairStream` is; reads only what it shows. The folder may grow meanwhile."""

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
