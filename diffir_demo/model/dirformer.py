"""DIRformer: the U-Net that makes the picture, modulated at every block by the IPR (paper section 3.1).

Inside, pictures are laid out (b, h, w, c): layer norm and 1x1 convolutions then read memory in order, and the depthwise
convolution takes the channels-last fast path. That makes one definition both readable and quick to train.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from itertools import accumulate
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..tick import Tick, no_tick
from .config import ModelConfig

EPS = 1e-5
Level = TypeVar("Level")
"""What a level's picture is to a `Walk`: a tensor, or a value in a graph."""


class ModulatedNorm(nn.Module):
    """Per-pixel layer norm over channels, then scale and shift taken from the IPR (there is no "1 +" on the scale)."""

    def __init__(self, channels: int, config: ModelConfig) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels)) if config.norm == "with_bias" else None
        self.steer = nn.Linear(config.ipr_length, 2 * channels, bias=False)

    def forward(self, x: Tensor, ipr: Tensor) -> Tensor:
        """x (b, h, w, c), ipr (b, n) -> (b, h, w, c)."""
        scale, shift = self.steer(ipr)[:, None, None].chunk(2, dim=-1)
        if self.bias is not None:
            x = F.layer_norm(x, x.shape[-1:], self.weight, self.bias, EPS)
        else:  # divides by the centred deviation without subtracting the mean
            x = x * torch.rsqrt(x.var(dim=-1, correction=0, keepdim=True) + EPS) * self.weight
        return torch.addcmul(shift.to(x.dtype), x, scale.to(x.dtype))


