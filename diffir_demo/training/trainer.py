"""The training loop, read top to bottom: set up, resume; then step, look, validate, save until the time is up.

One step: batches, loss, gradients, optimiser, averaged weights. Nothing in it waits for the device. AdamW for
everything, or Muon for the matrices of the U-Net and AdamW for the rest.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import torch
from torch import Tensor, nn

from ..devices import has_fast_bf16
from ..errors import InputError
from ..model.compiled import compile_blocks
from .config import TrainConfig
from .data import Batch, PairStream, Stream, TrainData
from .distributed import Distributed
from .estimates import EstimateStream
from .stages import Parts, Stage
from .state import Clock, MeanMeter, Optimisers, Pace, Progress, RollbackGuard, RunState

Validate = Callable[[nn.Module], dict[str, float]]
Row = dict[str, float]
LOOK_EVERY = 15.0
"""Seconds between looks at loss and gradients; in between, nothing waits for the device."""
BETAS = (0.9, 0.99)
CONVOLUTIONS_ALONE = 3.0
"""Learning rate of the prior encoder's convolutions over that of its linear layers, while the prior learns alone."""


def train(
    config: TrainConfig,
    data: TrainData,
    stage: Stage,
    folder: Path,
    validate: Validate,
    dist: Distributed,
    *,
    began: float | None = None,
    compiled: bool | None = None,
) -> Iterator[Row]:
    """Trains `stage.network` in place, leaving the averaged weights in it; yields one row of `Progress.history` a time.

    folder: `state.pt` (weights, optimiser, averages, step, random states) is saved there atomically every
    `config.save_every` minutes; a killed run loses at most that, and a resumed one goes on with the same schedule.
    began: the moment (`time.monotonic`) from which the budget counts, where work was done for the run before.
    compiled: torch.compile for the blocks; None: on CUDA only, since on a CPU a minute's compiling gains little.
    Rows are those of the main process; others yield none.
    """
    streams = streams_of(config, data, dist)
    compiled = dist.device.type == "cuda" if compiled is None else compiled
    trainer = Trainer(stage, config, list(streams.values()), dist, compiled)
    network, average, meter = trainer.network, trainer.average, trainer.meter
    run = RunState(config, stage, average, trainer.optimiser)
    file = folder / "state.pt"
    if file.exists():
        for number, state in run.restore(file).items():
            if number in streams:
                streams[number].restore(state)
    progress = run.progress
    if progress.finished:
        network.load_state_dict(average.state_dict())
        return
    pace = Pace(config, progress, dist, Clock(progress.seconds, began))

    def validated() -> Row:
        return validate(average) if dist.is_main else {}

    def save() -> None:
        progress.seconds = pace.elapsed()
        states = dist.gather({number: stream.state() for number, stream in streams.items()})
        if dist.is_main:
            run.save(file, states)

    def row(**values: float) -> Row:
        progress.history.append({"step": progress.step, "minutes": pace.elapsed() / 60, **values})
        return progress.history[-1]

    before = time.monotonic()
    if not progress.step:
        latest = row(**validated())
        if dist.is_main:
            yield latest
    pace.start(time.monotonic() - before)  # what validation, and the caller, will take again at the end
    guard, images = RollbackGuard(run), progress.images

    while (share := pace.share()) < 1:
        trainer.step(share, progress)
        if pace.due("look", LOOK_EVERY):
            sound = meter.sound()
            found = dist.mean(meter.take())
            if sound:
                guard.keep()
            else:
                guard.roll_back()
                found |= {"rollbacks": progress.rollbacks}
            found["images_per_second"] = (progress.images - images) / pace.did("look")
            images = progress.images
            if pace.due("validation", config.validate_every * 60) and share < 0.95:
                found |= validated()
                pace.did("validation")
            latest = row(**found)
            if dist.is_main:
                yield latest
            pace.did("look")
        if pace.due("save", config.save_every * 60) and meter.sound():
            save()
            pace.did("save")

    if not meter.sound():
        guard.roll_back()
    latest = row(**dist.mean(meter.take()), **validated())
    progress.finished = True
    save()
    network.load_state_dict(average.state_dict())
    if dist.is_main:
        yield latest


def streams_of(config: TrainConfig, data: TrainData, dist: Distributed) -> dict[int, Stream]:
    """This process's init of crops, by number."""
    numbers = dist.shard(config.accumulation)
    if data.estimates is not None:
        task, folder, device = data.task, data.estimates, data.pool.pixels.device
        return {number: EstimateStream(task, folder, device, config.seed, number) for number in numbers}
    return {number: PairStream(data, config.seed, number) for number in numbers}


