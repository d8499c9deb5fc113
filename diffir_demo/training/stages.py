"""The paper's two stages: what learns, and from which loss (sections 3.1 and 3.2)."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor, nn

from ..model import DiffIR, ModelConfig, Teacher, fold
from .data import Batch
from .initial import gentle_start, lively_prior
from .losses import pixel_loss, prior_loss, spectrum_loss
from .probe import Probe
from .recipe import Recipe

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

    def critic_step(self, batch: Batch, *, rate: float) -> Parts:
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


def network_config(config: ModelConfig, recipe: Recipe) -> ModelConfig:
    """The preset, with the recipe's number of diffusion steps. One step alone starts from nearly pure noise too."""
    if recipe.timesteps is None or recipe.timesteps == config.timesteps:
        return config
    start = config.beta_end if recipe.timesteps == 1 else config.beta_start
    return dataclasses.replace(config, timesteps=recipe.timesteps, beta_start=start)


class Stage1(Stage):
    """Pre-training: the teacher's prior encoder sees the ground truth; loss on pixels (paper equation 5)."""

    number = 1

    def __init__(self, config: ModelConfig, recipe: Recipe) -> None:
        super().__init__()
        self.recipe = recipe
        self.network = gentle_start(Teacher(config))

    def loss(self, batch: Batch, *, joint: bool = True) -> tuple[Tensor, Parts]:
        """-> (scalar to minimise, its parts). Not joint: only the probe's error counts, nothing is painted."""
        recipe = self.recipe
        ipr = self.network.encoder(batch.damaged, batch.target)
        if not joint and self.probe is not None:
            parts = Parts()
            total = self._probed(ipr, batch, parts) + DRIFT * (ipr.float().mean(dim=0) - 1).square().mean()
            first, shown = _on_first(self.network, ipr, batch, recipe)
            return total + FIRST_ALONE * first, parts | shown
        painted = batch.painted
        total, parts = _on_picture(fold(self.network.paint(painted.damaged, ipr)), painted, recipe)
        return total + recipe.probe_weight * self._probed(ipr, batch, parts), parts


class Stage2(Stage):
    """The diffusion learns the teacher's IPR while the U-Net goes on learning: joint optimisation (paper section 3.2).

    The U-Net starts from stage 1, prior encoder and denoiser from scratch, as in the authors' code. The teacher is
    frozen. Loss: pixels, and the distance between the chain's last IPR and the teacher's (L1 is the released code's
    only active distillation term); by option also the distance to the teacher's picture.

    Without a teacher a finished network goes on learning from its pixels alone, as it restores: from pure noise.
    """

    number = 2
    network: DiffIR

    def __init__(self, config: ModelConfig, teacher: Teacher | None, recipe: Recipe) -> None:
        super().__init__()
        self.recipe = recipe
        network = DiffIR(network_config(config, recipe))
        network.diffusion.reverse_noise = recipe.reverse_noise
        if teacher is not None:
            network.painter.load_state_dict(teacher.painter.state_dict())
            if network.shrinkage is not None and teacher.shrinkage is not None:
                network.shrinkage.load_state_dict(teacher.shrinkage.state_dict())
        lively_prior(network)
        self.network = network
        self.teacher = teacher.eval().requires_grad_(False) if teacher is not None else None

    def loss(self, batch: Batch, *, joint: bool = True) -> tuple[Tensor, Parts]:
        """-> (scalar to minimise, its parts). Not joint: nothing is painted, only the prior learns."""
        recipe, painted = self.recipe, batch.painted
        if self.teacher is None:
            with torch.set_grad_enabled(recipe.prior_rate > 0 and torch.is_grad_enabled()):
                ipr = self.network.estimate(batch.damaged, batch.noise)
            total, parts = _on_picture(fold(self.network.paint(painted.damaged, ipr)), painted, recipe)
            if recipe.prior_rate:
                total = total + recipe.probe_weight * self._probed(ipr, batch, parts)
            return total, parts
        ipr, oracle = estimate(self.network, self.teacher, batch)
        prior = prior_loss(ipr, oracle, recipe.ipr_loss)
        parts = {"ipr": prior.detach()}
        told = prior.new_zeros(())
        if self.probe is not None:
            told = self.probe.distance(ipr, oracle)
            parts["probe"] = told.detach()
        if not joint:
            total = prior + PROBE_ALONE * told
            first, shown = _on_first(self.network, ipr, batch, recipe)
            return total + first, parts | shown
        picture = fold(self.network.paint(painted.damaged, ipr))
        total, shown = _on_picture(picture, painted, recipe)
        total = total + recipe.ipr_weight * prior + recipe.probe_weight * told
        if recipe.output_weight:
            with torch.no_grad():
                model_picture = fold(self.teacher.paint(painted.damaged, oracle))
            distilled = pixel_loss(picture, painted, recipe.pixel_loss, recipe.softness, target=model_picture)
            total = total + recipe.output_weight * distilled
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


def _on_first(network: DiffIR | Teacher, ipr: Tensor, batch: Batch, recipe: Recipe) -> tuple[Tensor | float, Parts]:
    """How far the base picture is from the ground truth, where the IPR has a say in it; zero elsewhere."""
    base = None if network.shrinkage is None else fold(network.first(batch.damaged, ipr))[1]
    if base is None:
        return 0.0, {}
    total, parts = _on_picture(base, batch, recipe)
    return total, {"first": parts["pixels"]}


def _on_picture(picture: Tensor, batch: Batch, recipe: Recipe) -> tuple[Tensor, Parts]:
    """The terms that compare the painted picture with the ground truth."""
    total = pixels = pixel_loss(picture, batch, recipe.pixel_loss, recipe.softness, floor=recipe.psnr_floor)
    parts = {"pixels": pixels.detach()}
    if recipe.fft_weight:
        spectrum = spectrum_loss(picture, batch)
        total = total + recipe.fft_weight * spectrum
        parts["spectrum"] = spectrum.detach()
    return total, parts
