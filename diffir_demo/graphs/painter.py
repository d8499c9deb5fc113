"""The U-Net as a graph: the way through it is that of `Walk`; how its layers are computed suits runtimes on any device.

Pictures are (1, c, h, w), as runtimes have them. Three things are put another way than in `dirformer.py`, each the same
but for rounding: the IPR's scale and shift go into the weights of the linear layer that follows, as they are alike at
all pixels; so does the layer after attention into attention's small matrix; and the norm's mean is subtracted
before its scale. What is learned stands in the file as it was learned.
"""

from __future__ import annotations

import numpy as np
from torch import nn

from ..model import DiffIR
from ..model.dirformer import EPS, Attention, Block, FeedForward, ModulatedNorm, Walk
from .build import Graph, Value
from .layers import conv, linear, per_pixel, shuffled, unshuffled
from .shrinkage import shrunk

LEAST_LENGTH = 1e-12
"""Of a channel's vector; an empty one is divided by this."""


class GraphWalk(Walk[Value]):
    """Writes a pass through the U-Net instead of computing it."""

    def __init__(self, diffir: DiffIR, graph: Graph, ipr: Value) -> None:
        super().__init__(diffir.unet)
        self.graph, self.ipr = graph, ipr

    def stem(self, x: Value) -> Value:
        folded = unshuffled(self.graph, x, self.config.stem_fold, self.config.unet_channels)
        return conv(self.graph, folded, self.net.stem)

    def blocks(self, blocks: nn.Module, x: Value) -> Value:
        g = self.graph
        for block in blocks.children():
            assert isinstance(block, Block)
            x = g.op("Add", x, self._attention(block.attention, x))
            x = g.op("Add", x, self._feed_forward(block.feed_forward, x))
        return x

    def down(self, layers: nn.Module, x: Value) -> Value:
        layer, shuffle = layers.children()
        assert isinstance(layer, nn.Conv2d) and isinstance(shuffle, nn.PixelUnshuffle)
        return unshuffled(self.graph, conv(self.graph, x, layer), shuffle.downscale_factor, layer.out_channels)

    def up(self, layers: nn.Module, x: Value, skip: Value) -> Value:
        return self.graph.op("Concat", self._in_turn(layers, x), skip, axis=1)

    def reduce(self, layer: nn.Module, x: Value) -> Value:
        assert isinstance(layer, nn.Linear)
        return per_pixel(self.graph, x, layer.weight)

    def head(self, x: Value) -> Value:
        head = self.net.head
        return self._in_turn(head, x) if len(list(head.children())) else conv(self.graph, x, head)

    def _in_turn(self, layers: nn.Module, x: Value) -> Value:
        """Convolutions and pixel shuffles."""
        for layer in layers.children():
            shuffles = isinstance(layer, nn.PixelShuffle)
            x = shuffled(self.graph, x, layer.upscale_factor) if shuffles else conv(self.graph, x, layer)
        return x

    def _attention(self, layer: Attention, x: Value) -> Value:
        g, heads, channels = self.graph, layer.heads, layer.out.in_features
        each = channels // heads
        qkv = self._depthwise(layer.depthwise, self._modulated(layer.norm, layer.qkv, x))
        q, k, v = g.split("Split", qkv, into=3, axis=1, num_outputs=3)
        q, k = (g.op("Reshape", part, g.constant([heads, each, -1])) for part in (q, k))
        similarity = g.op("MatMul", q, g.op("Transpose", k, perm=[0, 2, 1]))
        length_q, length_k = (self._lengths(part) for part in (q, k))
        lengths = g.op("Mul", length_q, g.op("Transpose", length_k, perm=[0, 2, 1]))
        cosine = g.op("Div", similarity, lengths)
        weights = g.op("Softmax", g.op("Mul", cosine, g.weight(layer.temperature)), axis=-1)
        # (heads, channels, each): the output layer's columns that belong to each head.
        columns = layer.out.weight.reshape(channels, heads, each).transpose(0, 1)
        mixing = g.op("Transpose", g.op("MatMul", g.weight(columns), weights), perm=[1, 0, 2])
        kernel = g.op("Reshape", mixing, g.constant([channels, channels, 1, 1]))
        return g.op("Conv", v, kernel, kernel_shape=[1, 1])

    def _lengths(self, part: Value) -> Value:
        """(heads, c, pixels) -> (heads, c, 1)."""
        g = self.graph
        squares = g.op("ReduceSumSquare", part, g.constant([2]), keepdims=1)
        return g.op("Max", g.op("Sqrt", squares), g.constant(LEAST_LENGTH))

    def _feed_forward(self, layer: FeedForward, x: Value) -> Value:
        g = self.graph
        both = self._depthwise(layer.depthwise, self._modulated(layer.norm, layer.project, x))
        gate, value = g.split("Split", both, into=2, axis=1, num_outputs=2)
        return per_pixel(g, g.op("Mul", g.op("Gelu", gate), value), layer.out.weight)

    def _depthwise(self, layer: nn.Conv2d, x: Value) -> Value:
        return conv(self.graph, x, layer)

    def _modulated(self, norm: ModulatedNorm, layer: nn.Linear, x: Value) -> Value:
        """`layer(norm(x, ipr))` at every pixel."""
        g, channels = self.graph, layer.in_features
        centred = g.op("Sub", x, self._channel_mean(x, channels))
        variance = self._channel_mean(g.op("Mul", centred, centred), channels)
        deviation = g.op("Sqrt", g.op("Add", variance, g.constant(EPS)))
        normed = g.op("Div", x if norm.bias is None else centred, deviation)
        scale, shift = g.split("Split", linear(g, self.ipr, norm.steer), into=2, axis=1, num_outputs=2)
        weight = g.weight(layer.weight)
        kernel = g.op("Mul", weight, g.op("Mul", scale, g.weight(norm.weight)))
        if norm.bias is not None:
            shift = g.op("Add", shift, g.op("Mul", scale, g.weight(norm.bias)))
        bias = g.op("Reshape", g.op("Gemm", shift, weight, transB=1), g.constant([-1]))
        kernel = g.op("Reshape", kernel, g.constant([layer.out_features, channels, 1, 1]))
        return g.op("Conv", normed, kernel, bias, kernel_shape=[1, 1])

    def _channel_mean(self, x: Value, channels: int) -> Value:
        """(1, channels, h, w) -> (1, 1, h, w). As a convolution: runtimes reduce channels several times more slowly."""
        share = self.graph.constant(np.full((1, channels, 1, 1), 1 / channels, np.float32))
        return self.graph.op("Conv", x, share, kernel_shape=[1, 1])


