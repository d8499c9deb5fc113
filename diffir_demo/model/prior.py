"""The two small networks behind the IPR: the prior encoder (the paper's CPEN) and the denoiser."""

from __future__ import annotations

from itertools import accumulate, pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..tick import Tick, no_tick
from .config import ModelConfig, Padding
from .strips import strip_slices

SLOPE = 0.1  # of every LeakyReLU here, as in the authors' code
PAD = {"zeros": "constant", "replicate": "replicate"}
"""What `F.pad` calls the paddings of convolutions."""


def _activated(x: Tensor) -> Tensor:
    """LeakyReLU, in place where no gradients are needed: x is a large tensor that nothing else uses."""
    return F.leaky_relu(x, SLOPE, inplace=not torch.is_grad_enabled())


def _convolved(conv: nn.Module, x: Tensor, share: float, tick: Tick) -> Tensor:
    """conv(x); without gradients on a CPU in strips of rows, with a tick of `share` after each.

    There it computes in the type of x, and in channels-last memory, in which rows of a picture need not be copied.
    """
    assert isinstance(conv, nn.Conv2d)
    if torch.is_grad_enabled() or x.device.type != "cpu":
        return conv(x)
    assert conv.bias is not None
    b, channels, height, width = x.shape
    border = F.pad(x.contiguous(memory_format=torch.channels_last), (1, 1, 1, 1), mode=PAD[conv.padding_mode])
    weight, bias = conv.weight.to(x.dtype, memory_format=torch.channels_last), conv.bias.to(x.dtype)
    sizes = b, conv.out_channels, height, width
    out = torch.empty(sizes, dtype=x.dtype, device=x.device, memory_format=torch.channels_last)
    for rows in strip_slices(height, b * width * (channels + conv.out_channels) * x.itemsize):
        out[:, :, rows] = F.conv2d(border[:, :, rows.start : rows.stop + 2], weight, bias)
        tick(share)
    return out


def _weights(module: nn.Module, kind: type[nn.Conv2d | nn.Linear]) -> int:
    """Of all its layers of that kind, without biases."""
    return sum(m.weight.numel() for m in module.modules() if isinstance(m, kind))


class ResidualBlock(nn.Module):
    """conv, LeakyReLU, conv, plus the input; no activation after the sum."""

    def __init__(self, width: int, padding: Padding) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1, padding_mode=padding)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, padding_mode=padding)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv2(F.leaky_relu(self.conv1(x), SLOPE))


class PriorEncoder(nn.Module):
    """CPEN: squeezes a picture into `ipr_length` numbers (paper section 3.1, figure 2).

    Stage 2 and the diffusion's condition see the damaged picture only; the teacher (`sees_target`) also sees the ground
    truth, folded onto the same grid and appended after it.
    """

    def __init__(self, config: ModelConfig, *, sees_target: bool) -> None:
        super().__init__()
        self.sees_target = sees_target
        self.in_channels = config.in_channels
        self.fold = config.prior_fold
        self.target_fold = config.target_fold
        channels = config.in_channels * self.fold**2 + (3 * self.target_fold**2 if sees_target else 0)
        width, length, padding = config.prior_width, config.ipr_length, config.prior_padding
        self.stem = nn.Conv2d(channels, width, 3, padding=1, padding_mode=padding)
        self.blocks = nn.Sequential(*(ResidualBlock(width, padding) for _ in range(config.prior_blocks)))
        sizes = (width, 2 * width, 2 * width, length)
        self.widen = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1, padding_mode=padding) for a, b in pairwise(sizes))
        self.mlp = nn.ModuleList(nn.Linear(length, length) for _ in range(2))
        done = list(accumulate(sum(p.numel() for p in layer.parameters()) for layer in self._layers))
        self.milestones = tuple(part / done[-1] for part in done)
        """Share of the multiplications done after the stem, each block and each wider convolution."""

    @property
    def _layers(self) -> list[nn.Module]:
        return [self.stem, *self.blocks, *self.widen]

    def pool(self, damaged: Tensor, target: Tensor | None = None, tick: Tick = no_tick) -> Tensor:
        """The convolutions and the mean over the picture: (b, ipr_length). Means of tiles can be averaged by area.

        On a CPU without gradients damaged may be bfloat16: the convolutions compute in its type, twice as fast where
        the processor multiplies it. The mean and all that follows are float32. Ticks with the share done.
        """
        x = F.pixel_unshuffle(damaged[:, : self.in_channels], self.fold)
        if target is not None:
            x = torch.cat([x, F.pixel_unshuffle(target, self.target_fold)], dim=1)
        before = 0.0
        for layer, share in zip(self._layers, self.milestones, strict=True):
            if isinstance(layer, ResidualBlock):
                inner = _activated(_convolved(layer.conv1, x, before, tick))
                x = x + _convolved(layer.conv2, inner, before, tick)
            else:
                x = _activated(_convolved(layer, x, before, tick))
            before = share
            tick(before)
        return x.mean(dim=(2, 3), dtype=torch.float32)

    def work(self, pixels: int) -> int:
        """Multiplications for a picture of so many pixels: a layer takes as many per pixel of its grid as weights."""
        return pixels // self.fold**2 * _weights(self, nn.Conv2d) + _weights(self.mlp, nn.Linear)

    def project(self, pooled: Tensor) -> Tensor:
        """Pooled features (b, ipr_length) -> IPR, or the diffusion's condition, (b, ipr_length)."""
        for layer in self.mlp:
            pooled = F.leaky_relu(layer(pooled), SLOPE)
        return pooled

    def forward(self, damaged: Tensor, target: Tensor | None = None) -> Tensor:
        """(b, c, h, w) in [0, 1] and, for the teacher, (b, 3, h * scale, w * scale) -> IPR (b, ipr_length)."""
        return self.project(self.pool(damaged, target))


class PriorDenoiser(nn.Module):
    """Estimates the clean IPR x0 from a noisy one, the condition and the time (paper section 3.2).

    The paper's residual MLP; its residual additions are switched off in the authors' released code, so here too.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        length = config.ipr_length
        self.max_period = 10.0 * max(config.timesteps, 1)
        self.stem = nn.Linear(2 * length + 1, length)
        self.hidden = nn.ModuleList(nn.Linear(length, length) for _ in range(config.denoiser_blocks))

    def work(self) -> int:
        """Multiplications of one step."""
        return _weights(self, nn.Linear)

    def forward(self, noisy: Tensor, t: float, condition: Tensor) -> Tensor:
        """noisy (b, n), t in [0, timesteps-1], condition (b, n) -> x0 estimate (b, n)."""
        time = noisy.new_full((noisy.shape[0], 1), t / self.max_period)
        x = F.leaky_relu(self.stem(torch.cat([condition, time, noisy], dim=1)), SLOPE)
        for layer in self.hidden:
            x = F.leaky_relu(layer(x), SLOPE)
        return x
