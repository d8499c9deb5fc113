"""The U-Net in the form that papers publish it in: NCHW pictures, ordinary modules, one pass per operation.

What the fast twin is measured against. `model/dirformer.py` would be no fair opponent: it is laid out NHWC already, and
divides small matrices where this form normalises whole pictures. The weights are those of a `DIRformer`, and the tests
hold both to the same numbers.
"""

from __future__ import annotations

from collections.abc import Generator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..model.dirformer import EPS, Attention, Block, DIRformer, FeedForward, SteeredNorm


class Reference:
    """A trained `DIRformer`, run as plain NCHW modules."""

    def __init__(self, plain: DIRformer) -> None:
        self.plain = plain

    def walk(self, x: Tensor, ipr: Tensor) -> Generator[float, None, Tensor]:
        """As `DIRformer.walk`."""
        plain = self.plain
        done, total = 0, sum(isinstance(m, Block) for m in plain.modules())

        def run(blocks: nn.ModuleList, x: Tensor) -> Generator[float, None, Tensor]:
            nonlocal done
            for block in blocks:
                assert isinstance(block, Block)
                x = x + attention(block.attention, x, ipr)
                x = x + feed_forward(block.feed_forward, x, ipr)
                done += 1
                yield done / total
            return x

        x = plain.stem(F.pixel_unshuffle(x, plain.config.stem_fold))
        skips: list[Tensor] = []
        for blocks, down in zip(plain.encoder, plain.down, strict=True):
            x = yield from run(blocks, x)  # pyright: ignore[reportArgumentType]
            skips.append(x)
            x = down(x)
        x = yield from run(plain.latent, x)
        for i in (2, 1, 0):
            x = torch.cat([plain.up[i](x), skips.pop()], dim=1)
            if i:
                x = pointwise(plain.reduce[i - 1], x)
            x = yield from run(plain.decoder[i], x)  # pyright: ignore[reportArgumentType]
        x = yield from run(plain.refinement, x)
        return plain.head(x)


def pointwise(layer: nn.Module, x: Tensor) -> Tensor:
    """A linear layer as the 1x1 convolution that it is, on (b, c, h, w)."""
    return F.conv2d(x, layer.weight[:, :, None, None])  # pyright: ignore[reportIndexIssue, reportArgumentType, reportCallIssue]


def depthwise(layer: nn.Conv2d, x: Tensor) -> Tensor:
    """On (b, c, h, w)."""
    return F.conv2d(x, layer.weight, padding=1, groups=layer.groups)


def norm(layer: SteeredNorm, x: Tensor, ipr: Tensor) -> Tensor:
    """Layer norm over channels by way of (b, pixels, c), then the IPR's scale and shift, on (b, c, h, w)."""
    b, c, h, w = x.shape
    pixels = x.flatten(2).transpose(1, 2)
    if layer.bias is not None:
        mean = pixels.mean(-1, keepdim=True)
        variance = pixels.var(-1, keepdim=True, unbiased=False)
        pixels = (pixels - mean) / torch.sqrt(variance + EPS) * layer.weight + layer.bias
    else:
        pixels = pixels / torch.sqrt(pixels.var(-1, keepdim=True, unbiased=False) + EPS) * layer.weight
    scale, shift = layer.steer(ipr)[:, :, None, None].chunk(2, dim=1)
    return pixels.transpose(1, 2).reshape(b, c, h, w) * scale + shift


def attention(layer: Attention, x: Tensor, ipr: Tensor) -> Tensor:
    """Paper equation 3, on (b, c, h, w): queries and keys are normalised over all pixels first."""
    b, c, h, w = x.shape
    wide = depthwise(layer.depthwise, pointwise(layer.qkv, norm(layer.norm, x, ipr)))
    q, k, v = (t.reshape(b, layer.heads, c // layer.heads, h * w) for t in wide.chunk(3, dim=1))
    q, k = F.normalize(q, dim=-1), F.normalize(k, dim=-1)
    weights = (q @ k.transpose(-2, -1) * layer.temperature).softmax(dim=-1)
    return pointwise(layer.out, (weights @ v).reshape(b, c, h, w))


def feed_forward(layer: FeedForward, x: Tensor, ipr: Tensor) -> Tensor:
    """Paper equation 4, on (b, c, h, w)."""
    gate, value = depthwise(layer.depthwise, pointwise(layer.project, norm(layer.norm, x, ipr))).chunk(2, dim=1)
    return pointwise(layer.out, F.gelu(gate) * value)