def painted(g: Graph, diffir: DiffIR, seen: Value, ipr: Value) -> Value:
    """`Backbone.decode`: seen (1, input_channels, h, w), in which a hole is filled already, and ipr (1, n) -> the
    picture (1, 3, h * scale, w * scale), not clamped."""
    config = diffir.config
    base, unet_input = seen, seen
    if diffir.shrinkage is not None:
        base = shrunk(g, diffir.shrinkage, seen, ipr)
        unet_input = g.op("Concat", seen, base, axis=1)
    elif config.wants_path:
        rgb, sharp, strength = _parts(g, seen, 3, 3, 1)
        base = g.op("Add", rgb, g.op("Mul", g.op("Sub", sharp, rgb), strength))
        unet_input = g.op("Concat", seen, base, axis=1)
    elif config.wants_mask:
        base, _ = _parts(g, seen, 3, 1)
    correction = GraphWalk(diffir, g, ipr)(unet_input)
    if config.wants_path:
        whole, blurred = _parts(g, correction, 3, 3)
        strength = _parts(g, seen, 6, 1)[1]
        correction = g.op("Add", blurred, g.op("Mul", whole, g.op("Sub", g.constant(1.0), strength)))
    if config.base == "none":
        return correction
    return g.op("Add", correction, base if config.scale == 1 else _enlarged(g, base, config.base, config.scale))


def _parts(g: Graph, x: Value, *channels: int) -> list[Value]:
    return g.split("Split", x, g.constant(channels), into=len(channels), axis=1)


def _enlarged(g: Graph, x: Value, base: str, scale: int) -> Value:
    """As `base_picture` enlarges: torch's antialiased cubic is a = -0.5 with the border's weights made to sum to 1."""
    sides = g.constant([1.0, 1.0, float(scale), float(scale)])
    if base == "nearest":
        return g.op("Resize", x, None, sides, mode="nearest", coordinate_transformation_mode="asymmetric",
                    nearest_mode="floor")  # fmt: skip
    return g.op("Resize", x, None, sides, mode="cubic", cubic_coeff_a=-0.5, exclude_outside=1)
