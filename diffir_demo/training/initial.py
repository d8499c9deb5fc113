"""Initial weights from which training moves at once.

Averaged over a picture, random filters of the prior encoder differ in little but brightness, and random layers behind
good filters mix again what those had separated. Both must be right before a linear reading of the IPR finds noise,
blur or JPEG in it: so there are first filters that see damage, and layers behind them that pass on what they see.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..errors import InputError
from ..model import DiffIR, DIRformer, Teacher
from ..model.dirformer import ModulatedNorm
from ..model.prior import SLOPE, PriorEncoder
from ..model.shrinkage import dct_basis
from .data import Batch

SPREAD = 0.5
"""Standard deviation between pictures that `whiten_prior` gives every number of the IPR, around a mean of one."""
FLOOR = 2e-3
"""Share of the mean variance that `whiten_prior` takes for noise: directions below it are not blown up."""

FAINT = 0.02
"""How much `transfer_modulation` lets scale and shift differ from photo to photo at first, over their size."""
LUMA = (0.299, 0.587, 0.114)
STRAY = 0.1
"""Random weights beside the filters and beside what passes layers unchanged, over their usual size."""
NOISE_FLOOR = 0.1
"""`whiten_prior`'s floor behind these filters: many of the smaller directions are errors of estimation."""


def zero_init_head(network: Teacher) -> Teacher:
    """With a base picture to add to, the head starts at zero, so the untrained network returns the base, not noise.

    The blocks' scale is a bias-free product with the IPR; default initial values make it almost zero and starve every
    block, so the IPR starts around one and the scale rows around its mean. And the default initial values of CPEN let
    a picture's signal fade from layer to layer.
    """
    config, unet = network.config, network.unet
    if config.base != "none":
        head = [m for m in unet.head.modules() if isinstance(m, nn.Conv2d)][-1]
        nn.init.zeros_(head.weight)
        if head.bias is not None:
            nn.init.zeros_(head.bias)
    he_init(network.encoder)
    _start_at_one(network.encoder.mlp[-1])
    with torch.no_grad():
        for norm in (m for m in unet.modules() if isinstance(m, ModulatedNorm)):
            norm.steer.weight *= 0.5
            norm.steer.weight[: norm.weight.numel()] += 1 / config.ipr_length
    return network


def he_init_prior(network: DiffIR) -> None:
    """Stage 2's encoder and denoiser, near the teacher's IPR from the start."""
    he_init(network.encoder)
    he_init(network.denoiser)
    _start_at_one(network.denoiser.hidden[-1] if network.config.timesteps else network.encoder.mlp[-1])


