"""The layers that all graphs are made of, written as nodes."""

from __future__ import annotations

from torch import Tensor, nn

from .build import Graph, Value

EDGES = {"zeros": "constant", "replicate": "edge"}
"""What ONNX calls the paddings of torch's convolutions."""


def conv(g: Graph, x: Value, layer: nn.Module) -> Value:
    """A convolution of torch's that keeps the size."""
    assert isinstance(layer, nn.Conv2d)
    rim = int(layer.kernel_size[0]) // 2
    if rim and layer.padding_mode != "zeros":
        x, rim = padded(g, x, rim, EDGES[layer.padding_mode]), 0
    bias = None if layer.bias is None else g.weight(layer.bias)
    inputs = [x, g.weight(layer.weight), *([] if bias is None else [bias])]
    return g.op("Conv", *inputs, kernel_shape=list(layer.kernel_size), pads=[rim] * 4, group=layer.groups)


def padded(g: Graph, x: Value, rim: int, mode: str) -> Value:
    """With so many rows and columns more on every side."""
    return g.op("Pad", x, g.constant([0, 0, rim, rim, 0, 0, rim, rim]), mode=mode)


def linear(g: Graph, x: Value, layer: nn.Module) -> Value:
    """x (1, n) -> (1, m)."""
    assert isinstance(layer, nn.Linear)
    bias = [] if layer.bias is None else [g.weight(layer.bias)]
    return g.op("Gemm", x, g.weight(layer.weight), *bias, transB=1)


def per_pixel(g: Graph, x: Value, weight: Tensor) -> Value:
    """x (1, c, h, w), weight (m, c) -> (1, m, h, w): a linear layer at every pixel."""
    return g.op("Conv", x, g.weight(weight[:, :, None, None]), kernel_shape=[1, 1])


def leaky(g: Graph, x: Value, slope: float) -> Value:
    return g.op("LeakyRelu", x, alpha=slope)


def shuffled(g: Graph, x: Value, factor: int) -> Value:
    """`nn.PixelShuffle`."""
    return x if factor == 1 else g.op("DepthToSpace", x, blocksize=factor, mode="CRD")


def unshuffled(g: Graph, x: Value, factor: int, channels: int) -> Value:
    """`nn.PixelUnshuffle` of x (1, channels, h, w). ONNX puts the channels innermost, torch the places."""
    if factor == 1:
        return x
    folded = g.op("SpaceToDepth", x, blocksize=factor)
    order = [place * channels + channel for channel in range(channels) for place in range(factor**2)]
    return g.op("Gather", folded, g.constant(order), axis=1)


def mean(g: Graph, x: Value, axes: list[int], keep: bool = True) -> Value:
    return g.op("ReduceMean", x, g.constant(axes), keepdims=int(keep))