class Trainer:
    """A stage in training on one device."""

    def __init__(
        self, stage: Stage, config: TrainConfig, streams: list[Stream], dist: Distributed, compiled: bool
    ) -> None:
        """compiled: every block through torch.compile, with the plain block where that fails."""
        stage.to(dist.device, memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.stage, self.config, self.streams, self.dist = stage, config, streams, dist
        self.network = stage.network
        self.average = copy.deepcopy(self.network).requires_grad_(False)
        self.optimiser = make_optimiser(self.network, config, stage.probe)
        self.meter = MeanMeter(dist.device)
        self._bf16 = has_fast_bf16(dist.device)
        if compiled:
            compile_blocks(stage, dynamic=False)
        self._objective = dist.share_gradients(_Objective(stage))

    def step(self, share: float, progress: Progress) -> None:
        """One optimiser step at `share` of the training time."""
        rate = self.config.rate(share) * progress.lr_scale
        joint = share >= self.config.begins_alone
        for group in self.optimiser.param_groups:
            group["lr"] = group["peak" if joint else "alone"] * rate
        patch, count = self.config.phase(share)
        batch = None
        for stream in self.streams:
            batch = stream.batch(count // self.config.accumulation, patch, self.config.surroundings)
            last = stream is self.streams[-1]
            with nullcontext() if last else self.dist.no_sync(self._objective):
                with self._autocast():
                    loss, parts = self._objective(batch, joint)
                (loss / len(self.streams)).backward()
            self.meter.add({"loss": loss.detach(), **parts})
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), self.config.gradient_clip)
        self.meter.watch(norm)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        progress.step += 1
        progress.images += count
        self._blend(min(self.config.ema, (1 + progress.step) / (10 + progress.step)))
        assert batch is not None
        with self._autocast():
            self.meter.add(self.stage.discriminator_step(batch, rate=rate))

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.dist.device.type, torch.bfloat16, enabled=self._bf16)

    @torch.no_grad()
    def _blend(self, decay: float) -> None:
        for mean, value in zip(self.average.parameters(), self.network.parameters(), strict=True):
            mean.lerp_(value, 1 - decay)


class _Objective(nn.Module):
    """A stage's loss as a module's forward pass, which is where DistributedDataParallel hooks in."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage = stage

    def forward(self, batch: Batch, joint: bool) -> tuple[Tensor, Parts]:
        return self.stage.loss(batch, joint=joint)


def make_optimiser(network: nn.Module, config: TrainConfig, probe: nn.Module | None = None) -> Optimisers:
    """Every group carries its peak learning rate as `peak`, and as `alone` the one for while the prior learns alone.

    probe: what learns beside the network, at the prior's rate.

    Muon (Jordan et al., 2024) makes a matrix's step orthogonal, so that all directions learn at one pace; with
    `match_rms_adamw` its rates are AdamW's. Raises `InputError` where this torch has none.
    """
    rate, prior_rate = config.learning_rate, config.learning_rate * config.prior_rate
    alone_rate = prior_rate if config.alone_rate is None else config.alone_rate
    steer_rate = prior_rate if config.steer_rate is None else rate * config.steer_rate
    matrices: list[Tensor] = []
    rest: list[Tensor] = []
    steering: list[Tensor] = []
    convolutions: list[Tensor] = []
    linear: list[Tensor] = [] if probe is None else [p for p in probe.parameters() if p.requires_grad]
    for name, parameter in network.named_parameters():
        if ".steer." in name:
            steering.append(parameter)
        elif not name.startswith("painter."):
            (convolutions if parameter.ndim == 4 else linear).append(parameter)
        elif config.optimiser == "muon" and parameter.ndim == 2:
            matrices.append(parameter)
        else:
            rest.append(parameter)
    faster = alone_rate if config.alone_rate is None else CONVOLUTIONS_ALONE * alone_rate
    groups = [
        {"params": rest, "lr": rate, "peak": rate, "alone": rate},
        {"params": steering, "lr": steer_rate, "peak": steer_rate, "alone": steer_rate},
        {"params": convolutions, "lr": prior_rate, "peak": prior_rate, "alone": faster},
        {"params": linear, "lr": prior_rate, "peak": prior_rate, "alone": alone_rate},
    ]
    adam = torch.optim.AdamW(groups, betas=BETAS, weight_decay=0, fused=next(network.parameters()).device.type != "mps")
    if not matrices:
        return Optimisers(adam)
    if not hasattr(torch.optim, "Muon"):
        raise InputError("This torch has no Muon.", "Use torch 2.9 or later, or --optimiser adamw.")
    group = {"params": matrices, "lr": rate, "peak": rate, "alone": rate}
    return Optimisers(adam, torch.optim.Muon([group], weight_decay=0, adjust_lr_fn="match_rms_adamw"))
