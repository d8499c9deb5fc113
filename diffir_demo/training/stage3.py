"""The third stage, for the eye: a finished DiffIR learns to be crisp, from perceptual and adversarial terms.

The authors do this for super-resolution (their GAN models are the ones in the paper's tables) and, from the start, for
inpainting. L1 alone paints the mean of all pictures that fit, which is blurred; a critic asks for one that could be a
photo. The score in dB falls by it. That is why such weights stand beside the faithful ones, not in their place.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, distributed

from ..errors import InputError
from ..model import DiffIR, Teacher, fold
from .data import Batch
from .discriminator import MULTIPLE_OF, Critic, adversarial_loss, critic_loss, judged_hole
from .losses import pixel_loss, prior_loss
from .perceptual import LIGHT, PerceptualFeatures, PerceptualLoss
from .stages import Stage, estimate


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

    One step of training is `loss`, the caller's backward and optimiser step, then `critic_step` with the same batch.
    What the caller saves beside `network` is `extra_state()`.
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
        critic_rate: float = 2e-4,
    ) -> None:
        """network: a finished stage-2 network, trained on in place. features: VGG16's where nothing else is given.

        warm_up: calls of `loss` in which the critic learns, but nobody listens to it yet: an untrained one asks for
        nonsense. In as many calls after that its weight rises to its own: a sudden voice threw the network off course.
        critic_rate: the critic's learning rate, Adam.
        """
        super().__init__()
        self.network = network
        self.teacher = teacher.eval().requires_grad_(False) if teacher is not None else None
        self.perceptual = PerceptualLoss(features or PerceptualFeatures.vgg16(LIGHT))
        # Frozen but for its own step: the restoring network's backward pass skips its weights, and
        # DistributedDataParallel, which knows one backward pass per step, leaves them alone.
        self.critic = Critic().requires_grad_(False)
        self.critic_optimiser = torch.optim.Adam(self.critic.parameters(), critic_rate, betas=(0.5, 0.99))
        self.weights = weights or Weights()
        self.warm_up, self.critic_rate, self.steps = warm_up, critic_rate, 0
        self._painted: tuple[Tensor, Tensor] | None = None  # a batch's target, and what was made of its input

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
            terms["adversarial"] = adversarial_loss(self.critic(seen).float(), _hole(batch))
        self._painted = batch.target, seen.detach()
        self.steps += 1
        rise = min(1.0, (self.steps - self.warm_up) / max(self.warm_up, 1))
        factors = asdict(self.weights) | {"adversarial": self.weights.adversarial * rise}
        total = torch.stack([factors[name] * term for name, term in terms.items()]).sum()
        return total, {name: term.detach() for name, term in terms.items()}

    def critic_step(self, batch: Batch, *, rate: float = 1.0) -> dict[str, Tensor]:
        """One step of the critic on the restoration that `loss` painted from this batch (else it is painted anew).

        rate: factor on the critic's learning rate, from the caller's schedule. Call it under the same autocast as
        `loss`. -> its loss, and how far apart it judges truth and restoration, for the log. Waits for nothing.
        """
        target, fake = self._painted or (None, None)
        if target is not batch.target or fake is None:
            with torch.no_grad():
                fake = composite(self._restore(batch)[0], batch)
        self._painted = None
        hole = _hole(batch)
        self.critic.requires_grad_(True)
        real_score, fake_score = self.critic(torch.cat([batch.target, fake])).float().chunk(2)
        loss = critic_loss(real_score, fake_score, hole)
        loss.backward()
        _share_and_tame([p.grad for p in self.critic.parameters() if p.grad is not None])
        for group in self.critic_optimiser.param_groups:
            group["lr"] = self.critic_rate * rate
        self.critic_optimiser.step()
        self.critic_optimiser.zero_grad(set_to_none=True)
        self.critic.requires_grad_(False)
        places = torch.ones_like(fake_score) if hole is None else hole
        gap = ((real_score - fake_score) * places).sum() / places.sum().clamp_min(1)
        return {"critic": loss.detach(), "critic_gap": gap.detach()}

    def extra_state(self) -> dict[str, Any]:
        """Critic, its optimiser and the steps made: tensors and plain values, for `torch.load(weights_only=True)`."""
        critic, optimiser = self.critic.state_dict(), self.critic_optimiser.state_dict()
        return {"critic": critic, "critic_optimiser": optimiser, "steps": self.steps}

    def load_extra_state(self, state: dict[str, Any]) -> None:
        """The inverse of `extra_state`; the optimiser's numbers follow the critic to its device."""
        self.critic.load_state_dict(state["critic"])
        self.critic_optimiser.load_state_dict(state["critic_optimiser"])
        self.steps = state["steps"]

    def _restore(self, batch: Batch) -> tuple[Tensor, Tensor | None]:
        """-> picture as the network paints it, and the L1 between its IPR and the teacher's, if there is one."""
        if self.teacher is None:
            return self.network(batch.damaged, batch.noise)[0], None
        ipr, oracle = estimate(self.network, self.teacher, batch)
        return fold(self.network.paint(batch.damaged, ipr)), prior_loss(ipr, oracle)


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
