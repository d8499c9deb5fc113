"""The configuration of a run: everything that changes its result, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from math import cos, pi
from typing import Any, Literal

from ..errors import InputError
from ..tasks import Task, get_task

PixelLoss = Literal["l1", "charbonnier", "psnr"]
PriorLoss = Literal["l1", "l2"]
Optimiser = Literal["adamw", "muon"]


@dataclass(frozen=True)
class TrainConfig:
    """One run of one stage. Contradictions raise `InputError`, naming the options."""

    task: str
    stage: int
    minutes: float
    """Wall-clock budget of the whole run, resumed parts, reading and validation included; the learning rate's schedule
    is laid over what is left for training."""
    patch: tuple[int, ...] = (64, 96, 128)
    """Side of the target crops in pixels, one per phase; phases take equal shares of the time. Small crops first teach
    most per minute; large ones later show the attention and the IPR what whole photos are like."""
    batch: tuple[int, ...] = (16, 8, 4)
    """Crops per step, all processes together, one number per phase."""
    surroundings: int = 0
    """Target pixels by which what the prior encoder sees is wider than the crop that is restored. From a small crop
    alone the U-Net cannot distinguish noise from texture, so it learns to use the IPR, which can."""
    accumulation: int = 1
    """Independent init that share a step's crops: one process works through them in turn (gradients add up), several
    processes divide them. The same sources give the same steps, whichever process works them."""
    learning_rate: float = 2e-3
    """Peak, after the warm-up; it falls along a cosine to a hundredth."""
    optimiser: Optimiser = "adamw"
    prior_rate: float = 0.1
    """Factor on the learning rate of everything that makes or reads the IPR; 0, in a stage 2 that goes on without its
    teacher: what makes it stays as it is, which spares a third of the time. Its 256 numbers enter those layers
    together, so an Adam step moves their outputs many times further than a convolution's, and loss spikes followed."""
    steer_rate: float | None = None
    """Factor on the learning rate of what reads the IPR in the U-Net; None: `prior_rate`, which the first restoration
    always has."""
    alone_rate: float | None = None
    """Peak learning rate of the prior's linear layers while it learns alone (`prior_only`); its convolutions have three
    times as much. None: as when all learn."""
    probe_weight: float = 0.0
    """Weight of how well a linear reading of the IPR finds what was done to the picture (`Task.reads`). Not 0: the
    prior encoder also starts from filters that see damage, see `initial.init_damage_filters`."""
    refit: bool = False
    """Stage 2, going on from another: whether probe and first restoration are fitted anew, in closed form or nearly, to
    the IPR as it is now, before the first step."""
    warm_up: float = 0.03
    """Share of the budget in which the learning rate rises from zero."""
    gradient_clip: float = 1.0
    """Largest norm of the gradient."""
    ema: float = 0.999
    """Decay of the averaged weights, which are the ones that are validated and kept."""
    pixel_loss: PixelLoss = "l1"
    """`psnr` minimises the logarithm of each crop's squared error: every picture counts alike, however large its hole
    and however hard it is, as in a mean of PSNRs."""
    psnr_floor: float = 40.0
    """The PSNR above which `psnr` asks for hardly any more, dB."""
    charbonnier_eps: float = 1e-3
    """Charbonnier's epsilon, in [0, 1] of the grey scale. Errors well below it count by their square, as PSNR counts
    them: L1 gives the median of all pictures that fit, a large epsilon nearly their mean."""
    fft_weight: float = 0.0
    """Weight of the L1 between spectra, beside the pixel loss."""
    ipr_weight: float = 1.0
    """Stages 2 and 3: weight of the distance between the estimated IPR and the teacher's."""
    ipr_loss: PriorLoss = "l1"
    output_weight: float = 0.0
    """Stage 2: weight of the distance between the picture and the teacher's picture."""
    prior_only: float = 0.1
    """Share of the time in which only the prior learns, first of all. Stage 2: prior encoder and denoiser, from the
    teacher. Cheap steps, without decoding, that spare the U-Net the nonsense of an untrained prior; the authors do so
    for deblurring and RealSR. Stage 1, with a `probe_weight` only: the prior encoder, from the probe. 1: never
    joint."""
    perceptual_weight: float = 0.02
    """Stage 3: weight of the distance between features, beside 1 for the pixels."""
    adversarial_weight: float = 0.015
    """Stage 3: weight of the adversarial term."""
    discriminator_rate: float = 2e-4
    """Stage 3: the discriminator's learning rate, peak."""
    discriminator_warmup: int = 200
    """Stage 3: steps in which the discriminator learns but does not count; its weight rises over as many more."""
    timesteps: int | None = None
    """Diffusion steps, where not the network's own; 0 takes the prior encoder's output for the IPR (no diffusion)."""
    preset: str | None = None
    """Which of the task's presets is trained, by name; None: the network and the damage that the task names itself."""
    scale: int | None = None
    """How far that preset enlarges, where several of its name differ in it."""
    reverse_noise: bool = False
    """Adds the posterior's noise at each reverse step, as DDPM does and DiffIR leaves out."""
    seed: int = 0
    save_every: float = 2.0
    """Minutes between saves: what a killed run loses at most."""
    validate_every: float = 10.0
    """Minutes between validations."""

    def __post_init__(self) -> None:
        if len(self.patch) != len(self.batch):
            raise InputError(
                f"--patch names {len(self.patch)} phases, --batch {len(self.batch)}.", "Give one number per phase."
            )
        if any(count % self.accumulation for count in self.batch):
            raise InputError(
                f"--batch {' '.join(map(str, self.batch))} does not divide among {self.accumulation} sources.",
                "Give multiples of --accumulation.",
            )

    def phase(self, share: float) -> tuple[int, int]:
        """(patch, batch) once `share` of the training time is over."""
        index = min(int(share * len(self.patch)), len(self.patch) - 1)
        return self.patch[index], self.batch[index]

    @property
    def begins_alone(self) -> float:
        """Share of the time in which only the prior learns."""
        return self.prior_only if self.stage == 2 or (self.stage == 1 and self.probe_weight) else 0.0

    def rate(self, share: float) -> float:
        """Factor on the learning rates: a linear warm-up, then a cosine down to 0.01; the same for the prior alone."""
        alone = self.begins_alone
        share = share / alone if share < alone else (share - alone) / max(1 - alone, 1e-9)
        if share < self.warm_up:
            return max(share / self.warm_up, 1e-3)
        along = min(1.0, (share - self.warm_up) / (1 - self.warm_up))
        return 0.01 + 0.99 * 0.5 * (1 + cos(pi * along))

    @property
    def trained(self) -> Task:
        """The task as the preset does it. Raises `InputError` for a preset that it does not have."""
        task = get_task(self.task)
        if self.preset is None and self.scale is None:
            return task
        return task.as_preset(task.preset(self.preset, self.scale))

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> TrainConfig:
        """The inverse of `to_dict`; lists may stand for tuples, and former names of fields for those of today."""
        plain: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in renamed(values).items()}
        return cls(**plain)


FORMER_NAMES = {
    "streams": "accumulation",
    "softness": "charbonnier_eps",
    "listen_after": "discriminator_warmup",
    "critic_rate": "discriminator_rate",
    "caution": "lr_scale",
    "critic": "discriminator",
    "critic_gap": "discriminator_gap",
    "critic_optimiser": "discriminator_optimiser",
}
"""What runs that earlier versions saved call their fields, states and columns."""


def renamed(values: Mapping[str, Any]) -> dict[str, Any]:
    """With the names of today."""
    return {FORMER_NAMES.get(name, name): value for name, value in values.items()}


MAY_CHANGE = ("minutes", "save_every", "validate_every")
"""Fields that a resumed run may have otherwise."""


def differences(saved: dict[str, Any], wanted: TrainConfig) -> Sequence[str]:
    """Names of the fields in which a saved run differs from the config that is to resume it."""
    saved, mine = renamed(saved), wanted.to_dict()
    names = [f.name for f in fields(TrainConfig) if f.name not in MAY_CHANGE]
    return [name for name in names if _plain(saved.get(name)) != _plain(mine[name])]


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
