"""One step of learning: batches, loss, gradients, optimiser, averaged weights. Nothing here waits for the device."""

from __future__ import annotations

import copy
from contextlib import nullcontext

import torch
from torch import Tensor, nn

from ..devices import has_fast_bf16
from ..model.compiled import compile_blocks
from .data import Batch, Stream
from .optimiser import make_optimiser
from .recipe import Recipe
from .stages import Parts, Stage
from .state import Progress
from .world import World


class Learner:
    """A stage in training on one device."""

    def __init__(self, stage: Stage, recipe: Recipe, streams: list[Stream], world: World, compiled: bool) -> None:
        """compiled: every block through torch.compile, with the plain block where that fails."""
        stage.to(world.device, memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.stage, self.recipe, self.streams, self.world = stage, recipe, streams, world
        self.network = stage.network
        self.average = copy.deepcopy(self.network).requires_grad_(False)
        self.optimiser = make_optimiser(self.network, recipe, stage.probe)
        self.tally = Tally(world.device)
        self._bf16 = has_fast_bf16(world.device)
        if compiled:
            compile_blocks(stage, dynamic=False)
        self._objective = world.share_gradients(_Objective(stage))

    def step(self, share: float, progress: Progress) -> None:
        """One optimiser step at `share` of the training time."""
        rate = self.recipe.rate(share) * progress.caution
        joint = share >= self.recipe.begins_alone
        for group in self.optimiser.param_groups:
            group["lr"] = group["peak" if joint else "alone"] * rate
        patch, count = self.recipe.phase(share)
        batch = None
        for stream in self.streams:
            batch = stream.batch(count // self.recipe.streams, patch, self.recipe.surroundings)
            last = stream is self.streams[-1]
            with nullcontext() if last else self.world.postponed(self._objective):
                with self._autocast():
                    loss, parts = self._objective(batch, joint)
                (loss / len(self.streams)).backward()
            self.tally.add({"loss": loss.detach(), **parts})
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.gradient_clip)
        self.tally.watch(norm)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        progress.step += 1
        progress.images += count
        self._blend(min(self.recipe.ema, (1 + progress.step) / (10 + progress.step)))
        assert batch is not None
        with self._autocast():
            self.tally.add(self.stage.critic_step(batch, rate=rate))

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.world.device.type, torch.bfloat16, enabled=self._bf16)

    @torch.no_grad()
    def _blend(self, decay: float) -> None:
        for mean, value in zip(self.average.parameters(), self.network.parameters(), strict=True):
            mean.lerp_(value, 1 - decay)


class _Objective(nn.Module):
    """A stage's loss as a module's forward pass, which is where DistributedDataParallel listens."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage = stage

    def forward(self, batch: Batch, joint: bool) -> tuple[Tensor, Parts]:
        return self.stage.loss(batch, joint=joint)


class Tally:
    """Sums of the loss's terms, and whether every gradient was finite; read, and so waited for, only now and then."""

    def __init__(self, device: torch.device) -> None:
        self._finite = torch.ones((), device=device)
        self._sums: dict[str, Tensor | float] = {}
        self._counts: dict[str, int] = {}

    def add(self, values: dict[str, Tensor] | dict[str, float]) -> None:
        for name, value in values.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
            self._counts[name] = self._counts.get(name, 0) + 1

    def watch(self, norm: Tensor) -> None:
        """norm: of the gradient, before it was clipped."""
        self._finite = self._finite * torch.isfinite(norm)

    def sound(self) -> bool:
        """Whether all gradients since the last `take` were finite."""
        return bool(self._finite)

    def take(self) -> dict[str, float]:
        """Means since the last time; starts anew."""
        means = {name: float(total) / self._counts[name] for name, total in self._sums.items()}
        self._sums, self._counts = {}, {}
        self._finite = torch.ones_like(self._finite)
        return means
