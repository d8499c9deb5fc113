"""First filters of the prior encoder that see damage, and layers behind them that pass on what they see.

Averaged over a picture, random filters differ in little but brightness, and random layers behind good filters mix again
what those had kept apart. Both must be right before a linear reading of the IPR finds noise, blur or JPEG in it.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..model.prior import PriorEncoder
from ..model.shrinkage import dct_basis
from .data import Batch

LUMA = (0.299, 0.587, 0.114)
STRAY = 0.1
"""Random weights beside the filters and beside what passes layers unchanged, over their usual size."""
NOISE_FLOOR = 0.1
"""`tell_apart`'s floor behind these filters: many of the smaller directions are errors of estimation."""


@torch.no_grad()
def see_damage(encoder: PriorEncoder, batches: list[Batch]) -> None:
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
    plane waves in all directions, which tell one diagonal from the other."""
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
