"""The paper's two stages: what learns, and from which loss (sections 3.1 and 3.2); and a third one, for the eye.

In stage 3 a finished DiffIR learns to be crisp, from perceptual and adversarial terms. The authors do this for
super-resolution (their GAN models are the ones in the paper's tables) and, from the start, for inpainting. L1 alone
gives the mean of all pictures that fit, which is blurred; a discriminator asks for one that could be a photo. The score
in dB falls by it. That is why such weights stand beside the faithful ones, not in their place.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, distributed, nn

from ..errors import InputError
from ..model import DiffIR, ModelConfig, Teacher
from .config import TrainConfig
from .data import Batch
from .initial import he_init_prior, zero_init_head
from .losses import (
    LIGHT,
    MULTIPLE_OF,
    Discriminator,
    PerceptualFeatures,
    PerceptualLoss,
    adversarial_loss,
    discriminator_loss,
    judged_hole,
    pixel_loss,
    prior_loss,
    spectrum_loss,
)
from .probe import Probe

DRIFT = 0.01
"""Stage 1, the prior alone: weight of the distance of the IPR's mean from one, which an untrained U-Net expects."""
PROBE_ALONE = 0.1
"""Stage 2, the prior alone: weight of the difference between what the probe reads off both IPRs."""
FIRST_ALONE = 2.0
"""Stage 1, the prior alone: weight of the first restoration's error, beside 1 for the probe's."""
Parts = dict[str, Tensor]
"""Named terms of a loss for the log: scalars without gradients, still on the device."""


class Stage(nn.Module, ABC):
    """What the loop needs of a stage."""

    number: int
    network: DiffIR | Teacher
    """What learns, and what a weight file will hold."""
    probe: Probe | None
    """Reads off the IPR what was done to a picture; learns with stage 1, and stays as it is in stage 2."""

    def __init__(self) -> None:
        super().__init__()
        self.probe = None

    @abstractmethod
    def loss(self, batch: Batch, *, joint: bool = True) -> tuple[Tensor, Parts]:
        """-> (scalar to minimise, its parts). Not joint: only the prior learns, where the stage knows such a phase."""

    def discriminator_step(self, batch: Batch, *, rate: float) -> Parts:
        """What else learns from a batch, after the network's step; rate: factor on its learning rate."""
        return {}

    def _probed(self, ipr: Tensor, batch: Batch, parts: Parts) -> Tensor | float:
        """The error of what the probe reads, which is noted in `parts`; zero without a probe."""
        if self.probe is None:
            return 0.0
        error = self.probe.loss(ipr, batch)
        parts["probe"] = error.detach()
        return error

    def extra_state(self) -> dict[str, Any]:
        """What a stopped run needs beside `network` and its optimiser."""
        return {} if self.probe is None else {"probe": self.probe.state_dict()}

    def load_extra_state(self, state: dict[str, Any]) -> None:
        """The inverse of `extra_state`."""
        if self.probe is not None:
            self.probe.load_state_dict(state["probe"])


def network_config(model: ModelConfig, config: TrainConfig) -> ModelConfig:
    """The preset, with the config's number of diffusion steps. One step alone starts from nearly pure noise too."""
    if config.timesteps is None or config.timesteps == model.timesteps:
        return model
    start = model.beta_end if config.timesteps == 1 else model.beta_start
    return dataclasses.replace(model, timesteps=config.timesteps, beta_start=start)


class Stage1(Stage):
    """Pre-training: the teacher's prior encoder sees the ground truth; loss on pixels (paper equation 5)."""

    number = 1

    def __init__(self, model: ModelConfig, config: TrainConfig) -> None:
        super().__init__()
        self.config = config
        self.network = zero_init_head(Teacher(model))

    def loss(self, batch: Batch, *, joint: bool = True) -> tuple[Tensor, Parts]:
        """-> (scalar to minimise, its parts). Not joint: only the probe's error counts, nothing is decoded."""
        config = self.config
        ipr = self.network.encoder(batch.damaged, batch.target)
        if not joint and self.probe is not None:
            parts = Parts()
            total = self._probed(ipr, batch, parts) + DRIFT * (ipr.float().mean(dim=0) - 1).square().mean()
            first, shown = _on_first(self.network, ipr, batch, config)
            return total + FIRST_ALONE * first, parts | shown
        cropped = batch.cropped
        total, parts = _on_picture(self.network.decode(cropped.damaged, ipr), cropped, config)
        return total + config.probe_weight * self._probed(ipr, batch, parts), parts


