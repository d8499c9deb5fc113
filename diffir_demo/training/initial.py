"""Initial weights from which training moves at once."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from ..errors import InputError
from ..model import DiffIR, DIRformer, Teacher
from ..model.dirformer import SteeredNorm
from ..model.prior import SLOPE, PriorEncoder
from .data import Batch

SPREAD = 0.5
"""Standard deviation between pictures that `tell_apart` gives every number of the IPR, around a mean of one."""
FLOOR = 2e-3
"""Share of the mean variance that `tell_apart` takes for noise: directions below it are not blown up."""

FAINT = 0.02
"""How much `keep_steering` lets scale and shift differ from photo to photo at first, over their size."""


def gentle_start(network: Teacher) -> Teacher:
    """With a base picture to add to, the head starts at zero, so the untrained network returns the base, not noise.

    The blocks' scale is a bias-free product with the IPR; default initial values make it almost zero and starve every
    block, so the IPR starts around one and the scale rows around its mean. And the default initial values of CPEN let
    a picture's signal fade from layer to layer.
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


def lively_prior(network: DiffIR) -> None:
    """Stage 2's encoder and denoiser, near the teacher's IPR from the start."""
    lively(network.encoder)
    lively(network.denoiser)
    _start_at_one(network.denoiser.hidden[-1] if network.config.timesteps else network.encoder.mlp[-1])


def lively(network: nn.Module) -> None:
    """He initialisation for the leaky rectifiers that follow every layer: signals keep their size on the way."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, a=SLOPE)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


@torch.no_grad()
def tell_apart(encoder: PriorEncoder, batches: Iterable[Batch], *, centre: float, floor: float = FLOOR) -> None:
    """Whitens what an untrained prior encoder pools from real pairs, so that its numbers differ from photo to photo.

    Averaged over a picture, the features of random filters differ almost only in brightness: the IPR begins as one
    number told 256 times, and the U-Net learns to do without it. The first layer after the pooling can undo that: it
    takes the features' covariance over some hundred pairs to the identity, in the spirit of data-dependent
    initialisation (Mishkin and Matas, "All you need is a good init", ICLR 2016).

    centre: what the numbers that come out vary around, with a deviation of about `SPREAD`. floor: see `FLOOR`.
    """
    pooled = torch.cat([encoder.pool(b.damaged, b.target if encoder.sees_target else None).float() for b in batches])
    mean, covariance = pooled.mean(dim=0), torch.cov(pooled.T)
    variances, directions = torch.linalg.eigh(covariance.double())
    variances = variances.clamp_min(0) + floor * variances.mean()
    whitener = (directions * variances.rsqrt()) @ directions.T
    first, second = (_as_linear(layer) for layer in encoder.mlp)
    first.weight.copy_(_rotation(first.weight) @ whitener.to(first.weight.dtype))
    first.bias.copy_(-first.weight @ mean)
    second.weight.copy_(_rotation(second.weight))
    second.bias.zero_()
    out = encoder.project(pooled)
    second.weight.mul_(SPREAD / out.std(dim=0).mean().clamp_min(1e-6))
    second.bias.fill_(centre)


@torch.no_grad()
def take_over(painter: DIRformer, former: DIRformer) -> None:
    """The weights of a trained U-Net, for one that sees or paints more channels, or works on pixels folded further.

    What it sees beyond the former begins unheard, what it paints beyond it is 0 at first; folded pixels begin as their
    mean. Raises `InputError` where anything else differs.
    """
    state, (old, new) = dict(former.state_dict()), (former.config, painter.config)
    folds = (new.stem_fold // old.stem_fold) ** 2
    stem = state["stem.weight"]
    wider = torch.zeros_like(painter.stem.weight)
    if folds and wider.shape[1] >= folds * stem.shape[1] and wider.shape[0] == stem.shape[0]:
        wider[:, : folds * stem.shape[1]] = stem.repeat_interleave(folds, dim=1) / folds
        state["stem.weight"] = wider
    if new.painted_channels > old.painted_channels:
        for name, own in painter.head.named_parameters(prefix="head"):
            former_rows, state[name] = state[name], torch.zeros_like(own)
            state[name][: len(former_rows)] = former_rows
    try:
        painter.load_state_dict(state)
    except RuntimeError as error:
        raise InputError("That network's U-Net has another shape.", "Start from a file of the same shape.") from error


@torch.no_grad()
def keep_steering(painter: nn.Module, before: Tensor, after: Tensor, faint: float = FAINT) -> None:
    """Lets a trained U-Net be steered by a new IPR: at its mean every block is scaled and shifted as it was before.

    before, after: (n,), the mean of the IPR that the U-Net knows, and of the one to come. How it answers to what
    differs from photo to photo starts anew, faintly.
    """
    for norm in (m for m in painter.modules() if isinstance(m, SteeredNorm)):
        weight = norm.steer.weight
        wanted = weight @ before
        fresh = torch.nn.functional.normalize(torch.randn_like(weight)) / SPREAD
        fresh *= faint * wanted.abs()[:, None]
        weight.copy_(fresh + torch.outer(wanted - fresh @ after, after) / (after @ after))


def _rotation(like: Tensor) -> Tensor:
    return torch.linalg.qr(torch.randn_like(like, dtype=torch.float32))[0].to(like.dtype)


def _as_linear(layer: nn.Module) -> nn.Linear:
    assert isinstance(layer, nn.Linear)
    return layer


def _start_at_one(layer: nn.Module) -> None:
    nn.init.ones_(_as_linear(layer).bias)
