"""Where a stage's weights come from before its first step: from other runs and files, from photos, or from chance."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from ..errors import InputError
from ..model import DiffIR, Teacher
from ..tasks import Task
from ..weights import inspect
from ..weights import load as load_weights
from ..weights.store import expected_shapes
from .config import TrainConfig
from .data import Batch, PairStream, TrainData
from .initial import FAINT, FLOOR, NOISE_FLOOR, init_damage_filters, transfer_modulation, transfer_unet, whiten_prior
from .probe import FIT_BATCH, FIT_SIDE, Probe, fit_shrinkage
from .stages import Stage, Stage1, Stage2, Stage3, Weights
from .state import read_state

CALIBRATION = (64, 8, 192)
"""Batches, pairs in each, and their side in pixels, that show an untrained prior encoder how photos differ."""
FAINT_OF_READINGS = 0.12
"""`transfer_modulation`'s share where the new IPR says what the damage was: large enough for the U-Net to go on using
it."""


@dataclass(frozen=True)
class InitFrom:
    """Where a run begins: run folders or weight files."""

    teacher: Path | None = None
    """Stages 2 and 3: a finished stage 1. A finished stage 2 can go on without one, from its pixels alone."""
    start: Path | None = None
    """Weights to go on from: of the same stage; for stage 1 any (its U-Net is taken); for stage 3 a stage 2."""
    prior: Path | None = None
    """Stage 2, with `start`: a stage 2 of any task that reads the same damage, whose prior encoder, denoiser and first
    restoration are taken over; `start` then gives the U-Net only, of any stage 2 with blocks of the same shape."""


def network_of(source: Path, task: Task | None, stage: int | None = None) -> DiffIR | Teacher:
    """The (averaged) network of a run folder or of a weight file.

    Raises `InputError` for another task or stage, and for one whose U-Net is not that of the task's network.
    task: None: of any, whatever its network.
    """
    if source.is_file():
        info = inspect(source)
        found = (info.task or "unknown", info.stage)
    else:
        saved = read_state(source / "state.pt")
        config = TrainConfig.from_dict(saved["config"])
        found = (config.task, min(config.stage, 2))
    if (task and found[0] != task.key) or (stage is not None and found[1] != stage):
        wanted = ", ".join([*([task.key] if task else []), *([] if stage is None else [f"stage {stage}"])])
        raise InputError(f"'{source.name}' is of {found[0]}, stage {found[1]}; {wanted} is needed.")
    if source.is_file():
        network = load_weights(source, stage=found[1]).model
        state = network.state_dict()
    else:
        network, state = None, saved["average"]
    model = task.config if task else network.config if network else config.trained.config
    if {name: tensor.shape for name, tensor in state.items()} != expected_shapes(model, found[1]):
        wanted = f"is trained for '{task.weights}'" if task else "its task ships"
        raise InputError(
            f"'{source.name}' holds another network than the one that {wanted}.",
            "Name a run or a file of the same preset and scale.",
        )
    if network is None:
        network = (Teacher if found[1] == 1 else DiffIR)(model)
        network.load_state_dict(state)
    return network


def make_stage(data: TrainData, config: TrainConfig, init: InitFrom) -> Stage:
    """The stage with its weights as they are before the first step; raises `InputError` for init that do not fit."""
    task = data.task
    torch.manual_seed(config.seed)
    same_task = config.stage > 1 and init.prior is None
    start = None if init.start is None else network_of(init.start, task if same_task else None)
    if config.stage == 1:
        return _stage1(data, config, start)
    teacher = None if init.teacher is None else network_of(init.teacher, task, 1)
    if config.stage == 3:
        if not isinstance(start, DiffIR):
            raise InputError("Stage 3 goes on from a finished stage 2.", "Name it with --start RUN_OR_FILE.")
        weights = Weights(
            perceptual=config.perceptual_weight, adversarial=config.adversarial_weight, ipr=config.ipr_weight
        )
        teacher = teacher if isinstance(teacher, Teacher) else None
        return Stage3(
            start,
            teacher,
            weights=weights,
            warm_up=config.discriminator_warmup,
            discriminator_rate=config.discriminator_rate,
        )
    teacher = teacher if isinstance(teacher, Teacher) else None
    if teacher is None and start is None:
        raise InputError("Stage 2 learns from a teacher.", "Name the finished stage 1 with --teacher RUN_OR_FILE.")
    if teacher is None and (config.prior_only or config.output_weight):
        raise InputError(
            "Without a teacher there is only the picture to learn from.", "Add --prior-only 0 --output-weight 0."
        )
    stage = Stage2(task.config, teacher, config)
    stage.probe = _probe_of(init, data, config)
    if start is None:
        _start_prior(stage, data, config)
    elif not isinstance(start, DiffIR):
        raise InputError("Stage 2 goes on from a stage 2 only.", "Leave out --start, or name a stage-2 run or file.")
    elif init.prior is not None:
        prior = network_of(init.prior, None, 2)
        same = init.prior == init.start
        _join(stage.network, start, prior, [] if same else list(_calibration(data, config)))
    else:
        stage.network.load_state_dict(start.state_dict())
    if config.refit and stage.probe is not None:
        _refit(stage.network, stage.probe, data, config)
    return stage


@torch.no_grad()
def _refit(network: DiffIR, probe: Probe, data: TrainData, config: TrainConfig) -> None:
    """Reads and uses the IPR as the diffusion estimates it by now."""

    def estimate(batch: Batch) -> Tensor:
        return network.estimate(batch.damaged, batch.noise)

    _fit(probe, estimate, _calibration(data, config))
    if network.shrinkage is not None:
        fit_shrinkage(network.shrinkage, probe, estimate, fresh(data))


@torch.no_grad()
def _join(network: DiffIR, start: DiffIR, prior: DiffIR | Teacher, batches: list[Batch]) -> None:
    """Joins two networks: `prior` estimates the IPR that the U-Net of `start` is to decode with.

    batches: to measure how the two differ; none where both are the same network, whose U-Net then is modulated as
    before.
    """

    def mean_ipr(of: DiffIR) -> Tensor:
        return torch.cat([of.estimate(batch.damaged, batch.noise) for batch in batches]).mean(dim=0)

    parts = [("encoder", prior.encoder), ("denoiser", getattr(prior, "denoiser", None)), ("shrinkage", prior.shrinkage)]
    try:
        for name, part in parts:
            if part is not None:
                getattr(network, name).load_state_dict(part.state_dict())
    except (AttributeError, RuntimeError) as error:
        raise InputError("--prior names a network whose prior has another shape.", "Name another.") from error
    transfer_unet(network.unet, start.unet)
    if batches:
        transfer_modulation(network.unet, mean_ipr(start), mean_ipr(network), FAINT_OF_READINGS)


@torch.no_grad()
def _stage1(data: TrainData, config: TrainConfig, start: DiffIR | Teacher | None) -> Stage1:
    stage = Stage1(data.task.config, config)
    encoder, batches = stage.network.encoder, list(_calibration(data, config))
    if isinstance(start, Teacher):
        stage.network.load_state_dict(start.state_dict())
    elif config.probe_weight:
        init_damage_filters(encoder, batches)
    if not isinstance(start, Teacher):
        whiten_prior(encoder, batches, centre=1.0, floor=NOISE_FLOOR if config.probe_weight else FLOOR)
    if config.probe_weight:
        stage.probe = _new_probe(data.task)
        _fit(stage.probe, lambda batch: encoder(batch.damaged, batch.target), batches)
    if isinstance(start, DiffIR):
        before = torch.cat([start.estimate(batch.damaged, batch.noise) for batch in batches[:8]]).mean(dim=0)
        after = torch.cat([encoder(batch.damaged, batch.target) for batch in batches]).mean(dim=0)
        transfer_unet(stage.network.unet, start.unet)
        faint = FAINT_OF_READINGS if config.probe_weight else FAINT
        transfer_modulation(stage.network.unet, before, after, faint)
    return stage


def _new_probe(task: Task) -> Probe:
    """Raises `InputError` for a task whose damage has nothing to read."""
    if not task.reads:
        raise InputError(f"The damage of {task.key} has nothing that a probe could read.", "Add --probe-weight 0.")
    return Probe(task.config.ipr_length, len(task.reads))


def _fit(probe: Probe, ipr_of: Callable[[Batch], Tensor], batches: Iterable[Batch]) -> None:
    """To the IPRs of these batches, and what was done to their pictures."""
    pairs = [(ipr_of(batch), batch.severity) for batch in batches if batch.severity is not None]
    iprs, severities = (torch.cat(each) for each in zip(*pairs, strict=True))
    probe.fit(iprs, severities)


def _probe_of(init: InitFrom, data: TrainData, config: TrainConfig) -> Probe | None:
    """The probe of the teacher's run, or of the run to go on from, not to be changed; None without `probe_weight`."""
    if not config.probe_weight:
        return None
    for source in (init.teacher, init.prior, init.start):
        saved = None if source is None or source.is_file() else read_state(source / "state.pt")["extra"].get("probe")
        if saved is not None:
            probe = _new_probe(data.task)
            probe.load_state_dict(saved)
            return probe.requires_grad_(False)
    raise InputError("--probe-weight needs the probe of a stage-1 run.", "Name its folder with --teacher.")


