"""The paper's two stages: what learns, and from which loss (sections 3.1 and 3.2)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..model import DiffIR, ModelConfig, Teacher, fold
from ..model.dirformer import SteeredNorm
from ..model.prior import SLOPE
from .data import Batch


class Stage1(nn.Module):
    """Pre-training: the teacher's prior encoder sees the ground truth; L1 on pixels (paper equation 5)."""

    number = 1

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.network = gentle_start(Teacher(config))

    def loss(self, batch: Batch, *, joint: bool = True) -> tuple[Tensor, dict[str, float]]:
        """-> (scalar to minimise, its parts for the log). Stage 1 is always joint."""
        picture, _ = self.network(batch.damaged, batch.target)
        pixels = pixel_loss(picture, batch)
        return pixels, {"pixels": float(pixels.detach())}


class Stage2(nn.Module):
    """The diffusion learns the teacher's IPR while the U-Net goes on learning: joint optimisation (paper section 3.2).

    The U-Net starts from stage 1, prior encoder and denoiser from scratch, as in the authors' code. The teacher is
    frozen. Loss: L1 on pixels and L1 between the chain's last IPR and the teacher's (the released code's only active
    distillation term).
    """

    number = 2

    def __init__(self, config: ModelConfig, teacher: Teacher, ipr_weight: float = 1.0) -> None:
        super().__init__()
        self.network = DiffIR(config)
        self.network.painter.load_state_dict(teacher.painter.state_dict())
        lively(self.network.encoder)
        lively(self.network.denoiser)
        _start_at_one(self.network.denoiser.hidden[-1])  # near the teacher's IPR, see gentle_start
        self.teacher = teacher.eval().requires_grad_(False)
        self.ipr_weight = ipr_weight

    def loss(self, batch: Batch, *, joint: bool = True) -> tuple[Tensor, dict[str, float]]:
        """-> (scalar to minimise, its parts for the log). Not joint: nothing is painted, only the prior learns."""
        with torch.no_grad():
            oracle = self.teacher.encoder(batch.damaged, batch.target).float()
        noise = self.network.diffusion.diffuse(oracle, torch.randn_like(oracle))
        ipr = fold(self.network.denoise(self.network.encoder(batch.damaged), noise))
        prior = F.l1_loss(ipr.float(), oracle)
        if not joint:
            return self.ipr_weight * prior, {"ipr": float(prior.detach())}
        picture = fold(self.network.paint(batch.damaged, ipr))
        pixels = pixel_loss(picture, batch)
        return pixels + self.ipr_weight * prior, {"pixels": float(pixels.detach()), "ipr": float(prior.detach())}


KNOWN_WEIGHT = 0.05
"""Weight of a known pixel beside a hole's pixel, in inpainting."""


def pixel_loss(picture: Tensor, batch: Batch) -> Tensor:
    """Mean absolute error; with a mask nearly all of it inside the hole, since known pixels are put back anyway."""
    error = (picture.float() - batch.target).abs()
    if batch.damaged.shape[1] == 3:
        return error.mean()
    weight = batch.damaged[:, 3:].clamp_min(KNOWN_WEIGHT)
    return (error * weight).sum() / (3 * weight.sum())


def gentle_start(network: Teacher) -> Teacher:
    """Initial weights from which training moves at once.

    With a base picture to add to, the head starts at zero, so the untrained network returns the base, not noise. The
    blocks' scale is a bias-free product with the IPR; default initial values make it almost zero and starve every
    block, so the IPR starts around one and the scale rows around its mean. And the default initial values of CPEN let
    a picture's signal fade from layer to layer: the IPR would be the same for all pictures, and stay so.
    """
    config, painter = network.config, network.painter
    if config.base != "none":
        head = [m for m in painter.head.modules() if isinstance(m, nn.Conv2d)][-1]
        nn.init.zeros_(head.weight)
        if head.bias is not None:
            nn.init.zeros_(head.bias)
    lively(network.encoder)
    _start_at_one(network.encoder.mlp[-1])
    with torch.no_grad():
        for norm in (m for m in painter.modules() if isinstance(m, SteeredNorm)):
            norm.steer.weight *= 0.5
            norm.steer.weight[: norm.weight.numel()] += 1 / config.ipr_length
    return network


def lively(network: nn.Module) -> None:
    """He initialisation for the leaky rectifiers that follow every layer: signals keep their size on the way."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, a=SLOPE)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def _start_at_one(layer: nn.Module) -> None:
    assert isinstance(layer, nn.Linear)
    nn.init.ones_(layer.bias)
