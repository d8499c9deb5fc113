"""The U-Net in the form that papers publish it in: NCHW pictures, ordinary modules, one pass per operation.

What the CPU backend is measured against. `model/dirformer.py` would be no fair opponent: it is laid out NHWC already,
and divides small matrices where this form normalises whole pictures. The weights are those of a `DIRformer`, and the
tests hold both to the same numbers.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from diffir_demo.model.dirformer import EPS, Attention, Block, DIRformer, FeedForward, ModulatedNorm, Pass
from diffir_demo.tick import Tick, no_tick


class Reference:
    """A trained `DIRformer`, run as plain NCHW modules."""

    def __init__(self, plain: DIRformer) -> None:
        self.plain = plain

    def __call__(self, x: Tensor, ipr: Tensor, tick: Tick = no_tick) -> Tensor:
        """As `DIRformer.forward`."""
        return ReferencePass(self.plain, ipr, tick)(x)


class ReferencePass(Pass):
    """Pictures (b, c, h, w)."""

    def stem(self, x: Tensor) -> Tensor:
        return self.net.stem(F.pixel_unshuffle(x, self.config.stem_fold))

    def blocks(self, blocks: nn.Module, x: Tensor) -> Tensor:
        for block in blocks.children():
            assert isinstance(block, Block)
            x = x + attention(block.attention, x, self.ipr)
            x = x + feed_forward(block.feed_forward, x, self.ipr)
            self.milestone()
        return x

    def down(self, layers: nn.Module, x: Tensor) -> Tensor:
        return layers(x)

    def up(self, layers: nn.Module, x: Tensor, skip: Tensor) -> Tensor:
        return torch.cat([layers(x), skip], dim=1)

    def reduce(self, layer: nn.Module, x: Tensor) -> Tensor:
        return pointwise(layer, x)

    def head(self, x: Tensor) -> Tensor:
        x = self.net.head(x)
        self.milestone()
        return x


def pointwise(layer: nn.Module, x: Tensor) -> Tensor:
    """A linear layer as the 1x1 convolution that it is, on (b, c, h, w)."""
    return F.conv2d(x, layer.weight[:, :, None, None])  # pyright: ignore[reportIndexIssue, reportArgumentType, reportCallIssue]


def depthwise(layer: nn.Conv2d, x: Tensor) -> Tensor:
    """On (b, c, h, w)."""
    return F.conv2d(x, layer.weight, padding=1, groups=layer.groups)


def norm(layer: ModulatedNorm, x: Tensor, ipr: Tensor) -> Tensor:
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
