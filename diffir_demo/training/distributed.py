"""One process or several: DistributedDataParallel under `torchrun`, and the few things that must be agreed on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

from ..devices import choose_device

T = TypeVar("T")


@dataclass(frozen=True)
class Distributed:
    """This process among those of a run. With a single one every method costs nothing."""

    device: torch.device
    rank: int = 0
    size: int = 1

    @property
    def is_main(self) -> bool:
        """The one process that validates, saves and reports."""
        return self.rank == 0

    def shard(self, streams: int) -> range:
        """Numbers of the streams that this process works through."""
        return range(self.rank, streams, self.size)

    def broadcast(self, value: float) -> float:
        """The main process's value, for all: clocks differ, and decisions must not."""
        if self.size == 1:
            return value
        shared = torch.tensor([value], dtype=torch.float64)
        distributed.broadcast(shared, 0)
        return float(shared)

    def mean(self, values: dict[str, float]) -> dict[str, float]:
        """Each number's mean over the processes."""
        if self.size == 1 or not values:
            return values
        stacked = torch.tensor(list(values.values()), dtype=torch.float64)
        distributed.all_reduce(stacked)
        return dict(zip(values, (stacked / self.size).tolist(), strict=True))

    def gather(self, part: dict[int, T]) -> dict[int, T]:
        """All processes' parts as one dictionary."""
        if self.size == 1:
            return part
        parts: list[Any] = [None] * self.size
        distributed.all_gather_object(parts, part)
        return {key: value for each in parts for key, value in each.items()}

    def share_gradients(self, module: nn.Module) -> nn.Module:
        """The module, its gradients averaged over the processes."""
        if self.size == 1:
            return module
        devices = [self.device.index] if self.device.type == "cuda" else None
        # While only the prior learns, the U-Net has no gradients.
        return DistributedDataParallel(module, device_ids=devices, find_unused_parameters=True)

    def no_sync(self, module: nn.Module) -> AbstractContextManager[object]:
        """Gradients that are only added up yet, not exchanged."""
        return module.no_sync() if isinstance(module, DistributedDataParallel) else nullcontext()


@contextmanager
def join(device: str = "auto") -> Iterator[Distributed]:
    """The dist that `torchrun` set up, left in order at the end; without it a dist of one."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield Distributed(choose_device(device))
        return
    rank, local = int(os.environ["RANK"]), int(os.environ.get("LOCAL_RANK", "0"))
    where = choose_device(f"cuda:{local}" if device == "auto" and torch.cuda.is_available() else device)
    distributed.init_process_group("cpu:gloo,cuda:nccl" if where.type == "cuda" else "gloo")
    try:
        yield Distributed(where, rank, size)
    finally:
        distributed.destroy_process_group()