class Stage2(Stage):
    """The diffusion learns the teacher's IPR while the U-Net goes on learning: joint optimisation (paper section 3.2).

    The U-Net starts from stage 1, prior encoder and denoiser from scratch, as in the authors' code. The teacher is
    frozen. Loss: pixels, and the distance between the chain's last IPR and the teacher's (L1 is the released code's
    only active distillation term); by option also the distance to the teacher's picture.

    Without a teacher a finished network goes on learning from its pixels alone, as it restores: from pure noise.
    """

    number = 2
    network: DiffIR

    def __init__(self, model: ModelConfig, teacher: Teacher | None, config: TrainConfig) -> None:
        super().__init__()
        self.config = config
        network = DiffIR(network_config(model, config))
        network.diffusion.reverse_noise = config.reverse_noise
        if teacher is not None:
            network.unet.load_state_dict(teacher.unet.state_dict())
            if network.shrinkage is not None and teacher.shrinkage is not None:
                network.shrinkage.load_state_dict(teacher.shrinkage.state_dict())
        he_init_prior(network)
        self.network = network
        self.teacher = teacher.eval().requires_grad_(False) if teacher is not None else None

    def loss(self, batch: Batch, *, joint: bool = True) -> tuple[Tensor, Parts]:
        """-> (scalar to minimise, its parts). Not joint: nothing is decoded, only the prior learns."""
        config, cropped = self.config, batch.cropped
        if self.teacher is None:
            with torch.set_grad_enabled(config.prior_rate > 0 and torch.is_grad_enabled()):
                ipr = self.network.estimate(batch.damaged, batch.noise)
            total, parts = _on_picture(self.network.decode(cropped.damaged, ipr), cropped, config)
            if config.prior_rate:
                total = total + config.probe_weight * self._probed(ipr, batch, parts)
            return total, parts
        ipr, oracle = estimate(self.network, self.teacher, batch)
        prior = prior_loss(ipr, oracle, config.ipr_loss)
        parts = {"ipr": prior.detach()}
        read = prior.new_zeros(())
        if self.probe is not None:
            read = self.probe.distance(ipr, oracle)
            parts["probe"] = read.detach()
        if not joint:
            total = prior + PROBE_ALONE * read
            first, shown = _on_first(self.network, ipr, batch, config)
            return total + first, parts | shown
        picture = self.network.decode(cropped.damaged, ipr)
        total, shown = _on_picture(picture, cropped, config)
        total = total + config.ipr_weight * prior + config.probe_weight * read
        if config.output_weight:
            with torch.no_grad():
                model_picture = self.teacher.decode(cropped.damaged, oracle)
            distilled = pixel_loss(picture, cropped, config.pixel_loss, config.charbonnier_eps, target=model_picture)
            total = total + config.output_weight * distilled
            parts["output"] = distilled.detach()
        return total, shown | parts


def estimate(network: DiffIR, teacher: Teacher, batch: Batch) -> tuple[Tensor, Tensor]:
    """The IPR at the end of the whole reverse chain, as in training: begun from the teacher's, nearly all noise.

    -> (estimated IPR (b, n), the teacher's (b, n), without gradients).
    """
    with torch.no_grad():
        oracle = teacher.encoder(batch.damaged, batch.target).float()
    noise = network.diffusion.diffuse(oracle, batch.noise)
    return network.estimate(batch.damaged, noise), oracle


def _on_first(
    network: DiffIR | Teacher, ipr: Tensor, batch: Batch, config: TrainConfig
) -> tuple[Tensor | float, Parts]:
    """How far the base picture is from the ground truth, where the IPR has a say in it; zero elsewhere."""
    base = None if network.shrinkage is None else network.prepare(batch.damaged, ipr)[1]
    if base is None:
        return 0.0, {}
    total, parts = _on_picture(base, batch, config)
    return total, {"first": parts["pixels"]}


