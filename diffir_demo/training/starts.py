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
from ..weights.assemble import expected_shapes
from . import first
from .data import Batch, Material, PairStream
from .filters import NOISE_FLOOR, see_damage
from .first import fit_shrinkage
from .initial import FAINT, FLOOR, keep_steering, take_over, tell_apart
from .probe import Probe
from .recipe import Recipe
from .stage3 import Stage3, Weights
from .stages import Stage, Stage1, Stage2
from .state import read_state

CALIBRATION = (64, 8, 192)
"""Batches, pairs in each, and their side in pixels, that show an untrained prior encoder how photos differ."""
FAINT_OF_READINGS = 0.12
"""`keep_steering`'s share where the new IPR tells of damage: loud enough for the U-Net to go on listening."""


@dataclass(frozen=True)
class Sources:
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
        recipe = Recipe.from_dict(saved["recipe"])
        found = (recipe.task, min(recipe.stage, 2))
    if (task and found[0] != task.key) or (stage is not None and found[1] != stage):
        wanted = ", ".join([*([task.key] if task else []), *([] if stage is None else [f"stage {stage}"])])
        raise InputError(f"'{source.name}' is of {found[0]}, stage {found[1]}; {wanted} is needed.")
    if source.is_file():
        network = load_weights(source, stage=found[1]).model
        state = network.state_dict()
    else:
        network, state = None, saved["average"]
    config = task.config if task else network.config if network else recipe.trained.config
    if {name: tensor.shape for name, tensor in state.items()} != expected_shapes(config, found[1]):
        wanted = f"is trained for '{task.weights}'" if task else "its task ships"
        raise InputError(
            f"'{source.name}' holds another network than the one that {wanted}.",
            "Name a run or a file of the same preset and scale.",
        )
    if network is None:
        network = (Teacher if found[1] == 1 else DiffIR)(config)
        network.load_state_dict(state)
    return network


def make_stage(material: Material, recipe: Recipe, sources: Sources) -> Stage:
    """The stage with its weights as they are before the first step; raises `InputError` for sources that do not fit."""
    task = material.task
    torch.manual_seed(recipe.seed)
    same_task = recipe.stage > 1 and sources.prior is None
    start = None if sources.start is None else network_of(sources.start, task if same_task else None)
    if recipe.stage == 1:
        return _stage1(material, recipe, start)
    teacher = None if sources.teacher is None else network_of(sources.teacher, task, 1)
    if recipe.stage == 3:
        if not isinstance(start, DiffIR):
            raise InputError("Stage 3 goes on from a finished stage 2.", "Name it with --start RUN_OR_FILE.")
        weights = Weights(
            perceptual=recipe.perceptual_weight, adversarial=recipe.adversarial_weight, ipr=recipe.ipr_weight
        )
        teacher = teacher if isinstance(teacher, Teacher) else None
        return Stage3(start, teacher, weights=weights, warm_up=recipe.listen_after, critic_rate=recipe.critic_rate)
    teacher = teacher if isinstance(teacher, Teacher) else None
    if teacher is None and start is None:
        raise InputError("Stage 2 learns from a teacher.", "Name the finished stage 1 with --teacher RUN_OR_FILE.")
    if teacher is None and (recipe.prior_only or recipe.output_weight):
        raise InputError(
            "Without a teacher there is only the picture to learn from.", "Add --prior-only 0 --output-weight 0."
        )
    stage = Stage2(task.config, teacher, recipe)
    stage.probe = _probe_of(sources, material, recipe)
    if start is None:
        _start_prior(stage, material, recipe)
    elif not isinstance(start, DiffIR):
        raise InputError("Stage 2 goes on from a stage 2 only.", "Leave out --start, or name a stage-2 run or file.")
    elif sources.prior is not None:
        prior = network_of(sources.prior, None, 2)
        same = sources.prior == sources.start
        _join(stage.network, start, prior, [] if same else list(_calibration(material, recipe)))
    else:
        stage.network.load_state_dict(start.state_dict())
    if recipe.refit and stage.probe is not None:
        _refit(stage.network, stage.probe, material, recipe)
    return stage


@torch.no_grad()
def _refit(network: DiffIR, probe: Probe, material: Material, recipe: Recipe) -> None:
    """Reads and uses the IPR as the diffusion estimates it by now."""

    def estimate(batch: Batch) -> Tensor:
        return network.estimate(batch.damaged, batch.noise)

    _fit(probe, estimate, _calibration(material, recipe))
    if network.shrinkage is not None:
        fit_shrinkage(network.shrinkage, probe, estimate, fresh(material))


