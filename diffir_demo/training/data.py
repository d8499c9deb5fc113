"""Photos in, training pairs out: crops and damage made in batches on the training device."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError
from ..tasks import Task
from ..tasks.damage import Damage
from .photos import PhotoPool

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
    """Row, column and side of what is painted, on the input's grid; None where the prior encoder sees no more."""

    @property
    def painted(self) -> Batch:
        """What the U-Net gets to see and paint: all of it, or the window."""
        if self.window is None:
            return self
        top, left, side = self.window
        scale = self.target.shape[-1] // self.damaged.shape[-1]

        def cut(x: Tensor, factor: int) -> Tensor:
            rows, columns = (slice(at * factor, (at + side) * factor) for at in (top, left))
            return x[..., rows, columns].contiguous(memory_format=torch.channels_last)

        return Batch(cut(self.damaged, 1), cut(self.target, scale), self.noise, self.severity)


@dataclass(frozen=True)
class Material:
    """What a task's runs learn from: photos, and the kernels or masks that damage them, kept on one device."""

    task: Task
    pool: PhotoPool
    damage: Damage
    estimates: Path | None = None
    """Folder of crops whose camera's path was looked for (`training.estimates`), for networks that want that."""

    @classmethod
    def prepare(cls, task: Task, pool: PhotoPool, estimates: Path | None = None) -> Material:
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

    def __init__(self, material: Material, seed: int, number: int = 0) -> None:
        self.pool, self.task, self.damage = material.pool, material.task, material.damage
        pool = material.pool
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