def _on_picture(picture: Tensor, batch: Batch, config: TrainConfig) -> tuple[Tensor, Parts]:
    """The terms that compare the restored picture with the ground truth."""
    total = pixels = pixel_loss(picture, batch, config.pixel_loss, config.charbonnier_eps, floor=config.psnr_floor)
    parts = {"pixels": pixels.detach()}
    if config.fft_weight:
        spectrum = spectrum_loss(picture, batch)
        total = total + config.fft_weight * spectrum
        parts["spectrum"] = spectrum.detach()
    return total, parts


@dataclass(frozen=True)
class Weights:
    """How much each term of stage 3 counts. The features' gradient is some fifty times the pixels', and spikier."""

    pixels: float = 1.0
    perceptual: float = 0.02
    adversarial: float = 0.015
    ipr: float = 1.0
    """Only with a teacher, as in stage 2."""


class Stage3(Stage):
    """L1 on pixels, perceptual and adversarial terms, and (with a teacher) L1 on the IPR, as in the authors' GAN stage.

    One step of training is `loss`, the caller's backward and optimiser step, then `discriminator_step` with the same
    batch. What the caller saves beside `network` is `extra_state()`.
    """

    number = 3
    network: DiffIR

    def __init__(
        self,
        network: DiffIR,
        teacher: Teacher | None = None,
        *,
        weights: Weights | None = None,
        features: PerceptualFeatures | None = None,
        warm_up: int = 200,
        discriminator_rate: float = 2e-4,
    ) -> None:
        """network: a finished stage-2 network, trained on in place. features: VGG16's where nothing else is given.

        warm_up: calls of `loss` in which the discriminator learns, but does not count yet: an untrained one asks
        for nonsense. In as many calls after that its weight rises to its own: a sudden start threw the network off
        course. discriminator_rate: the discriminator's learning rate, Adam.
        """
        super().__init__()
        self.network = network
        self.teacher = teacher.eval().requires_grad_(False) if teacher is not None else None
        self.perceptual = PerceptualLoss(features or PerceptualFeatures.vgg16(LIGHT))
        # Frozen but for its own step: the restoring network's backward pass skips its weights, and
        # DistributedDataParallel, which knows one backward pass per step, leaves them alone.
        self.discriminator = Discriminator().requires_grad_(False)
        self.discriminator_optimiser = torch.optim.Adam(
            self.discriminator.parameters(), discriminator_rate, betas=(0.5, 0.99)
        )
        self.weights = weights or Weights()
        self.warm_up, self.discriminator_rate, self.steps = warm_up, discriminator_rate, 0
        self._restored: tuple[Tensor, Tensor] | None = None  # a batch's target, and what was made of its input

    def loss(self, batch: Batch, *, joint: bool = True) -> tuple[Tensor, dict[str, Tensor]]:
        """-> (scalar to minimise, its parts for the log). Stage 3 is always joint."""
        if any(side % MULTIPLE_OF for side in batch.target.shape[2:]):
            raise InputError(f"Stage 3 learns from crops whose sides are multiples of {MULTIPLE_OF} pixels.")
        picture, prior = self._restore(batch)
        seen = composite(picture, batch)
        # Features are equal far from a hole; counted per pixel of it, as the other terms are.
        perceptual = self.perceptual(seen, batch.target) / _share_restored(batch)
        terms = {"pixels": pixel_loss(picture, batch), "perceptual": perceptual}
        if prior is not None:
            terms["ipr"] = prior
        if self.steps >= self.warm_up:
            terms["adversarial"] = adversarial_loss(self.discriminator(seen).float(), _hole(batch))
        self._restored = batch.target, seen.detach()
        self.steps += 1
        rise = min(1.0, (self.steps - self.warm_up) / max(self.warm_up, 1))
        factors = asdict(self.weights) | {"adversarial": self.weights.adversarial * rise}
        total = torch.stack([factors[name] * term for name, term in terms.items()]).sum()
        return total, {name: term.detach() for name, term in terms.items()}

    def discriminator_step(self, batch: Batch, *, rate: float = 1.0) -> dict[str, Tensor]:
        """One step of the discriminator on the restoration that `loss` made of this batch (else it is made
        anew).

        rate: factor on the discriminator's learning rate, from the caller's schedule. Call it under the same autocast
        as `loss`. -> its loss, and how differently it judges reference and restoration, for the log. Waits for nothing.
        """
        target, fake = self._restored or (None, None)
        if target is not batch.target or fake is None:
            with torch.no_grad():
                fake = composite(self._restore(batch)[0], batch)
        self._restored = None
        hole = _hole(batch)
        self.discriminator.requires_grad_(True)
        real_score, fake_score = self.discriminator(torch.cat([batch.target, fake])).float().chunk(2)
        loss = discriminator_loss(real_score, fake_score, hole)
        loss.backward()
        _share_and_tame([p.grad for p in self.discriminator.parameters() if p.grad is not None])
        for group in self.discriminator_optimiser.param_groups:
            group["lr"] = self.discriminator_rate * rate
        self.discriminator_optimiser.step()
        self.discriminator_optimiser.zero_grad(set_to_none=True)
        self.discriminator.requires_grad_(False)
        places = torch.ones_like(fake_score) if hole is None else hole
        gap = ((real_score - fake_score) * places).sum() / places.sum().clamp_min(1)
        return {"discriminator": loss.detach(), "discriminator_gap": gap.detach()}

    def extra_state(self) -> dict[str, Any]:
        """Discriminator, its optimiser and the steps made: tensors and plain values, for
        `torch.load(weights_only=True)`."""
        discriminator, optimiser = self.discriminator.state_dict(), self.discriminator_optimiser.state_dict()
        return {"discriminator": discriminator, "discriminator_optimiser": optimiser, "steps": self.steps}

    def load_extra_state(self, state: dict[str, Any]) -> None:
        """The inverse of `extra_state`; the optimiser's numbers follow the discriminator to its device."""
        self.discriminator.load_state_dict(state["discriminator"])
        self.discriminator_optimiser.load_state_dict(state["discriminator_optimiser"])
        self.steps = state["steps"]

    def _restore(self, batch: Batch) -> tuple[Tensor, Tensor | None]:
        """-> picture as the network paints it, and the L1 between its IPR and the teacher's, if there is one."""
        if self.teacher is None:
            return self.network(batch.damaged, batch.noise)[0], None
        ipr, oracle = estimate(self.network, self.teacher, batch)
        return self.network.decode(batch.damaged, ipr), prior_loss(ipr, oracle)


