"""Photos in, training pairs out: crops and damage made in batches on the training device."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..tasks import Task
from ..tasks.batched import BatchDamage
from .photos import PhotoPool


@dataclass(frozen=True, eq=False)
class Batch:
    """Training pairs on the training device, channels-last."""

    damaged: Tensor
    """(b, c, h, w) float32 in [0, 1]: the network's input."""
    target: Tensor
    """(b, 3, h * scale, w * scale) float32 in [0, 1]."""
    noise: Tensor
    """(b, ipr_length) float32 from N(0, 1): for stage 2 to diffuse the IPR with."""


@dataclass(frozen=True)
class Material:
    """What a task's runs learn from: photos, and the kernels or masks that damage them, kept on one device."""

    task: Task
    pool: PhotoPool
    damage: BatchDamage

    @classmethod
    def prepare(cls, task: Task, pool: PhotoPool) -> Material:
        """Draws kernels or masks, always the same ones."""
        return cls(task, pool, task.batched(pool.pixels.device, np.random.default_rng(0)))


class PairStream:
    """One source of batches, with a random state of its own: whichever process asks, it gives the same ones."""

    def __init__(self, material: Material, seed: int, number: int = 0) -> None:
        self.pool, self.task, self.damage = material.pool, material.task, material.damage
        pool = material.pool
        self.generator = torch.Generator(pool.pixels.device).manual_seed(seed * 1000 + number)
        self._odds: dict[int, Tensor] = {}

    def batch(self, count: int, patch: int) -> Batch:
        """`count` pairs with targets of `patch` pixels a side, a multiple of what the network needs."""
        return self.damaged(self.sharp(count, patch))

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
        damaged = self.damage(sharp, self.generator)
        length = self.task.config.ipr_length
        noise = torch.randn(len(sharp), length, generator=self.generator, device=sharp.device)
        return Batch(_cut(damaged, margin // scale), _cut(sharp, margin), noise)

    def state(self) -> Tensor:
        return self.generator.get_state()

    def restore(self, state: Tensor) -> None:
        self.generator.set_state(state)


def _cut(x: Tensor, margin: int) -> Tensor:
    inner = x[..., margin:-margin, margin:-margin] if margin else x
    return inner.contiguous(memory_format=torch.channels_last)
