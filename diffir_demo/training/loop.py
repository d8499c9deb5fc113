"""The training loop, read top to bottom: data, stage, optimiser, resume; then step, log, validate, save until done."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from ..devices import choose_device, has_fast_bf16
from ..tasks import Task
from .data import Batch, PairSampler
from .stages import Stage1, Stage2
from .state import Recipe, RunState

Validate = Callable[[nn.Module], dict[str, float]]


def train(
    recipe: Recipe,
    task: Task,
    stage: Stage1 | Stage2,
    photos: list[np.ndarray],
    folder: Path,
    validate: Validate,
    *,
    device: str = "auto",
) -> Iterator[dict[str, float]]:
    """Trains `stage.network` in place, leaving the averaged weights in it; yields one row of `Progress.history` a time.

    folder: `state.pt` (weights, optimiser, averages, step, random states) is saved there atomically every
    `recipe.save_every` minutes; a killed run loses at most that, and a resumed one goes on with the same schedule.
    """
    where = choose_device(device)
    rng = np.random.default_rng(recipe.seed)
    torch.manual_seed(recipe.seed)
    stage.to(where, memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    network = stage.network
    average = copy.deepcopy(network).requires_grad_(False)
    optimiser = torch.optim.AdamW(_groups(network, recipe), betas=(0.9, 0.99), weight_decay=0, fused=True)
    run = RunState(recipe, network, average, optimiser, rng)
    file = folder / "state.pt"
    if file.exists():
        run.restore(file)
    progress = run.progress
    batches = iter(PairSampler(photos, task, recipe.patch, recipe.batch, rng))
    bf16 = has_fast_bf16(where)
    clock = _Clock(progress.seconds)
    budget = recipe.minutes * 60
    saved = validated = logged = clock.elapsed()
    average_loss = _Mean()

    while (elapsed := clock.elapsed()) < budget:
        for group in optimiser.param_groups:
            group["lr"] = group["peak"] * schedule(elapsed / budget, recipe.warm_up)
        batch = _moved(next(batches), where)
        with torch.autocast(where.type, torch.bfloat16, enabled=bf16):
            loss, parts = stage.loss(batch, joint=elapsed / budget >= recipe.prior_only)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(network.parameters(), recipe.gradient_clip)
        if not torch.isfinite(norm):  # one bad batch must not spoil the weights
            progress.skipped += 1
            continue
        optimiser.step()
        progress.step += 1
        _blend(average, network, min(recipe.ema, (1 + progress.step) / (10 + progress.step)))
        average_loss.add({"loss": float(loss.detach()), **parts})

        elapsed = clock.elapsed()
        if elapsed - logged > 20 or elapsed >= budget:
            row = {"step": progress.step, "minutes": elapsed / 60, **average_loss.take()}
            if progress.skipped:
                row["skipped"] = progress.skipped
            if elapsed - validated > recipe.validate_every * 60 and elapsed < budget * 0.97:
                row |= validate(average)
                validated = clock.elapsed()
            progress.history.append(row)
            yield row
            logged = clock.elapsed()
        if elapsed - saved > recipe.save_every * 60:
            progress.seconds = clock.elapsed()
            run.save(file)
            saved = clock.elapsed()

    progress.seconds = clock.elapsed()
    row = {"step": progress.step, "minutes": progress.seconds / 60, **validate(average)}
    progress.history.append(row)
    run.save(file)
    network.load_state_dict(average.state_dict())
    (folder / "history.json").write_text(json.dumps(progress.history, indent=1))
    yield row


def _groups(network: nn.Module, recipe: Recipe) -> list[dict[str, Any]]:
    """Parameter groups with their peak learning rates: the prior's, and the rest."""
    prior = {n: p for n, p in network.named_parameters() if not n.startswith("painter.") or ".steer." in n}
    rest = [p for n, p in network.named_parameters() if n not in prior]
    rates = (recipe.learning_rate, recipe.learning_rate * recipe.prior_rate)
    return [{"params": p, "lr": r, "peak": r} for p, r in zip((rest, list(prior.values())), rates, strict=True)]


def schedule(share: float, warm_up: float) -> float:
    """Factor on the learning rate after `share` of the budget: linear warm-up, then a cosine down to 0.01."""
    if share < warm_up:
        return max(share / warm_up, 1e-3)
    along = min(1.0, (share - warm_up) / (1 - warm_up))
    return 0.01 + 0.99 * 0.5 * (1 + float(np.cos(np.pi * along)))


def _blend(average: nn.Module, network: nn.Module, decay: float) -> None:
    for mean, value in zip(average.parameters(), network.parameters(), strict=True):
        mean.data.lerp_(value.data, 1 - decay)


def _moved(batch: Batch, device: torch.device) -> Batch:
    damaged = batch.damaged.to(device, memory_format=torch.channels_last)
    return Batch(damaged, batch.target.to(device, memory_format=torch.channels_last))


class _Clock:
    """Seconds of training, those of earlier parts of the run included."""

    def __init__(self, before: float) -> None:
        self._zero = time.monotonic() - before

    def elapsed(self) -> float:
        return time.monotonic() - self._zero


class _Mean:
    """Mean of each number since the last look."""

    def __init__(self) -> None:
        self._sums: dict[str, float] = {}
        self._count = 0

    def add(self, values: dict[str, float]) -> None:
        for name, value in values.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
        self._count += 1

    def take(self) -> dict[str, float]:
        means = {name: total / max(self._count, 1) for name, total in self._sums.items()}
        self._sums, self._count = {}, 0
        return means