@torch.no_grad()
def _join(network: DiffIR, start: DiffIR, prior: DiffIR | Teacher, batches: list[Batch]) -> None:
    """One network's eyes and another's hand: `prior` estimates the IPR that the U-Net of `start` is to paint with.

    batches: to tell the two apart; none where both are the same network, whose U-Net then is steered as before.
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
    take_over(network.painter, start.painter)
    if batches:
        keep_steering(network.painter, mean_ipr(start), mean_ipr(network), FAINT_OF_READINGS)


@torch.no_grad()
def _stage1(material: Material, recipe: Recipe, start: DiffIR | Teacher | None) -> Stage1:
    stage = Stage1(material.task.config, recipe)
    encoder, batches = stage.network.encoder, list(_calibration(material, recipe))
    if isinstance(start, Teacher):
        stage.network.load_state_dict(start.state_dict())
    elif recipe.probe_weight:
        see_damage(encoder, batches)
    if not isinstance(start, Teacher):
        tell_apart(encoder, batches, centre=1.0, floor=NOISE_FLOOR if recipe.probe_weight else FLOOR)
    if recipe.probe_weight:
        stage.probe = _new_probe(material.task)
        _fit(stage.probe, lambda batch: encoder(batch.damaged, batch.target), batches)
    if isinstance(start, DiffIR):
        before = torch.cat([start.estimate(batch.damaged, batch.noise) for batch in batches[:8]]).mean(dim=0)
        after = torch.cat([encoder(batch.damaged, batch.target) for batch in batches]).mean(dim=0)
        take_over(stage.network.painter, start.painter)
        faint = FAINT_OF_READINGS if recipe.probe_weight else FAINT
        keep_steering(stage.network.painter, before, after, faint)
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


def _probe_of(sources: Sources, material: Material, recipe: Recipe) -> Probe | None:
    """The probe of the teacher's run, or of the run to go on from, not to be changed; None without `probe_weight`."""
    if not recipe.probe_weight:
        return None
    for source in (sources.teacher, sources.prior, sources.start):
        saved = None if source is None or source.is_file() else read_state(source / "state.pt")["extra"].get("probe")
        if saved is not None:
            probe = _new_probe(material.task)
            probe.load_state_dict(saved)
            return probe.requires_grad_(False)
    raise InputError("--probe-weight needs the probe of a stage-1 run.", "Name its folder with --teacher.")


@torch.no_grad()
def _start_prior(stage: Stage2, material: Material, recipe: Recipe) -> None:
    """Stage 2's prior encoder and denoiser as they are before the first step."""
    network, teacher, batches = stage.network, stage.teacher, list(_calibration(material, recipe))
    if not recipe.probe_weight or teacher is None:
        tell_apart(network.encoder, batches, centre=0.0 if network.config.timesteps else 1.0)
        return
    see_damage(network.encoder, batches)
    tell_apart(network.encoder, batches, centre=0.5, floor=NOISE_FLOOR)
    mean = torch.cat([teacher.encoder(batch.damaged, batch.target) for batch in batches]).mean(dim=0)
    last = network.denoiser.hidden[-1]
    assert isinstance(last, nn.Linear)
    last.weight.mul_(0.2)
    last.bias.copy_(mean)
    if network.shrinkage is not None and stage.probe is not None:
        fit_shrinkage(network.shrinkage, stage.probe, lambda b: teacher.encoder(b.damaged, b.target), fresh(material))


def fresh(material: Material) -> Iterator[Batch]:
    """Small pairs without end, for what is fitted before the first step; where the photos are."""
    task, multiple = material.task, material.task.config.multiple_of
    stream = PairStream(material, seed=0, number=998)
    while True:
        yield stream.batch(first.BATCH, -(-first.SIDE // multiple) * multiple * task.config.scale)


def _calibration(material: Material, recipe: Recipe) -> Iterator[Batch]:
    """Pairs on the CPU, where the networks still are."""
    batches, count, side = CALIBRATION
    task, multiple = material.task, material.task.config.multiple_of * material.task.config.scale
    room = (material.pool.largest_crop - 2 * task.margin) // multiple * multiple
    side = max(min(side, room), recipe.patch[0])
    stream = PairStream(material, recipe.seed, number=999)
    for _ in range(batches):
        batch = stream.batch(count, side)
        severity = None if batch.severity is None else batch.severity.cpu()
        yield Batch(batch.damaged.cpu(), batch.target.cpu(), batch.noise.cpu(), severity)
