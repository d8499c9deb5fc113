"""A loaded network on its device, and what is known about it."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .errors import InputError, WeightsError
from .messages import Message
from .model import CpuDIRformer, DiffIR, DIRformer
from .model.config import ModelConfig
from .model.cost import Cost, cost_of
from .restoration import Restoration
from .settings import MAX_STEPS, Fill
from .tasks import Task
from .weights import Directions, Reading, WeightsInfo


@dataclass(frozen=True)
class Network:
    """A loaded network on its device, for its task: what `run` runs. Raises `WeightsError` where the two do not fit."""

    task: Task
    diffir: DiffIR
    info: WeightsInfo
    device: torch.device
    precision: torch.dtype
    fill: Fill = "network"
    """What fills holes where the settings leave it open: that of the preset."""

    def __post_init__(self) -> None:
        if not self.task.accepts(self.config):
            raise WeightsError(
                Message(
                    "'{file}' has another structure than {title} needs.", file=self.info.file, title=self.task.title
                ),
                "Use weights that were made for it.",
            )

    @property
    def config(self) -> ModelConfig:
        return self.diffir.config

    @property
    def nbytes(self) -> int:
        """What its numbers take in memory."""
        return sum(each.numel() * each.element_size() for each in self.diffir.parameters())

    @property
    def unet(self) -> DIRformer | CpuDIRformer:
        """The U-Net as this device runs it best: in strips on a CPU, the plain one elsewhere."""
        plain = self.diffir.unet
        return CpuDIRformer(plain, self.precision) if self.device.type == "cpu" else plain

    @property
    def strips(self) -> torch.dtype | None:
        """The type in which the CPU backend computes; None for the plain network. It decides the memory needed."""
        return self.precision if isinstance(self.unet, CpuDIRformer) else None

    @property
    def directions(self) -> Directions:
        """How this network's IPR is read and steered. Raises `WeightsError` for networks that were never taught to."""
        found = self.info.directions
        if found is None:
            raise WeightsError(
                Message(
                    "The numbers of '{file}' were never measured against known damage, so they cannot be read.",
                    file=self.info.file,
                ),
                "Use weights that say so, such as those that ship for cleaning up.",
            )
        return found

    def reading(self, ipr: np.ndarray) -> Reading:
        """What an IPR (n,) says is wrong with its photo. Raises `WeightsError` as `directions` does."""
        return self.directions.reading(checked_ipr(ipr, self.config.ipr_length)[0].numpy())

    def steered(self, ipr: np.ndarray, **amounts: float) -> np.ndarray:
        """The IPR (n,) moved to say more, or less, of something: `steered(ipr, noise=+1.0)`, in standard deviations.

        Clamped to +-`FURTHEST` (1.5). Paint with it by `restore(photo, ipr=...)`. Raises `WeightsError` as `directions`
        does, and `InputError` for something that the network does not read, or amounts that are no finite numbers.
        """
        self.require_steerable(amounts)
        return self.directions.steered(checked_ipr(ipr, self.config.ipr_length)[0].numpy(), amounts)

    def require_steerable(self, amounts: Mapping[str, float]) -> None:
        """Raises what `steered` raises for these amounts."""
        names = self.directions.names if amounts else ()
        for name, amount in amounts.items():
            if name not in names or not np.isfinite(amount):
                known = ", ".join(names)
                raise InputError(
                    Message(
                        "This IPR can be moved by finite amounts of {known}, not by {name}={amount}.",
                        known=known,
                        name=name,
                        amount=amount,
                    )
                )

    def cost(self, run: Restoration) -> Cost:
        """What that run of this network multiplied, previews and tiles without a hole left out."""
        parts = [cost_of(self.config, *size, steps=len(run.steps)) for size in run.painted]
        unet, encoder = sum(part.unet for part in parts), sum(part.encoder for part in parts)
        return Cost(unet, encoder, parts[0].diffusion if parts else 0.0)

    def computing(self) -> AbstractContextManager[object]:
        """The context that the U-Net runs in."""
        if self.precision == torch.float32 or self.strips:
            return nullcontext()  # the CPU backend rounds by itself, where it does no harm
        return torch.autocast(self.device.type, dtype=self.precision)


def checked_ipr(ipr: np.ndarray | Sequence[float], length: int) -> Tensor:
    """An IPR from outside, (n,) -> (1, n) float32."""
    vector = np.asarray(ipr)
    if vector.shape != (length,) or vector.dtype.kind not in "fiu" or not np.isfinite(vector).all():
        raise InputError(
            Message(
                "An IPR for this network is {length} finite numbers, not {shape} {dtype}.",
                length=length,
                shape=vector.shape,
                dtype=vector.dtype,
            )
        )
    return torch.tensor(vector, dtype=torch.float32)[None]


def checked_steps(steps: int | None, trained: int) -> int | None:
    """A number of steps from outside; None, and the trained number itself, leave the schedule as it is."""
    try:
        count = trained if steps is None else operator.index(steps)
    except TypeError:
        count = 0
    if count == trained:
        return None
    if not 1 <= count <= MAX_STEPS:
        raise InputError(
            Message(
                "The number of diffusion steps must be a whole number from 1 to {most}, not {steps}.",
                most=MAX_STEPS,
                steps=steps,
            )
        )
    if trained < 2:
        raise InputError(
            Message(
                "This network was trained with {trained} diffusion steps: there is no schedule to stretch.",
                trained=trained,
            ),
            "Leave the number of steps as trained.",
        )
    return count