def composite(picture: Tensor, batch: Batch) -> Tensor:
    """(b, 3, h, w) as a user sees it: with a mask, the known pixels are the photo's own."""
    picture = picture.float()
    if batch.damaged.shape[1] == 3:
        return picture
    return torch.lerp(batch.target, picture, batch.damaged[:, 3:].float())


def _share_restored(batch: Batch) -> Tensor | float:
    """Share of the pixels that the network restores: all, or the hole; at least a twentieth, since features overlap."""
    return 1.0 if batch.damaged.shape[1] == 3 else batch.damaged[:, 3:].float().mean().clamp_min(0.05)


def _hole(batch: Batch) -> Tensor | None:
    return None if batch.damaged.shape[1] == 3 else judged_hole(batch.damaged[:, 3:])


@torch.no_grad()
def _share_and_tame(gradients: list[Tensor]) -> None:
    """Means over the processes, if there are several; then a norm of 1 at most, and nothing learned from infinities."""
    if distributed.is_available() and distributed.is_initialized():
        for gradient in gradients:
            distributed.all_reduce(gradient)
            gradient /= distributed.get_world_size()
    norm = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(g) for g in gradients]))
    for gradient in gradients:
        gradient.copy_(torch.where(torch.isfinite(norm), gradient / norm.clamp_min(1.0), 0.0))