@torch.no_grad()
def _start_prior(stage: Stage2, data: TrainData, config: TrainConfig) -> None:
    """Stage 2's prior encoder and denoiser as they are before the first step."""
    network, teacher, batches = stage.network, stage.teacher, list(_calibration(data, config))
    if not config.probe_weight or teacher is None:
        whiten_prior(network.encoder, batches, centre=0.0 if network.config.timesteps else 1.0)
        return
    init_damage_filters(network.encoder, batches)
    whiten_prior(network.encoder, batches, centre=0.5, floor=NOISE_FLOOR)
    mean = torch.cat([teacher.encoder(batch.damaged, batch.target) for batch in batches]).mean(dim=0)
    last = network.denoiser.hidden[-1]
    assert isinstance(last, nn.Linear)
    last.weight.mul_(0.2)
    last.bias.copy_(mean)
    if network.shrinkage is not None and stage.probe is not None:
        fit_shrinkage(network.shrinkage, stage.probe, lambda b: teacher.encoder(b.damaged, b.target), fresh(data))


def fresh(data: TrainData) -> Iterator[Batch]:
    """Small pairs without end, for what is fitted before the first step; where the photos are."""
    task, multiple = data.task, data.task.config.multiple_of
    stream = PairStream(data, seed=0, number=998)
    while True:
        yield stream.batch(FIT_BATCH, -(-FIT_SIDE // multiple) * multiple * task.config.scale)


def _calibration(data: TrainData, config: TrainConfig) -> Iterator[Batch]:
    """Pairs on the CPU, where the networks still are."""
    batches, count, side = CALIBRATION
    task, multiple = data.task, data.task.config.multiple_of * data.task.config.scale
    available = (data.pool.largest_crop - 2 * task.margin) // multiple * multiple
    side = max(min(side, available), config.patch[0])
    stream = PairStream(data, config.seed, number=999)
    for _ in range(batches):
        batch = stream.batch(count, side)
        severity = None if batch.severity is None else batch.severity.cpu()
        yield Batch(batch.damaged.cpu(), batch.target.cpu(), batch.noise.cpu(), severity)