def he_init(network: nn.Module) -> None:
    """He initialisation for the leaky rectifiers that follow every layer: signals keep their size on the way."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, a=SLOPE)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


@torch.no_grad()
def whiten_prior(encoder: PriorEncoder, batches: Iterable[Batch], *, centre: float, floor: float = FLOOR) -> None:
    """Whitens what an untrained prior encoder pools from real pairs, so that its numbers differ from photo to photo.

    Averaged over a picture, the features of random filters differ almost only in brightness: the IPR begins as one
    number repeated 256 times, and the U-Net learns to do without it. The first layer after the pooling can undo that:
    it takes the features' covariance over some hundred pairs to the identity, in the spirit of data-dependent
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
def transfer_unet(unet: DIRformer, former: DIRformer) -> None:
    """The weights of a trained U-Net, for one that sees or gives more channels, or works on pixels folded further.

    What it sees beyond the former begins without weight, what it gives beyond it is 0 at first; folded pixels begin as
    their mean. Raises `InputError` where anything else differs.
    """
    state, (old, new) = dict(former.state_dict()), (former.config, unet.config)
    folds = (new.stem_fold // old.stem_fold) ** 2
    stem = state["stem.weight"]
    wider = torch.zeros_like(unet.stem.weight)
    if folds and wider.shape[1] >= folds * stem.shape[1] and wider.shape[0] == stem.shape[0]:
        wider[:, : folds * stem.shape[1]] = stem.repeat_interleave(folds, dim=1) / folds
        state["stem.weight"] = wider
    if new.correction_channels > old.correction_channels:
        for name, own in unet.head.named_parameters(prefix="head"):
            former_rows, state[name] = state[name], torch.zeros_like(own)
            state[name][: len(former_rows)] = former_rows
    try:
        unet.load_state_dict(state)
    except RuntimeError as error:
        raise InputError("That network's U-Net has another shape.", "Start from a file of the same shape.") from error


@torch.no_grad()
def transfer_modulation(unet: nn.Module, before: Tensor, after: Tensor, faint: float = FAINT) -> None:
    """Lets a trained U-Net be modulated by a new IPR: at its mean every block is scaled and shifted as it was before.

    before, after: (n,), the mean of the IPR that the U-Net knows, and of the one to come. How it answers to what
    differs from photo to photo starts anew, faintly.
    """
    for norm in (m for m in unet.modules() if isinstance(m, ModulatedNorm)):
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


@torch.no_grad()
def init_damage_filters(encoder: PriorEncoder, batches: list[Batch]) -> None:
    """Sets the stem's filters, at unit variance over the batches, and the layers between it and the mean.

    With the target in sight, half of the filters see how the damaged picture differs from it.
    """
    stem, side = encoder.stem, encoder.fold
    count = stem.out_channels
    patterns = _patterns(count // 2 if encoder.sees_target else count, side)
    weights = torch.tensor(LUMA)[:, None, None]
    enlarge = encoder.target_fold // side
    stem.weight.zero_()
    for channel in range(count):
        pattern = patterns[channel % len(patterns)]
        seen = (weights * pattern).flatten()  # `pixel_unshuffle` orders by colour, row and column
        stem.weight[channel, : len(seen), 1, 1] = seen
        if encoder.sees_target and channel >= len(patterns):
            wide = pattern.repeat_interleave(enlarge, 0).repeat_interleave(enlarge, 1) / enlarge**2
            stem.weight[channel, -3 * encoder.target_fold**2 :, 1, 1] = -(weights * wide).flatten()
    _to_unit_variance(stem, torch.cat([_folded(encoder, batch) for batch in batches]))
    stem.weight.add_(torch.randn_like(stem.weight) * STRAY / stem.weight[0].numel() ** 0.5)
    _pass_on(encoder)


def _patterns(count: int, side: int) -> list[Tensor]:
    """(side, side) each. Even ones: DCT functions, from low to high frequencies, which see JPEG's blocks. Odd ones:
    plane waves in all directions, which distinguish one diagonal from the other."""
    basis = dct_basis(side)
    order = sorted(range(side * side), key=lambda i: (i // side + i % side, i // side))
    half = math.ceil(count / 2)
    chosen = [basis[order[round(i * (len(order) - 1) / max(half - 1, 1))]] for i in range(half)]
    y, x = torch.meshgrid(torch.arange(side).float(), torch.arange(side).float(), indexing="ij")
    waves = []
    for i in range(count - half):
        angle, cycles = math.pi * i * 0.618, 0.5 + (side / 2 - 0.5) * (i + 1) / max(count - half, 1)
        turn = 2 * math.pi * cycles / side * (math.cos(angle) * x + math.sin(angle) * y)
        waves.append(F.normalize(torch.cos(turn + math.pi / 4).flatten(), dim=0).view(side, side))
    return [chosen[i // 2] if i % 2 == 0 else waves[i // 2] for i in range(count)]


def _folded(encoder: PriorEncoder, batch: Batch) -> Tensor:
    """What the stem is given."""
    x = F.pixel_unshuffle(batch.damaged, encoder.fold)
    return torch.cat([x, F.pixel_unshuffle(batch.target, encoder.target_fold)], dim=1) if encoder.sees_target else x


def _to_unit_variance(stem: nn.Conv2d, x: Tensor) -> None:
    stem.bias.zero_()  # pyright: ignore[reportOptionalMemberAccess]
    seen = stem(x)
    mean, deviation = seen.mean(dim=(0, 2, 3)), seen.std(dim=(0, 2, 3)).clamp_min(1e-3)
    stem.weight.div_(deviation[:, None, None, None])
    stem.bias.copy_(-mean / deviation)  # pyright: ignore[reportOptionalMemberAccess]


def _pass_on(encoder: PriorEncoder) -> None:
    """Residual blocks begin nearly switched off. The first widening splits each channel into +x and -x, so that the
    mean behind its rectifier is that of |x|; the others repeat what they get."""
    for block in encoder.blocks:
        block.conv2.weight.mul_(STRAY)  # pyright: ignore[reportAttributeAccessIssue, reportCallIssue]
    for number, layer in enumerate(encoder.widen):
        weight = layer.weight
        assert isinstance(weight, Tensor)
        weight.mul_(STRAY)
        for channel in range(weight.shape[0]):
            source, sign = (channel // 2, (-1) ** channel) if number == 0 else (channel % weight.shape[1], 1)
            weight[channel, source, 1, 1] += sign