class Depthwise(nn.Conv2d):
    """3x3 convolution of each channel by itself, on (b, h, w, c)."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels, 3, padding=1, groups=channels, bias=False)

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102
        return super().forward(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)


class Attention(nn.Module):
    """DMTA: attention between channels, so its cost is linear in the number of pixels (paper equation 3)."""

    def __init__(self, channels: int, heads: int, config: ModelConfig) -> None:
        super().__init__()
        self.heads = heads
        self.norm = ModulatedNorm(channels, config)
        self.temperature = nn.Parameter(torch.ones(heads, 1, 1))
        self.qkv = nn.Linear(channels, 3 * channels, bias=False)
        self.depthwise = Depthwise(3 * channels)
        self.out = nn.Linear(channels, channels, bias=False)

    def forward(self, x: Tensor, ipr: Tensor) -> Tensor:
        """x (b, h, w, c) -> the residual to add, same shape."""
        b, h, w, c = x.shape
        q, k, v = self.depthwise(self.qkv(self.norm(x, ipr))).chunk(3, dim=-1)
        # (b, heads, pixels, c / heads)
        q, k, v = (t.reshape(b, h * w, self.heads, c // self.heads).transpose(1, 2) for t in (q, k, v))
        # Cosine similarity of channels. Dividing the small matrix by the norms spares two passes over q and k.
        length_q, length_k = (torch.linalg.vector_norm(t, dim=2, dtype=torch.float32).clamp_min(1e-12) for t in (q, k))
        similarity = (q.transpose(2, 3) @ k).float() / (length_q[..., :, None] * length_k[..., None, :])
        weights = torch.softmax(similarity * self.temperature, dim=-1).to(v.dtype)
        mixed = v @ weights.transpose(2, 3)
        return self.out(mixed.transpose(1, 2).reshape(b, h, w, c))


class FeedForward(nn.Module):
    """DGFN: a gated feed-forward layer with a depthwise convolution (paper equation 4)."""

    def __init__(self, channels: int, config: ModelConfig) -> None:
        super().__init__()
        hidden = int(channels * config.ffn_expansion)
        self.norm = ModulatedNorm(channels, config)
        self.project = nn.Linear(channels, 2 * hidden, bias=False)
        self.depthwise = Depthwise(2 * hidden)
        self.out = nn.Linear(hidden, channels, bias=False)

    def forward(self, x: Tensor, ipr: Tensor) -> Tensor:
        """x (b, h, w, c) -> the residual to add, same shape."""
        gate, value = self.depthwise(self.project(self.norm(x, ipr))).chunk(2, dim=-1)
        return self.out(F.gelu(gate) * value)


class Block(nn.Module):
    """One dynamic transformer block: attention, then feed-forward, each on a residual path."""

    def __init__(self, channels: int, heads: int, config: ModelConfig) -> None:
        super().__init__()
        self.attention = Attention(channels, heads, config)
        self.feed_forward = FeedForward(channels, config)

    def forward(self, x: Tensor, ipr: Tensor) -> Tensor:
        x = x + self.attention(x, ipr)
        return x + self.feed_forward(x, ipr)


def _per_pixel(module: nn.Module) -> int:
    """Multiplications of its layers with each pixel of their grid, and of attention's products between channels.

    A layer takes as many as it has weights. The norms' modulation takes the IPR instead of pixels.
    """
    layers = (m for name, m in module.named_modules() if not name.endswith("steer"))
    weights = sum(m.weight.numel() for m in layers if isinstance(m, nn.Conv2d | nn.Linear))
    return weights + sum(2 * m.out.in_features**2 // m.heads for m in module.modules() if isinstance(m, Attention))


def _on_nchw(layer: nn.Module, x: Tensor) -> Tensor:
    """Runs an ordinary image layer on a (b, h, w, c) picture."""
    return layer(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)


def _resample(channels: int, out: int, kernel: int, shuffle: nn.Module) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels, out, kernel, padding=kernel // 2, bias=False), shuffle)


class Walk(ABC, Generic[Level]):
    """The way through the U-Net, which stands in `__call__`, whatever computes its layers: tensors or a graph."""

    def __init__(self, net: DIRformer) -> None:
        self.net, self.config = net, net.config

    def __call__(self, x: Level) -> Level:
        """x (b, unet_channels, h, w) -> (b, correction_channels, h * scale, w * scale)."""
        net = self.net
        x = self.stem(x)
        skips: list[Level] = []
        for blocks, down in zip(net.encoder, net.down, strict=True):
            x = self.blocks(blocks, x)
            skips.append(x)
            x = self.down(down, x)
        x = self.blocks(net.latent, x)
        for i in (2, 1, 0):
            x = self.up(net.up[i], x, skips.pop())
            if i:
                x = self.reduce(net.reduce[i - 1], x)
            x = self.blocks(net.decoder[i], x)
        return self.head(self.blocks(net.refinement, x))

    @abstractmethod
    def stem(self, x: Level) -> Level:
        """To level 1."""

    @abstractmethod
    def blocks(self, blocks: nn.Module, x: Level) -> Level:
        """All blocks of a level."""

    @abstractmethod
    def down(self, layers: nn.Module, x: Level) -> Level:
        """To half the size."""

    @abstractmethod
    def up(self, layers: nn.Module, x: Level, skip: Level) -> Level:
        """To twice the size, joined with what the encoder had there."""

    @abstractmethod
    def reduce(self, layer: nn.Module, x: Level) -> Level:
        """To half the channels."""

    @abstractmethod
    def head(self, x: Level) -> Level:
        """To the correction."""


class Pass(Walk[Tensor]):
    """One pass through the U-Net with tensors. Other backends replace how the layers are computed."""

    def __init__(self, net: DIRformer, ipr: Tensor, tick: Tick) -> None:
        """ipr (b, n). Ticks with one of `net.milestones` after every block and after the head."""
        super().__init__(net)
        self.ipr, self.tick = ipr, tick
        self.passed = 0
        """Milestones behind us."""

    def milestone(self) -> None:
        """Ticks; called once at every milestone."""
        self.passed += 1
        self.tick(self.net.milestones[self.passed - 1])

    def stem(self, x: Tensor) -> Tensor:
        return self.net.stem(F.pixel_unshuffle(x, self.config.stem_fold)).permute(0, 2, 3, 1)

    def blocks(self, blocks: nn.Module, x: Tensor) -> Tensor:
        for block in blocks.children():
            x = block(x, self.ipr)
            self.milestone()
        return x

    def down(self, layers: nn.Module, x: Tensor) -> Tensor:
        return _on_nchw(layers, x)

    def up(self, layers: nn.Module, x: Tensor, skip: Tensor) -> Tensor:
        return torch.cat([_on_nchw(layers, x), skip], dim=-1)

    def reduce(self, layer: nn.Module, x: Tensor) -> Tensor:
        return layer(x)

    def head(self, x: Tensor) -> Tensor:
        x = self.net.head(x.permute(0, 3, 1, 2))
        self.milestone()
        return x


class DIRformer(nn.Module):
    """The U-Net."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        width, kernel = config.level_width, config.resample_kernel
        self.stem = nn.Conv2d(config.unet_channels * config.stem_fold**2, config.width, 3, padding=1, bias=False)

        def level(count: int, channels: int, heads: int) -> nn.ModuleList:
            return nn.ModuleList(Block(channels, heads, config) for _ in range(count))

        counts, heads = config.blocks, config.heads
        self.encoder = nn.ModuleList(level(counts[i], width(i), heads[i]) for i in range(3))
        self.down = nn.ModuleList(_resample(width(i), width(i) // 2, kernel, nn.PixelUnshuffle(2)) for i in range(3))
        self.latent = level(counts[3], width(3), heads[3])
        self.up = nn.ModuleList(_resample(width(i + 1), 2 * width(i + 1), kernel, nn.PixelShuffle(2)) for i in range(3))
        # Level 1 keeps both halves after its skip connection, so it has no reduction and works at twice the width.
        self.reduce = nn.ModuleList(nn.Linear(2 * width(i), width(i), bias=False) for i in (1, 2))
        self.decoder = nn.ModuleList(level(counts[i], width(i) if i else 2 * width(0), heads[i]) for i in range(3))
        self.refinement = level(config.refinement_blocks, 2 * width(0), heads[0])
        self.head = _head(config)
        done = list(accumulate(self.work()))
        self.milestones = tuple(part / done[-1] for part in done)
        """Share of the multiplications done after each block, and after the head."""

    def forward(self, x: Tensor, ipr: Tensor, tick: Tick = no_tick) -> Tensor:
        """x (b, unet_channels, h, w), sides multiples of `config.multiple_of`; ipr (b, n).

        Ticks with one of `milestones` after every block and after the head. Returns the correction
        (b, correction_channels, h * scale, w * scale) that is added to the base picture.
        """
        return Pass(self, ipr, tick)(x)

    def modulation_work(self) -> int:
        """Multiplications of all norms' scales and shifts with the IPR, once per picture of any size."""
        return sum(m.steer.weight.numel() for m in self.modules() if isinstance(m, ModulatedNorm))

    def work(self) -> list[float]:
        """Multiplications per pixel of the input: of each block, with the layers that lead to it, and of the head."""
        found, waiting = list[float](), float(_per_pixel(self.stem))

        def add(blocks: nn.Module, level: int) -> None:
            nonlocal waiting
            for block in blocks.children():
                found.append(waiting + _per_pixel(block) / 4**level)
                waiting = 0.0

        for level in range(3):
            add(self.encoder[level], level)
            waiting += _per_pixel(self.down[level]) / 4**level
        add(self.latent, 3)
        for level in (2, 1, 0):
            waiting += _per_pixel(self.up[level]) / 4 ** (level + 1)
            waiting += _per_pixel(self.reduce[level - 1]) / 4**level if level else 0
            add(self.decoder[level], level)
        add(self.refinement, 0)
        area = 1
        for layer in list(self.head.children()) or [self.head]:
            waiting += area * _per_pixel(layer)
            area *= layer.upscale_factor**2 if isinstance(layer, nn.PixelShuffle) else 1
        return [numbers / self.config.stem_fold**2 for numbers in [*found, waiting]]


def _head(config: ModelConfig) -> nn.Module:
    channels, out = 2 * config.width, config.correction_channels
    if config.head == "conv":
        return nn.Conv2d(channels, out, 3, padding=1, bias=False)
    if config.head == "shuffle":
        scale = config.head_scale
        return nn.Sequential(nn.Conv2d(channels, out * scale**2, 3, padding=1), nn.PixelShuffle(scale))

    def layers() -> Iterator[nn.Module]:
        for _ in range(2):
            yield from (nn.Conv2d(channels, 4 * channels, 3, padding=1), nn.PixelShuffle(2))
        yield nn.Conv2d(channels, 3, 3, padding=1)

    return nn.Sequential(*layers())
